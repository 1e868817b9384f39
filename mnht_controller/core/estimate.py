# SPDX-License-Identifier: Apache-2.0
"""What control believes about the tissue, from observations. None propagates."""

from mnht_controller.domain.probe import Role
from mnht_controller.domain.tick import Estimate
from mnht_controller.thermometry.observe import Observation


def estimate(observations: tuple[Observation, ...]) -> Estimate:
    """Hottest skin, tumor and healthy tissue, each with its probes' lag made good.

    A role is unknown (None) without a probe, or while one of its required probes has no value: the
    others cannot speak for it. `tumor_cem43_min` is the least dose among the tumor probes.
    """
    skin = _usable(observations, Role.SKIN)
    hottest = max(skin, key=_compensated_c, default=None)
    ahead = [seen.predicted_c for seen in skin]
    known = [value for value in ahead if value is not None]
    return Estimate(
        skin_c=None if hottest is None else _compensated_c(hottest),
        skin_rate_c_per_s=None if hottest is None else hottest.rate_c_per_s,
        skin_predicted_c=max(known) if known and len(known) == len(ahead) else None,
        tumor_c=_hottest_c(observations, Role.TUMOR),
        healthy_c=_hottest_c(observations, Role.HEALTHY),
        skin_cem43_min=max(_doses(observations, Role.SKIN), default=0.0),
        tumor_cem43_min=min(_doses(observations, Role.TUMOR), default=0.0),
    )


def measured_c(observations: tuple[Observation, ...], role: Role) -> float | None:
    """The hottest reading of a role as measured, without lag compensation."""
    values = [seen.control_c for seen in _usable(observations, role)]
    return max([value for value in values if value is not None], default=None)


def seconds_to(limit_c: float, now_c: float | None, rate_c_per_s: float | None) -> float | None:
    """Seconds of treatment time until a limit at the present rate; None: not rising or unknown."""
    if now_c is None or rate_c_per_s is None or not (rate_c_per_s > 0.0):
        return None
    return max(0.0, (limit_c - now_c) / rate_c_per_s)


def _usable(observations: tuple[Observation, ...], role: Role) -> tuple[Observation, ...]:
    """The role's observations with a value; empty when a required one has none."""
    mine = [seen for seen in observations if seen.probe.role is role]
    usable = [seen for seen in mine if seen.control_c is not None]
    if len(usable) < len(mine) and any(
        seen.probe.required and seen.control_c is None for seen in mine
    ):
        return ()
    return tuple(usable)


def _hottest_c(observations: tuple[Observation, ...], role: Role) -> float | None:
    return max(map(_compensated_c, _usable(observations, role)), default=None)


def _compensated_c(seen: Observation) -> float:
    """T + lag·rate: the probe answers as a first-order lag. Needs a reading with a value."""
    value_c = seen.control_c if seen.control_c is not None else -273.15
    if seen.rate_c_per_s is None:
        return value_c
    return value_c + seen.probe.lag_s * seen.rate_c_per_s


def _doses(observations: tuple[Observation, ...], role: Role) -> list[float]:
    return [seen.cem43_min for seen in observations if seen.probe.role is role]
