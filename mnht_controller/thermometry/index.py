# SPDX-License-Identifier: Apache-2.0
"""Temperature indices T90, T50, T10 over points of one tissue. They report; no limit uses them."""


def tx_c(temperatures_c: tuple[float, ...], x_percent: float) -> float | None:
    """The temperature exceeded by `x_percent` (0 to 100) of the points, in °C; T90 is the low one.

    Linear between ranks: T90 is the 10th percentile. None without points.
    """
    if not temperatures_c:
        return None
    ranked = sorted(temperatures_c)
    position = (1.0 - x_percent / 100.0) * (len(ranked) - 1)
    position = min(max(position, 0.0), len(ranked) - 1.0)
    below = int(position)
    above = min(below + 1, len(ranked) - 1)
    return ranked[below] + (position - below) * (ranked[above] - ranked[below])
