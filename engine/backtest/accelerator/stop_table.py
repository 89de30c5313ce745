"""Exits by stops of positions entered at each bar, as ``kernels.stops.find_stop_exit`` finds them, all at once.

An exit follows from the rule and the bar of entry alone, so combinations share it; and a stop loss, a target and a
trailing stop are met apart from one another: the first of them is the exit. So each has a table of its own, of as many
rows as it has values, and not as there are combinations of them.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.backtest.accelerator.series import Series
from engine.backtest.kernels import kernels
from engine.backtest.sweeps.parallel import run_in_parts
from engine.market.bars import Floats

Kind = Literal["stop_loss", "take_profit", "trailing_stop"]
KINDS: tuple[Kind, ...] = ("stop_loss", "take_profit", "trailing_stop")
"""In the order of a rule of ``kernels.stops``."""

GAP, STOP, TARGET = range(3)
_KEPT = 8  # positions that are gone are kept for a bar in so many that have passed: to sort them out takes as long


class StopTable(NamedTuple):
    """Flat (rows x entries): ``met`` says at which bar and how, and ``exit_prices`` what is traded at there. Of several
    stops the one with the least ``met`` is the exit: 4 x the bar, one beyond the last where it is not met, and on a bar
    first ``GAP``, a target that is passed at its open, then ``STOP``, then ``TARGET``. ``row`` is the one of each
    setting, ``column`` the place of each bar among the ``width`` entries.
    """

    met: Any
    exit_prices: Any
    row: Any
    column: Any
    width: int


class Wanted(NamedTuple):
    """The rows (rows, 2) of a table: 1 + slip and the value of the stop, NaN for none; the ``row`` of each setting; the
    bars ``entries``, and ``until`` (rows, entries), the bars at whose open the position leaves at the latest.
    """

    kind: Kind
    rows: Floats
    row: NDArray[np.int64]
    entries: Any
    until: Any


class _Open(NamedTuple):
    """Positions that are still held at the bar ``at``: their ``place`` in the table, the bar ``until`` which to look,
    and the ``level`` of the stop, or the best price and the share of it that is a trailing one.
    """

    place: Any
    at: Any
    until: Any
    level: Any
    share: Any

    def those(self, chosen: Any) -> _Open:
        return _Open(*(values[chosen] for values in self))


def stop_table(series: Series, wanted: Wanted, check_cancelled: Callable[[], None]) -> StopTable:
    """The table of one kind of stop."""
    import torch

    table = _empty(series, wanted)
    held, passed = _entered(series, wanted), 0
    while len(held.place):
        for _ in range(passed // _KEPT + 1):
            held = _pass_bar(series, wanted.kind, table, held)
            passed += 1
        held = held.those(torch.nonzero(held.at < held.until)[:, 0])
        check_cancelled()
    return table


def compiled_table(series: Series, account: Any, wanted: Wanted) -> StopTable:
    """The same by the kernel, in float64, for a device that lacks it: rounded prices would miss some stops. ``account``
    is that of ``kernels.orders``.
    """
    import torch

    table, processor = _empty(series, wanted), series.close.device
    bars, limits = wanted.entries.cpu().numpy(), wanted.until.cpu().numpy()
    exits, exit_prices = np.full(limits.shape, series.bars + 1), np.zeros(limits.shape)
    rules = np.full((len(wanted.rows), 7), np.nan)
    rules[:, 2], rules[:, 3 + KINDS.index(wanted.kind)], rules[:, 6] = *wanted.rows.T, 0.0

    def fill(start: int, stop: int) -> None:
        some = slice(start, stop)
        kernels().stops.find_stop_exits(rules[some], bars, limits[some], account, exits[some], exit_prices[some])

    run_in_parts(fill, len(rules), 1)
    gap = exit_prices == account[3][np.minimum(exits, series.bars - 1), 0]
    order = np.where(gap, GAP, TARGET) if wanted.kind == "take_profit" else STOP
    table.met.copy_(torch.tensor((4 * exits + order).reshape(-1), device=processor))
    table.exit_prices.copy_(torch.tensor(exit_prices.reshape(-1), dtype=series.close.dtype, device=processor))
    return table


def _empty(series: Series, wanted: Wanted) -> StopTable:
    """No stop is met anywhere."""
    import torch

    processor, width = series.close.device, len(wanted.entries)
    size = len(wanted.rows) * width
    column = torch.zeros(series.bars + 1, dtype=torch.int64, device=processor)
    column[wanted.entries] = torch.arange(width, device=processor)
    met = torch.full((size,), 4 * (series.bars + 1), dtype=torch.int64, device=processor)
    exit_prices = torch.zeros(size, dtype=series.close.dtype, device=processor)
    return StopTable(met, exit_prices, torch.tensor(wanted.row, device=processor), column, width)


def _entered(series: Series, wanted: Wanted) -> _Open:
    """The positions of all rows that have a stop, at their entry."""
    import torch

    values = torch.tensor(wanted.rows, dtype=series.close.dtype, device=series.close.device)
    slip, stop = values[:, :1], values[:, 1:]
    price = series.quote[wanted.entries] * slip
    share = (1.0 + stop if wanted.kind == "take_profit" else 1.0 - stop).expand(price.shape)
    every = _Open(
        torch.arange(price.numel(), device=price.device),
        wanted.entries.expand(price.shape).reshape(-1),
        wanted.until.reshape(-1),
        (price if wanted.kind == "trailing_stop" else price * share).reshape(-1),
        share.reshape(-1),
    )
    return every.those(torch.nonzero(~torch.isnan(every.share) & (every.at < every.until))[:, 0])


def _pass_bar(series: Series, kind: Kind, table: StopTable, held: _Open) -> _Open:
    """``held`` after their bar; the exits of those that leave on it go into ``table``, and ``until`` says that they are
    gone.
    """
    import torch

    bar = held.at.clamp(max=series.bars)
    level = held.level * held.share if kind == "trailing_stop" else held.level
    met = series.high_price[bar] >= level if kind == "take_profit" else series.low_price[bar] <= level
    left = torch.nonzero(met & (held.at < held.until))[:, 0]
    if len(left):
        place, open, price = held.place[left], series.open_price[bar[left]], level[left]
        is_target = kind == "take_profit"
        order = torch.where(open >= price, GAP, TARGET) if is_target else STOP
        table.met[place] = 4 * bar[left] + order
        table.exit_prices[place] = torch.maximum(open, price) if is_target else torch.minimum(open, price)
        held.until[left] = 0
    if kind == "trailing_stop":
        high = series.high_price[bar]
        held = held._replace(level=torch.where(high > held.level, high, held.level))
    return held._replace(at=held.at + 1)
