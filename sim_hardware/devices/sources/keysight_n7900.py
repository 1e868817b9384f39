# SPDX-License-Identifier: Apache-2.0
"""Twins of a Keysight N7900 supply and of an N6700C mainframe, before an inverter and a coil.

Documented (N6900/N7900 guide pages 251-252, 286-287; N6700C guide pages 158, 309; RP7900 guide
pages 226, 241): the watchdog, what feeds it, QUES bits, that a trip leaves the programmed state as
it is and CLEar brings the output back, that UNR and SF disable nothing, nor the power limits of an
N6700C, channel lists, PON. From memory, so assumed: FUNC and its
CURR:LIM and VOLT:LIM, that FUNC switches off, CURR:PROT:STAT, +0 in SYST:ERR?, that a trip queues
no error, defaults after *RST, that the inhibit input latches, -109 without a channel list, OUTP:PON
and OUTP:PMOD, which do nothing here.
"""

from collections.abc import Mapping
from types import MappingProxyType
from typing import cast

from sim_hardware.devices.scpi_instrument import Row, table
from sim_hardware.devices.scpi_syntax import ScpiError, Unit, boolean, one
from sim_hardware.devices.sources.scpi_supply import (
    AMPERES,
    SUPPLY_ROWS,
    VOLTS,
    ScpiSupply,
    level,
    nr3,
    read,
)

DOG = "OUTPut:PROTection:WDOG"
FORMS = MappingProxyType({"CURR": "CURR", "CURRENT": "CURR", "VOLT": "VOLT", "VOLTAGE": "VOLT"})
POWER_ON = MappingProxyType({"RST": "RST", "RCL0": "RCL0"})
DEFAULTS = MappingProxyType({"PON": "RST", "PMOD": "VOLT"})
OVER_CURRENT, POWER_LIMITS, UNREGULATED, SENSE = 1 << 1, 1 << 3 | 1 << 5, 1 << 10, 1 << 13
COMMON_ROWS: tuple[Row, ...] = (
    *SUPPLY_ROWS,
    Row(f"{DOG}[:STATe]", lambda twin, arguments, t: twin.set_watchdog(arguments, t),
        read(lambda twin, _: str(int(twin.stage.watchdog.enabled)))),
    Row(f"{DOG}:DELay", lambda twin, arguments, t: twin.set_watchdog_time(arguments, t),
        read(lambda twin, _: nr3(twin.stage.watchdog.time_s))),
    Row("[SOURce:]CURRent:PROTection:STATe",
        lambda twin, arguments, _: setattr(twin, "has_ocp", boolean(one(arguments))),
        read(lambda twin, _: str(int(cast("KeysightTwin", twin).has_ocp)))),
    Row("OUTPut:PON:STATe", lambda twin, arguments, _: twin.choose("PON", POWER_ON, arguments),
        read(lambda twin, _: cast("KeysightTwin", twin).chosen["PON"])),
    Row("SYSTem:ERRor[:NEXT]", query=read(lambda twin, _: twin.status.next_error().replace(
        '0,"No error"', '+0,"No error"'))),
)  # fmt: skip


class KeysightTwin(ScpiSupply):
    """What both have: latching protections that leave the programmed state as it is."""

    keeps_state = True
    harmless = UNREGULATED | SENSE
    inputs = MappingProxyType(
        {"ac": 4, "ot": 16, "inhibit": 512, "unregulated": UNREGULATED, "sense": SENSE}
    )
    has_ocp = False
    chosen: Mapping[str, str] = DEFAULTS

    def choose(self, name: str, forms: Mapping[str, str], arguments: list[str]) -> None:
        """Keep a word; -224 for one that is none."""
        word = one(arguments).upper()
        if word not in forms:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        self.chosen = {**self.chosen, name: forms[word]}

    def refresh(self, t: float) -> None:
        """Over-current protection trips where the current limit acts."""
        super().refresh(t)
        if self.has_ocp and self.dc.is_on and self.is_limiting and not self.latched & OVER_CURRENT:
            self.latched |= OVER_CURRENT
            super().refresh(t)

    @property
    def is_limiting(self) -> bool:
        """Whether the current limit acts."""
        return self.dc.is_cc

    def reset(self, t: float) -> None:
        """Do *RST."""
        super().reset(t)
        self.has_ocp = False
        self.chosen = {**DEFAULTS, "PON": self.chosen["PON"]}


