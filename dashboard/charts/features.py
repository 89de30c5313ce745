"""Indicators of one symbol under its price, and how much they repeat one another."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from dashboard.charts import base, candles
from dashboard.charts.indicator_lines import Line, line_of, points, traces
from dashboard.charts.window import Window, within
from dashboard.text.format import number
from engine.features.matrix import FeatureMatrix
from engine.indicators import Indicator
from engine.market.bars import Bars, Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

PRICE_HEIGHT, PANE_HEIGHT, GAP = 330, 130, 29
DRAWN = 24  # features of a chart, each perhaps with a pane of its own
MINIMUM_ROWS, CORRELATED = 3, 40  # rows of a correlation at least, and columns at most
_PRINTED = 12  # columns up to which a cell has room for its number


@dataclass(frozen=True, eq=False)
class Pane:
    """Outputs that share an axis, lines at ``levels``, and the span in milliseconds in which one is warming up."""

    name: str
    lines: tuple[Line, ...]
    levels: tuple[float, ...]
    warm_up: Window | None


@dataclass(frozen=True, eq=False)
class FeaturesInfo:
    """``price`` with the lines of ``over`` on it, and a pane for each other indicator, from top to bottom: ``drawn`` of
    the ``features``, the first ones.
    """

    price: candles.CandleInfo
    over: Pane
    panes: tuple[Pane, ...]
    drawn: int
    features: int

    def height(self) -> int:
        """Pixels that the figure needs for its panes to be read."""
        return PRICE_HEIGHT + PANE_HEIGHT * len(self.panes)


def info(
    bars: Bars,
    matrix: FeatureMatrix,
    features: Sequence[Indicator],
    window: Window | None = None,
    *,
    log: bool = False,
) -> FeaturesInfo:
    """What is drawn of the ``features`` of ``bars``, which ``matrix`` holds; of those inside ``window`` if given.

    The price is drawn as candles where the bars in view are few enough, else as the line of closes: bars put together
    would hide from which ones the indicators are computed.
    """
    view = within(bars, window)
    first = int(np.searchsorted(bars.time, view.time[0]))
    top = matrix.rows(bars.series.symbol).start + first
    rows = slice(top, top + len(view))
    over: list[Pane] = []
    below: list[Pane] = []
    drawn = features[:DRAWN]
    column, limit = 0, points(sum(len(feature.outputs) for feature in drawn))
    for feature in drawn:
        lines = [
            line_of(matrix.names[column + at], output, column + at, view, matrix.values[rows, column + at], limit)
            for at, output in enumerate(feature.outputs)
        ]
        column += len(lines)
        warming = _warming(bars, view, feature.warm_up())
        on_price = [feature.pane == "price" and line.is_price() for line in lines]
        for on_pane, panes, levels in ((True, over, ()), (False, below, feature.levels)):
            chosen = tuple(line for line, is_on in zip(lines, on_price, strict=True) if is_on is on_pane)
            if chosen:
                panes.append(Pane(feature.label(), chosen, levels, warming))
    spans = [pane.warm_up for pane in over if pane.warm_up]
    merged = Pane(
        "", tuple(line for pane in over for line in pane.lines), (), max(spans, key=lambda s: s[1], default=None)
    )
    return FeaturesInfo(_price(bars, window, log), merged, tuple(below), len(drawn), len(features))


def figure(info: FeaturesInfo, *, keep: str = "") -> dict[str, Any]:
    """Panes under one another on one time axis; warm-up is shaded. A ``base.plain_figure``: there may be many panes."""
    drawn = [candles.price_trace(info.price), *traces(info.over.lines, "y")]
    share, gap = (PANE_HEIGHT - GAP) / info.height(), GAP / info.height()
    for place, pane in enumerate(info.panes, start=2):
        drawn += traces(pane.lines, f"y{place}")
    figure = base.plain_figure(
        drawn,
        x=info.price.axis(),
        y=candles.price_axis(info.price, *map(_drawn_at, info.over.lines), is_spanned=True),
        panes=[(_axis(pane), share) for pane in info.panes],
        gap=gap,
        keep=keep or info.price.symbol,
        hoversubplots="axis",
    )
    layout, shapes, names = figure["layout"], [], []
    for place, pane in enumerate([info.over, *info.panes], start=1):
        axis = "" if place == 1 else str(place)
        low, high = layout[f"yaxis{axis}"]["domain"]
        shapes += _shapes(pane, axis, (low, high))
        if axis and pane.lines:
            names.append(_name(pane, high))
    layout |= {"shapes": shapes, "annotations": names}
    return figure


@dataclass(frozen=True, eq=False)
class CorrelationInfo:
    """Spearman's correlation of ``names`` over the ``rows`` bars on which all are known; NaN where one is constant.
    ``without_value`` columns more have none at all.
    """

    names: tuple[str, ...]
    value: Floats
    rows: int
    without_value: int = 0

    def height(self) -> int:
        """Pixels for rows high enough to read."""
        return 90 + max(3, len(self.names)) * (52 if self.is_printed() else 20)

    def is_printed(self) -> bool:
        """Whether each cell has room for its number."""
        return len(self.names) <= _PRINTED


def correlation_info(matrix: FeatureMatrix, symbol: str) -> CorrelationInfo:
    """How the features of ``symbol`` move together, the first ``CORRELATED`` columns that have a value, over the rows
    on which all of these are known.
    """
    rows = matrix.rows(symbol)
    settled = matrix.values[rows][matrix.bar[rows] >= max(matrix.warm_up)]
    known = np.isfinite(settled)
    valued = np.flatnonzero(known.any(axis=0) | (len(settled) < MINIMUM_ROWS))
    kept = valued[:CORRELATED]
    names, size, absent = tuple(matrix.names[place] for place in kept), len(kept), known.shape[1] - len(valued)
    values = settled[known[:, valued].all(axis=1)][:, kept]
    if len(values) < MINIMUM_ROWS or not size:
        return CorrelationInfo(names, np.full((size, size), np.nan), len(values), absent)
    with np.errstate(invalid="ignore", divide="ignore"):
        value = np.corrcoef([_ranks(column) for column in values.T]).reshape(size, size)
    return CorrelationInfo(names, value, len(values), absent)


def _ranks(values: Floats) -> Floats:
    """From 1 on; equal values share the mean of theirs."""
    _, place, count = np.unique(values, return_inverse=True, return_counts=True)
    return np.asarray((np.cumsum(count) - (count - 1) / 2)[place])


def correlation_figure(info: CorrelationInfo) -> go.Figure:
    """A square coloured from -1 to 1, with its numbers where there is room."""
    import plotly.graph_objects as go

    names = list(info.names)
    printed = [[number(value, 2, signed=True) for value in row] for row in info.value[::-1]]
    labels: dict[str, Any] = {"text": printed, "hovertemplate": "%{y} with %{x}: %{text}<extra></extra>"}
    labels |= {"texttemplate": "%{text}"} if info.is_printed() else {}
    scale = {"zmin": -1, "zmax": 1, **base.printed(12)}
    square = go.Heatmap(z=base.values(info.value[::-1]), x=names, y=names[::-1], **labels, **scale)
    return base.figure([square], y={"fixedrange": True}, x={"fixedrange": True}, hover="closest", keep="correlation")


def _price(bars: Bars, window: Window | None, log: bool) -> candles.CandleInfo:
    price = candles.info(bars, window, log=log)
    if price.is_line() or len(price.time) == price.bars:
        return price
    closes = replace(bars, series=replace(bars.series, has_ohlc=False))
    return candles.info(closes, window, log=log)


def _warming(bars: Bars, view: Bars, warm_up: int) -> Window | None:
    """From the first bar in view to the first value, as far as that is in view."""
    settled = bars.time[min(warm_up, len(bars) - 1)]
    if settled <= view.time[0]:
        return None
    start, stop = base.times(np.array([view.time[0], min(settled, view.time[-1])]))
    return (float(start), float(stop))


def _axis(pane: Pane) -> dict[str, Any]:
    """An indicator's axis; its levels are its ticks where it has two or more."""
    ticks = {"tickvals": list(pane.levels)} if len(pane.levels) > 1 else {"nticks": 4}
    return base.value_axis(zeroline=False, tickformat=".4~g", range=_range(pane), **ticks)


