"""Combinations whose accounts are followed bar by bar in compiled code: both sides of the market, any size, financing
and order.

What decides is made once for all combinations that share it: conditions and lines as in the other sweeps of them, else
the signals of each distinct strategy. What the account is given besides, from prices to sizes, is that of all.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import TYPE_CHECKING, Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.backtest.account import Codes, KernelPanel, encode_signals, kernel_panel, kernel_rules, rebalancing
from engine.backtest.decisions import Decisions, account_panel, decide
from engine.backtest.kernels import kernels, records
from engine.backtest.measured import for_symbol
from engine.backtest.metrics import is_varied, summary_metrics
from engine.backtest.simulator import sum_on_calendar
from engine.backtest.sweeps.accounts import EvaluationBatch, SweepAccount
from engine.backtest.sweeps.allocations import RULE_PATHS
from engine.backtest.sweeps.condition_grid import grid_of
from engine.backtest.sweeps.crossing_grid import CrossingGrid
from engine.backtest.sweeps.nested_grid import NestedGrid
from engine.backtest.sweeps.parallel import run_in_pieces
from engine.backtest.sweeps.rows import Places, unique_rows
from engine.backtest.sweeps.ways import MOST_CROSSED
from engine.core.field_paths import changed
from engine.market.bars import Floats, Times, periods_per_year, spans_month
from engine.strategies import Signals
from engine.strategies.conditional import Side
from engine.strategies.crossing import Crossing, is_nested

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

Encode: TypeAlias = Callable[["Stream", Places], tuple[Codes, NDArray[np.int64]]]
"""Distinct decisions of some combinations about the symbols of an account, and the row of each combination's."""

_MEMORY = 4e6  # bytes of decisions that are followed at a time
_MOST = 16  # combinations that are followed at a time: their equity stays in the processor's second cache
_TOGETHER = 256  # strategies whose signals are asked before their accounts are followed
_WEIGHT = 20  # how many combinations of the batch kernels take as long as one of these
_SIDES: dict[str, tuple[Side, ...]] = {
    "long": ("entries", "exits"),
    "short": ("short_entries", "short_exits"),
    "both": ("entries", "exits", "short_entries", "short_exits"),
}
_CROSSED = {
    "long": (records.GO_LONG, records.EXIT_LONG),
    "short": (records.EXIT_SHORT, records.GO_SHORT),
    "both": (records.GO_LONG, records.GO_SHORT),
}
"""The decisions of a line that crosses above another, and below."""


@dataclass(frozen=True, eq=False)
class Stream:
    """The account of some ``symbols`` of a request, with ``capital``: ``at`` are the places of each symbol's bars among
    those of the ``panel``, ``rules`` the settings of costs and stops, ``orders`` the amounts and distances of stops.
    ``rebalanced`` marks the bars at which positions are brought back to their size.
    """

    symbols: tuple[int, ...]
    capital: float
    panel: KernelPanel
    at: tuple[NDArray[np.int64], ...]
    orders: tuple[Floats, Floats]
    rules: NDArray[Any]
    rebalanced: NDArray[np.bool_]

    @classmethod
    def of(
        cls, specs: Sequence[BacktestSpec], unit: SweepAccount, symbols: tuple[int, ...], decisions: Decisions
    ) -> Stream:
        """The account of ``specs``, which differ in costs and stops alone; of ``decisions`` none counts."""
        spec, count = specs[0], len(unit.bars)
        bars = unit.bars if len(symbols) == count else for_symbol(unit.bars, symbols[0])
        panel = account_panel(bars, decisions)
        asked = decisions.for_symbols(symbols).order_requests(spec, bars, panel)
        shared = spec.cash == "shared"
        return cls(
            symbols,
            spec.capital * len(symbols) / count,
            kernel_panel(panel),
            tuple(np.searchsorted(panel.time, item.time) for item in bars),
            (np.ascontiguousarray(asked.amounts, dtype=np.float64), np.ascontiguousarray(asked.stops, np.float64)),
            np.array([kernel_rules(each, asked.size, each.costs) for each in specs], dtype=records.RULES),
            rebalancing(panel.days, spec.rebalance) if shared else np.zeros(len(panel), dtype=bool),
        )

    def codes(self, count: int) -> Codes:
        """Room for the decisions of ``count`` combinations, none of which decides anything."""
        found = np.zeros((count, *self.panel.bars.shape), dtype=np.int64)
        found[:, self.rebalanced] = records.REBALANCING
        return found

    def encode(self, signals: Sequence[Signals], spec: BacktestSpec, codes: Codes) -> None:
        """``signals`` of all symbols of the request, into the ``codes`` of one combination."""
        for column, symbol in enumerate(self.symbols):
            codes[self.at[column], column] |= encode_signals(signals[symbol], spec.direction)

    def follow(self, codes: Codes, code_of: NDArray[np.int64], rule_of: NDArray[Any]) -> tuple[Floats, Codes]:
        """Equity at each close (combinations, bars), and numbers of trades."""
        count, (bars, symbols) = len(code_of), self.panel.bars.shape
        book, totals = np.zeros(symbols, dtype=records.POSITION), np.zeros(1, dtype=records.TOTALS)
        book["mark"] = np.nan
        totals["cash"] = totals["equity"] = self.capital
        trades, equity = np.zeros(count, dtype=np.int64), np.empty((count, bars))
        nothing = np.zeros(0, dtype=records.TRADE), np.zeros(0, dtype=records.ORDER)
        state = book.copy(), totals.copy(), *nothing, np.empty(bars), trades
        market = self.panel.bars, self.panel.years, self.panel.payments
        kernels().streaming.follow(
            codes, code_of, self.orders, market, self.rules, rule_of, (book, totals), state, equity
        )
        return equity, trades


