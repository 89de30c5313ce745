"""The price chart of the data page: candles with overlays, lower panes of indicators, volume, splits and dividends.

Indicators are computed on all bars, of their own interval; of a candle that stands for many bars their value at its
last one is drawn.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dashboard.charts import base, candles, marks
from dashboard.charts.candles import CandleInfo
from dashboard.charts.indicator_lines import COLOURS, Line, traces
from dashboard.charts.run_fills import FillMarks
from engine.indicators import Indicator, Output
from engine.market.actions import Actions
from engine.market.bars import Floats

PRICE_HEIGHT, PANE_HEIGHT, VOLUME_HEIGHT = 420, 120, 80
WIDTH = 900
"""Pixels of the plot's width, where nobody says."""
_BADGE = 14.0  # pixels from the bottom of the price pane to the middle of the events
_ROUND = 100  # events up to which each is round, with more corners to send
_FILL, _FILL_GAP = 5.0, 8.0  # pixels: half of a fill's mark, and from its candle to its middle
_SMALL_FILL = 2.5  # half of a mark where they crowd

Values = tuple[Indicator, Mapping[str, Floats]]
"""An indicator, and its outputs by name for every bar of the series."""


@dataclass(frozen=True, eq=False)
class Pane:
    """Outputs of one indicator that share an axis below the price, with lines at ``levels``."""

    name: str
    lines: tuple[Line, ...]
    levels: tuple[float, ...]


@dataclass(frozen=True, eq=False)
class Events:
    """Splits or dividends: ``time`` is that of the candles that have some, ``words`` say what they are."""

    name: str
    time: Floats
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class PriceInfo:
    """``price`` with the lines of ``over`` and ``fills`` on it, ``events`` at its bottom, and ``panes`` below; the plot
    is some ``width`` pixels wide.
    """

    price: CandleInfo
    over: tuple[Line, ...]
    panes: tuple[Pane, ...]
    events: tuple[Events, ...]
    volume: bool
    fills: tuple[FillMarks, ...] = ()
    width: int = WIDTH

    def has_volume(self) -> bool:
        """Whether there is a pane of the volume."""
        return self.volume and bool(len(self.price.volume))

    def height(self) -> int:
        """Pixels that the figure needs for its panes to be read."""
        return PRICE_HEIGHT + PANE_HEIGHT * len(self.panes) + VOLUME_HEIGHT * self.has_volume()


def info(
    price: CandleInfo,
    indicators: Sequence[Values] = (),
    actions: Actions | None = None,
    *,
    volume: bool = True,
    fills: tuple[FillMarks, ...] = (),
    width: int = WIDTH,
) -> PriceInfo:
    """What is drawn around ``price``: ``indicators`` and ``actions`` have a value for every bar of its series."""
    over: list[Line] = []
    panes: list[Pane] = []
    column = 0
    for indicator, values in indicators:
        lines = []
        for output in indicator.outputs:
            lines.append(_line(price, indicator, output, column, values[output.name]))
            column += 1
        on_price = [indicator.pane == "price" and line.is_price() for line in lines]
        over += [line for line, is_on in zip(lines, on_price, strict=True) if is_on]
        below = tuple(line for line, is_on in zip(lines, on_price, strict=True) if not is_on)
        if below:
            panes.append(Pane(indicator.label(), below, tuple(indicator.levels)))
    happened = events(price, actions) if actions else ()
    return PriceInfo(price, tuple(over), tuple(panes), happened, volume, fills, width)


def events(price: CandleInfo, actions: Actions) -> tuple[Events, ...]:
    """Splits and dividends of the bars that are drawn, those of one candle together."""
    split, paid = np.flatnonzero(actions.splits != 1), np.flatnonzero(actions.cash)
    found = [
        _events(price, "Splits", split, [f"{float(actions.splits[at]):.6g} for 1 split" for at in split]),
        _events(price, "Dividends", paid, [f"{float(actions.cash[at]):.4g} {price.currency} dividend" for at in paid]),
    ]
    return tuple(item for item in found if len(item.time))