def _range(pane: Pane) -> list[float] | None:
    """What the axis spans, so that the browser need not look at every point (``assets/39_patch.js``): all that is
    drawn, the levels, and zero, on which bars stand; None where there is nothing.
    """
    is_histogram = any(line.style == "histogram" for line in pane.lines)
    known = np.concatenate([*map(_drawn_at, pane.lines), pane.levels, [0.0] if is_histogram else []])
    known = known[np.isfinite(known)]
    if not len(known):
        return None
    low, high = base.span(float(known.min()), float(known.max()))
    return [0.0 if is_histogram and known.min() >= 0 else low, 0.0 if is_histogram and known.max() <= 0 else high]


def _drawn_at(line: Line) -> Floats:
    """The heights at which the line has points."""
    return line.value if line.place is None else line.place


def _shapes(pane: Pane, axis: str, domain: tuple[float, float]) -> list[dict[str, Any]]:
    """The shade of the warm-up and the levels."""
    drawn: list[dict[str, Any]] = []
    if pane.warm_up:
        first, last = pane.warm_up
        place = {"xref": "x", "x0": first, "x1": last, "yref": "paper", "y0": domain[0], "y1": domain[1]}
        shade = {"fillcolor": base.tint(base.MUTED, 11), "line": {"width": 0}}
        drawn.append({"type": "rect", "layer": "below", **place, **shade})
    style = {"color": base.LINE_STRONG, "width": 1, "dash": "dot"}
    for level in pane.levels:
        place = {"xref": "paper", "x0": 0, "x1": 1, "yref": f"y{axis}", "y0": level, "y1": level}
        drawn.append({"type": "line", "layer": "below", **place, "line": style})
    return drawn


def _name(pane: Pane, top: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 0.004, "xanchor": "left", "yref": "paper", "y": top, "yanchor": "top"}
    return {"text": pane.name, "showarrow": False, "bgcolor": base.tint(base.SURFACE, 75), **place}
