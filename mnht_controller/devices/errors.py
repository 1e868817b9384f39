# SPDX-License-Identifier: Apache-2.0
"""The device error tree. No foreign exception crosses a link; a test proves it.

DeviceError
 ├ LinkError            retryable after a full re-init
 │  ├ ConnectError        the resource cannot be opened: missing, busy, refused
 │  ├ ReplyTimeoutError   no complete reply in time; the link is DIRTY
 │  └ LinkLostError       end of file, hang-up, reset
 ├ ProtocolError        a reply does not parse, or does not answer this request
 ├ IdentityError        another instrument at the address; it got the identity query only
 ├ RangeRefusedError    the value is not allowed here; nothing was sent
 └ DeviceFault          the instrument reports a fault, with its own code and text
"""

from mnht_controller.domain.errors import MnhtError


class DeviceError(MnhtError):
    """Anything that goes wrong with an instrument."""


class LinkError(DeviceError):
    """The connection failed; retryable after a full re-init."""


class ConnectError(LinkError):
    """The resource cannot be opened. The text says missing, busy or refused, and what to do."""


class ReplyTimeoutError(LinkError):
    """No complete reply before the deadline. The link is DIRTY until resynchronized."""


class LinkLostError(LinkError):
    """End of file, hang-up or reset."""


class ProtocolError(DeviceError):
    """A reply that does not parse or does not answer this request."""


class IdentityError(DeviceError):
    """Another instrument behind the address. Refused before any write."""


class RangeRefusedError(DeviceError):
    """A value that is not allowed here. Nothing was sent."""


class DeviceFault(DeviceError):
    """The instrument itself reports a fault."""
