# SPDX-License-Identifier: Apache-2.0
"""How fast a temperature changes, in treatment time: a quiet slope and a fast one.

Quiet: least squares over means of ~1 s bins in a window long enough for prediction. Fast: two
points 1 to 2 s apart, for the plausibility limits. Neither decides anything.
"""

import math
from dataclasses import dataclass

from mnht_controller.domain.compiled import quick

BIN_S = 1.0
WINDOW_S_MIN = 10.0
WINDOW_S_MAX = 40.0
PREDICTION_C_SIGMA = 0.1
"""What rate noise may contribute to the predicted temperature (one sigma)."""
RATE_AGE_S_MAX = 5.0
"""A slope whose newest bin is older (plus three sample spacings) is no longer known."""
FAST_S_MIN = 1.0


@quick
@dataclass(frozen=True, slots=True)
class SlopeTrack:
    """Closed bins (mean time, mean °C, oldest first), the open bin's sums, and the last slope."""

    bins_s: tuple[float, ...] = ()
    bins_c: tuple[float, ...] = ()
    open_s: float = 0.0
    sum_s: float = 0.0
    sum_c: float = 0.0
    count: int = 0
    rate_c_per_s: float | None = None


@quick
@dataclass(frozen=True, slots=True)
class FastTrack:
    """Two earlier samples; the older one is the reference once the newer is 1 s old."""

    older_s: float | None
    older_c: float
    newer_s: float
    newer_c: float


def window_s(sigma_c: float, spacing_s: float, horizon_s: float) -> float:
    """The shortest window of 10 to 40 s that keeps sigma(rate)·t_p at or below 0.1 °C.

    Least squares over n evenly spaced samples of white noise s in a window W = n·spacing gives
    sigma(rate) = s·√(12·spacing / W³), hence W = (12·spacing·(s·t_p / 0.1)²)^(1/3).
    """
    ratio = sigma_c * horizon_s / PREDICTION_C_SIGMA
    cubed = 12.0 * spacing_s * ratio * ratio
    if not (cubed <= WINDOW_S_MAX**3):
        return WINDOW_S_MAX
    return max(WINDOW_S_MIN, float(max(0.0, cubed) ** (1.0 / 3.0)))


def sigma_c_per_s(sigma_c: float, spacing_s: float, window: float) -> float:
    """Noise of the least-squares slope over a window of samples `spacing_s` apart."""
    return sigma_c * math.sqrt(12.0 * spacing_s / (window * window * window))


def closes(track: SlopeTrack, at_s: float) -> bool:
    """Whether a sample at `at_s` closes the open bin, so that `close` is due and not `extend`."""
    return track.count > 0 and not (at_s - track.open_s < BIN_S)


def extend(track: SlopeTrack, at_s: float, value_c: float) -> SlopeTrack:
    """Add one sample to the open bin, or open the first."""
    if track.count:
        return SlopeTrack(
            track.bins_s,
            track.bins_c,
            track.open_s,
            track.sum_s + at_s,
            track.sum_c + value_c,
            track.count + 1,
            track.rate_c_per_s,
        )
    return SlopeTrack((), (), at_s, at_s, value_c, 1, None)


def close(track: SlopeTrack, at_s: float, value_c: float, window: float) -> SlopeTrack:
    """Close the open bin, regress over `window` seconds of bins, open the next with this sample."""
    bins_s = (*track.bins_s, track.sum_s / track.count)
    bins_c = (*track.bins_c, track.sum_c / track.count)
    # One bin more than the window, so that the span of the bin centers never falls short of it.
    oldest = bins_s[-1] - window - max(BIN_S, at_s - track.open_s)
    drop = 0
    while bins_s[drop] < oldest:
        drop += 1
    bins_s, bins_c = bins_s[drop:], bins_c[drop:]
    rate = _least_squares(bins_s, bins_c) if bins_s[-1] - bins_s[0] >= window else None
    return SlopeTrack(bins_s, bins_c, at_s, at_s, value_c, 1, rate)


def current_rate(track: SlopeTrack, treatment_s: float, spacing_s: float) -> float | None:
    """The slope in °C/s, or None when it is not known or its newest bin has grown old."""
    if track.rate_c_per_s is None:  # known: there are bins
        return None
    age_s = treatment_s - track.bins_s[-1]
    return track.rate_c_per_s if age_s <= RATE_AGE_S_MAX + 3.0 * spacing_s else None


def fast(
    track: FastTrack | None, at_s: float, value_c: float
) -> tuple[FastTrack, float | None, float]:
    """Add one sample; give the next track, the difference in °C (None: unknown) and its seconds."""
    if track is None:
        return FastTrack(None, 0.0, at_s, value_c), None, 0.0
    if at_s - track.newer_s >= FAST_S_MIN:
        track = FastTrack(track.newer_s, track.newer_c, at_s, value_c)
    if track.older_s is None:
        return track, None, 0.0
    return track, value_c - track.older_c, at_s - track.older_s


def _least_squares(times_s: tuple[float, ...], values_c: tuple[float, ...]) -> float | None:
    count = len(times_s)
    mean_s = sum(times_s) / count
    mean_c = sum(values_c) / count
    product = square = 0.0
    for time_s, value_c in zip(times_s, values_c, strict=True):
        offset = time_s - mean_s
        product += offset * (value_c - mean_c)
        square += offset * offset
    return product / square if square > 0.0 else None