def _events(price: CandleInfo, name: str, bars: np.ndarray, words: Sequence[str]) -> Events:
    first = price.first_bar
    inside = [(int(bar), text) for bar, text in zip(bars, words, strict=True) if first <= bar <= price.index[-1]]
    by_candle: dict[int, list[str]] = {}
    for bar, text in inside:
        by_candle.setdefault(int(np.searchsorted(price.index, bar)), []).append(text)
    summaries = tuple(
        texts[0] if len(texts) == 1 else f"{len(texts)}: {', '.join(texts[:4])}" for texts in by_candle.values()
    )
    return Events(name, price.time[list(by_candle)], summaries)


def _line(price: CandleInfo, indicator: Indicator, output: Output, column: int, values: Floats) -> Line:
    """The ``output`` at the last bar of each candle; of a marker the first of each candle that is one."""
    label = indicator.label() if len(indicator.outputs) == 1 else f"{indicator.label()} {output.name}"
    colour = base.SERIES[COLOURS[column % len(COLOURS)]]
    if output.style != "marker":
        return Line(label, colour, price.time, values[price.index], output.style, output.unit)
    first = np.append(price.first_bar, price.index[:-1] + 1)
    part = values[first[0] : price.index[-1] + 1]
    marks = np.flatnonzero(np.isfinite(part) & (part != 0)) + first[0]
    place, at = np.unique(np.searchsorted(price.index, marks), return_index=True)
    shown = values[marks[at]]
    low = price.close if price.is_line() else price.low
    high = price.close if price.is_line() else price.high
    edge = np.where(shown > 0, low[place], high[place])
    return Line(label, colour, price.time[place], shown, "marker", output.unit, edge)


def figure(info: PriceInfo, *, keep: str = "") -> dict[str, Any]:
    """Price, volume and panes under one another on one time axis: a ``base.plain_figure``."""
    price, height = info.price, info.height()
    part = price.in_view()
    drawn = [candles.price_trace(price), *traces(info.over, "y")]
    panes: list[tuple[dict[str, Any], float]] = []
    if info.has_volume():
        panes.append((candles.volume_axis(price), VOLUME_HEIGHT / height - 0.02))
        drawn.append(candles.volume_trace(price, "y2"))
    for pane in info.panes:
        panes.append((_axis(pane, part, price), PANE_HEIGHT / height - 0.04))
        drawn += traces(pane.lines, f"y{len(panes) + 1}")
    lines = [line.value[part] for line in info.over if line.style != "marker" and line.unit == "price"]
    found = base.plain_figure(
        drawn,
        x=price.axis(),
        y=candles.price_axis(price, *lines),
        panes=panes,
        keep=f"{keep or price.symbol} {price.view}",
        bargap=0.15,
        hoversubplots="axis",
        dragmode="pan",
        meta={"zone": price.clock.zone},
    )
    _finish(found["layout"], info, len(panes))
    pane = (height - base.MARGIN["t"] - base.MARGIN["b"]) * np.diff(found["layout"]["yaxis"]["domain"])[0]
    for fills in info.fills:
        found["data"] += _arrows(fills, info, found["layout"]["yaxis"], pane)
    for item in info.events:
        found["data"] += _badges(item, info, len(panes) + 2, pane)
    return found