def evaluate_streams(work: EvaluationBatch, strategies: Iterable[tuple[BacktestSpec, Places]], places: Places) -> None:
    """Write the metrics of the combinations ``places``, those of ``strategies``, into those of ``work``, as a run of
    each has them.
    """
    waiting = iter(strategies)
    first = next(waiting, None)
    if first is None:
        return
    unit = work.unit
    decisions = decide(first[0], unit.bars, work.inputs)
    specs, rule_of = _settings(work)
    count = len(unit.bars)
    divided = [tuple(range(count))] if count == 1 or unit.spec.cash == "shared" else [(at,) for at in range(count)]
    streams = [Stream.of(specs, unit, symbols, decisions) for symbols in divided]
    tile = int(min(max(_MEMORY / (8 * sum(item.panel.bars.size for item in streams)), 1), _MOST))
    for block, encode in _encoders(work, chain((first,), waiting), places, decisions):

        def follow(piece: Places, encode: Encode = encode) -> None:
            for start in range(0, len(piece), tile):
                _follow(work, streams, encode, piece[start : start + tile], rule_of)

        run_in_pieces(follow, block, work.step, _WEIGHT * count)


def _settings(work: EvaluationBatch) -> tuple[list[BacktestSpec], NDArray[np.int64]]:
    """The request with each setting of costs and stops, and the place of each combination's."""
    spec = work.unit.spec
    axes = [axis for axis, scale in enumerate(work.scales) if scale.path in RULE_PATHS]
    if not axes:
        return [spec], np.zeros(len(work.parameters), dtype=np.int64)
    rows, label = unique_rows(work.parameters[:, axes], work.check_cancelled)
    return [changed(spec, work.plain(axes, row)) for row in rows], label.astype(np.int64)


def _follow(
    work: EvaluationBatch, streams: Sequence[Stream], encode: Encode, chunk: Places, rule_of: NDArray[np.int64]
) -> None:
    """The metrics of the combinations ``chunk``: those of each account, and of all together."""
    unit, several = work.unit, len(streams) > 1
    time, equities, made = unit.time(), [], np.zeros(len(chunk), dtype=np.int64)
    for row, stream in enumerate(streams, start=1):
        codes, code_of = encode(stream, chunk)
        equity, trades = stream.follow(codes, code_of, rule_of[chunk])
        equities.append((stream.panel.time, equity))
        made += trades
        if several:
            _write(work, row, chunk, stream.panel.time, equity, stream.capital, trades)
    if several or len(streams[0].panel.time) != len(time):
        before = unit.spec.capital / len(streams)
        total = np.array(
            [sum_on_calendar(time, [(own, rows[k]) for own, rows in equities], before) for k in range(len(chunk))]
        )
    else:
        total = equities[0][1]
    _write(work, 0, chunk, time, total, unit.spec.capital, made)


def _write(
    work: EvaluationBatch, row: int, chunk: Places, time: Times, equity: Floats, capital: float, trades: Codes
) -> None:
    """The metrics of an account: ``metrics.summary_metrics`` of each row of ``equity``."""
    found, count = work.metrics, len(equity)
    per_year = periods_per_year(time) if spans_month(time) else np.nan
    found.trades[row, chunk] = trades
    returns, largest, falls = np.empty((count, max(equity.shape[1] - 1, 0))), np.empty(count), np.empty(count)
    kernels().streaming.returns_of(equity, capital, returns, largest, falls)
    totals, ratios = equity[:, -1] / capital - 1, np.full(count, np.nan)
    if returns.shape[1] > 1:
        deviations, means = np.std(returns, axis=1, ddof=1), np.mean(returns, axis=1)
        varied = np.array([is_varied(*pair) for pair in zip(deviations, largest, strict=True)])
        np.divide(means, deviations, out=ratios, where=varied)
        ratios *= np.sqrt(per_year)
    for k in np.flatnonzero(~np.isfinite(totals)):
        totals[k], ratio, falls[k] = summary_metrics(equity[k], per_year, capital)
        ratios[k] = np.nan if ratio is None else ratio
    found.total[row, chunk], found.sharpe[row, chunk] = totals, ratios
    if found.has_drawdown:
        found.drawdown[row, chunk] = falls


