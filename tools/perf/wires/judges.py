# SPDX-License-Identifier: Apache-2.0
"""What a driver accepted, held against what its twin really did. One judge for each kind of device.

A value is wrong when the twin never had it: then it was never sent. What a thermometer's twin sent
for another channel is astray, what it sent longer than MEMORY_S ago is old: no checksum tells.
"""

import math
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, cast

from mnht_controller.devices.contract import (
    Auxiliary,
    Driver,
    DriverSpec,
    FieldSource,
    Kind,
    RunPermit,
    Thermometer,
)
from mnht_controller.domain.command import Permit
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.reading import AuxiliaryReading, Quality, Reading, SourceReading
from mnht_controller.thermometry.observe import Clock, Observation, observe, start
from sim_hardware.devices.probes import ProbeBank

MEMORY_S = 3.0
CONTROL_C = 1.0
BAD_S = 0.3
SETTLED_S = 3.0
"""How long a probe must have been good before a session could be armed on it."""
ACCURATE_C, ACCURATE_SHARE = 0.055, 0.02
SWING_C = 0.4
LEVELS_KA_PER_M = (1.0, 2.0, 3.0)
LIMIT_KA_PER_M = 5.0


@dataclass(slots=True)
class Score:
    """What came of it. `wrong` were accepted and never sent; for `astray` and `old` see above.

    `worst_c` is the largest error of what reached control.
    """

    frames: int = 0
    accepted: int = 0
    wrong: int = 0
    astray: int = 0
    old: int = 0
    reached_control: int = 0
    worst_c: float = 0.0
    trips: int = 0


@dataclass(slots=True)
class History:
    """What the twin had, and when."""

    rows: deque[tuple[float, Any]] = field(default_factory=deque)

    def note(self, t: float, value: object) -> None:
        """Remember it, and forget what is too old."""
        self.rows.append((t, value))
        while self.rows[0][0] < t - MEMORY_S:
            self.rows.popleft()

    def has(self, fits: Callable[[Any], bool]) -> bool:
        """Whether any of it fits."""
        return any(fits(value) for _, value in self.rows)


class ThermometerJudge:
    """Gives each channel a temperature of its own that drifts, and follows it through to control.

    A value reaches control when it is observed without a complaint and without a slope that trips,
    in a session that could have been armed and has not tripped since.
    """

    def __init__(self, spec: DriverSpec, twin: object, channels: tuple[int, ...]) -> None:
        self.score, self._channels = Score(), channels
        bank = next(value for value in vars(twin).values() if isinstance(value, ProbeBank))
        bank.rewire({n: self._truth(n) for n in bank.fitted})
        self._probes = tuple(_probe(spec, n) for n in channels)
        self._latest = {n: Reading(None, Quality.STALE, -1e9, 0) for n in channels}
        self._seq = dict.fromkeys(channels, 0)
        self._tracks = start(self._probes)
        self._clean_since, self._bad_since = 0.0, math.inf

    async def use(self, driver: Driver, t: float) -> None:
        """One exchange, judged."""
        readings = await cast(Thermometer, driver).sample()
        for channel, reading in readings.items():
            self.score.frames += 1
            is_new = reading.seq != self._latest[channel].seq
            self._latest[channel] = reading
            if reading.value is not None and is_new:
                self._accepted(channel, reading.value, reading.at)

    def look(self, now: float) -> None:
        """What observation makes of the mailbox at this moment, as the tick does."""
        raw = tuple(self._latest[n] for n in self._channels)
        clock = Clock(now, now, 1.0, field_on=True)
        self._tracks, seen = observe(self._probes, self._tracks, raw, clock)
        if any(_trips(one) for one in seen):
            self._trip(now)
        elif any(one.codes for one in seen):
            self._bad_since = min(self._bad_since, now)
            if now - self._bad_since >= BAD_S:
                self._trip(now)
        else:
            self._bad_since = math.inf
            if now - self._clean_since >= SETTLED_S:
                self._control(seen)

    def _control(self, seen: tuple[Observation, ...]) -> None:
        for one in seen:
            if one.control_c is None:
                continue
            truth = self._truth(one.probe.channel)
            off_c = min(abs(one.control_c - truth(one.reading.at - s)) for s in (0.0, 0.5, 1.0))
            self.score.worst_c = max(self.score.worst_c, off_c)
            self.score.reached_control += off_c > CONTROL_C

    def _trip(self, now: float) -> None:
        self.score.trips += now - self._clean_since >= SETTLED_S
        self._restart(now)

    def _restart(self, now: float) -> None:
        self._tracks = start(self._probes)
        self._clean_since, self._bad_since = now, math.inf

    def _accepted(self, channel: int, value_c: float, at: float) -> None:
        self.score.accepted += 1
        if self._was_sent(channel, value_c, at):
            return
        if abs(value_c - _base_c(channel)) <= SWING_C + ACCURATE_C:
            self.score.old += 1
        elif any(abs(value_c - _base_c(n)) <= SWING_C + ACCURATE_C for n in self._channels):
            self.score.astray += 1
        else:
            self.score.wrong += 1

    def _was_sent(self, channel: int, value_c: float, at: float) -> bool:
        truth = self._truth(channel)
        steps = range(int(MEMORY_S / 0.05))
        return any(abs(value_c - truth(at - 0.05 * k)) <= ACCURATE_C for k in steps)

    @staticmethod
    def _truth(channel: int) -> Callable[[float], float]:
        base_c = _base_c(channel)
        return lambda t: base_c + SWING_C * math.sin(0.1 * t + channel)


