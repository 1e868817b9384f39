# SPDX-License-Identifier: Apache-2.0
"""What the shell knows about one device: who it is, whether it answers. Logged once per change."""

import structlog

from mnht_controller.devices.contract import Identity
from mnht_controller.devices.errors import DeviceError
from mnht_controller.domain.snapshot import DeviceState

log = structlog.get_logger(component="device")


class DeviceRow:
    """One line of the device list. `connected` is False until identified, and after any error."""

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

    def lost(self, error: DeviceError) -> None:
        """It failed. The same error again is not logged again."""
        if self.connected or self.error != str(error):
            log.warning("device.lost", device=self.id, error=str(error), resource=self.resource)
        self.connected, self.error = False, str(error)

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
