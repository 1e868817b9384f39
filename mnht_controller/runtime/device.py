# SPDX-License-Identifier: Apache-2.0
"""What the shell knows about one device: who it is, whether it answers. Logged once per change."""

import structlog

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import DeviceError, ProtocolError, ReplyTimeoutError
from mnht_controller.domain.snapshot import DeviceState

log = structlog.get_logger(component="device")


class DeviceRow:
    """One line of the device list. `connected` is False until identified, and when lost."""

    def __init__(self, id: str, driver: str, resource: str, *, simulated: bool) -> None:  # noqa: A002
        self.id, self.driver, self.resource, self.simulated = id, driver, resource, simulated
        self.identity = ""
        self.connected = False
        self.error = ""

    def found(self, identity: Identity) -> None:
        """The right instrument answered and is initialized."""
        self.identity = f"{identity.maker} {identity.model} {identity.serial} {identity.firmware}"
        self.connected, self.error = True, ""
        log.info("device.found", device=self.id, identity=self.identity, resource=self.resource)

    def failed(self, error: DeviceError) -> None:
        """One exchange went wrong. Said once, and again only when it is another error.

        A reply that is late or does not fit leaves the device connected: its link resynchronizes
        at the next use. Anything else, and any failure while opening, means a full re-init.
        """
        is_kept = self.connected and isinstance(error, (ReplyTimeoutError, ProtocolError))
        if self.connected or self.error != str(error):
            event = "device.missed" if is_kept else "device.lost"
            log.warning(event, device=self.id, error=str(error), resource=self.resource)
        self.connected, self.error = is_kept, str(error)

    def answered(self) -> None:
        """The last exchange was good."""
        self.error = ""

    def mismatch(self, identity: Identity) -> str:
        """Text for a simulated instrument where a real one is configured, or the reverse."""
        kind = "a simulated" if identity.is_simulated else "a real"
        want = "simulated" if self.simulated else "real"
        return (
            f"{self.id}: {kind} instrument (serial {identity.serial}) answers at {self.resource}, "
            f"but the site says {want}; nothing was written to it; correct `simulated` or the "
            "resource"
        )

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
