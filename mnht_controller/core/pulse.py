# SPDX-License-Identifier: Apache-2.0
"""The identification pulse: a known small u before the loop closes, and what the probes answer.

It refuses a plant that is not the planned one: a tumor that does not warm or cools, a skin or
healthy probe that warms like the deposit, a tumor probe that answers later than declared. What it
cannot tell stays the declared prior. Skin is slower: its answer is taken from the ramp as well.
"""

from dataclasses import dataclass

from mnht_controller.domain.command import Reason
from mnht_controller.domain.compiled import quick, replace
from mnht_controller.domain.prescription import Plan
from mnht_controller.domain.probe import Probe, Role
from mnht_controller.domain.tick import Identified
from mnht_controller.domain.units import power_fraction
from mnht_controller.thermometry import rate
from mnht_controller.thermometry.observe import Observation
from mnht_controller.thermometry.plausibility import sigma_c
from mnht_controller.thermometry.prediction import prediction_s
from mnht_controller.thermometry.response import Response, Sums, added, solved

PULSE_S_MIN = 15.0
"""Shorter, a lag of seconds cannot be told from a small gain."""
PULSE_S_CLEAR = 30.0
"""Where the gain is clear the pulse ends here at the latest, and the lag with what is known."""
FOLLOW_S = 180.0
"""How long samples are taken from the beginning of the pulse on, for the slow skin."""
SNR_MIN = 8.0
MAP_SHARE = 0.5
"""No skin or healthy probe warms half as fast as the deposit's hottest probe."""
LAG_S_OVER = 1.0
LAG_SIGMAS = 3.0
LAG_SIGMA_S_MAX = 0.5
"""A lag less certain than this stays the declared one."""
TREND_SIGMAS = 5.0
TREND_C_PER_S_MIN = 0.002
SKIN_DEPTH_MM_MIN = 2.0
"""Closer to the deposit a skin probe may warm like it, and is not judged."""


@quick
@dataclass(frozen=True, slots=True)
class Heard:
    """One probe: arrival of its last sample, its trend before the pulse, and the sums."""

    at: float
    trend_c_per_s: float
    sums: Sums


@quick
@dataclass(frozen=True, slots=True)
class Pulse:
    """Before it begins `heard` is empty; `energy` is the integral of u dt, u as permitted."""

    is_over: bool = False
    seconds: float = 0.0
    energy: float = 0.0
    heard: tuple[Heard, ...] = ()
    identified: tuple[Identified, ...] = ()

    @property
    def is_running(self) -> bool:
        """Whether it has begun and is not over: the loops wait for its end."""
        return bool(self.heard) and not self.is_over


@quick
@dataclass(frozen=True, slots=True)
class Moment:
    """What one tick adds; `permitted` is the u in force, `dt_s` treatment time."""

    now: float
    permitted: float
    dt_s: float


@quick
@dataclass(frozen=True, slots=True)
class _Fit:
    probe: Probe
    response: Response
    snr: float
    tells_lag: bool
    """Tissue that cools faster than the pulse warms it does not: as its cooling levels off within
    the pulse, it looks late."""


NOT_BEGUN = Pulse()


def begin(plan: Plan, observations: tuple[Observation, ...]) -> Pulse:
    """A fresh pulse; one that is over where the plan wants none or has no tumor probe to judge."""
    probes = plan.envelope.probes
    is_wanted = plan.prescription.pulse_power > 0.0
    if not is_wanted or not any(probe.role is Role.TUMOR for probe in probes):
        return Pulse(is_over=True, identified=tuple([_prior(probe) for probe in probes]))
    heard = tuple([Heard(seen.reading.at, _trend(plan, seen), Sums()) for seen in observations])
    return Pulse(heard=heard, identified=tuple([_prior(probe) for probe in probes]))


def followed(
    plan: Plan, pulse: Pulse, observations: tuple[Observation, ...], moment: Moment
) -> Pulse:
    """Take in a tick of the ramp; the same pulse once it has been followed long enough."""
    if not pulse.heard or pulse.seconds >= FOLLOW_S:
        return pulse
    speed = plan.envelope.speed
    following = replace(
        pulse,
        seconds=pulse.seconds + moment.dt_s,
        energy=pulse.energy + moment.permitted * moment.dt_s,
    )
    heard = tuple(
        [
            _take(following, item, seen, (moment, speed))
            for item, seen in zip(pulse.heard, observations, strict=True)
        ]
    )
    return replace(following, heard=heard)


