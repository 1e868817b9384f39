# SPDX-License-Identifier: Apache-2.0
"""What SCPI supply twins share: volts, amperes, output, measurements, a watchdog fed by traffic."""

from collections.abc import Callable

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import Ques, StageFaults
from sim_hardware.devices.scpi_instrument import Row, ScpiInstrument
from sim_hardware.devices.scpi_status import Register
from sim_hardware.devices.scpi_syntax import Range, ScpiError, boolean, number, one
from sim_hardware.devices.sources.dc_stage import DcStage

VOLTS, AMPERES = Range(0.0, 160.0, 0.0), Range(0.0, 100.0, 0.0)
WATCHDOG = Range(1.0, 3600.0, 60.0)
PON = 128


class ScpiSupply(StageFaults, ScpiInstrument):
    """One output. Subclasses say which bits and headers their manual has.

    Faults: those of StageFaults; reboot; panel_change (`amps:5`, `on`, `off`); input
    (`inhibit:open`, `inhibit:closed`).
    """

    line_max = 1024
    restores_on_clear = False
    inhibit_bit = 1 << 9
    watchdog_bit = 1 << 11
    watchdog_error = ScpiError(-300, "Device-specific error")

    def __init__(self, identity: str, serial: str, start_s: float, a_per_m_per_a: float) -> None:
        super().__init__(identity, serial, start_s)
        self.dc = DcStage(start_s, a_per_m_per_a)
        self.stage = self.dc.stage
        self.stage.on_trip = self._tripped
        self.stage.watchdog.time_s = WATCHDOG.default
        self.is_inhibited = self._was_on = False

    # ---- time and state ------------------------------------------------------------------------

    def advance(self, t: float) -> Chunks:
        """Let the watchdog act; say nothing unasked."""
        self.stage.elapse(t)
        self.refresh(t)
        return []

    def heard(self, t: float) -> None:
        """Any known command feeds the watchdog."""
        self.stage.watchdog.fed_at = t

    def refresh(self, t: float) -> None:
        """Let output and status follow."""
        if self.is_inhibited:
            self.dc.is_on = False
        self.dc.follow(t)
        bits = self.watchdog_bit if self.stage.latched & Ques.WATCHDOG else 0
        bits |= self.inhibit_bit if self.is_inhibited else 0
        self.status.questionable.update(bits)
        self.status.operation.update(2 if self.dc.is_on else 4)

    def reset(self, t: float) -> None:
        """Do *RST: off, zero, watchdog off with its default."""
        self.dc.is_on, self.dc.set_a, self.dc.set_v = False, 0.0, 0.0
        self.stage.watchdog.enabled, self.stage.watchdog.time_s = False, WATCHDOG.default

    def _tripped(self, cause: Ques) -> None:
        self._was_on, self.dc.is_on = self.dc.is_on, False
        self.status.error(self.watchdog_error)

    # ---- commands ------------------------------------------------------------------------------

    def set_number(self, name: str, limits: Range, arguments: list[str]) -> None:
        """Store volts or amperes."""
        setattr(self.dc, name, number(one(arguments), limits))

    def set_output(self, arguments: list[str], t: float) -> None:
        """`OUTP ON`: refused while something is latched or inhibited."""
        is_on = boolean(one(arguments))
        if is_on and (self.stage.latched or self.is_inhibited):
            raise ScpiError(-221, "Settings conflict;output protected")
        self.dc.is_on = self._was_on = is_on

    def clear_protection(self, arguments: list[str], t: float) -> None:
        """`OUTP:PROT:CLE`: end what is latched, and with it, on some, the output's being off."""
        self.stage.clear()
        if self.restores_on_clear and self._was_on:
            self.dc.is_on = True
        self.stage.watchdog.fed_at = t

    def set_watchdog(self, arguments: list[str], t: float) -> None:
        """Switch the watchdog on or off."""
        self.stage.watchdog.enabled = boolean(one(arguments))
        self.stage.watchdog.fed_at = t
        if not self.stage.watchdog.enabled and not self.restores_on_clear:
            self.stage.clear()

    def set_watchdog_time(self, arguments: list[str], t: float) -> None:
        """How long the line may be silent."""
        self.stage.watchdog.time_s = number(one(arguments), WATCHDOG)

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.reset(t)
            self.stage.clear()
            self.status.standard |= PON
        elif verb == "input" and argument in {"inhibit:open", "inhibit:closed"}:
            self.is_inhibited = argument.endswith("open")
        elif verb == "panel_change":
            self._turn_knob(argument)
        else:
            super().inject(verb, argument, t)
        self.refresh(t)

    def clear(self, verb: str) -> None:
        """End it."""
        if verb == "input":
            self.is_inhibited = False
        else:
            super().clear(verb)

    def _turn_knob(self, argument: str) -> None:
        name, _, value = argument.partition(":")
        if name == "amps":
            self.dc.set_a = float(value)
        elif name in {"on", "off"}:
            self.dc.is_on = name == "on"
        else:
            raise ValueError(f"panel_change: {argument!r} is none of amps:A, on, off")


def nr3(value: float) -> str:
    """As these instruments write numbers."""
    return f"{value:+.6E}"


def read(what: Callable[[ScpiSupply, float], str]) -> Callable[..., str]:
    """A query that needs the time."""
    return lambda twin, _, t: what(twin, t)


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
    Row("[SOURce:]VOLTage[:LEVel][:IMMediate][:AMPLitude]",
        lambda twin, arguments, _: twin.set_number("set_v", VOLTS, arguments),
        read(lambda twin, _: nr3(twin.dc.set_v))),
    Row("[SOURce:]CURRent[:LEVel][:IMMediate][:AMPLitude]",
        lambda twin, arguments, _: twin.set_number("set_a", AMPERES, arguments),
        read(lambda twin, _: nr3(twin.dc.set_a))),
    Row("[SOURce:]VOLTage:PROTection[:LEVel]", lambda *_: None, read(lambda twin, _: nr3(176.0))),
    Row("OUTPut[:STATe]", ScpiSupply.set_output, read(lambda twin, _: str(int(twin.dc.is_on)))),
    Row("OUTPut:PROTection:CLEar", ScpiSupply.clear_protection),
    Row("MEASure[:SCALar]:CURRent[:DC]", query=read(lambda twin, t: nr3(twin.dc.measured_a(t)))),
    Row("MEASure[:SCALar]:VOLTage[:DC]", query=read(lambda twin, t: nr3(twin.dc.measured_v(t)))),
    *register("QUEStionable", lambda twin: twin.status.questionable),
    *register("OPERation", lambda twin: twin.status.operation),
)  # fmt: skip
