"""One trade on the candles of its symbol, with every fill around it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from dashboard.charts import base, candles
from engine.backtest.result import BacktestResult
from engine.backtest.stops import Stops
from engine.market.bars import Bars, Floats

if TYPE_CHECKING:
    import plotly.graph_objects as go

MARGIN_SHARE, MINIMUM_MARGIN = 0.35, 25
"""Bars shown before and after a trade: this part of its own, and at least so many."""


_WORDS = {
    ("Entry", True): "buy", ("Exit", False): "sell", ("Entry", False): "sell short", ("Exit", True): "buy back",
}  # fmt: skip


@dataclass(frozen=True, eq=False)
class Marks:
    """Entries or exits: float64 ``time`` in ms since 1970 and ``price``; ``buys`` bool tells which way each arrow
    points, ``words`` what was done.
    """

    name: str
    time: Floats
    price: Floats
    buys: NDArray[np.bool_]
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Level:
    """A price that would have ended the trade, from entry to exit: one value, or a path for a trailing stop."""

    name: str
    time: Floats
    price: Floats


@dataclass(frozen=True, eq=False)
class FillsInfo:
    """The candles around a trade, all fills of the symbol in sight, the trade's own two points, and its stops."""

    candles: candles.CandleInfo
    marks: tuple[Marks, ...]
    time: Floats
    price: Floats
    side: int
    won: bool
    is_open: bool
    levels: tuple[Level, ...]


def info(bars: Bars, result: BacktestResult, index: int, stops: Stops | None = None) -> FillsInfo:
    """What is drawn for the trade ``index`` of ``result``, whose symbol has ``bars``."""
    first = int(np.searchsorted(bars.time, result.trade_entry_time[index]))
    last = int(np.searchsorted(bars.time, result.trade_exit_time[index]))
    room = max(int(MARGIN_SHARE * (last - first)), MINIMUM_MARGIN)
    start, end = max(first - room, 0), min(last + room + 1, len(bars))
    seen = bars.slice(start, end)
    moments = base.times(np.array([result.trade_entry_time[index], result.trade_exit_time[index]]))
    return FillsInfo(
        candles=candles.info(seen),
        marks=_marks(result, int(result.trade_symbol[index]), seen.time[0], seen.time[-1]),
        time=moments,
        price=np.array([result.trade_entry_price[index], result.trade_exit_price[index]]),
        side=int(result.trade_side[index]),
        won=bool(result.trade_pnl[index] > 0),
        is_open=bool(result.trade_open[index]),
        levels=_levels(bars, stops, first, last, float(result.trade_entry_price[index]), int(result.trade_side[index])),
    )


def figure(info: FillsInfo, *, keep: str = "") -> go.Figure:
    """Candles, arrows at the fills, a line from entry to exit in the colour of what it brought."""
    import plotly.graph_objects as go

    colour = base.GAIN if info.won else base.LOSS
    path = go.Scatter(
        x=info.time, y=info.price, name="This trade", mode="lines", hoverinfo="skip", showlegend=False,
        line={"color": colour, "width": 2, "dash": "dot" if info.is_open else "solid"},
    )  # fmt: skip
    levels = [
        go.Scatter(
            x=level.time, y=level.price, name=level.name, mode="lines", showlegend=False,
            hovertemplate=f"%{{y:{candles.PRICE}}}",
            line={"color": _level_colour(level), "width": 1.2, "dash": "dash", "shape": "hv"},
        )
        for level in info.levels
    ]  # fmt: skip
    notes = [
        {
            "x": level.time[0], "y": np.log10(level.price[0]) if info.candles.log else level.price[0],
            "text": level.name.lower(), "showarrow": False, "xanchor": "right", "yanchor": "middle", "xshift": -4,
            "font": {"size": 11, "color": _level_colour(level)},
        }
        for level in info.levels
    ]  # fmt: skip
    shade = {
        "type": "rect", "x0": info.time[0], "x1": info.time[1], "y0": 0, "y1": 1, "yref": "paper", "layer": "below",
        "fillcolor": base.tint(colour, 8), "line": {"width": 0},
    }  # fmt: skip
    return base.figure(
        [candles.price_trace(info.candles), *levels, path, *(_arrows(marks) for marks in info.marks)],
        x=info.candles.axis(),
        y=candles.price_axis(info.candles),
        keep=keep or info.candles.symbol,
        shapes=[shade],
        annotations=notes,
    )


def _level_colour(level: Level) -> str:
    return base.GAIN if level.name == "Take profit" else base.WARN


def _marks(result: BacktestResult, symbol: int, start: Any, end: Any) -> tuple[Marks, ...]:
    """Entries and exits of both sides in sight; an open trade has no exit yet."""
    own = result.trade_symbol == symbol
    times = (result.trade_entry_time, result.trade_exit_time)
    prices = (result.trade_entry_price, result.trade_exit_price)
    found = []
    for name, time, price in zip(("Entry", "Exit"), times, prices, strict=True):
        chosen = own & (time >= start) & (time <= end) & ((name == "Entry") | ~result.trade_open)
        buys = (result.trade_side[chosen] > 0) == (name == "Entry")
        labels = tuple(_WORDS[name, bool(buying)] for buying in buys)
        found.append(Marks(name, base.times(time[chosen]), price[chosen], buys, labels))
    return tuple(marks for marks in found if len(marks.time))


def _arrows(marks: Marks) -> go.Scatter:
    import plotly.graph_objects as go

    style = {
        "symbol": ["triangle-up" if buying else "triangle-down" for buying in marks.buys],
        "size": 14
        if marks.name == "Entry"
        else 9,  # a reversal is both at one price: the exit is drawn inside the entry
        "color": base.SERIES[0 if marks.name == "Entry" else 1],
        "line": {"color": base.SURFACE, "width": 1},
    }
    return go.Scatter(
        x=marks.time, y=base.values(marks.price), name=marks.name, mode="markers", marker=style, text=marks.words,
        hovertemplate=f"%{{text}} %{{y:{candles.PRICE}}}",
    )  # fmt: skip


def _levels(bars: Bars, stops: Stops | None, first: int, last: int, price: float, side: int) -> tuple[Level, ...]:
    """Stop loss and take profit as lines; a trailing stop follows the best price of the held bars before each."""
    if stops is None:
        return ()
    held = base.times(bars.time[first : last + 1])
    ends, found = held[[0, -1]], []
    if stops.stop_loss is not None:
        found.append(Level("Stop loss", ends, np.full(2, price * (1 - side * stops.stop_loss))))
    if stops.take_profit is not None:
        found.append(Level("Take profit", ends, np.full(2, price * (1 + side * stops.take_profit))))
    if stops.trailing_stop is not None:
        best = bars.high[first:last] if side > 0 else bars.low[first:last]
        extreme = np.fmax if side > 0 else np.fmin
        path = extreme.accumulate(np.concatenate(([price], best)))
        found.append(Level("Trailing stop", held, path * (1 - side * stops.trailing_stop)))
    return tuple(found)