class SourceJudge:
    """Prepares, raises, polls and switches off, and holds each snapshot against the stage."""

    def __init__(self, spec: DriverSpec, twin: Any) -> None:  # noqa: ANN401 - any twin
        self.score, self._stage, self._spec = Score(), twin.stage, spec
        self._step, self._history = 0, History()

    async def use(self, driver: Driver, t: float) -> None:
        """One exchange, judged."""
        source, self._step = cast(FieldSource, driver), self._step + 1
        level = LEVELS_KA_PER_M[self._step // 8 % len(LEVELS_KA_PER_M)]
        act = self._step % 8
        if act == 0:
            snapshot = await source.off()
        elif act == 1:
            snapshot = await source.prepare(LIMIT_KA_PER_M, clear=True)
        elif act in (2, 4, 6):
            snapshot = await source.apply(Permit(level, self._step, t + 1.0))
        else:
            snapshot = await source.poll()
        self.score.frames += 1
        self._judge(snapshot)

    def look(self, now: float) -> None:
        """Remember what the stage does."""
        stage = self._stage
        level = stage.settings.level / 1e3
        self._history.note(now, (level, stage.current(now), stage.is_energized))

    def _judge(self, snapshot: SourceReading) -> None:
        """Each number by itself: some instruments are asked for them one after the other."""
        self.score.accepted += 1
        history, resolution = self._history, self._spec.resolution
        setpoint, measured = snapshot.setpoint_ka_per_m, snapshot.measured_ka_per_m
        told = (
            history.has(lambda row: snapshot.output_on is row[2]),
            # A generator that is off says zero, whatever its volts are set to.
            setpoint == 0.0 or history.has(lambda row: _near(setpoint, row[0], resolution)),
            measured is None or history.has(lambda row: _near(measured, row[1], resolution)),
        )
        self.score.wrong += not all(told)


class AuxiliaryJudge:
    """Polls; a run-permit is opened and closed. What it says must be what the twin had."""

    def __init__(self, spec: DriverSpec, twin: Any) -> None:  # noqa: ANN401 - any twin
        self.score, self._twin, self._spec = Score(), twin, spec
        self._step, self._history = 0, History()

    async def use(self, driver: Driver, t: float) -> None:
        """One exchange, judged."""
        self._step += 1
        if self._spec.kind is Kind.RUN_PERMIT and self._step % 8 in (0, 4):
            reading = await cast(RunPermit, driver).permit(on=self._step % 8 == 4)
        elif self._step % 64 == 1:
            reading = await cast(Auxiliary, driver).prepare()
        else:
            reading = await cast(Auxiliary, driver).poll()
        self.score.frames += 1
        self._judge(reading)

    def look(self, now: float) -> None:
        """Remember what the twin does."""
        self._history.note(now, _state(self._spec.kind, self._twin, now))

    def _judge(self, reading: AuxiliaryReading) -> None:
        self.look(reading.at)
        said = {
            Kind.RUN_PERMIT: reading.permit,
            Kind.CHILLER: reading.coolant_c,
            Kind.PICKUP: reading.measured_ka_per_m,
        }[self._spec.kind]
        self.score.accepted += said is not None
        fits = said is None or self._history.has(lambda value: _like(said, value))
        self.score.wrong += not fits


def _base_c(channel: int) -> float:
    return 36.0 + 1.7 * channel


def _trips(one: Observation) -> bool:
    return one.rising_too_fast or one.reading.quality is Quality.STALE


def _probe(spec: DriverSpec, channel: int) -> Probe:
    return Probe(
        id=f"p{channel}",
        device="thermometer",
        channel=channel,
        role=Role.TUMOR,
        required=True,
        noise_c=max(spec.noise, 0.03),
        resolution_c=0.0,  # no flat line is looked for: this truth has no noise
        lag_s=1.0,
        period_s=spec.period_s,
        deposit_depth_mm=None,
    )


def _near(read: float, true: float, resolution: float) -> bool:
    return abs(read - true) <= max(ACCURATE_SHARE * true, 2.0 * resolution, 0.02)


def _like(said: object, value: object) -> bool:
    if isinstance(said, bool) or isinstance(value, bool):
        return said is value
    return abs(cast(float, said) - cast(float, value)) <= max(0.15, 0.03 * abs(cast(float, value)))


def _state(kind: Kind, twin: Any, now: float) -> object:  # noqa: ANN401
    if kind is Kind.RUN_PERMIT:
        return bool(twin.closed(now))
    return twin.outlet_c(now) if kind is Kind.CHILLER else twin.field(now)
