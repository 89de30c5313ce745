"""Split of the bars: those that were trained on, those that were dropped, those that the score was taken on."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base
from engine.features.matrix import FeatureMatrix
from engine.market.bars import Market, Times
from engine.models import preparation
from engine.models.fitting import VALIDATION_FRACTION
from engine.models.spec import ModelSpec
from engine.models.splits.intervals import latest

if TYPE_CHECKING:
    import plotly.graph_objects as go

LANES = 10
FOLDS = 30
DAY = 86_400_000
NAMES = ("Warm-up", "Training", "Purged", "Validation", "Embargo", "Purged", "Test", "Holdout", "Unused")
WARM_UP, TRAINING, PURGED_INSIDE, VALIDATION, EMBARGO, PURGED, TEST, HOLDOUT, UNUSED = range(len(NAMES))
COLOURS = {
    "Warm-up": base.tint(base.MUTED, 30),
    "Training": base.SERIES[0],
    "Validation": base.tint(base.SERIES[0], 50),
    "Purged": base.TEXT,
    "Embargo": base.MUTED,
    "Test": base.SERIES[1],
    "Holdout": base.tint(base.SERIES[1], 45),
}


@dataclass(frozen=True)
class Part:
    """A segment of bars in one lane; ``start`` and ``stop`` in milliseconds, ``stop`` being where the next one starts.

    ``first`` and ``last`` are the ISO times of its first and last bar, ``rows`` the number of its bars.
    """

    name: str
    lane: str
    start: float
    stop: float
    first: str
    last: str
    rows: int


@dataclass(frozen=True)
class TimelineInfo:
    """``parts`` lane by lane, each in time; ``lanes`` are symbols, or one for all of them where they are many, or the
    folds of all symbols where there are several, at most ``FOLDS`` of them.

    ``totals`` are the parts of all symbols together in the last fold, in time; ``cut`` is where its test starts. Rows
    are purged before the validation rows, and around each test.
    """

    parts: tuple[Part, ...]
    lanes: tuple[str, ...]
    totals: tuple[Part, ...]
    cut: float


def info(spec: ModelSpec, market: Market, matrix: FeatureMatrix) -> TimelineInfo:
    """The division that training ``spec`` on these bars makes; raises ``DataError`` where it cannot be made."""
    found = preparation.parts(spec, market, matrix)
    count = len(found.folds)
    every, newest = f"{len(matrix.symbols)} symbols", divide(spec, found, matrix, count - 1)
    if count > 1:
        shown = np.unique(np.linspace(0, count - 1, min(count, FOLDS)).astype(int))
        lanes: tuple[str, ...] = tuple(f"Fold {number + 1}" for number in shown)
        pooled = (_pooled(matrix.time, divide(spec, found, matrix, int(number))) for number in shown)
        parts = tuple(
            run
            for lane, rows in zip(lanes, pooled, strict=True)
            for run in _runs(lane, *rows)
            if run.name != NAMES[UNUSED]
        )
    elif len(matrix.symbols) > LANES:
        lanes = (every,)
        parts = tuple(_runs(every, *_pooled(matrix.time, newest)))
    else:
        lanes = matrix.symbols
        slices = [(symbol, matrix.rows(symbol)) for symbol in lanes]
        parts = tuple(run for symbol, rows in slices for run in _runs(symbol, matrix.time[rows], newest[rows]))
    totals = [
        _part(NAMES[code], every, matrix.time[newest == code])
        for code in np.unique(newest[(newest >= 0) & (newest != UNUSED)])
    ]
    return TimelineInfo(parts, lanes, tuple(totals), float(base.times(np.array([found.folds[-1].start]))[0]))


def divide(spec: ModelSpec, found: preparation.Parts, matrix: FeatureMatrix, number: int) -> NDArray[np.int8]:
    """The place in ``NAMES`` of each row of ``matrix`` in a fold, -1 for rows that have no use."""
    fold = found.folds[number]
    part = np.full(len(matrix.time), -1, np.int8)
    part[matrix.bar < max(matrix.warm_up)] = WARM_UP
    rows = np.full(len(found.rows), -1, np.int8)
    used = found.rows.time[fold.train | fold.test]
    rows[(found.rows.time < used.min()) | (found.rows.time > used.max())] = UNUSED
    for mask, code in ((fold.train, TRAINING), (fold.test, TEST), (fold.purged, PURGED), (fold.embargoed, EMBARGO)):
        rows[mask] = code
    if spec.model.wants_validation():
        train = found.train(number)
        inner = latest(train.time, train.end, VALIDATION_FRACTION)
        rows[np.flatnonzero(fold.train)[inner.test]] = VALIDATION
        rows[np.flatnonzero(fold.train)[inner.purged]] = PURGED_INSIDE
    part[found.rows.place] = rows
    if found.holdout is not None:
        part[found.everything.where(found.holdout.test).place] = HOLDOUT
    return part


def figure(info: TimelineInfo) -> go.Figure:
    """A lane a symbol over the whole range; beside it the days around the cut, where a purged bar can be seen."""
    named = [(name, [part for part in info.parts if part.name == name]) for name in COLOURS]
    ends = [min(part.start for part in info.parts), max(part.stop for part in info.parts)]
    thick = min(0.62, 0.22 * len(info.lanes))
    figure = base.figure(
        [_bars(name, parts, axis, thick) for name, parts in named if parts for axis in ("x", "x2")],
        x={"type": "date", "domain": [0, 0.63], "fixedrange": True, "range": ends, "title": {"text": "Whole range"}},
        y=base.value_axis(type="category", showgrid=False, categoryarray=list(info.lanes[::-1]), categoryorder="array",
                          ticklabelstandoff=6),
        keep="timeline",
        hover="closest",
        barmode="overlay",
        meta={"csv": table(info)},
    )  # fmt: skip
    near = _around_cut(info)
    ticks = {"nticks": 3, "tickangle": 0, "tickformat": "%b %-d" if near[1] - near[0] > 3 * DAY else "%H:%M"}
    close_up = {"type": "date", "domain": [0.69, 1], "fixedrange": True, "range": near, "anchor": "y"} | ticks
    return figure.update_layout(
        xaxis2=close_up, xaxis2_title_text=f"Around {str(np.datetime64(int(info.cut), 'ms'))[:10]}"
    )


def table(info: TimelineInfo) -> list[list[str | int]]:
    """What an export of the numbers holds: a bar's ends in milliseconds would mean nothing."""
    rows: list[list[str | int]] = [[part.lane, part.name, part.first, part.last, part.rows] for part in info.parts]
    return [["lane", "part", "first bar", "last bar", "bars"], *rows]


