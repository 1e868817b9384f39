# SPDX-License-Identifier: Apache-2.0
"""What goes wrong with one fiber-optic tip. Numbers are °C and seconds of treatment time."""

import random
from collections.abc import Callable
from types import MappingProxyType

HOUR_S = 3600.0
UNITS: MappingProxyType[str, Callable[[float], float]] = MappingProxyType(
    {
        "fahrenheit": lambda celsius: 1.8 * celsius + 32.0,
        "kelvin": lambda celsius: celsius + 273.15,
        "tenths": lambda celsius: 10.0 * celsius,
    }
)
"""In what else than °C an instrument may answer after a slip in its settings."""


class ProbeFaults:
    """The faults of a tip, several at once. `chance` decides which samples are spikes.

    probe_off (lift-off), probe_stuck (°C), probe_contact (contact[:s until it is reached]),
    probe_offset (°C), probe_drift (°C/h), probe_lag (s more), probe_spikes (°C:probability of a
    sample), probe_unit (a name of UNITS).
    """

    def __init__(self, chance: random.Random) -> None:
        self._chance = chance
        self._active: dict[str, tuple[str, ...]] = {}
        self._age_s: dict[str, float] = {}
        self.stuck_c: float | None = None

    @property
    def is_active(self) -> bool:
        """Whether any is on."""
        return bool(self._active)

    @property
    def is_off(self) -> bool:
        """Whether the tip hangs in the air."""
        return "probe_off" in self._active

    @property
    def contact(self) -> float:
        """What is left of the contact, 0 to 1."""
        if self.is_off:
            return 0.0
        if "probe_contact" not in self._active:
            return 1.0
        contact, over_s = self._numbers("probe_contact", 0.0)
        share = self._age_s["probe_contact"] / over_s if over_s > 0.0 else 1.0
        return 1.0 + (contact - 1.0) * min(share, 1.0)

    @property
    def lag_s(self) -> float:
        """How much later the tip is than it should be."""
        return self._numbers("probe_lag")[0] if "probe_lag" in self._active else 0.0

    def advance(self, dt_s: float) -> None:
        """Let time pass."""
        for verb in self._age_s:
            self._age_s[verb] += dt_s

    def said(self, celsius: float) -> float:
        """What comes of a sample."""
        if "probe_offset" in self._active:
            celsius += self._numbers("probe_offset")[0]
        if "probe_drift" in self._active:
            celsius += self._numbers("probe_drift")[0] * self._age_s["probe_drift"] / HOUR_S
        if "probe_spikes" in self._active:
            height_c, probability = self._numbers("probe_spikes")
            if self._chance.random() < probability:
                celsius += height_c * self._chance.choice((-1.0, 1.0))
        if "probe_unit" in self._active:
            celsius = UNITS[self._active["probe_unit"][0]](celsius)
        return celsius

    def inject(self, verb: str, argument: str) -> None:
        """Start one; ValueError for a verb or an argument that means nothing."""
        parts = tuple(argument.split(":"))
        wanted = NUMBERS.get(verb)
        if verb == "probe_unit":
            if argument not in UNITS:
                raise ValueError(f"{verb}: {argument!r} is none of {', '.join(UNITS)}")
        elif wanted is None:
            known = ", ".join((*NUMBERS, "probe_unit"))
            raise ValueError(f"a probe has no fault {verb!r}: use one of {known}")
        elif wanted[0] <= len(parts) <= wanted[1]:
            [float(part) for part in parts]
        elif wanted[1]:
            raise ValueError(f"{verb}: {argument!r} is not {wanted[0]} to {wanted[1]} numbers")
        if verb == "probe_stuck":
            self.stuck_c = float(argument)
        self._active[verb], self._age_s[verb] = parts, 0.0

    def clear(self, verb: str) -> None:
        """End it."""
        self._active.pop(verb, None)
        self._age_s.pop(verb, None)
        if verb == "probe_stuck":
            self.stuck_c = None

    def _numbers(self, verb: str, *missing: float) -> tuple[float, ...]:
        given = tuple(float(part) for part in self._active[verb])
        return given + missing[len(given) - 1 :]


NUMBERS: MappingProxyType[str, tuple[int, int]] = MappingProxyType(
    {
        "probe_off": (0, 0),
        "probe_stuck": (1, 1),
        "probe_contact": (1, 2),
        "probe_offset": (1, 1),
        "probe_drift": (1, 1),
        "probe_lag": (1, 1),
        "probe_spikes": (2, 2),
    }
)
"""How many numbers a verb takes, from and to."""
