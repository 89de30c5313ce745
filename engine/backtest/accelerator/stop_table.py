"""Exits by stops of positions entered at each bar, as ``kernels.stops.find_stop_exit`` finds them, all at once.

An exit follows from the rule and the bar of entry alone, so combinations share it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from engine.backtest.accelerator.series import Series
from engine.backtest.kernels import kernels
from engine.backtest.sweeps.parallel import run_in_parts
from engine.market.bars import Floats


class StopTable(NamedTuple):
    """Flat (rules x entries): ``exits`` are bars, one beyond the last where no stop is met, and ``quotes`` what is
    traded at there. ``column`` is the place of each bar among the ``width`` entries.
    """

    exits: Any
    quotes: Any
    column: Any
    width: int


class _Open(NamedTuple):
    """Positions that are still held at the bar ``at``: their ``place`` in the table, the bar ``until`` which to look,
    and their levels.
    """

    place: Any
    at: Any
    until: Any
    fixed: Any
    target: Any
    trailing: Any
    best: Any

    def those(self, chosen: Any) -> _Open:
        return _Open(*(values[chosen] for values in self))


def stop_table(
    series: Series, rules: Floats, entries: Any, until: Any, check_cancelled: Callable[[], None]
) -> StopTable:
    """For ``rules`` (rules, 4: 1 + slip, stop loss, take profit, trailing stop, NaN for none) and the bars ``entries``;
    nobody holds a position beyond the bars ``until`` (rules x entries), at whose open it leaves.
    """
    table = _empty(series, len(rules), entries)
    held, passed = _entered(series, rules, entries, until), 0
    while len(held.place):
        held = _pass_bar(series, table, held)
        passed += 1
        if not passed % 64:
            check_cancelled()
    return table


def compiled_table(series: Series, account: Any, rules: Floats, entries: Any, until: Any) -> StopTable:
    """The same by the kernel, in float64, for a device that lacks it: rounded prices would miss some stops. ``account``
    is that of ``kernels.orders``.
    """
    import torch

    table = _empty(series, len(rules), entries)
    bars, limits = entries.cpu().numpy(), until.cpu().numpy()
    exits, quotes = np.full(limits.shape, series.bars + 1), np.zeros(limits.shape)
    rows = np.column_stack([np.ones((len(rules), 2)), rules, np.zeros(len(rules))])

    def fill(start: int, stop: int) -> None:
        some = slice(start, stop)
        kernels().stops.find_stop_exits(rows[some], bars, limits[some], account, exits[some], quotes[some])

    run_in_parts(fill, len(rules), 1)
    processor = series.close.device
    table.exits.copy_(torch.tensor(exits.reshape(-1), device=processor))
    table.quotes.copy_(torch.tensor(quotes.reshape(-1), dtype=series.close.dtype, device=processor))
    return table


def _empty(series: Series, rules: int, entries: Any) -> StopTable:
    """No stop is met anywhere."""
    import torch

    processor, size = series.close.device, rules * len(entries)
    column = torch.zeros(series.bars + 1, dtype=torch.int64, device=processor)
    column[entries] = torch.arange(len(entries), device=processor)
    exits = torch.full((size,), series.bars + 1, dtype=torch.int64, device=processor)
    return StopTable(exits, torch.zeros(size, dtype=series.close.dtype, device=processor), column, len(entries))


def _entered(series: Series, rules: Floats, bars: Any, until: Any) -> _Open:
    """All positions of rules that have a stop, at their entry."""
    import torch

    values = torch.tensor(rules, dtype=series.close.dtype, device=bars.device)
    slip, loss, profit, trailing = (values[:, column : column + 1] for column in range(4))
    price = series.quote[bars] * slip
    fixed, target = price * (1.0 - loss), price * (1.0 + profit)
    places = torch.arange(price.numel(), device=bars.device)
    every = _Open(
        places,
        bars.expand(price.shape).reshape(-1),
        until,
        torch.where(torch.isnan(fixed), -torch.inf, fixed).reshape(-1),
        target.reshape(-1),
        (1.0 - trailing).expand(price.shape).reshape(-1),
        price.reshape(-1),
    )
    watched = ~torch.isnan(values[:, 1:]).all(dim=1, keepdim=True).expand(price.shape).reshape(-1)
    return every.those(torch.nonzero(watched & (every.at < every.until))[:, 0])


def _pass_bar(series: Series, table: StopTable, held: _Open) -> _Open:
    """Those of ``held`` that are still open after their bar; the exits of the others go into ``table``."""
    import torch

    open, high, low = series.prices[held.at].unbind(1)
    trail = held.best * held.trailing
    level = torch.where(trail > held.fixed, trail, held.fixed)
    stopped, reached = low <= level, high >= held.target
    beyond = (stopped & (open <= level)) | (reached & (open >= held.target))
    left = torch.nonzero(stopped | reached)[:, 0]
    if len(left):
        quote = torch.where(beyond, open, torch.where(stopped, level, held.target))
        table.exits[held.place[left]] = held.at[left]
        table.quotes[held.place[left]] = quote[left]
    after = held._replace(at=held.at + 1, best=torch.where(high > held.best, high, held.best))
    stays = ~(stopped | reached) & (after.at < held.until)
    return after if stays.all() else after.those(torch.nonzero(stays)[:, 0])
