# SPDX-License-Identifier: Apache-2.0
"""What SCPI supply twins share: volts, amperes, output, measurements, a watchdog fed by traffic."""

from collections.abc import Callable, Mapping
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import Ques, StageFaults
from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument
from sim_hardware.devices.scpi_status import PON, Register
from sim_hardware.devices.scpi_syntax import (
    AMPERE,
    SECONDS,
    VOLT,
    Range,
    boolean,
    number,
    one,
)
from sim_hardware.devices.sources.dc_stage import DcStage

VOLTS, AMPERES = Range(0.0, 160.0, 0.0, VOLT), Range(0.0, 100.0, 0.0, AMPERE)
PROTECTION = Range(0.0, 176.0, 176.0, VOLT)
WATCHDOG = Range(1.0, 3600.0, 60.0, SECONDS)


class ScpiSupply(StageFaults, ScpiInstrument):
    """One output. Subclasses say which bits and headers their manual has.

    `is_programmed` is what OUTP? answers; current flows while that and no protection acts. On a
    supply that `keeps_state` a trip leaves it as it is, and clearing brings the output back.

    Faults: those of StageFaults; reboot; panel_change (`amps:5`, `volts:20`, `on`, `off`,
    `watchdog:off`); input (`NAME:open`, `NAME:closed`, names in `inputs`).
    """

    line_max = 1024
    keeps_state = False
    watchdog_bit = 1 << 11
    harmless = 0
    inputs: Mapping[str, int] = MappingProxyType({})

    def __init__(
        self, identity: str, serial: str, start_s: float, field_a_per_m_per_a: float
    ) -> None:
        super().__init__(identity, serial, start_s)
        self.dc = DcStage(start_s, field_a_per_m_per_a)
        self.stage = self.dc.stage
        self.stage.on_trip = self.tripped
        self.stage.watchdog.time_s = WATCHDOG.default
        self.volts = self.amps = 0.0
        self.over_volts = PROTECTION.default
        self.is_programmed = False
        self.conditions = self.latched = 0

    # ---- time and state ------------------------------------------------------------------------

    def advance(self, t: float) -> Chunks:
        """Let the watchdog act; say nothing unasked."""
        self.stage.elapse(t)
        self.refresh(t)
        return []

    def heard(self, t: float) -> None:
        """Any known command feeds the watchdog."""
        self.stage.watchdog.fed_at = t

    @property
    def protections(self) -> int:
        """STAT:QUES:COND."""
        dog = self.watchdog_bit if self.stage.latched & Ques.WATCHDOG else 0
        return dog | self.conditions | self.latched

    def refresh(self, t: float) -> None:
        """Let output and status follow."""
        if self.keeps_state:
            self.latched |= self.conditions & ~self.harmless
        is_held = bool(self.protections & ~self.harmless)
        if is_held and not self.keeps_state:
            self.is_programmed = False
        self.dc.set_v, self.dc.set_a = self.reached()
        self.dc.is_on = self.is_programmed and not is_held
        self.dc.follow(t)
        self.status.questionable.update(self.protections)
        self.status.operation.update(self.operation())

    def reached(self) -> tuple[float, float]:
        """The volts and amperes that the output may reach."""
        return self.volts, self.amps

    def operation(self) -> int:
        """STAT:OPER:COND: CV, CC or OFF."""
        return (2 if self.dc.is_cc else 1) if self.dc.is_on else 4

    def reset(self, t: float) -> None:
        """Do *RST: off, zero, watchdog off with its default."""
        self.is_programmed, self.volts, self.amps = False, 0.0, 0.0
        self.over_volts = PROTECTION.default
        self.stage.watchdog.enabled, self.stage.watchdog.time_s = False, WATCHDOG.default

    def tripped(self, cause: Ques) -> None:
        """The watchdog has just acted."""

    # ---- commands ------------------------------------------------------------------------------

    def set_output(self, arguments: list[str], t: float) -> None:
        """`OUTP`: the programmed state."""
        self.is_programmed = boolean(one(arguments))

    def clear_protection(self, arguments: list[str], t: float) -> None:
        """`OUTP:PROT:CLE`: end what is latched and whose cause is gone."""
        self.stage.clear()
        self.latched = 0

    def set_watchdog(self, arguments: list[str], t: float) -> None:
        """Switch the watchdog on or off."""
        self.stage.watchdog.enabled = boolean(one(arguments))

    def set_watchdog_time(self, arguments: list[str], t: float) -> None:
        """How long the line may be silent; whole seconds."""
        self.stage.watchdog.time_s = float(round(number(one(arguments), WATCHDOG)))

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        name, _, value = argument.partition(":")
        if verb == "reboot":
            self.reboot(t)
        elif verb == "input" and name in self.inputs and value in {"open", "closed"}:
            self.conditions &= ~self.inputs[name]
            self.conditions |= self.inputs[name] if value == "open" else 0
        elif verb == "panel_change":
            self.turn_knob(name, value)
        else:
            super().inject(verb, argument, t)
        self.refresh(t)

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "input":
            self.conditions = 0
        else:
            super().clear(verb)

    def reboot(self, t: float) -> None:
        """Power-cycle: as after *RST, nothing latched, nothing half received."""
        self.reset(t)
        self.stage.clear()
        self.latched = 0
        self.status.clear()
        self.status.standard = PON
        self.lines.clear()

    def turn_knob(self, name: str, value: str) -> None:
        """What an operator does at the front panel; it feeds no watchdog."""
        if name == "amps":
            self.amps = float(value)
        elif name == "volts":
            self.volts = float(value)
        elif name in {"on", "off"}:
            self.is_programmed = name == "on"
        elif name == "watchdog":
            self.stage.watchdog.enabled = value == "on"
        else:
            raise ValueError(f"panel_change: {name!r} is no amps, volts, on, off, watchdog")


