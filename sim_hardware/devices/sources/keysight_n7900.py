# SPDX-License-Identifier: Apache-2.0
"""Twin of a Keysight N7900 supply before an inverter and a coil.

Documented (N6900/N7900 guide page 252, N6700C guide page 158, RP7900 guide page 226): the watchdog,
what feeds it, QUES bit 11, that CLEar brings the output back. Assumed: error -300 when it trips.
"""

from sim_hardware.devices.scpi_instrument import Row, table
from sim_hardware.devices.sources.scpi_supply import SUPPLY_ROWS, ScpiSupply, nr3, read

DOG = "OUTPut:PROTection:WDOG"


class KeysightN7900Twin(ScpiSupply):
    """One output; clearing a protection restores the state before the fault, ON included."""

    restores_on_clear = True
    headers = table(
        (
            *SUPPLY_ROWS,
            Row(f"{DOG}[:STATe]", ScpiSupply.set_watchdog,
                read(lambda twin, _: str(int(twin.stage.watchdog.enabled)))),
            Row(f"{DOG}:DELay", ScpiSupply.set_watchdog_time,
                read(lambda twin, _: nr3(twin.stage.watchdog.time_s))),
        )
    )  # fmt: skip

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, a_per_m_per_a: float = 300.0
    ) -> None:
        identity = "Keysight Technologies,N7951A,{},A.02.00"
        super().__init__(identity, serial, start_s, a_per_m_per_a)
