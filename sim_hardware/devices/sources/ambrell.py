# SPDX-License-Identifier: Apache-2.0
"""Twin of an Ambrell EASYHEAT induction supply on RS-485.

Documented (EASYHEAT 0112 manual pages 44 and 46; 3542 manual page 49): addressing, broadcast, the
commands below, `hoff` always obeyed, `rdata` with 8 fields (7 on the 0112), the `data` lines, the
single keys. Assumed: what acknowledges a set command (`ack`), silence for what is not understood,
the wording of stat, pstat, hst and help, ramping within 0.2 s.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass

from sim_hardware.devices.core import Chunks
from sim_hardware.devices.field_stage import FieldStage, StageFaults, State
from sim_hardware.devices.lines import LineTwin

BROADCAST = 0
KEY_UP, KEY_DOWN = ord("]"), ord("[")
KEY_STEP_A = 1.0
NEVER_S = 1e9
RAMP_A_PER_M_S = 2e5
COMMAND = re.compile(r"(\d+),([%\w?-]+)(?:,(.*))?")
DATA_HEAD = "SETPOINT AMPS OUT POWER OUT FREQUENCY TIMER"


@dataclass(frozen=True, slots=True)
class Model:
    """What differs between supplies."""

    address: int = 1
    a_per_m_per_a: float = 72.0
    amps_max: float = 250.0
    has_watts: bool = True
    ack: str = ""
    khz: float = 100.0


class AmbrellTwin(StageFaults, LineTwin):
    """One supply on its line. `start_input()` is the hardware start signal, where one is wired.

    Faults: those of StageFaults; reboot; panel_change (`amps:200`, `on`, `off`, `local`).
    """

    ends = b"\r\n"

    def __init__(self, start_s: float = 0.0, model: Model | None = None) -> None:
        super().__init__()
        self.model = model or Model()
        self.start_input: Callable[[], bool] | None = None
        self.stage = FieldStage(start_s)
        self._power_up(start_s)

    def _power_up(self, t: float) -> None:
        self.stage.watchdog.enabled = False
        self.stage.settings.on_time_s = NEVER_S
        self.stage.settings.rise = self.stage.settings.fall = RAMP_A_PER_M_S
        self.start_from = self.control_from = "RS485"
        self._begun_at: float | None = None
        self._cycles = 0
        self._stream_s, self._stream_at, self._streamed = 0.1, 0.0, ""

    # ---- bytes -----------------------------------------------------------------------------------

    def feed(self, data: bytes, t: float, client: int = 0) -> Chunks:
        """Take single keys at once: they move the set-point wherever they stand."""
        self._watch_start(t)
        for key in data:
            if key in (KEY_UP, KEY_DOWN) and self.control_from == "RS485":
                step = KEY_STEP_A if key == KEY_UP else -KEY_STEP_A
                self._set_amps(self.amps_set + step, t)
        return super().feed(data.replace(b"]", b"").replace(b"[", b""), t, client)

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
        self._watch_start(t)
        chunks: Chunks = []
        while self._streamed and self._stream_at <= t:
            said = self.rdata(t) if self._streamed == "rdata" else self.data(t)
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
        return 1e3 * self.stage.measured(t) / self.model.a_per_m_per_a

    def _set_amps(self, amps: float, t: float) -> None:
        amps = min(max(amps, 0.0), self.model.amps_max)
        self.stage.set_level(amps * self.model.a_per_m_per_a, t)

    def _is_allowed(self) -> bool:
        return self.start_input is None or self.start_input()

    def _watch_start(self, t: float) -> None:
        """With 1-button start it heats only while the hardware signal is there."""
        self.stage.elapse(t)
        if self.stage.state is State.ON and not self._is_allowed():
            self.stage.switch_off(t)

    def _on(self, t: float) -> None:
        if self.stage.state is not State.ON and self._is_allowed():
            self.stage.arm(1.0, t)
            self.stage.switch_on(t)
            self._begun_at, self._cycles = t, self._cycles + 1

    # ---- commands ------------------------------------------------------------------------------

    def hon(self, argument: str, t: float) -> str:
        """Heat on, if starting is RS485's."""
        if self.start_from == "RS485":
            self._on(t)
        return self.model.ack

    def hoff(self, argument: str, t: float) -> str:
        """Heat off, always."""
        self.stage.switch_off(t)
        return self.model.ack

    def set_amps(self, argument: str, t: float) -> str:
        """`amps,#.##`: the set-point, 0 to maxamps; nothing else is taken."""
        if re.fullmatch(r"\d+(\.\d+)?", argument) and self.control_from == "RS485":
            if float(argument) <= self.model.amps_max:
                self._set_amps(float(argument), t)
            return self.model.ack
        return f"{self.model.address},{self.amps_set:.1f}" if not argument else ""

    def rdata(self, t: float, argument: str = "") -> str:
        """One line of numbers."""
        is_on = self.stage.is_energized
        amps = self.amps(t)
        timer = int(1e3 * (t - self._begun_at)) if is_on and self._begun_at is not None else 0
        fields = [str(self.model.address), str(int(is_on)), f"{self.amps_set:.2f}", f"{amps:.1f}"]
        fields += [f"{0.02 * amps * amps:.0f}"] if self.model.has_watts else []
        fields += [f"{self._khz() if is_on else 0:.0f}", str(timer), str(self._cycles)]
        return ",".join(fields)

    def data(self, t: float, argument: str = "") -> str:
        """The same for people, in two lines."""
        fields = self.rdata(t).split(",")
        watts = fields[4] if self.model.has_watts else "0"
        khz, timer = fields[-3], fields[-2]
        return f"{DATA_HEAD}\n{self.amps_set:.1f}A {fields[3]}A {watts}W {khz}kHz {timer}ms"

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

    def _khz(self) -> float:
        sensors = self.stage.sensors
        return self.model.khz if sensors is None else sensors.frequency_khz

    # ---- faults --------------------------------------------------------------------------------

    def inject(self, verb: str, argument: str, t: float) -> None:
        """Start a fault."""
        if verb == "reboot":
            self.stage.switch_off(t)
            self.stage.settings.level = 0.0
            self._power_up(t)
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
        elif name == "local":
            self.control_from = self.start_from = "FRONT PANEL"
        else:
            raise ValueError(f"panel_change: {argument!r} is none of amps:A, on, off, local")


