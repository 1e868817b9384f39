# SPDX-License-Identifier: Apache-2.0
"""What to tell a person when a resource cannot be opened, by error number."""

import errno
from types import MappingProxyType

BUSY = "busy: another program holds it; end that program or correct the address"
REFUSED = "refused: nothing listens there; switch the instrument on or correct the port"
MISSING = "missing: there is no such port; plug the instrument in or correct the path"
DENIED = "permission denied; add this user to the port's group (often dialout)"
SILENT = "not answering: the host cannot be reached; check power, network and address"

WHY_NOT_OPEN = MappingProxyType(
    {
        errno.EBUSY: BUSY,
        errno.EAGAIN: BUSY,
        errno.ENOENT: MISSING,
        errno.ENODEV: MISSING,
        errno.ENXIO: MISSING,
        errno.ECONNREFUSED: REFUSED,
        errno.EACCES: DENIED,
        errno.EPERM: DENIED,
        errno.ETIMEDOUT: SILENT,
        errno.EHOSTUNREACH: SILENT,
        errno.ENETUNREACH: SILENT,
    }
)


def why_not_open(resource: str, error: Exception) -> str:
    """Say what happened, with the library's own words last."""
    number = error.errno if isinstance(error, OSError) else None
    if isinstance(error, TimeoutError):
        number = errno.ETIMEDOUT
    why = WHY_NOT_OPEN.get(number, "cannot be opened") if number else "cannot be opened"
    return f"{resource}: {why} ({type(error).__name__}: {error})"