class KeysightN7900Twin(KeysightTwin):
    """One output, in voltage priority until `FUNC CURR`."""

    priority: str

    headers = table(
        (
            *COMMON_ROWS,
            level("[SOURce:]VOLTage:LIMit[:POSitive][:IMMediate][:AMPLitude]", "volt_limit", VOLTS),
            level("[SOURce:]CURRent:LIMit[:POSitive][:IMMediate][:AMPLitude]", "amp_limit",
                  AMPERES),
            Row("[SOURce:]FUNCtion", lambda twin, arguments, _: twin.set_priority(arguments),
                read(lambda twin, _: cast("KeysightN7900Twin", twin).priority)),
        )
    )  # fmt: skip

    def __init__(
        self, serial: str = "SIM0001", start_s: float = 0.0, field_a_per_m_per_a: float = 300.0
    ) -> None:
        identity = "Keysight Technologies,N7951A,{},A.02.00"
        super().__init__(identity, serial, start_s, field_a_per_m_per_a)
        self.priority, self.volt_limit, self.amp_limit = "VOLT", VOLTS.high, 0.0

    def reached(self) -> tuple[float, float]:
        """Level and limit, whichever the priority says."""
        if self.priority == "CURR":
            return self.volt_limit, self.amps
        return self.volts, self.amp_limit

    @property
    def is_limiting(self) -> bool:
        """In current priority the set current is no limit."""
        return self.priority == "VOLT" and self.dc.is_cc

    def set_priority(self, arguments: list[str]) -> None:
        """`FUNC`: another priority switches off."""
        word = one(arguments).upper()
        if word not in FORMS:
            raise ScpiError(-224, f"Illegal parameter value;{word}")
        if FORMS[word] != self.priority:
            self.priority, self.is_programmed = FORMS[word], False

    def reset(self, t: float) -> None:
        """Do *RST."""
        super().reset(t)
        self.priority, self.volt_limit, self.amp_limit = "VOLT", VOLTS.high, 0.0


class KeysightN6700Twin(KeysightTwin):
    """A mainframe with one module, whose channel stands in a list behind every command."""

    harmless = KeysightTwin.harmless | POWER_LIMITS
    inputs = MappingProxyType(dict(KeysightTwin.inputs) | {"power": POWER_LIMITS})
    headers = table(
        (
            *COMMON_ROWS,
            Row("OUTPut:PMODe", lambda twin, arguments, _: twin.choose("PMOD", FORMS, arguments),
                read(lambda twin, _: cast("KeysightTwin", twin).chosen["PMOD"])),
        )
    )  # fmt: skip
    shared = ("*", "SYST", "OUTP:PROT:WDOG", "OUTPUT:PROTECTION:WDOG", "OUTP:PON", "OUTPUT:PON")

    def __init__(
        self,
        serial: str = "SIM0001",
        start_s: float = 0.0,
        channel: int = 1,
        field_a_per_m_per_a: float = 300.0,
    ) -> None:
        identity = "Keysight Technologies,N6701C,{},E.02.00"
        super().__init__(identity, serial, start_s, field_a_per_m_per_a)
        self._list = f"(@{channel})"

    def _run(self, unit: Unit, t: float) -> str | None:
        """Take the channel list off."""
        if unit.header.startswith(self.shared) or self.header(unit.header) not in self.headers:
            return super()._run(unit, t)
        *others, last = unit.arguments or [""]
        if not last.startswith("(@"):
            raise ScpiError(-109, "Missing parameter;channel list")
        if last != self._list:
            raise ScpiError(-222, f"Data out of range;{last}")
        return super()._run(Unit(unit.header, unit.is_query, others), t)
