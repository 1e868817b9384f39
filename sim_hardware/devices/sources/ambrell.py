# SPDX-License-Identifier: Apache-2.0
"""Twin of an Ambrell EASYHEAT induction supply on RS-485.

Documented (EASYHEAT 0112 manual pages 44 and 46; 3542 manual page 49): addressing, broadcast, the
commands below, `hoff` always obeyed, `hon` and `amps` only where the menu gives them to RS-485,
`rdata` with 8 fields (7 on the 0112), the `data` lines, the single keys. Assumed: what acknowledges
or refuses a set command (`ack`, `refusal`: nothing), silence for what is not understood, the
wording of stat, pstat, rtemp, hst and help, how a continuous output ends (the same command again),
ramping within 0.2 s, a menu that survives a power cycle, a start input that gates RS-485 too.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import FieldStage, StageFaults, State
from sim_hardware.devices.lines import LineTwin

BROADCAST = 0
RS485, PANEL, ONE_BUTTON, TWO_BUTTON = "RS485", "FRONT PANEL", "1 BUTTON", "2 BUTTON"
KEYS = re.compile(rb"([][])")
KEY_STEP_A = 1.0
OHM = 0.03
"""Loss of coil and tank, for the watts."""

NEVER_S = 1e9
RAMP_A_PER_M_S = 2e5
COMMAND = re.compile(r"(\d+),([%\w?-]+)(?:,(.*))?")
DATA_HEAD = "SETPOINT AMPS OUT POWER OUT FREQUENCY TIMER"


@dataclass(frozen=True, slots=True)
class Model:
    """What differs between supplies, coils and menus. `cycles` it has heated before.

    The frequency is `khz` and `khz_per_a` more for each ampere, unless the stage has sensors.
    """

    address: int = 1
    a_per_m_per_a: float = 72.0
    amps_max: float = 250.0
    has_watts: bool = True
    has_percent: bool = False
    ack: str = ""
    refusal: str = ""
    khz: float = 100.0
    khz_per_a: float = 0.0
    cycles: int = 0


class InputStage(FieldStage):
    """A stage with a hardware start input; `watch(t)` looks at it whenever time passes."""

    def __init__(self, t: float, watch: Callable[[float], None]) -> None:
        super().__init__(t)
        self.watch = watch

    def elapse(self, t: float) -> None:
        """Let timers act, then the input."""
        super().elapse(t)
        self.watch(t)

    def release(self, t: float) -> None:
        """Cut it off by hardware: a stage that ignores commands obeys this."""
        if self.is_energized:
            self._held = None
            self._stop(t)


class AmbrellTwin(StageFaults, LineTwin):
    """One supply on its line. `start_input(t)` is the hardware start signal, where one is wired.

    With 1-button start it heats from the moment the signal comes until it goes; with 2-button
    start its going ends nothing. With start from RS-485 it heats only while the signal is there.
    Faults: those of StageFaults; reboot; panel_change (`amps:200`, `on`, `off`, `local`, `remote`).
    """

    ends = b"\r\n"
    stage: InputStage

    def __init__(self, start_s: float = 0.0, model: Model | None = None) -> None:
        super().__init__()
        self.model = model or Model()
        self.start_input: Callable[[float], bool] | None = None
        self.start_from = self.control_from = RS485
        self._was_closed = True
        self._begun_at: float | None = None
        self._cycles = self.model.cycles
        self._stream_s, self._stream_at, self._streamed = 0.1, 0.0, ""
        self.stage = InputStage(start_s, self._watch_start)
        self.stage.watchdog.enabled = False
        self.stage.settings.on_time_s = NEVER_S
        self.stage.settings.rise = self.stage.settings.fall = RAMP_A_PER_M_S

    # ---- bytes -----------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take single keys at once: they move the set-point wherever they stand."""
        self.stage.elapse(t)
        chunks: Chunks = []
        for piece in KEYS.split(data):
            if not KEYS.fullmatch(piece):
                chunks += super().feed(piece, t, client)
            elif self.control_from == RS485:
                self._set_amps(self.amps_set + (KEY_STEP_A if piece == b"]" else -KEY_STEP_A), t)
        return chunks

    def answer(self, line: bytes, t: float, client: int) -> bytes:
        """Obey one command addressed here; replies end in CR LF."""
        found = COMMAND.fullmatch(line.decode("ascii", "replace").strip().lower())
        if not found or int(found[1]) not in (self.model.address, BROADCAST):
            return b""
        action = COMMANDS.get(found[2])
        if action is None:
            return b""
        said = action(self, found[3] or "", t)
        return b"".join(f"{row}\r\n".encode() for row in said.split("\n")) if said else b""

    def next_at(self) -> float | None:
        """Return when the next streamed line is due."""
        return self._stream_at if self._streamed else None

    def advance(self, t: float) -> Chunks:
        """Return the streamed lines that are due."""
        self.stage.elapse(t)
        chunks: Chunks = []
        while self._streamed and self._stream_at <= t:
            said = STREAMS[self._streamed](self, t)
            chunks.append((self._stream_at, said.replace("\n", "\r\n").encode() + b"\r\n"))
            self._stream_at += self._stream_s
        return chunks

    # ---- state -----------------------------------------------------------------------------------

    @property
    def amps_set(self) -> float:
        """The set-point, A."""
        return self.stage.settings.level / self.model.a_per_m_per_a

    def amps(self, t: float) -> float:
        """What flows, A."""
        return 1e3 * self.stage.shown(t) / self.model.a_per_m_per_a

    def _set_amps(self, amps: float, t: float) -> None:
        amps = min(max(amps, 0.0), self.model.amps_max)
        self.stage.set_level(amps * self.model.a_per_m_per_a, t)

    def _is_closed(self, t: float) -> bool:
        return self.start_input is None or self.start_input(t)

    def _watch_start(self, t: float) -> None:
        """Follow the start input."""
        is_closed = self._is_closed(t)
        was_closed, self._was_closed = self._was_closed, is_closed
        if is_closed and not was_closed and self.start_from in {ONE_BUTTON, TWO_BUTTON}:
            self._on(t)
        elif not is_closed and self.start_from != TWO_BUTTON:
            self.stage.release(t)

    def _on(self, t: float) -> None:
        if self.stage.state is not State.ON and self._is_closed(t):
            self.stage.arm(1.0, t)
            self.stage.switch_on(t)
            self._begun_at, self._cycles = t, self._cycles + 1

    # ---- commands ------------------------------------------------------------------------------

    def hon(self, argument: str, t: float) -> str:
        """Heat on, if starting is RS-485's."""
        if self.start_from != RS485:
            return self.model.refusal
        self._on(t)
        return self.model.ack

    def hoff(self, argument: str, t: float) -> str:
        """Heat off, always."""
        self.stage.switch_off(t)
        return self.model.ack

    def set_amps(self, argument: str, t: float) -> str:
        """`amps,#.##`: the set-point, 0 to maxamps; nothing else is taken."""
        if not argument:
            return f"{self.model.address},{self.amps_set:.1f}"
        is_number = re.fullmatch(r"\d+(\.\d+)?", argument) is not None
        is_taken = is_number and float(argument) <= self.model.amps_max
        if not is_taken or self.control_from != RS485:
            return self.model.refusal
        self._set_amps(float(argument), t)
        return self.model.ack

    def set_percent(self, argument: str, t: float) -> str:
        """`%amps,45`: the same in percent of maxamps, where the menu allows it."""
        if not self.model.has_percent or not argument.isdigit():
            return self.model.refusal
        return self.set_amps(f"{self.model.amps_max * int(argument) / 100.0:.2f}", t)

    def rdata(self, t: float) -> str:
        """One line of numbers: address, heating, set-point, A, W, kHz, ms, heat cycles."""
        _, amps, watts, khz, timer_ms = self._shown(t)
        heating = int(self.stage.is_energized)
        fields = [f"{self.model.address},{heating},{self.amps_set:.1f},{amps:.0f}"]
        fields += [f"{watts:.0f}"] if self.model.has_watts else []
        return ",".join((*fields, f"{khz:.0f},{timer_ms:.0f},{self._cycles}"))

    def data(self, t: float) -> str:
        """The same for people, in two lines."""
        return f"{DATA_HEAD}\n{self.data_line(t)}"

    def data_line(self, t: float) -> str:
        """The second of them."""
        set_a, amps, watts, khz, timer_ms = self._shown(t)
        return f"{set_a:.1f}A {amps:.1f}A {watts:.0f}W {khz:.0f}kHz {timer_ms:.0f}ms"

    def _shown(self, t: float) -> tuple[float, ...]:
        """Set-point, amperes, watts, kHz while current flows, ms of the heat cycle (the last)."""
        amps, begun_at = self.amps(t), self._begun_at
        is_flowing = self.stage.is_energized or amps >= 0.5
        ended_at = t if self.stage.off_at is None else self.stage.off_at
        timer_ms = 0.0 if begun_at is None else 1e3 * max(ended_at - begun_at, 0.0)
        return self.amps_set, amps, OHM * amps * amps, self._khz(amps) * is_flowing, timer_ms

    def stream(self, kind: str, t: float) -> str:
        """`cdata`, `slcdata`, `slcrdata`: data again and again."""
        self._streamed = "" if self._streamed else kind
        self._stream_at = t + self._stream_s
        return ""

    def set_period(self, argument: str, t: float) -> str:
        """`ctime`: between streamed lines, ms."""
        if argument.isdigit():
            self._stream_s = max(0.05, float(argument) / 1e3)
        return f"{self.model.address},{1e3 * self._stream_s:.0f}"

    def set_control(self, where: str) -> str:
        """Who may set the amperes."""
        self.control_from = where
        return self.model.ack

    def set_start(self, where: str) -> str:
        """Who may start."""
        self.start_from = where
        return self.model.ack

    def _khz(self, amps: float) -> float:
        sensors = self.stage.sensors
        own_khz = self.model.khz + self.model.khz_per_a * amps
        return own_khz if sensors is None else sensors.frequency_khz

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.stage.release(t)
            self.stage.settings.level = 0.0
            self._begun_at, self._streamed = None, ""
        elif verb == "panel_change":
            self._turn_knob(argument, t)
        else:
            super().inject(verb, argument, t)

    def _turn_knob(self, argument: str, t: float) -> None:
        name, _, value = argument.partition(":")
        if name == "amps":
            self._set_amps(float(value), t)
        elif name == "on":
            self._on(t)
        elif name == "off":
            self.stage.switch_off(t)
        elif name in {"local", "remote"}:
            self.control_from = self.start_from = PANEL if name == "local" else RS485
        else:
            raise ValueError(f"panel_change: {argument!r} is no amps:A, on, off, local, remote")