def judged(plan: Plan, pulse: Pulse) -> tuple[Pulse, Reason | None]:
    """End the pulse when it has told enough, or after its time; a reason when it has failed."""
    if not pulse.is_running:
        return pulse, None
    fits = _fits(plan, pulse)
    tumor = _hottest(fits, is_tumor=True)
    seconds_max = plan.prescription.pulse_s_max
    is_late = pulse.seconds >= seconds_max
    if pulse.seconds < min(PULSE_S_MIN, seconds_max):
        return pulse, None
    failure = _failure(plan, fits, tumor)
    if not is_late and not _is_told(plan, pulse, fits, failure):
        return pulse, None
    return replace(pulse, is_over=True, identified=_identified(plan, fits)), failure


def unseen(observations: tuple[Observation, ...]) -> tuple[Reason, ...]:
    """Name each required probe without a value: nothing is heated without it."""
    return tuple(
        [
            Reason("control.no_reading", seen.probe.id)
            for seen in observations
            if seen.probe.required and seen.control_c is None
        ]
    )


def stopped(pulse: Pulse) -> Pulse:
    """Take no more samples, for a pause changes tissue in no sum; a running pulse is over."""
    return replace(pulse, is_over=True, seconds=FOLLOW_S)


def settled(plan: Plan, pulse: Pulse) -> Pulse:
    """What is known of every probe after the pulse, while the ramp goes on telling more."""
    if not pulse.is_over or not pulse.heard or pulse.seconds >= FOLLOW_S:
        return pulse
    known = {item.probe: item for item in pulse.identified if not item.is_prior}
    fits = _fits(plan, pulse)
    roles = {probe.id: probe.role for probe in plan.envelope.probes}
    return replace(
        pulse,
        identified=tuple(
            [
                # Where heat is made, losses soon bend the answer: the pulse's own number stands.
                known.get(item.probe, item) if roles[item.probe] is Role.TUMOR else item
                for item in _identified(plan, fits)
            ]
        ),
    )


def _take(pulse: Pulse, heard: Heard, seen: Observation, given: tuple[Moment, float]) -> Heard:
    moment, speed = given
    value, at = seen.reading.value, seen.reading.at
    if value is None or not (at > heard.at):
        return heard
    age_s = max(0.0, moment.now - at) * speed
    energy = max(0.0, pulse.energy - moment.permitted * age_s)
    trend_c = heard.trend_c_per_s * (pulse.seconds - age_s)
    sums = added(heard.sums, value, trend_c, energy, moment.permitted)
    return Heard(at, heard.trend_c_per_s, sums)


def _trend(plan: Plan, seen: Observation) -> float:
    """The slope before the pulse where it is one, 0 where noise alone may be its cause."""
    slope = seen.rate_c_per_s
    least = max(TREND_C_PER_S_MIN, TREND_SIGMAS * _trend_sigma(plan, seen.probe))
    return slope if slope is not None and abs(slope) > least else 0.0


def _trend_sigma(plan: Plan, probe: Probe) -> float:
    """Noise of the slope that least squares gave in its window, °C/s."""
    sigma, spacing_s = sigma_c(probe), probe.period_s * plan.envelope.speed
    window_s = rate.window_s(sigma, spacing_s, prediction_s(probe))
    return rate.sigma_c_per_s(sigma, spacing_s, window_s)


def _fits(plan: Plan, pulse: Pulse) -> tuple[_Fit, ...]:
    """Every probe whose answer can be computed. The unknown trend counts as noise."""
    mean = pulse.energy / pulse.seconds if pulse.seconds > 0.0 else 0.0
    fits = []
    for probe, heard in zip(plan.envelope.probes, pulse.heard, strict=True):
        response = solved(heard.sums, sigma_c(probe))
        if response is not None and mean > 0.0:
            drift = _trend_sigma(plan, probe) / mean
            sigma = (response.gain_sigma**2 + drift * drift) ** 0.5
            tells_lag = -heard.trend_c_per_s <= abs(response.gain_c_per_s) * mean
            fits.append(_Fit(probe, response, response.gain_c_per_s / sigma, tells_lag))
    return tuple(fits)


def _hottest(fits: tuple[_Fit, ...], *, is_tumor: bool) -> _Fit | None:
    """The fit with the largest gain on one side of the map; one that may warm like it is left."""
    mine = [
        fit
        for fit in fits
        if (fit.probe.role is Role.TUMOR) is is_tumor and (is_tumor or _is_far(fit.probe))
    ]
    return max(mine, key=lambda fit: fit.response.gain_c_per_s, default=None)


def _is_far(probe: Probe) -> bool:
    depth_mm = probe.deposit_depth_mm
    return depth_mm is None or depth_mm >= SKIN_DEPTH_MM_MIN


