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
    time, units, paid = fills_of(result, result.symbols.index(bars.series.symbol))
    bar = bars_of(bars, result, time)
    candle = np.searchsorted(price.index, bar)
    seen = (bar >= price.first_bar) & (candle < len(price.index))
    found = []
    for name, edge, chosen in (("Bought", _low(price), seen & (units > 0)), ("Sold", _high(price), seen & (units < 0))):
        order = np.flatnonzero(chosen)[np.argsort(time[chosen], kind="stable")]
        if len(order):
            found.append(_marks(name, price, edge, candle[order], units[order], paid[order]))
    return tuple(found)


def fills_of(result: BacktestResult, symbol: int) -> tuple[NDArray[np.datetime64], Floats, Floats]:
    """Time, units (negative where sold) and price of every fill of the symbol with this index. Results of earlier
    versions have not stored fills: theirs are the entries and the exits of the trades, of which open ones have none.
    """
    if len(result.fill_time):
        mine = result.fill_symbol == symbol
        return result.fill_time[mine], result.fill_units[mine], result.fill_price[mine]
    own = np.flatnonzero(result.trade_symbol == symbol)
    closed = own[~result.trade_open[own]]
    time = np.concatenate((result.trade_entry_time[own], result.trade_exit_time[closed]))
    paid = np.concatenate((result.trade_entry_price[own], result.trade_exit_price[closed]))
    side = np.sign(result.trade_side)
    size = np.abs(result.trade_size)
    return time, np.concatenate((side[own] * size[own], -side[closed] * size[closed])), paid


def bars_of(bars: Bars, result: BacktestResult, time: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """The bar in which each ``time`` of ``result`` is, -1 before the first; of a day the first bar of it."""
    if result.zones and bars.series.is_intraday:
        return np.asarray(np.searchsorted(bars.time, time, side="right") - 1)
    days = result.days_at(time)
    ends = bar_interval(bars.series.interval).last_dates(bars.days)
    found = np.searchsorted(ends, days)
    return np.asarray(np.where(days < bars.days[0], -1, found))


def _marks(
    name: str, price: CandleInfo, edge: Floats, candle: NDArray[np.int64], units: Floats, paid: Floats
) -> FillMarks:
    """Those of one candle share a mark, whose words name the first of them: a chart of years has thousands."""
    here, first, size = np.unique(candle, return_index=True, return_counts=True)
    texts = []
    for at, number in zip(first.tolist(), size.tolist(), strict=True):
        listed = slice(at, at + min(number, _LISTED))
        parts = [f"{abs(one):,.6g} at {each:,.6g}" for one, each in zip(units[listed], paid[listed], strict=True)]
        texts.append(_summary(name, parts, number))
    return FillMarks(name, price.time[here], edge[here], tuple(texts))


def _summary(name: str, words: Sequence[str], number: int) -> str:
    """What was done in one candle, in ``number`` fills, the first of which are told in ``words``."""
    if number == 1:
        return f"{name} {words[0]}"
    more = f" and {number - len(words):,} more" if number > len(words) else ""
    return f"{count(number, 'fill')}, {name.lower()} {', '.join(words)}{more}"


def _low(price: CandleInfo) -> Floats:
    return price.close if price.is_line() else price.low


def _high(price: CandleInfo) -> Floats:
    return price.close if price.is_line() else price.high
