"""Decisions of a strategy at the closes of its bars, and the part of them that an account follows."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from engine.backtest.account import encode_signals, encode_weights, one_column, rebalancing
from engine.backtest.kernels.records import EXIT, EXIT_LONG, EXIT_SHORT, GO_LONG, GO_SHORT, REBALANCING
from engine.backtest.measured import Measured, known_of, sizes_of
from engine.backtest.sizings import Size
from engine.market.bars import Bars, Floats, Times
from engine.market.panel import Panel, align, calendar
from engine.strategies import Allocation, Signals
from engine.strategies import call_strategy as asked

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec, Direction

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Requests:
    """What one account is asked for: the ``codes`` of ``kernels.records`` and the ``amounts`` that go with them, both
    (bars, symbols); ``size`` says what the amounts measure, None that they are weights.
    """

    codes: Codes
    amounts: Floats
    size: Size | None


@dataclass(frozen=True, eq=False)
class Decisions(ABC):
    """Contract of decisions at the closes of some symbols' bars.

    ``signals`` are those of each symbol on its own bars, none of an allocation; ``weights`` (bars of the common
    calendar, symbols) are those of an allocation, NaN where there is no decision, and empty of any other strategy.
    ``divides_account`` tells an allocation, which always trades all symbols from one account.
    """

    divides_account: ClassVar[bool]
    signals: tuple[Signals, ...] = ()
    weights: Floats = field(default_factory=lambda: np.empty((0, 0)))

    @abstractmethod
    def for_side(self, direction: Direction) -> Decisions:
        """These, followed on the side ``direction``."""

    @abstractmethod
    def for_symbols(self, places: Sequence[int]) -> Decisions:
        """Those of the symbols at ``places`` alone."""

    @abstractmethod
    def delayed(self, count: int) -> Decisions:
        """The same ``count`` bars later; those of the last bars are lost."""

    @abstractmethod
    def on(self, bars: Measured) -> Decisions:
        """Of decisions on all known bars those on the measured ones."""

    @abstractmethod
    def standing_on(self, bars: Measured, direction: Direction) -> Decisions:
        """``on``, where the first decision is the last one up to then."""

    @abstractmethod
    def since(
        self, start: np.datetime64, bars: Sequence[Bars], direction: Direction, *, resume: bool = False
    ) -> Decisions:
        """Those on ``bars`` from ``start`` on alone; with ``resume`` the last one before it too, at the close right
        before it.
        """

    @abstractmethod
    def holds_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        """Whether the last decision on ``bars`` before ``start`` was to hold something."""

    @abstractmethod
    def missed(self, bars: Measured, direction: Direction) -> list[str]:
        """Symbols in which an account that begins flat waits for the next entry: the last decision before they are
        measured was to hold something, and does not stand.
        """

    @abstractmethod
    def sells_short(self) -> bool:
        """Whether a weight is below zero."""

    @abstractmethod
    def by_symbol(self, bars: Sequence[Bars]) -> list[tuple[Times, Floats]]:
        """Of each symbol the times of its decisions, and these as numbers: entry, exit, short entry and short exit as
        0 and 1 (bars, 4), or a weight (bars, 1), NaN for none.
        """

    @abstractmethod
    def requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> Requests:
        """What the account of ``spec`` is asked for on ``bars``, at the times of ``panel``."""


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

    def on(self, bars: Measured) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(signals=tuple(signals.last(len(item)) for signals, item in pairs))

    def standing_on(self, bars: Measured, direction: Direction) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(signals=tuple(_standing(signals, len(item), direction) for signals, item in pairs))

    def since(
        self, start: np.datetime64, bars: Sequence[Bars], direction: Direction, *, resume: bool = False
    ) -> Decisions:
        pairs = zip(self.signals, bars, strict=True)
        return SignalDecisions(
            signals=tuple(_since(signals, item, start, direction, resume) for signals, item in pairs)
        )

    def holds_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        return any(
            _holds(signals, int(np.searchsorted(item.time, start)), direction)
            for signals, item in zip(self.signals, bars, strict=True)
        )

    def missed(self, bars: Measured, direction: Direction) -> list[str]:
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

    def requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> Requests:
        sizes = sizes_of(spec, bars)
        if len(bars) == 1:
            codes = one_column(encode_signals(self.signals[0], spec.direction))
            return Requests(_rebalanced(spec, codes, panel), one_column(sizes[0].amount), sizes[0])
        codes = np.zeros((len(panel), len(bars)), dtype=np.int64)
        amounts = np.full(codes.shape, np.nan)
        for index, (item, signals, size) in enumerate(zip(bars, self.signals, sizes, strict=True)):
            rows = np.searchsorted(panel.time, item.time)
            codes[rows, index] = encode_signals(signals, spec.direction)
            until = np.append(rows, len(panel))  # where there is no bar the size is that of the last one
            amounts[until[0] :, index] = np.repeat(size.amount, np.diff(until))
        return Requests(_rebalanced(spec, codes, panel), amounts, sizes[0])


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

    def on(self, bars: Measured) -> Decisions:
        return WeightDecisions(weights=self._on(bars))

    def _on(self, bars: Measured) -> Floats:
        return np.asarray(self.weights[np.searchsorted(calendar(bars.known), calendar(bars))])

    def standing_on(self, bars: Measured, direction: Direction) -> Decisions:
        first = int(np.searchsorted(calendar(bars.known), calendar(bars)[0]))
        return WeightDecisions(
            weights=np.concatenate((_last_weights(self.weights[: first + 1])[None], self._on(bars)[1:]))
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

    def holds_before(self, start: np.datetime64, bars: Sequence[Bars], direction: Direction) -> bool:
        first = int(np.searchsorted(calendar(bars), start))
        return bool(first) and bool(np.any(np.nan_to_num(_last_weights(self.weights[:first]))))

    def missed(self, bars: Measured, direction: Direction) -> list[str]:
        return []

    def sells_short(self) -> bool:
        return bool((self.weights < 0).any())

    def by_symbol(self, bars: Sequence[Bars]) -> list[tuple[Times, Floats]]:
        time = calendar(bars)
        return [(time, self.weights[:, [place]]) for place in range(len(bars))]

    def requests(self, spec: BacktestSpec, bars: Sequence[Bars], panel: Panel) -> Requests:
        part = spec.sizing.fixed_part() or 1.0
        return Requests(encode_weights(self.weights), self.weights * part, None)


def decide(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    """What the strategy of ``spec`` decides on ``bars``, by all that is known where they are ``Measured``; weights of
    its side alone. Raises ``StrategyError`` where the strategy's code fails.
    """
    found = decide_on_all(spec, known_of(bars), inputs).for_side(spec.direction)
    return begun(spec, found, bars) if isinstance(bars, Measured) else found


def decide_on_all(spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any]) -> Decisions:
    """What the strategy of ``spec`` decides on ``bars`` themselves, on both sides."""
    if isinstance(spec.strategy, Allocation):
        return WeightDecisions(weights=asked.weights(spec.strategy, align(bars), inputs))
    return SignalDecisions(signals=tuple(asked.signals(spec.strategy, item, inputs) for item in bars))


def begun(spec: BacktestSpec, known: Decisions, bars: Measured) -> Decisions:
    """``known`` for an account that begins flat with ``bars``: with the last decision up to the first close where that
    stands (``Strategy.stands``).
    """
    return known.standing_on(bars, spec.direction) if spec.strategy.stands else known.on(bars)


def _rebalanced(spec: BacktestSpec, codes: Codes, panel: Panel) -> Codes:
    """``codes`` (bars, symbols) that also ask for what is held to be resized; of symbols with cash of their own as they
    are.
    """
    if spec.cash == "separate" or spec.rebalance == "never":
        return codes
    return np.where(rebalancing(panel.days, spec.rebalance)[:, None], codes | REBALANCING, codes)


def _standing(signals: Signals, count: int, direction: Direction) -> Signals:
    """The ``last`` ``count`` bars of ``signals``, whose first decision is the last one up to then."""
    part, earlier = signals.last(count), len(signals.entries) - count
    last = _last_decision(signals, earlier + 1, direction)
    if not earlier or not count or last is None:
        return part

    def at_first(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        taken = flags[earlier:].copy()
        taken[0] = flags[last]
        return taken

    return signals.changed(at_first)


def _since(signals: Signals, bars: Bars, start: np.datetime64, direction: Direction, resume: bool) -> Signals:
    first = int(np.searchsorted(bars.time, start))
    last = _last_decision(signals, first, direction) if resume else None

    def part(flags: NDArray[np.bool_]) -> NDArray[np.bool_]:
        kept = flags.copy()
        kept[:first] = False
        if last is not None:
            kept[first - 1] = flags[last]
        return kept

    return signals.changed(part)


def _holds(signals: Signals, stop: int, direction: Direction) -> bool:
    """Whether the last decision before the bar ``stop`` is to hold something."""
    last = _last_decision(signals, stop, direction)
    return last is not None and encode_signals(signals, direction)[last] in (GO_LONG, GO_SHORT)


def _last_decision(signals: Signals, stop: int, direction: Direction) -> int | None:
    """The bar before ``stop`` on which something was decided last; the exit of a side that was not to be held decided
    nothing.
    """
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
