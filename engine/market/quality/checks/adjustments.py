"""Adjusted closes against the splits and dividends that a source reports, or that its closes imply."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.market.bars import Bars
from engine.market.quality.finding import About, Family, Finding, Rows, counted, mask_rows

_SAME = 0.0015
"""Difference of logarithms within which a step of the adjusted close is the one that was compared."""
_SPLIT = 0.2


def _search(bars: Bars) -> Iterator[Finding]:
    faults = mask_rows(bars.actions().faults)
    if bars.splits is None or bars.dividend_per_share is None:
        yield from _unexplained(bars, faults)
        return
    missing, doubled, other = _sorted(bars, faults)
    if len(missing):
        paid = bars.dividend_per_share[missing] / bars.close[missing - 1]
        lost = float(np.nansum(np.abs(paid)))
        yield Finding(
            "missing adjustment",
            "grave" if lost > 0.02 or (bars.splits[missing] != 1).any() else "warning",
            missing,
            f"{counted(len(missing), 'event')} that the source reports, without a change of the adjusted close.",
            f"Total returns lack dividends worth {lost:.2%} of the price.",
        )
    if len(doubled):
        extra = float(np.nansum(np.abs(bars.dividend_per_share[doubled] / bars.close[doubled - 1])))
        yield Finding(
            "doubled adjustment",
            "grave",
            doubled,
            f"{counted(len(doubled), 'event')} for which the adjusted close is changed twice.",
            f"Total returns contain dividends twice, {extra:.2%} of the price too much.",
        )
    yield from _unexplained(bars, other)


def _sorted(bars: Bars, faults: Rows) -> tuple[Rows, Rows, Rows]:
    """``faults`` by what they are: adjustments that are missing, made twice, and others."""
    inner = faults[faults > 0]
    splits, cash = bars.splits, bars.dividend_per_share
    if splits is None or cash is None:
        return inner[:0], inner[:0], faults
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(bars.adj_close / bars.close)
        split = np.where(splits > 0, splits, 1.0)
        due = np.log(split[inner] / (1 - np.nan_to_num(cash[inner]) * split[inner] / bars.close[inner - 1]))
        step = ratio[inner] - ratio[inner - 1]
        tolerance = np.minimum(_SAME, np.abs(due) / 4)
        missing = (due != 0) & (np.abs(step) <= tolerance)
        doubled = (due != 0) & (np.abs(step - 2 * due) <= np.maximum(tolerance, 0.1 * np.abs(due)))
    known = missing | doubled
    return inner[missing], inner[doubled & ~missing], np.setdiff1d(faults, inner[known])


def _unexplained(bars: Bars, rows: Rows) -> Iterator[Finding]:
    rows = rows[rows > 0]
    if not len(rows):
        return
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = np.log(bars.adj_close / bars.close)
        steps = np.abs(ratio[rows] - ratio[rows - 1])
    small = rows[~(steps > _SPLIT)]  # larger ones are findings on splits
    if len(small):
        worst = float(np.expm1(np.nanmax(steps[~(steps > _SPLIT)], initial=0.0)))
        yield Finding(
            "adjustment",
            "warning",
            small,
            f"{counted(len(small))} on which the adjusted close moves against the close, by up to {worst:.2%}, as no "
            "split or dividend makes it move.",
            "Total returns contain these steps; with prices that are not adjusted for dividends nothing is paid.",
        )


FAMILY = Family(
    {
        "missing adjustment": About(
            "Dividends in the adjusted close", "Every event reported is in the adjusted close."
        ),
        "doubled adjustment": About("Doubled dividends", "No event is in the adjusted close twice."),
        "adjustment": About("Adjusted closes", "Adjusted closes move by splits and dividends alone."),
    },
    _search,
)
