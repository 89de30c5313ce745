"""The accounts of many combinations from trade to trade: sums of returns, growth and drawdown as ``kernels.stops`` and
``kernels.holdings`` add them up, operation by operation, so that float64 gives the same bits.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from engine.backtest.accelerator.series import Series
from engine.backtest.accelerator.stop_table import Kind, StopTable
from engine.backtest.accelerator.words import Words, place_of_highest


class Decisions(NamedTuple):
    """The bars at which each row decides to enter, and to leave."""

    entries: Words
    exits: Words


class Rules(NamedTuple):
    """Of each setting: what an entry and an exit leave of the value, and the bars of its time stop (0 for none).
    ``tables`` are those of the kinds of stop that any setting has; all settings have a stop, or none has.
    """

    gain_in: Any
    gain_out: Any
    time: Any
    tables: Mapping[Kind, StopTable]
    stopped: bool


class Lanes(NamedTuple):
    """The state of combinations after the trade that they left at the bar ``last``, and their ``place`` in the
    results.
    """

    place: Any
    row: Any
    setting: Any
    last: Any
    trades: Any
    growth: Any
    total: Any
    squares: Any
    equity: Any
    peak: Any
    worst: Any

    def those(self, chosen: Any) -> Lanes:
        return Lanes(*(values[chosen] for values in self))


class Trade(NamedTuple):
    """One trade of each combination: an exit at the number of ``bars`` is none. ``inside`` are units a unit of capital,
    ``outside`` the capital a unit that they become.
    """

    entry: Any
    exit: Any
    still_open: Any
    fill: Any
    gain_in: Any
    gain_out: Any
    inside: Any
    outside: Any


def begun(row: Any, setting: Any, real: Any) -> Lanes:
    """Combinations before their first bar."""
    import torch

    count, processor = len(row), row.device
    one = torch.ones(count, dtype=real, device=processor)
    nothing = torch.zeros(count, dtype=torch.int64, device=processor)
    none = torch.zeros_like(one)
    return Lanes(
        place=torch.arange(count, device=processor),
        row=row,
        setting=setting,
        last=nothing,
        trades=nothing,
        growth=one,
        total=none,
        squares=none,
        equity=one,
        peak=one,
        worst=one,
    )


def followed(
    series: Series, decisions: Decisions, rules: Rules, lanes: Lanes, check_cancelled: Callable[[], None]
) -> Lanes:
    """``lanes`` after their last trade, in the order of their places."""
    import torch

    done, passed = Lanes(*(values.clone() for values in lanes)), 0
    while len(lanes.place):
        entry = (decisions.entries.next(lanes.row, lanes.last) + 1).clamp(max=series.bars)
        goes = entry < series.bars
        if not goes.all():
            over = lanes.those(torch.nonzero(~goes)[:, 0])
            for target, values in zip(done[1:], over[1:], strict=True):
                target[over.place] = values
            rest = torch.nonzero(goes)[:, 0]
            lanes, entry = lanes.those(rest), entry[rest]
        if len(lanes.place):
            lanes = _after(series, rules, lanes, _trade(series, decisions, rules, lanes, entry))
        passed += 1
        if not passed % 16:
            check_cancelled()
    return done


def _trade(series: Series, decisions: Decisions, rules: Rules, lanes: Lanes, entry: Any) -> Trade:
    """The trade entered at the open of ``entry``."""
    import torch

    leave = (decisions.exits.next(lanes.row, entry) + 1).clamp(max=series.bars)
    exit, fill = leave, series.quote[leave]
    if rules.stopped:
        time = rules.time[lanes.setting]
        exit = torch.where(time > 0, torch.minimum(leave, entry + time + 1), leave)
        fill = series.quote[exit]
    if rules.tables:
        hit, quote = _stop_met(rules.tables, lanes.setting, entry)
        fill = torch.where(hit < exit, quote, fill)
        exit = torch.minimum(hit, exit)
    gain_in, gain_out = rules.gain_in[lanes.setting], rules.gain_out[lanes.setting]
    inside, outside = series.per_quote[entry] * gain_in, fill * gain_out
    return Trade(entry, exit, exit == series.bars, fill, gain_in, gain_out, inside, outside)


def _stop_met(tables: Mapping[Kind, StopTable], setting: Any, entry: Any) -> tuple[Any, Any]:
    """The bar at which the first stop is met, and its quote: of two on the same bar the nearer one's."""
    import torch

    found = []
    for table in tables.values():
        place = table.row[setting] * table.width + table.column[entry]
        found.append((table.met[place], table.exit_prices[place]))
    met, exit_prices = found[0]
    for other, other_prices in found[1:]:
        first = torch.where(met < other, exit_prices, other_prices)
        exit_prices = torch.where(met == other, torch.maximum(exit_prices, other_prices), first)
        met = torch.minimum(met, other)
    return met >> 2, exit_prices