Action = Callable[[AmbrellTwin, str, float], str]

COMMANDS: dict[str, Action] = {
    "hon": AmbrellTwin.hon,
    "hoff": AmbrellTwin.hoff,
    "amps": AmbrellTwin.set_amps,
    "%amps": lambda twin, text, t: twin.set_amps(
        str(twin.model.amps_max * float(text) / 100.0) if text.isdigit() else "x", t
    ),
    "maxamps": lambda twin, text, t: f"{twin.model.address},{twin.model.amps_max:.1f}",
    "rdata": lambda twin, text, t: twin.rdata(t),
    "data": lambda twin, text, t: twin.data(t),
    "cdata": lambda twin, text, t: twin.stream("data", t),
    "slcdata": lambda twin, text, t: twin.stream("data", t),
    "slcrdata": lambda twin, text, t: twin.stream("rdata", t),
    "ctime": AmbrellTwin.set_period,
    "stat": lambda twin, text, t: "HEAT ON" if twin.stage.is_energized else "READY",
    "pstat": lambda twin, text, t: "NO FAULT",
    "rtemp": lambda twin, text, t: f"{twin.model.address},28,26",
    "hst": lambda twin, text, t: f"{twin.model.address},SIM HEAT STATION,0.66uF",
    "ctl-rs485": lambda twin, text, t: twin.set_control("RS485"),
    "ctrlon": lambda twin, text, t: twin.set_control("RS485"),
    "ctrloff": lambda twin, text, t: twin.set_control("FRONT PANEL"),
    "start-rs485": lambda twin, text, t: twin.set_start("RS485"),
    "start-1button": lambda twin, text, t: twin.set_start("RS485"),
    "start-2button": lambda twin, text, t: twin.set_start("2 BUTTON"),
    "alon": lambda twin, text, t: twin.model.ack,
    "aloff": lambda twin, text, t: twin.model.ack,
    "?": lambda twin, text, t: "\n".join(sorted(COMMANDS)),
}
"""The manual's list. Alarms (`al…`) are taken and never raised."""
