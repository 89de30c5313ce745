"""Quality of a series: findings, reported and never silently repaired."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars
from engine.market.integrity import FATAL, flaws

JUMP = 0.40


@dataclass(frozen=True)
class Finding:
    """One kind of fault, in ``count`` bars, the first at index ``first``."""

    name: str
    count: int
    first: int
    sentence: str


def check(bars: Bars) -> tuple[Finding, ...]:
    """Faults of ``bars``; those for which the series is rejected come first. Columns that a series does not have are
    not faults.
    """
    refused = [
        Finding(flaw.name, len(flaw.rows), int(flaw.rows[0]), flaw.sentence[:1].upper() + flaw.sentence[1:])
        for flaw in flaws(bars)
    ]
    if any(finding.name in FATAL for finding in refused):
        return tuple(refused)
    return (*refused, *_suspicious(bars))


def _suspicious(bars: Bars) -> tuple[Finding, ...]:
    faults: list[tuple[str, np.ndarray, str]] = [
        ("close", ~(np.isfinite(bars.close) & (bars.close > 0)), "without a positive close"),
    ]
    if bars.series.has_ohlc:
        body_low, body_high = np.minimum(bars.open, bars.close), np.maximum(bars.open, bars.close)
        slack = 1e-9 * np.where(np.isfinite(bars.close), bars.close, 0.0)
        faults += [
            ("gap in prices", ~np.isfinite(bars.open + bars.high + bars.low), "without open, high or low"),
            (
                "range",
                (bars.low > body_low + slack) | (bars.high < body_high - slack),
                "whose open or close lies outside the low-high range",
            ),
            (
                "stale open",
                _after_first(bars.open[1:] == bars.close[:-1]) if _mostly_stale(bars) else _no_bars(bars),
                "opening exactly at yesterday's close: next-open fills on them are unreliable",
            ),
        ]
    if bars.series.has_volume:
        faults.append(("volume", ~(bars.volume >= 0), "without a volume"))
    with np.errstate(divide="ignore", invalid="ignore"):
        change = np.abs(bars.adj_close[1:] / bars.adj_close[:-1] - 1)
    faults.append(("jump", _after_first(change > JUMP), f"with a move of more than {JUMP:.0%} after adjustment"))
    return tuple(
        Finding(name, int(mask.sum()), int(mask.argmax()), f"{int(mask.sum()):,} {_bars(mask)} {text}.")
        for name, mask, text in faults
        if mask.any()
    )


def _after_first(mask: np.ndarray) -> np.ndarray:
    return np.concatenate(([False], mask))


def _bars(mask: np.ndarray) -> str:
    return "bar" if mask.sum() == 1 else "bars"


def _no_bars(bars: Bars) -> np.ndarray:
    return np.zeros(len(bars), dtype=bool)


def _mostly_stale(bars: Bars) -> bool:
    """Index feeds repeat the last close as open; in equities a single match is chance."""
    if bars.series.is_intraday or len(bars) < 2:
        return False
    return float(np.mean(bars.open[1:] == bars.close[:-1])) > 0.1