Action = Callable[[AmbrellTwin, str, float], str]

STREAMS: Mapping[str, Callable[[AmbrellTwin, float], str]] = MappingProxyType(
    {"cdata": AmbrellTwin.data, "slcdata": AmbrellTwin.data_line, "slcrdata": AmbrellTwin.rdata}
)
"""What is sent again and again: for people in two lines, in one, and as numbers."""

COMMANDS: Mapping[str, Action] = MappingProxyType(
    {
        "hon": AmbrellTwin.hon,
        "hoff": AmbrellTwin.hoff,
        "amps": AmbrellTwin.set_amps,
        "%amps": AmbrellTwin.set_percent,
        "maxamps": lambda twin, text, t: f"{twin.model.address},{twin.model.amps_max:.1f}",
        "rdata": lambda twin, text, t: twin.rdata(t),
        "data": lambda twin, text, t: twin.data(t),
        "cdata": lambda twin, text, t: twin.stream("cdata", t),
        "slcdata": lambda twin, text, t: twin.stream("slcdata", t),
        "slcrdata": lambda twin, text, t: twin.stream("slcrdata", t),
        "ctime": AmbrellTwin.set_period,
        "stat": lambda twin, text, t: "HEAT ON" if twin.stage.is_energized else "READY",
        "pstat": lambda twin, text, t: "NO FAULT",
        "rtemp": lambda twin, text, t: f"{twin.model.address},28,26",
        "hst": lambda twin, text, t: f"{twin.model.address},SIM HEAT STATION,0.66uF",
        "ctl-rs485": lambda twin, text, t: twin.set_control(RS485),
        "ctrlon": lambda twin, text, t: twin.set_control(RS485),
        "ctrloff": lambda twin, text, t: twin.set_control(PANEL),
        "start-rs485": lambda twin, text, t: twin.set_start(RS485),
        "start-1button": lambda twin, text, t: twin.set_start(ONE_BUTTON),
        "start-2button": lambda twin, text, t: twin.set_start(TWO_BUTTON),
        "?": lambda twin, text, t: "\n".join(sorted(COMMANDS)),
    }
    | dict.fromkeys(
        ("alon", "aloff", "aldelay", "almin", "almax"), lambda twin, text, t: twin.model.ack
    )
)
"""The manual's list, and `start-rs485` to undo the others. Alarms are taken and never raised."""