def _encoders(
    work: EvaluationBatch,
    strategies: Iterable[tuple[BacktestSpec, Places]],
    places: Places,
    decisions: Decisions,
) -> Iterator[tuple[Places, Encode]]:
    """Blocks of ``places``, and what decides in each of them."""
    unit, strategy = work.unit, work.unit.spec.strategy
    direction, answers = unit.spec.direction, decisions.signals[0].sides()
    given = [side for side, flags in zip(_SIDES["both"], answers, strict=True) if flags is not None]
    sides = tuple(side for side in _SIDES[direction] if side in given)
    grid = grid_of(work, unit.spec, sides)
    if isinstance(strategy, Crossing) and is_nested(strategy):
        nested = NestedGrid(strategy, unit.bars, unit.known, work.scales, work.parameters, work.check_cancelled)
        for block in nested.blocks(places, len(places)):
            for _, ((bits, up, down, _, _, begin),) in nested.prepare(block):
                crossed = dict(zip(_SIDES["both"], (up, down, down, up), strict=True))
                yield block, _of_conditions(bits, {side: (crossed[side], True) for side in _SIDES[direction]}, begin)
    elif isinstance(strategy, Crossing) and len(unit.bars) <= MOST_CROSSED:
        alone = [
            CrossingGrid(strategy, (own,), work.scales, work.parameters, (known,), work.check_cancelled)
            for own, known in zip(unit.bars, unit.known, strict=True)
        ]
        for block in alone[0].blocks(places, len(places)):
            lines = [shared for lines_of in alone for _, shared in lines_of.prepare(block)]
            yield block, _of_crossings(lines, [len(own) for own in unit.bars], direction)
    elif grid is not None:
        for block in grid.blocks(places, len(places)):
            for _, (asked,) in grid.prepare(block):
                conditions, matches = asked[1 : 1 + len(sides)], asked[1 + len(sides) : -1]
                told = dict(zip(sides, zip(conditions, matches, strict=True), strict=True))
                yield block, _of_conditions(asked[0], told, asked[-1])
    else:
        yield from _of_signals(work, strategies)


def _of_conditions(bits: Any, told: dict[Side, tuple[Any, bool]], begin: NDArray[np.int64]) -> Encode:
    """By conditions: for each side that counts the rows of ``bits`` of each combination, and whether all must hold."""
    none = np.empty((len(next(iter(told.values()))[0]), 0), dtype=np.int32), True
    sides, matches = zip(*(told.get(side, none) for side in _SIDES["both"]), strict=True)

    def encode(stream: Stream, chunk: Places) -> tuple[Codes, NDArray[np.int64]]:
        codes = stream.codes(len(chunk))
        for column, symbol in enumerate(stream.symbols):
            first, last = begin[symbol], begin[symbol + 1]
            words = np.empty((4, last - first), dtype=np.uint64)
            at, into = stream.at[column], codes
            kernels().streaming.encode_conditions(bits, sides, matches, first, at, column, chunk, words, into)
        return codes, np.arange(len(chunk))

    return encode


def _of_crossings(lines: Sequence[tuple[Any, Any]], bars: Sequence[int], direction: str) -> Encode:
    """By the lines of each symbol, on so many bars, and the two of each combination."""

    def encode(stream: Stream, chunk: Places) -> tuple[Codes, NDArray[np.int64]]:
        codes, decided = stream.codes(len(chunk)), _CROSSED[direction]
        for column, symbol in enumerate(stream.symbols):
            (rows, pairs), at = lines[symbol], stream.at[column]
            width = rows[1].shape[1]
            lead, events = width - bars[symbol], np.empty(width + 1, dtype=np.int64)
            kernels().streaming.encode_crossings(rows, pairs, lead, decided, at, column, chunk, events, codes)
        return codes, np.arange(len(chunk))

    return encode


def _of_signals(
    work: EvaluationBatch, strategies: Iterable[tuple[BacktestSpec, Places]]
) -> Iterator[tuple[Places, Encode]]:
    """By the signals of each strategy, asked one after the other."""
    unit, row_of = work.unit, np.zeros(len(work.parameters), dtype=np.int64)
    signals: list[Sequence[Signals]] = []
    block: list[Places] = []

    def encode(stream: Stream, chunk: Places) -> tuple[Codes, NDArray[np.int64]]:
        rows, code_of = np.unique(row_of[chunk], return_inverse=True)
        codes = stream.codes(len(rows))
        for own, row in zip(codes, rows.tolist(), strict=True):
            stream.encode(signals[row], unit.spec, own)
        return codes, code_of

    for spec, chosen in strategies:
        row_of[chosen] = len(signals)
        signals.append(decide(spec, unit.bars, work.inputs).signals)
        block.append(chosen)
        if len(signals) == _TOGETHER:
            yield np.concatenate(block), encode
            signals.clear()
            block.clear()
    if block:
        yield np.concatenate(block), encode