def _bars(name: str, parts: Sequence[Part], axis: str, thick: float) -> go.Bar:
    import plotly.graph_objects as go

    return go.Bar(
        base=[part.start for part in parts], x=[part.stop - part.start for part in parts],
        y=[part.lane for part in parts], orientation="h", name=name, xaxis=axis, showlegend=axis == "x",
        marker={"color": COLOURS[name]}, width=thick, customdata=[(part.first, part.last, part.rows) for part in parts],
        hovertemplate="%{y} " + name.lower() + "<br>%{customdata[0]} to %{customdata[1]}, %{customdata[2]:,} bars"
        "<extra></extra>",
    )  # fmt: skip


def _around_cut(info: TimelineInfo) -> list[float]:
    """From before the last purged bars to as long after the cut."""
    dropped = [part for part in info.parts if part.name in ("Purged", "Embargo") and part.stop > info.cut - 1]
    reach = max((info.cut - part.start for part in info.parts if part in dropped), default=0.0)
    bar = min((part.stop - part.start) / part.rows for part in info.parts)
    reach = max(reach, 4 * bar)
    return [info.cut - 2.2 * reach, info.cut + 1.2 * reach]


def _pooled(time: Times, part: NDArray[np.int8]) -> tuple[Times, NDArray[np.int8]]:
    """Each time once, with the part of its rows that comes last in ``NAMES``."""
    every, place = np.unique(time, return_inverse=True)
    latest = np.full(len(every), -1, np.int8)
    np.maximum.at(latest, place, part)
    return every, latest


def _runs(lane: str, time: Times, part: NDArray[np.int8]) -> Iterator[Part]:
    """Segments of one part after another, ``time`` ascending; rows without use belong to the segment around them."""
    time, part = time[part >= 0], part[part >= 0]
    starts = np.flatnonzero(np.diff(part, prepend=-1))
    for first, stop in zip(starts, [*starts[1:], len(part)], strict=True):
        until = time[stop] if stop < len(time) else time[-1] + _step(time)
        yield _part(NAMES[part[first]], lane, time[first:stop], until)


def _part(name: str, lane: str, time: Times, until: Any = None) -> Part:
    first, last = time.min(), time.max()
    start, stop = base.times(np.array([first, last if until is None else until]))
    return Part(name, lane, float(start), float(stop), _text(first), _text(last), len(time))


def _step(time: Times) -> Any:
    """Median distance of two bars."""
    return np.median(np.diff(time)) if len(time) > 1 else np.timedelta64(1, "D")


def _text(moment: np.datetime64) -> str:
    text = str(moment)[:16].replace("T", " ")
    return text.removesuffix(" 00:00")
