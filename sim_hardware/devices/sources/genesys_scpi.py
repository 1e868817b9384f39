# SPDX-License-Identifier: Apache-2.0
"""Twin of a TDK-Lambda GENESYS+ supply, SCPI, before an inverter and a coil.

Documented (GH manual page 163; G+ manual pages 179, 182; LAN manual IA672): the watchdog and that
invalid commands feed it too, error 342, QUES bit 15, what clears it, WATCH as its short form, the
QUES bits, that SYST:ERR:ENAB fills the error queue, `;address nn` in its texts, 128 in OPER for
local. Assumed: the other OPER bits as the GEN dialect's SR; WATC is refused; a trip leaves OUTP?
0; -221 for OUTP ON during a fault; the watchdog is off after power-on; *IDN?; auto-start is set at
the panel only; at most 20 commands before a query is not enforced.
"""

from types import MappingProxyType
from typing import cast

from sim_hardware.devices.field_stage import Ques
from sim_hardware.devices.scpi_instrument import Row, table
from sim_hardware.devices.scpi_syntax import ScpiError, boolean, one
from sim_hardware.devices.sources.scpi_supply import SUPPLY_ROWS, ScpiSupply, nr3, read

DOG = "SYSTem[:COMMunicate]:WATCHdog"
NO_FAULT, FAULT, AUTO = 4, 8, 16


class GenesysScpiTwin(ScpiSupply):
    """One output; clearing ends a latch, and the output stays off.

    Besides: panel_change `auto_start:on`, with which a reboot brings the output back.
    """

    watchdog_bit = 1 << 15
    inputs = MappingProxyType(
        {"ac": 2, "otp": 4, "ovp": 16, "shut_off": 32, "interlock": 128, "enable": 256}
    )
    headers = table(
        (
            *SUPPLY_ROWS,
            Row(f"{DOG}[:STATe]", lambda twin, arguments, t: twin.set_watchdog(arguments, t),
                read(lambda twin, _: "ON" if twin.stage.watchdog.enabled else "OFF")),
            Row(f"{DOG}:TIMe", lambda twin, arguments, t: twin.set_watchdog_time(arguments, t),
                read(lambda twin, _: nr3(twin.stage.watchdog.time_s))),
            Row("OUTPut[:STATe]", lambda twin, arguments, t: twin.set_output(arguments, t),
                read(lambda twin, _: "ON" if twin.is_programmed else "OFF")),
            Row("OUTPut:MODE",
                query=lambda twin, _, t: cast("GenesysScpiTwin", twin).mode()),
            Row("SYSTem:ERRor:ENABle", lambda twin, *_: twin.enable_errors()),
        )
    )  # fmt: skip

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, field_a_per_m_per_a: float = 300.0
    ) -> None:
        super().__init__("TDK-LAMBDA,G160-100,{},1.000", serial, start_s, field_a_per_m_per_a)
        self.has_auto_start = self._has_errors = False

    def unknown(self, t: float) -> None:
        """What is not understood feeds the watchdog as well."""
        self.stage.watchdog.fed_at = t

    def refresh(self, t: float) -> None:
        """Let output and status follow; nothing is queued before SYST:ERR:ENAB."""
        super().refresh(t)
        if not self._has_errors:
            self.status.errors.clear()

    def tripped(self, cause: Ques) -> None:
        """Queue the watchdog's error."""
        self.status.error(ScpiError(342, "Communication Watchdog Timeout;address 06"))

    def operation(self) -> int:
        """CV, CC, NFLT, FLT, AST."""
        bits = FAULT if self.protections else NO_FAULT
        bits |= (2 if self.dc.is_cc else 1) if self.dc.is_on else 0
        return bits | (AUTO if self.has_auto_start else 0)

    def mode(self) -> str:
        """What limits the output."""
        return "OFF" if not self.dc.is_on else "CC" if self.dc.is_cc else "CV"

    def enable_errors(self) -> None:
        """Begin the error queue, empty."""
        self._has_errors = True
        self.status.errors.clear()

    def set_output(self, arguments: list[str], t: float) -> None:
        """`OUTP ON`: refused during a fault."""
        if boolean(one(arguments)) and self.protections:
            raise ScpiError(-221, "Settings conflict;address 06")
        super().set_output(arguments, t)

    def set_watchdog(self, arguments: list[str], t: float) -> None:
        """Switching it off ends its fault."""
        super().set_watchdog(arguments, t)
        if not self.stage.watchdog.enabled:
            self.stage.clear()

    def reboot(self, t: float) -> None:
        """Power-cycle: with auto-start as it was before, else off and zero."""
        before = (self.is_programmed, self.volts, self.amps)
        super().reboot(t)
        self._has_errors = False
        if self.has_auto_start:
            self.is_programmed, self.volts, self.amps = before

    def turn_knob(self, name: str, value: str) -> None:
        """What an operator does at the front panel."""
        if name == "auto_start":
            self.has_auto_start = value == "on"
        else:
            super().turn_knob(name, value)
