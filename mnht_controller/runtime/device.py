# SPDX-License-Identifier: Apache-2.0
"""What the shell knows about one device: who it is, whether it answers. Logged once per change."""

import structlog

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import (
    DeviceError,
    IdentityError,
    ProtocolError,
    RangeRefusedError,
    ReplyTimeoutError,
)
from mnht_controller.domain.snapshot import DeviceState

log = structlog.get_logger(component="device")

REOPEN_S = 0.2
REOPEN_STRANGER_S = 1.0
"""Another instrument does not become the right one by asking; somebody has to go there."""

KEPT = (ReplyTimeoutError, ProtocolError, RangeRefusedError)
"""Errors that leave a device connected: late, not fitting, or never sent."""


def reopen_after_s(error: DeviceError) -> float:
    """How long to wait before a device that was lost like this is opened again."""
    return REOPEN_STRANGER_S if isinstance(error, IdentityError) else REOPEN_S


class DeviceRow:
    """One line of the device list. `connected` is False until identified, and when lost."""

    def __init__(self, id: str, driver: str, resource: str, *, simulated: bool) -> None:  # noqa: A002
        self.id, self.driver, self.resource, self.simulated = id, driver, resource, simulated
        self.identity = ""
        self.connected = False
        self.error = ""
        self.is_mixed = False

    def found(self, identity: Identity) -> None:
        """The right instrument answered and is initialized."""
        self.identity = f"{identity.maker} {identity.model} {identity.serial} {identity.firmware}"
        self.connected, self.error = True, ""
        self.is_mixed = identity.is_simulated not in (None, self.simulated)
        log.info("device.found", device=self.id, identity=self.identity, resource=self.resource)

    def failed(self, error: DeviceError) -> None:
        """One exchange went wrong. Said once, and again only when it is another error.

        A reply that is late or does not fit leaves the device connected: its link resynchronizes
        at the next use. So does what was never sent. Anything else, and any failure while opening,
        means a full re-init.
        """
        is_kept = self.connected and isinstance(error, KEPT)
        if self.connected or self.error != str(error):
            event = "device.missed" if is_kept else "device.lost"
            log.warning(event, device=self.id, error=str(error), resource=self.resource)
        self.connected, self.error = is_kept, str(error)

    def answered(self) -> None:
        """The last exchange was good."""
        self.error = ""

    def state(self) -> DeviceState:
        """The row as surfaces show it."""
        return DeviceState(
            id=self.id,
            driver=self.driver,
            resource=self.resource,
            identity=self.identity,
            connected=self.connected,
            simulated=self.simulated,
            error=self.error,
        )
