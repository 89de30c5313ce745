"""What is wrong with a series: found, counted and said, never mended in silence."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars

JUMP = 0.40


@dataclass(frozen=True)
class Finding:
    """One kind of fault: ``count`` bars show it, the first at index ``first``."""

    name: str
    count: int
    first: int
    sentence: str


def check(bars: Bars) -> tuple[Finding, ...]:
    """Faults of ``bars``, none if it is clean. Prices that a series does not have are no fault."""
    faults: list[tuple[str, np.ndarray, str]] = [
        ("close", ~(np.isfinite(bars.close) & (bars.close > 0)), "without a positive close"),
        ("order", _after_first(bars.time[1:] <= bars.time[:-1]), "not later than the bar before"),
    ]
    if bars.series.has_ohlc:
        body_low, body_high = np.minimum(bars.open, bars.close), np.maximum(bars.open, bars.close)
        slack = 1e-9 * bars.close
        faults += [
            ("gap in prices", ~np.isfinite(bars.open + bars.high + bars.low), "without open, high or low"),
            (
                "range",
                (bars.low > body_low + slack) | (bars.high < body_high - slack),
                "whose open or close lies outside low to high",
            ),
            (
                "stale open",
                _after_first(bars.open[1:] == bars.close[:-1]) if _mostly_stale(bars) else _none(bars),
                "that open exactly at yesterday's close: next-open fills on them mean little",
            ),
        ]
    if bars.series.has_volume:
        faults.append(("volume", ~(bars.volume >= 0), "without a volume"))
    change = np.abs(np.diff(np.log(bars.adj_close)))
    faults.append(("jump", _after_first(change > np.log1p(JUMP)), f"that move more than {JUMP:.0%} after adjustment"))
    return tuple(
        Finding(name, int(mask.sum()), int(mask.argmax()), f"{int(mask.sum()):,} bars {text}.")
        for name, mask, text in faults
        if mask.any()
    )


def _after_first(mask: np.ndarray) -> np.ndarray:
    return np.concatenate(([False], mask))


def _none(bars: Bars) -> np.ndarray:
    return np.zeros(len(bars), dtype=bool)


def _mostly_stale(bars: Bars) -> bool:
    """Index feeds repeat the last close as open; in equities a single match is chance."""
    return bars.series.interval == "1d" and float(np.mean(bars.open[1:] == bars.close[:-1])) > 0.1
