# SPDX-License-Identifier: Apache-2.0
"""Twin of a TDK-Lambda GENESYS+ supply, SCPI over LAN, before an inverter and a coil.

Documented (GENESYS+ manual page 163): the watchdog, that invalid commands feed it too, error 342,
QUES bit 15, what clears it. Assumed: the QUES bits below, as the FR register of the GEN dialect.
"""

from sim_hardware.devices.scpi_instrument import Row, table
from sim_hardware.devices.scpi_syntax import ScpiError
from sim_hardware.devices.sources.scpi_supply import SUPPLY_ROWS, ScpiSupply, nr3, read

DOG = "SYSTem[:COMMunicate]:WATChdog"


class GenesysScpiTwin(ScpiSupply):
    """One output; clearing ends the latch, and the output stays off."""

    inhibit_bit = 1 << 7
    watchdog_bit = 1 << 15
    watchdog_error = ScpiError(342, "Watchdog timeout")
    headers = table(
        (
            *SUPPLY_ROWS,
            Row(f"{DOG}[:STATe]", ScpiSupply.set_watchdog,
                read(lambda twin, _: "ON" if twin.stage.watchdog.enabled else "OFF")),
            Row(f"{DOG}:TIMe", ScpiSupply.set_watchdog_time,
                read(lambda twin, _: nr3(twin.stage.watchdog.time_s))),
        )
    )  # fmt: skip

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_a: float = 300.0
    ) -> None:
        super().__init__("TDK-LAMBDA,G40-38,{},1.000", serial, start_s, a_per_m_per_a)

    def unknown(self, t: float) -> None:
        """What is not understood feeds the watchdog as well."""
        self.stage.watchdog.fed_at = t