def nr3(value: float) -> str:
    """As these instruments write numbers."""
    return f"{value:+.6E}"


def read(what: Callable[[ScpiSupply, float], str]) -> Callable[..., str]:
    """A query that needs the time."""
    return lambda twin, _, t: what(twin, t)


def level(pattern: str, name: str, limits: Range) -> Row:
    """A number that can be set and asked for."""

    def store(twin: ScpiSupply, arguments: list[str], t: float) -> None:
        setattr(twin, name, number(one(arguments), limits))

    return Row(pattern, store, read(lambda twin, _: nr3(getattr(twin, name))))


def register(name: str, pick: Callable[[ScpiSupply], Register]) -> tuple[Row, ...]:
    """CONDition, EVENt and ENABle of one register."""

    def enable(twin: ScpiSupply, arguments: list[str], t: float) -> None:
        pick(twin).enable = int(number(one(arguments), Range(0.0, 65535.0, 0.0)))

    return (
        Row(f"STATus:{name}:CONDition", query=read(lambda twin, _: str(pick(twin).condition))),
        Row(f"STATus:{name}[:EVENt]", query=read(lambda twin, _: str(pick(twin).read_event()))),
        Row(f"STATus:{name}:ENABle", enable, read(lambda twin, _: str(pick(twin).enable))),
    )


SUPPLY_ROWS: tuple[Row, ...] = (
    level("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]", "volts", VOLTS),
    level("[SOURce:]CURRent[:LEVel][:IMMediate][:AMPLitude]", "amps", AMPERES),
    level("[SOURce:]VOLTage:PROTection[:LEVel]", "over_volts", PROTECTION),
    Row("OUTPut[:STATe]", lambda twin, arguments, t: twin.set_output(arguments, t),
        read(lambda twin, _: str(int(twin.is_programmed)))),
    Row("OUTPut:PROTection:CLEar", lambda twin, arguments, t: twin.clear_protection(arguments, t)),
    Row("MEASure[:SCALar]:CURRent[:DC]", query=read(lambda twin, t: nr3(twin.dc.measured_a(t)))),
    Row("MEASure[:SCALar]:VOLTage[:DC]", query=read(lambda twin, t: nr3(twin.dc.measured_v(t)))),
    *register("QUEStionable", lambda twin: twin.status.questionable),
    *register("OPERation", lambda twin: twin.status.operation),
)  # fmt: skip