def _finish(layout: dict[str, Any], info: PriceInfo, panes: int) -> None:
    """The axis of the events, names of the panes and their levels."""
    layout |= {"shapes": [], "annotations": []}
    for place, pane in enumerate(info.panes, start=panes - len(info.panes) + 2):
        top = layout[f"yaxis{place}"]["domain"][1]
        layout["annotations"].append(_name(pane, top))
        layout["shapes"] += [_level(level, place) for level in pane.levels]
    if info.events:
        over = {"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
        layout[f"yaxis{panes + 2}"] = over


def _badges(item: Events, info: PriceInfo, axis: int, pane: float) -> list[dict[str, Any]]:
    """Marks in a row above the bottom of the price pane, which is ``pane`` pixels high."""
    is_split = item.name == "Splits"
    half = 5.0 if is_split else 3.5
    dot = marks.DOT if len(item.time) <= _ROUND else marks.SQUARE
    shape, colour = (marks.DIAMOND, base.WARN) if is_split else (dot, base.ACCENT)
    row = np.full(len(item.time), _BADGE / pane)
    line = marks.outline(item.time, row, shape, half * _per_pixel(info), half / pane)
    return marks.traces(item.time, row, item.words, line, name=item.name, colour=colour, axis=f"y{axis}")


def _arrows(item: FillMarks, info: PriceInfo, axis: dict[str, Any], pane: float) -> list[dict[str, Any]]:
    """Arrows up below the candles, or down above them."""
    bought = item.name == "Bought"
    low, high = axis.get("range") or _extent(info.price)
    unit = (high - low) / pane
    edge = np.log10(np.where(item.edge > 0, item.edge, np.nan)) if info.price.log else item.edge
    known = np.isfinite(edge)
    x, half = item.time[known], _half_fill(item.time[known], info)
    y = edge[known] + (-1 if bought else 1) * (_FILL_GAP - _FILL + half) * unit
    shape, colour = (marks.UP, base.SERIES[0]) if bought else (marks.DOWN, base.SERIES[1])
    line = marks.outline(x, y, shape, half * _per_pixel(info), half * unit)
    words = [text for text, is_known in zip(item.words, known, strict=True) if is_known]
    if info.price.log:
        y, line = 10**y, (line[0], 10 ** line[1])
    return marks.traces(x, y, words, line, name=item.name, colour=colour, axis="y")


def _half_fill(time: Floats, info: PriceInfo) -> float:
    """Pixels: smaller the less room there is between the marks in sight."""
    first, last = info.price.view or (-np.inf, np.inf)
    seen = int(((time >= first) & (time <= last)).sum())
    return float(np.clip(info.width / max(seen, 1), _SMALL_FILL, _FILL))


def _extent(price: CandleInfo) -> tuple[float, float]:
    """About what the price axis spans where Plotly chooses, in its units."""
    known = np.concatenate((price.low, price.high, price.close))
    known = known[np.isfinite(known) & ((known > 0) | (not price.log))]
    ends = np.array([known.min(), known.max()]) if len(known) else np.array([1.0, 10.0])
    low, high = np.log10(ends) if price.log else ends
    return float(low), float(high)


def _per_pixel(info: PriceInfo) -> float:
    """Milliseconds of one pixel of the time axis."""
    price = info.price
    first, last = price.view or (float(price.time[0]), float(price.time[-1]))
    return max(last - first, 1.0) / info.width


def _axis(pane: Pane, part: slice, price: CandleInfo) -> dict[str, Any]:
    """An indicator's axis over what is in sight; its levels are its ticks where it has two or more."""
    ticks = {"tickvals": list(pane.levels)} if len(pane.levels) > 1 else {"nticks": 4}
    known = np.concatenate([line.value[part] for line in pane.lines if len(line.value) == len(price.time)] or [[0.0]])
    known = np.append(known[np.isfinite(known)], pane.levels)
    if any(line.style == "histogram" for line in pane.lines) or not len(known):
        known = np.append(known, 0.0)
    low, high = float(known.min()), float(known.max())
    room = (high - low or abs(high) or 1.0) * 0.06
    return base.value_axis(zeroline=False, tickformat=".4~g", range=[low - room, high + room], **ticks)


def _level(level: float, place: int) -> dict[str, Any]:
    look = {"color": base.LINE_STRONG, "width": 1, "dash": "dot"}
    span = {"xref": "paper", "x0": 0, "x1": 1, "yref": f"y{place}", "y0": level, "y1": level}
    return {"type": "line", "layer": "below", "line": look, **span}


def _name(pane: Pane, top: float) -> dict[str, Any]:
    place = {"xref": "paper", "x": 0.004, "xanchor": "left", "yref": "paper", "y": top, "yanchor": "top"}
    return {"text": pane.name, "showarrow": False, "bgcolor": base.tint(base.SURFACE, 75), **place}
