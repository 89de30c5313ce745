"""Decisions of a strategy at the closes of its bars, and the orders that an account receives from them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.backtest.account import Codes, encode_signals, encode_weights, one_column, rebalancing
from engine.backtest.kernels.records import EXIT, EXIT_LONG, EXIT_SHORT, GO_LONG, GO_SHORT, REBALANCING
from engine.backtest.measured import MeasuredBars, known_of, sizes_of, stop_distances_of
from engine.backtest.sizings import Size
from engine.market.bars import Bars, Floats, Times
from engine.market.common_calendar import calendar
from engine.market.panel import Panel, align
from engine.strategies import Allocation, Signals
from engine.strategies import call_strategy as asked

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec, Direction


@dataclass(frozen=True, eq=False)
class OrderRequests:
    """Decisions of one account: ``codes`` of ``kernels.records`` and the ``amounts`` that go with them, both (bars,
    symbols); ``size`` defines what the amounts measure, None for weights. ``stops`` (bars, symbols) are the distances
    of the stop of what is entered, empty where they are not decided bar by bar.
    """

    codes: Codes
    amounts: Floats
    size: Size | None
    stops: Floats = field(default_factory=lambda: np.empty((0, 0)))


@dataclass(frozen=True, eq=False)
class Decisions(ABC):
    """Contract of decisions at the closes of some symbols' bars.

    ``signals`` are those of each symbol on its own bars, empty for an allocation; ``weights`` (bars of the common
    calendar, symbols) are those of an allocation, NaN where there is no decision, and empty for any other strategy.
    ``divides_account`` marks an allocation, which always trades all symbols from one account.
    """

    divides_account: ClassVar[bool]
    signals: tuple[Signals, ...] = ()
    weights: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @abstractmethod
    def for_side(self, direction: Direction) -> Decisions:
        """The decisions of one side; weights of the other side become zero."""

    @abstractmethod
    def for_symbols(self, places: Sequence[int]) -> Decisions:
        """The decisions of the symbols at ``places``."""

    @abstractmethod
    def delayed(self, count: int) -> Decisions:
        """The decisions shifted by ``count`` bars; those of the last bars are dropped."""

    @abstractmethod
    def on(self, bars: MeasuredBars) -> Decisions:
        """Decisions on all known bars restricted to the measured ones."""

    @abstractmethod
    def carried_into(self, bars: MeasuredBars, direction: Direction) -> Decisions:
        """``on``, with the last decision up to the first measured bar carried forward to it."""

    @abstractmethod
    def since(
        self, start: np.datetime64, bars: Sequence[Bars], direction: Direction, *, resume: bool = False
    ) -> Decisions:
        """Decisions on ``bars`` from ``start`` on; with ``resume`` also the last one before, carried forward to the
        close right before ``start``.
        """

    @abstractmethod
    def in_position_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        """Whether the last decision on ``bars`` before ``start`` left a position open."""

    @abstractmethod
    def missed_entries(self, bars: MeasuredBars, direction: Direction) -> list[str]:
        """Symbols in which an account that begins flat waits for the next entry, although the last decision before the
        measured bars was one.
        """

    @abstractmethod
    def sells_short(self) -> bool:
        """Whether a weight is below zero."""

    @abstractmethod
    def by_symbol(self, bars: Sequence[Bars]) -> list[tuple[Times, Floats]]:
        """The times and decisions of each symbol, as numbers: entry, exit, short entry and short exit as 0 and 1 (bars,
        4), or a weight (bars, 1), NaN for none.
        """

    @abstractmethod
    def order_requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> OrderRequests:
        """The input of the account of ``spec`` on ``bars``, at the times of ``panel``."""


@dataclass(frozen=True, eq=False)
class SignalDecisions(Decisions):
    """``signals`` of each symbol."""

    divides_account: ClassVar[bool] = False

    def for_side(self, direction: Direction) -> Decisions:
        return self

    def for_symbols(self, places: Sequence[int]) -> Decisions:
        return SignalDecisions(signals=tuple(self.signals[place] for place in places))

    def delayed(self, count: int) -> Decisions:
        def late(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
            moved = np.zeros_like(flags)
            moved[count:] = flags[:-count]
            return moved

        return SignalDecisions(signals=tuple(signals.changed(late) for signals in self.signals)) if count else self

    def on(self, bars: MeasuredBars) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(signals=tuple(signals.last(len(item)) for signals, item in pairs))

    def carried_into(self, bars: MeasuredBars, direction: Direction) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(signals=tuple(_last_bars(signals, len(item), direction) for signals, item in pairs))

    def since(
        self, start: np.datetime64, bars: Sequence[Bars], direction: Direction, *, resume: bool = False
    ) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(
            signals=tuple(_signals_since(signals, item, start, direction, resume) for signals, item in pairs)
        )

    def in_position_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        return any(
            _holds(signals, int(np.searchsorted(item.time, start)), direction)
            for signals, item in zip(self.signals, bars, strict=True)
        )

    def missed_entries(self, bars: MeasuredBars, direction: Direction) -> list[str]:
        found = []
        for item, signals in zip(bars, self.signals, strict=True):
            first = len(signals.entries) - len(item)
            last = _last_decision(signals, first + 1, direction)
            if last is not None and last < first and _holds(signals, first + 1, direction):
                found.append(item.series.symbol)
        return found

    def sells_short(self) -> bool:
        return False

    def by_symbol(self, bars: Sequence[Bars]) -> list[tuple[Times, Floats]]:
        return [(item.time, _as_numbers(signals)) for item, signals in zip(bars, self.signals, strict=True)]

    def order_requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> OrderRequests:
        sizes, distances = sizes_of(spec, bars), stop_distances_of(spec, bars)
        codes = np.zeros((len(panel), len(bars)), dtype=np.int64)
        for index, (item, signals) in enumerate(zip(bars, self.signals, strict=True)):
            codes[np.searchsorted(panel.time, item.time), index] = encode_signals(signals, spec.direction)
        amounts = _carried(bars, [size.amount for size in sizes], panel)
        stops = {"stops": _carried(bars, distances, panel)} if distances else {}
        return OrderRequests(_rebalanced(spec, codes, panel), amounts, sizes[0], **stops)


@dataclass(frozen=True, eq=False)
class WeightDecisions(Decisions):
    """``weights`` of an allocation."""

    divides_account: ClassVar[bool] = True

    def for_side(self, direction: Direction) -> Decisions:
        return WeightDecisions(weights=np.maximum(self.weights, 0.0)) if direction == "long" else self

    def for_symbols(self, places: Sequence[int]) -> Decisions:
        return self if len(places) == self.weights.shape[1] else WeightDecisions(weights=self.weights[:, list(places)])

    def delayed(self, count: int) -> Decisions:
        if not count:
            return self
        late = np.full_like(self.weights, np.nan)
        late[count:] = self.weights[:-count]
        return WeightDecisions(weights=late)

    def on(self, bars: MeasuredBars) -> Decisions:
        return WeightDecisions(weights=self._weights_on(bars))

    def _weights_on(self, bars: MeasuredBars) -> Floats:
        return np.asarray(self.weights[np.searchsorted(calendar(bars.known), calendar(bars))])

    def carried_into(self, bars: MeasuredBars, direction: Direction) -> Decisions:
        first = int(np.searchsorted(calendar(bars.known), calendar(bars)[0]))
        return WeightDecisions(
            weights=np.concatenate((_last_weights(self.weights[: first + 1])[None], self._weights_on(bars)[1:]))
        )

    def since(
        self, start: np.datetime64, bars: Sequence[Bars], direction: Direction, *, resume: bool = False
    ) -> Decisions:
        first = int(np.searchsorted(calendar(bars), start))
        weights = self.weights.copy()
        weights[:first] = np.nan
        if resume and first:
            weights[first - 1] = _last_weights(self.weights[:first])
        return WeightDecisions(weights=weights)

    def in_position_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        first = int(np.searchsorted(calendar(bars), start))
        return bool(first) and bool(np.any(np.nan_to_num(_last_weights(self.weights[:first]))))

    def missed_entries(self, bars: MeasuredBars, direction: Direction) -> list[str]:
        return []

    def sells_short(self) -> bool:
        return bool((self.weights < 0).any())

    def by_symbol(self, bars: Sequence[Bars]) -> list[tuple[Times, Floats]]:
        time = calendar(bars)
        return [(time, self.weights[:, [place]]) for place in range(len(bars))]

    def order_requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> OrderRequests:
        part = spec.sizing.fixed_part() or 1.0
        return OrderRequests(encode_weights(self.weights), self.weights * part, None)


def decide(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    """Decisions of the strategy of ``spec`` on ``bars``, with their lookback where they are ``MeasuredBars``; weights
    of its side alone. Raises ``StrategyError`` where the strategy's code fails.
    """
    found = decide_both_sides(spec, known_of(bars), inputs).for_side(spec.direction)
    return from_flat(spec, found, bars) if isinstance(bars, MeasuredBars) else found


def decide_both_sides(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    """Decisions of the strategy of ``spec`` on ``bars`` themselves, on both sides."""
    if isinstance(spec.strategy, Allocation):
        return WeightDecisions(weights=asked.weights(spec.strategy, align(bars), inputs))
    return SignalDecisions(signals=tuple(asked.signals(spec.strategy, item, inputs) for item in bars))


def account_panel(bars: Sequence[Bars], decisions: Decisions) -> Panel:
    """The prices of an account of ``bars``, on the bars on which ``decisions`` and a rebalancing can be made.

    A period may begin on a bar that only a symbol has which is still warming up; weights are those of ``bars`` alone.
    """
    if isinstance(bars, MeasuredBars) and not decisions.divides_account:
        return align(bars.on_calendar)
    return align(bars)


def from_flat(spec: BacktestSpec, known: Decisions, bars: MeasuredBars) -> Decisions:
    """``known`` for an account that begins flat with ``bars``; the last decision up to the first close is carried
    forward where ``Strategy.carries_decisions``.
    """
    return known.carried_into(bars, spec.direction) if spec.strategy.carries_decisions else known.on(bars)


def _carried(bars: Sequence[Bars], values: Sequence[Floats], panel: Panel) -> Floats:
    """``values`` of each symbol as (bars, symbols) of ``panel``; where a symbol has no bar that of its last one."""
    if len(bars) == 1:
        return one_column(values[0])
    found = np.full((len(panel), len(bars)), np.nan)
    for index, (item, own) in enumerate(zip(bars, values, strict=True)):
        until = np.append(np.searchsorted(panel.time, item.time), len(panel))
        found[until[0] :, index] = np.repeat(own, np.diff(until))
    return found


def _rebalanced(spec: BacktestSpec, codes: Codes, panel: Panel) -> Codes:
    """``codes`` (bars, symbols) with ``REBALANCING`` at the first close of each period, where the cash is shared."""
    if spec.cash == "separate" or spec.rebalance == "never":
        return codes
    return np.where(rebalancing(panel.days, spec.rebalance)[:, None], codes | REBALANCING, codes)


def _last_bars(signals: Signals, count: int, direction: Direction) -> Signals:
    """The last ``count`` bars of ``signals``, with the last decision up to the first of them carried forward to it."""
    part, earlier = signals.last(count), len(signals.entries) - count
    last = _last_decision(signals, earlier + 1, direction)
    if not earlier or not count or last is None:
        return part

    def at_first(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        taken = flags[earlier:].copy()
        taken[0] = flags[last]
        return taken

    return signals.changed(at_first)


def _signals_since(signals: Signals, bars: Bars, start: np.datetime64, direction: Direction, resume: bool) -> Signals:
    first = int(np.searchsorted(bars.time, start))
    last = _last_decision(signals, first, direction) if resume else None

    def part(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        result = flags.copy()
        result[:first] = False
        if last is not None:
            result[first - 1] = flags[last]
        return result

    return signals.changed(part)


def _holds(signals: Signals, stop: int, direction: Direction) -> bool:
    """Whether the last decision before the bar ``stop`` is an entry."""
    last = _last_decision(signals, stop, direction)
    return last is not None and encode_signals(signals, direction)[last] in (GO_LONG, GO_SHORT)


def _last_decision(signals: Signals, stop: int, direction: Direction) -> int | None:
    """The last bar before ``stop`` with a decision; the exit of a side that is not held decides nothing."""
    codes = encode_signals(signals, direction)[:stop]
    entries = np.flatnonzero((codes == GO_LONG) | (codes == GO_SHORT))
    found = np.flatnonzero(codes)
    if not len(entries):
        return int(found[-1]) if len(found) else None
    last = int(entries[-1])
    own = EXIT_LONG if codes[last] == GO_LONG else EXIT_SHORT
    ends = np.flatnonzero((codes[last:] == own) | (codes[last:] == EXIT))
    return last + int(ends[-1]) if len(ends) else last


def _last_weights(known: Floats) -> Floats:
    """Each symbol's last weight; NaN where there is none."""
    row = np.where(np.isnan(known), -1, np.arange(len(known))[:, None]).max(axis=0)
    return np.where(row >= 0, known[row, np.arange(known.shape[1])], np.nan)


def _as_numbers(signals: Signals) -> Floats:
    """Decisions of one symbol as 0 and 1, (bars, 4)."""
    none = np.zeros(len(signals.entries), dtype=bool)
    return np.column_stack([none if flags is None else flags for flags in signals.sides()]).astype(np.float64)