def _failure(plan: Plan, fits: tuple[_Fit, ...], tumor: _Fit | None) -> Reason | None:
    """The first thing that is wrong, the most dangerous first."""
    other = _hottest(fits, is_tumor=False)
    gain = 0.0 if tumor is None else max(0.0, tumor.response.gain_c_per_s)
    if other is not None and other.snr >= SNR_MIN:
        limit = MAP_SHARE * gain
        if not (other.response.gain_c_per_s <= limit):
            names = other.probe.id if tumor is None else f"{other.probe.id}, {tumor.probe.id}"
            return Reason("pulse_map", names, other.response.gain_c_per_s, limit)
    falling = [fit for fit in fits if fit.probe.role is Role.TUMOR and fit.snr <= -SNR_MIN]
    if falling:
        names = ", ".join(fit.probe.id for fit in falling)
        return Reason("pulse_sign", names, falling[0].response.gain_c_per_s, 0.0)
    if tumor is None or not (tumor.snr >= SNR_MIN):
        mine = [probe.id for probe in plan.envelope.probes if probe.role is Role.TUMOR]
        snr = None if tumor is None else tumor.snr
        return Reason("pulse_weak", ", ".join(mine), snr, SNR_MIN)
    return _late(plan, fits, gain)


def _late(plan: Plan, fits: tuple[_Fit, ...], gain: float) -> Reason | None:
    """A probe in the deposit that answers later than declared; only real time can tell."""
    if plan.envelope.speed > 1.0:
        return None
    for fit in (fit for fit in _in_deposit(fits, gain) if fit.tells_lag):
        limit_s = _lag_s_max(plan, fit.probe)
        surely_s = fit.response.lag_s - LAG_SIGMAS * fit.response.lag_sigma_s
        if not (surely_s <= limit_s):
            return Reason("pulse_lag", fit.probe.id, fit.response.lag_s, limit_s)
    return None


def _in_deposit(fits: tuple[_Fit, ...], gain: float) -> list[_Fit]:
    """Tumor probes that warm like the hottest; the others wait for heat to come to them."""
    least = MAP_SHARE * gain
    tumors = [fit for fit in fits if fit.probe.role is Role.TUMOR]
    return [fit for fit in tumors if fit.snr >= SNR_MIN and fit.response.gain_c_per_s >= least]


def _lag_s_max(plan: Plan, probe: Probe) -> float:
    return probe.lag_s + LAG_S_OVER + plan.envelope.source.settling_s


def _is_told(plan: Plan, pulse: Pulse, fits: tuple[_Fit, ...], failure: Reason | None) -> bool:
    """Whether more pulse would not change what is said; a weak answer may still become clear."""
    if failure is not None:
        return failure.code != "pulse_weak"
    if pulse.seconds >= PULSE_S_CLEAR or plan.envelope.speed > 1.0:
        return True
    gain = max(fit.response.gain_c_per_s for fit in fits if fit.probe.role is Role.TUMOR)
    return all(
        fit.response.lag_s + LAG_SIGMAS * fit.response.lag_sigma_s <= _lag_s_max(plan, fit.probe)
        for fit in _in_deposit(fits, gain)
    )


def _identified(plan: Plan, fits: tuple[_Fit, ...]) -> tuple[Identified, ...]:
    found = {fit.probe.id: fit for fit in fits}
    return tuple([_known(probe, found.get(probe.id)) for probe in plan.envelope.probes])


def _known(probe: Probe, fit: _Fit | None) -> Identified:
    if fit is None:
        return _prior(probe)
    if not (fit.snr >= SNR_MIN):
        return Identified(probe.id, None, probe.lag_s, fit.snr, is_prior=True)
    is_sure = fit.tells_lag and fit.response.lag_sigma_s <= LAG_SIGMA_S_MAX
    is_lag_known = is_sure and fit.response.lag_s >= 0.0
    lag_s = fit.response.lag_s if is_lag_known else probe.lag_s
    return Identified(probe.id, fit.response.gain_c_per_s, lag_s, fit.snr, is_prior=False)


def _prior(probe: Probe) -> Identified:
    return Identified(probe.id, None, probe.lag_s, 0.0, is_prior=True)


def power(plan: Plan, ceiling_ka_per_m: float, slew_per_s: float, moment: Moment) -> float:
    """The u of the pulse: the plan's, never above the ceiling, rising no faster than control."""
    highest = moment.permitted + slew_per_s * moment.dt_s
    return min(plan.prescription.pulse_power, power_fraction(ceiling_ka_per_m), highest)
