"""Prices of single bars: closes, completeness, the low-high range, bars without movement."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars
from engine.market.quality import edits
from engine.market.quality.finding import About, Family, Finding, counted, mask_rows, share

_SLACK = 1e-9
_FAR = 0.05
"""Distance of a price from its range, from which a fill inside the range means nothing."""
_MANY = 0.01
_NEARLY_ALL = 0.95


def _search(bars: Bars) -> Iterator[Finding]:
    yield from _closes(bars)
    if not bars.series.has_ohlc:
        yield Finding(
            "closes only",
            "note",
            np.arange(len(bars)),
            "The series has closes only.",
            "Stops and targets are checked at closes, and orders cannot be filled at the open.",
        )
        return
    yield from _incomplete(bars)
    yield from _ranges(bars)
    yield from _stale_opens(bars)
    yield from _flat(bars)


def _closes(bars: Bars) -> Iterator[Finding]:
    rows = mask_rows(np.isnan(bars.close))
    if len(rows):
        yield Finding(
            "no close",
            "warning",
            rows,
            f"{counted(len(rows))} without a close.",
            f"Dropped when the series is read: indicators and returns skip them, {share(len(rows), len(bars))} of all "
            "bars.",
        )
    rows = mask_rows(bars.close <= 0)
    if len(rows) and bars.series.kind != "economic":  # a real yield or a growth rate is often below zero
        yield Finding(
            "close",
            "grave",
            rows,
            f"{counted(len(rows))} with a close of zero or below, the lowest {np.nanmin(bars.close):,.6g}.",
            "Returns over them have no meaning, nor has any metric of an account that holds the series there.",
        )


def _incomplete(bars: Bars) -> Iterator[Finding]:
    rows = mask_rows(np.isnan(bars.open + bars.high + bars.low) & ~np.isnan(bars.close))
    if len(rows):
        yield Finding(
            "gap in prices",
            "warning",
            rows,
            f"{counted(len(rows))} without open, high or low.",
            "Orders at their opens wait for the next bar, and stops are checked at their closes.",
        )


def _ranges(bars: Bars) -> Iterator[Finding]:
    is_swapped = bars.low > bars.high + np.abs(bars.high) * _SLACK
    rows = mask_rows(is_swapped)
    if len(rows):
        body_low, body_high = np.fmin(bars.open, bars.close)[rows], np.fmax(bars.open, bars.close)[rows]
        explained = rows[(bars.high[rows] <= body_low * (1 + _SLACK)) & (bars.low[rows] >= body_high * (1 - _SLACK))]
        yield Finding(
            "low above high",
            "grave",
            rows,
            f"{counted(len(rows))} whose low is above {'its' if len(rows) == 1 else 'their'} high.",
            "Stops and limits are filled at prices outside the day's trading"
            + (", and exchanging the two explains every price." if len(explained) == len(rows) else "."),
            repairs=(edits.swap(bars, explained),) if len(explained) else (),
        )
    excess = np.where(is_swapped, 0.0, np.nan_to_num(_excess(bars)))
    rows = mask_rows(excess > _SLACK)
    if len(rows):
        worst = float(excess.max())
        is_grave = worst > _FAR or len(rows) > _MANY * len(bars)
        yield Finding(
            "range",
            "grave" if is_grave else "warning",
            rows,
            f"{counted(len(rows))} whose open or close lies outside the low-high range, by up to {worst:.2%}.",
            f"A stop or limit on them can be missed or filled up to {worst:.2%} away from a price that was traded.",
        )


def _excess(bars: Bars) -> NDArray[np.float64]:
    """Distance of open or close from the low-high range, as a fraction of the close; NaN where a price is missing."""
    with np.errstate(divide="ignore", invalid="ignore"):
        outside = np.maximum(
            bars.low - np.minimum(bars.open, bars.close), np.maximum(bars.open, bars.close) - bars.high
        )
        return np.asarray(outside / np.abs(bars.close))


def _stale_opens(bars: Bars) -> Iterator[Finding]:
    """Index feeds repeat the last close as open; in equities a single match is chance. The next bar within a day opens
    at the last trade by rights.
    """
    if bars.series.is_intraday or len(bars) < 2:
        return
    repeats = (bars.open[1:] == bars.close[:-1]) & (bars.close[1:] != bars.close[:-1])
    rows = mask_rows(repeats) + 1
    if len(rows) > 0.1 * (len(bars) - 1):
        yield Finding(
            "stale open",
            "warning",
            rows,
            f"{counted(len(rows))} opening exactly at yesterday's close.",
            f"Next-open fills on them, {share(len(rows), len(bars))} of all bars, are at a price that is only a copy: "
            "choose the fill 'Next close'.",
        )


def _flat(bars: Bars) -> Iterator[Finding]:
    is_flat = (bars.high == bars.low) & (bars.open == bars.close) & (bars.close == bars.high)
    rows = mask_rows(is_flat)
    if not len(rows):
        return
    if len(rows) > _NEARLY_ALL * len(bars):
        yield Finding(
            "closes only",
            "warning",
            rows,
            f"Open, high, low and close are equal on {share(len(rows), len(bars))} of the bars: the series has closes "
            "only.",
            "Stops and targets are checked at closes, and an order at the open is filled at that day's close.",
        )
        return
    yield Finding(
        "flat",
        "warning" if len(rows) > 0.05 * len(bars) else "note",
        rows,
        f"{counted(len(rows))} without movement: open, high, low and close are equal.",
        f"True ranges of zero on {share(len(rows), len(bars))} of the bars make stops and sizes by volatility too "
        "tight; often nothing was traded.",
    )


FAMILY = Family(
    {
        "close": About("Positive closes", "Every close is positive."),
        "no close": About("Closes", "Every bar has a close."),
        "closes only": About("Open, high and low", "The series has open, high and low."),
        "gap in prices": About("Complete prices", "Open, high and low are present.", "ohlc"),
        "low above high": About("Low above high", "No low is above its high.", "ohlc"),
        "range": About("Low-high range", "Open and close lie between low and high.", "ohlc"),
        "stale open": About("Copied opens", "Opens differ from the previous closes.", "ohlc"),
        "flat": About("Flat bars", "Every bar has moved.", "ohlc"),
    },
    _search,
)
