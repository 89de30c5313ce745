"""Signs that nothing was traded: stale closes, no volume, holes; and bars that cannot have ended."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.market.bars import Bars
from engine.market.intervals import bar_interval
from engine.market.quality.finding import About, Family, Finding, counted, mask_rows, share

_LEAST_RUN = 10
"""Bars of one close, below which a run of them is no finding."""
_CERTAIN = 1000.0
"""A run is a finding if it is expected once in so many series of its length."""
_HOLE_DAYS = 30
_NEARLY_ALL, _MOST_REPEATED = 0.95, 0.95


def _search(bars: Bars) -> Iterator[Finding]:
    yield from _stale(bars)
    if bars.series.has_volume:
        yield from _volume(bars)
    yield from _holes(bars)
    yield from _future(bars)


def _stale(bars: Bars) -> Iterator[Finding]:
    if len(bars) < _LEAST_RUN:
        return
    same = np.concatenate(([False], bars.close[1:] == bars.close[:-1], [False]))
    edges = np.flatnonzero(np.diff(same.astype(np.int8)))
    starts, stops = edges[::2], edges[1::2]
    repeats = min(float(same.mean()), _MOST_REPEATED)
    expected = np.log(_CERTAIN * len(bars)) / -np.log(repeats) if repeats else 0.0
    is_long = stops - starts >= max(_LEAST_RUN, expected)
    if not is_long.any():
        return
    starts, stops = starts[is_long], stops[is_long]
    rows = np.concatenate([np.arange(first + 1, stop + 1) for first, stop in zip(starts, stops, strict=True)])
    longest = int((stops - starts).max()) + 1
    yield Finding(
        "stale",
        "warning",
        rows,
        f"{counted(len(rows))} repeat the close before in runs of {_LEAST_RUN:,} and more, the longest of {longest:,} "
        "bars.",
        f"{share(len(rows), len(bars))} of the returns are zero: volatility is understated, and orders are filled at a "
        "price at which perhaps nobody traded.",
    )


def _volume(bars: Bars) -> Iterator[Finding]:
    rows = mask_rows(~(bars.volume >= 0))
    if len(rows):
        yield Finding(
            "volume",
            "warning",
            rows,
            f"{counted(len(rows))} without a volume, or with a negative one.",
            "Indicators of volume have gaps there, and limits on the share of the volume do not hold.",
        )
    rows = mask_rows(bars.volume == 0)
    if len(rows) > _NEARLY_ALL * len(bars):
        yield Finding(
            "zero volume",
            "note",
            rows,
            "The volume is zero throughout: the source does not know it.",
            "Indicators of volume mean nothing, and orders limited by volume are not filled.",
        )
    elif len(rows):
        moved = int((bars.close[rows[rows > 0]] != bars.close[rows[rows > 0] - 1]).sum())
        yield Finding(
            "zero volume",
            "warning" if len(rows) > 0.01 * len(bars) else "note",
            rows,
            f"{counted(len(rows))} with no volume" + (f", {moved:,} of them with another close." if moved else "."),
            f"Fills on them, {share(len(rows), len(bars))} of all bars, could not have been achieved.",
        )


def _holes(bars: Bars) -> Iterator[Finding]:
    if len(bars) < 3:
        return
    steps = np.diff(bars.time)
    longest = max(_HOLE_DAYS, 3 * float(bar_interval(bars.series.interval).duration / np.timedelta64(1, "D")))
    rows = np.flatnonzero(steps / np.timedelta64(1, "D") > longest) + 1
    if len(rows):
        most = int(steps.max() / np.timedelta64(1, "D"))
        yield Finding(
            "hole",
            "warning",
            rows,
            f"{counted(len(rows))} after more than {longest:.0f} days without any, at most {most:,} days.",
            "A position is held over the hole at its last price: no stop, no exit, and one return for the whole time.",
        )


def _future(bars: Bars) -> Iterator[Finding]:
    """Bars later than their own fetch."""
    if not bars.series.fetched or not len(bars):
        return
    fetched = np.datetime64(bars.series.fetched[:19], "ms")
    rows = mask_rows(bars.time > fetched + np.timedelta64(14, "h"))  # the latest date anywhere on earth
    if len(rows):
        yield Finding(
            "future",
            "grave",
            rows,
            f"{counted(len(rows))} later than the moment at which they were fetched.",
            "They cannot be known: the time zone is wrong, or they are made up.",
        )


FAMILY = Family(
    {
        "stale": About("Stale closes", f"No close is repeated over {_LEAST_RUN} bars without cause."),
        "volume": About("Volume", "Volume is present.", "volume"),
        "zero volume": About("Zero volume", "Every bar has some volume.", "volume"),
        "hole": About("Holes", f"No {_HOLE_DAYS} days pass without a bar."),
        "future": About("Future bars", "No bar is later than its fetch."),
    },
    _search,
)