def _after(series: Series, rules: Rules, lanes: Lanes, trade: Trade) -> Lanes:
    import torch

    add = _added_with_stops if rules.stopped else _added
    total, squares = add(series, lanes, trade)
    final = series.close[series.bars - 1]
    growth = lanes.growth * (trade.inside * torch.where(trade.still_open, final, trade.outside))
    if series.low is not None:
        lanes = _with_drawdown(series, lanes, trade)
    return lanes._replace(last=trade.exit, trades=lanes.trades + 1, growth=growth, total=total, squares=squares)


def _between(sums: Any, before: Any, trade: Trade, bars: int) -> Any:
    """The sum over the bars that are held from close to close."""
    import torch

    return torch.where(trade.still_open, sums[bars - 1], before[trade.exit]) - sums[trade.entry]


def _added(series: Series, lanes: Lanes, trade: Trade) -> tuple[Any, Any]:
    """As ``holdings.return_sums``."""
    import torch

    start = series.close_over_quote[trade.entry] * trade.gain_in - 1.0
    end = trade.fill * series.per_before[trade.exit] * trade.gain_out - 1.0
    ends = torch.where(trade.still_open, start, start + end)
    ends_squared = torch.where(trade.still_open, start * start, start * start + end * end)
    between = _between(series.sums, series.sums_before, trade, series.bars)
    between_squared = _between(series.squares, series.squares_before, trade, series.bars)
    return lanes.total + (between + ends), lanes.squares + (between_squared + ends_squared)


def _added_with_stops(series: Series, lanes: Lanes, trade: Trade) -> tuple[Any, Any]:
    """As ``stops.return_sums_of_trades``: a position may be closed on the bar of its entry."""
    import torch

    first = series.close_over_quote[trade.entry] * trade.gain_in - 1.0
    last = trade.fill * series.per_before[trade.exit] * trade.gain_out - 1.0
    at_once = trade.inside * trade.outside - 1.0
    within = trade.exit == trade.entry
    between = _between(series.sums, series.sums_before, trade, series.bars)
    between_squared = _between(series.squares, series.squares_before, trade, series.bars)
    held = torch.where(trade.still_open, between, between + last)
    held_squared = torch.where(trade.still_open, between_squared, between_squared + last * last)
    total = torch.where(within, lanes.total + at_once, (lanes.total + first) + held)
    squares = torch.where(within, lanes.squares + at_once * at_once, (lanes.squares + first * first) + held_squared)
    return total, squares


def _with_drawdown(series: Series, lanes: Lanes, trade: Trade) -> Lanes:
    """As ``holdings.update_drawdown`` while the position is held, and ``update_drawdown_in_cash`` after it."""
    import torch

    units, worst, peak = lanes.equity * trade.inside, lanes.worst, lanes.peak
    held, until = trade.exit > trade.entry, torch.maximum(trade.exit - 1, trade.entry)
    level = place_of_highest(trade.entry ^ until) * series.bars
    one, other = level + trade.entry, level + until
    low = units * torch.minimum(series.low[one], series.low[other])
    deepest = torch.where(low < worst * peak, low / peak, worst)
    fall, top = series.low[other], series.high[one]
    deepest = torch.where(fall < deepest * top, fall / top, deepest)
    deepest = torch.minimum(torch.minimum(deepest, series.least[one]), series.least[other])
    highest = torch.maximum(peak, units * torch.maximum(top, series.high[other]))
    worst, peak = torch.where(held, deepest, worst), torch.where(held, highest, peak)
    equity = torch.where(trade.still_open, lanes.equity, units * trade.outside)
    deepest = torch.where(equity < worst * peak, equity / peak, worst)
    worst = torch.where(trade.still_open, worst, deepest)
    peak = torch.where(trade.still_open, peak, torch.maximum(peak, equity))
    return lanes._replace(equity=equity, peak=peak, worst=worst)
