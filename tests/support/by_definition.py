"""Indicators in plain Python, written down from their definitions: slow, and nobody else's code."""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

NAN = math.nan


def mean(values: Sequence[float]) -> float:
    return math.fsum(values) / len(values)


def ema(values: Sequence[float], window: int) -> list[float]:
    """Starts with the mean of the first ``window`` values."""
    found = [NAN] * (window - 1) + [mean(values[:window])]
    for value in values[window:]:
        found.append(found[-1] + 2 / (window + 1) * (value - found[-1]))
    return found


def wilder(values: Sequence[float], window: int) -> list[float]:
    """Smoothed by 1/window, starting with the mean of the first ``window`` values."""
    found = [NAN] * (window - 1) + [mean(values[:window])]
    for value in values[window:]:
        found.append(found[-1] + (value - found[-1]) / window)
    return found


def kama(values: Sequence[float], window: int) -> list[float]:
    found = [NAN] * (window - 1) + [values[window - 1]]
    for at in range(window, len(values)):
        way = math.fsum(abs(values[i] - values[i - 1]) for i in range(at - window + 1, at + 1))
        straight = abs(values[at] - values[at - window]) / way if way else 1.0
        speed = (straight * (2 / 3 - 2 / 31) + 2 / 31) ** 2
        found.append(found[-1] + speed * (values[at] - found[-1]))
    return found


def rsi(values: Sequence[float], window: int) -> list[float]:
    steps = [after - before for before, after in pairwise(values)]
    gains = wilder([max(step, 0.0) for step in steps], window)
    losses = wilder([max(-step, 0.0) for step in steps], window)
    return [NAN] + [100 * up / (up + down) if up + down else NAN for up, down in zip(gains, losses, strict=True)]


def true_ranges(high: Sequence[float], low: Sequence[float], close: Sequence[float]) -> list[float]:
    """From the second bar on."""
    return [
        max(high[at] - low[at], abs(high[at] - close[at - 1]), abs(low[at] - close[at - 1]))
        for at in range(1, len(close))
    ]


def atr(high: Sequence[float], low: Sequence[float], close: Sequence[float], window: int) -> list[float]:
    return [NAN, *wilder(true_ranges(high, low, close), window)]


def directional(
    high: Sequence[float], low: Sequence[float], close: Sequence[float], window: int
) -> tuple[list[float], list[float], list[float]]:
    """+DI, -DI and ADX."""
    ups = [high[at] - high[at - 1] for at in range(1, len(high))]
    downs = [low[at - 1] - low[at] for at in range(1, len(low))]
    rising = wilder([up if up > down and up > 0 else 0.0 for up, down in zip(ups, downs, strict=True)], window)
    falling = wilder([down if down > up and down > 0 else 0.0 for up, down in zip(ups, downs, strict=True)], window)
    ranges = wilder(true_ranges(high, low, close), window)
    plus = [100 * part / whole for part, whole in zip(rising, ranges, strict=True)]
    minus = [100 * part / whole for part, whole in zip(falling, ranges, strict=True)]
    known = [100 * abs(p - m) / (p + m) for p, m in zip(plus, minus, strict=True) if not math.isnan(p)]
    average = [NAN] * (len(plus) - len(known)) + wilder(known, window)
    return [NAN, *plus], [NAN, *minus], [NAN, *average]
