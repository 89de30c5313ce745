"""The fills of a backtest on the candles of a symbol: bought below, sold above; those of one candle share a mark."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dashboard.charts.candles import CandleInfo
from dashboard.text.format import count
from engine.backtest.result import BacktestResult
from engine.market.bars import Bars, Floats
from engine.market.intervals import bar_interval

_LISTED = 3  # fills of one candle that its words name


@dataclass(frozen=True, eq=False)
class FillMarks:
    """Candles with purchases, or with sales: their ``time``, their low or high as ``edge``, and what was done."""

    name: str
    time: Floats
    edge: Floats
    words: tuple[str, ...]


def info(price: CandleInfo, bars: Bars, result: BacktestResult) -> tuple[FillMarks, ...]:
    """The fills of the symbol of ``bars`` on the candles that are drawn. Open trades have not been sold yet."""
    if bars.series.symbol not in result.symbols:
        return ()
    own = np.flatnonzero(result.trade_symbol == result.symbols.index(bars.series.symbol))
    closed = own[~result.trade_open[own]]
    time = np.concatenate((result.trade_entry_time[own], result.trade_exit_time[closed]))
    paid = np.concatenate((result.trade_entry_price[own], result.trade_exit_price[closed]))
    size = np.concatenate((result.trade_size[own], result.trade_size[closed]))
    bought = np.concatenate((result.trade_side[own] > 0, result.trade_side[closed] < 0))
    words = [f"{abs(units):,.6g} at {value:,.6g}" for units, value in zip(size, paid, strict=True)]
    bar = bars_of(bars, result, time)
    candle = np.searchsorted(price.index, bar)
    seen = (bar >= price.first_bar) & (candle < len(price.index))
    found = []
    for name, edge, chosen in (("Bought", _low(price), seen & bought), ("Sold", _high(price), seen & ~bought)):
        order = np.flatnonzero(chosen)[np.argsort(time[chosen], kind="stable")]
        if len(order):
            found.append(_marks(name, price, edge, candle[order], [words[at] for at in order]))
    return tuple(found)


def bars_of(bars: Bars, result: BacktestResult, time: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The bar in which each ``time`` of ``result`` is, -1 before the first; of a day the first bar of it."""
    if result.zones and bars.series.is_intraday:
        return np.asarray(np.searchsorted(bars.time, time, side="right") - 1)
    days = result.days_at(time)
    ends = bar_interval(bars.series.interval).last_dates(bars.days)
    found = np.searchsorted(ends, days)
    return np.asarray(np.where(days < bars.days[0], -1, found))


def _marks(name: str, price: CandleInfo, edge: Floats, candle: NDArray[np.int64], words: Sequence[str]) -> FillMarks:
    here, first, size = np.unique(candle, return_index=True, return_counts=True)
    texts = tuple(_summary(name, words[at : at + number]) for at, number in zip(first, size, strict=True))
    return FillMarks(name, price.time[here], edge[here], texts)


def _summary(name: str, words: Sequence[str]) -> str:
    """What was done in one candle."""
    if len(words) == 1:
        return f"{name} {words[0]}"
    more = f" and {len(words) - _LISTED:,} more" if len(words) > _LISTED else ""
    return f"{count(len(words), 'fill')}, {name.lower()} {', '.join(words[:_LISTED])}{more}"


def _low(price: CandleInfo) -> Floats:
    return price.close if price.is_line() else price.low


def _high(price: CandleInfo) -> Floats:
    return price.close if price.is_line() else price.high
