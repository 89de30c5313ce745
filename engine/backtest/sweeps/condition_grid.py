"""Combinations of a strategy of conditions: the rows of words of each, and the kernels over them."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from itertools import islice
from typing import TYPE_CHECKING, Any, TypeAlias, TypeVar

import numpy as np
from numpy.typing import NDArray

from engine.backtest.kernels import kernels
from engine.backtest.sweeps.accounts import EvaluationBatch
from engine.backtest.sweeps.common_segment import slowest_strategy
from engine.backtest.sweeps.grid import Grid, Symbols
from engine.backtest.sweeps.rows import CheckCancelled, Places, groups, unique_rows
from engine.backtest.sweeps.validity import part_axes, strategy_of
from engine.core.axes import ResolvedAxis
from engine.core.cores import logical_cores
from engine.market.bars import Bars, Floats
from engine.strategies import Strategy, call_strategy
from engine.strategies.columns import Column, Words, packed
from engine.strategies.conditional import LONG_SIDES, Conditional, Side
from engine.strategies.flags import Flags

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_MEMORY = 96e6  # bytes of conditions held at a time
_WORDS, _ARRAYS = 512, 16  # conditions that are asked as one: as words, or as arrays that stay in the processor's cache
_TOGETHER, _WAITING = 2, 8  # answers that another thread makes words of at once, and such parts that may wait for it
_STACKED = 16  # values of the fields that decide lines that a condition is asked for at once
_STRATEGY = "strategy."

_Item = TypeVar("_Item")
_Answer: TypeAlias = Words | NDArray[np.uint64]


@dataclass
class _Condition:
    """A condition of a side, by its ``name``, the ``axes`` that it depends on, as far as is known, and how many of it
    are asked ``together``.
    """

    name: str
    axes: list[int] = field(default_factory=list)
    together: int = _WORDS


class _AnotherAxis(Exception):
    """A condition has read a field of an axis that it did not read before."""


def structure(strategy: Strategy, scales: Sequence[ResolvedAxis]) -> list[int]:
    """The axes that say how the sides of ``strategy`` are made of their parts, and so are none of a part."""
    parts = part_axes(strategy, scales)
    alone = {axis for axes in parts.values() for axis in axes}
    own = [axis for axis, scale in enumerate(scales) if scale.path.startswith(_STRATEGY)]
    return [axis for axis in own if axis not in alone] if parts else []


def grid_of(work: EvaluationBatch, spec: BacktestSpec, sides: Sequence[Side] = LONG_SIDES) -> ConditionGrid | None:
    """The combinations of ``work`` with the ``sides`` of the strategy of ``spec``; None where that is no
    ``Conditional``, decides before the measured bars, or may still warm up in them.
    """
    strategy, unit = spec.strategy, work.unit
    if not isinstance(strategy, Conditional) or strategy.carries_decisions:
        return None
    inner = [work.scales[axis] for axis in work.strategy_axes()]
    most = work.parameters[:, work.strategy_axes()].max(axis=0)
    slowest = slowest_strategy(strategy, inner, most) if inner else strategy
    lead = min(len(known) - len(bars) for known, bars in zip(unit.known, unit.bars, strict=True))
    if slowest is None or slowest.warm_up() > lead:
        return None
    return ConditionGrid(strategy, unit.bars, unit.known, work.scales, work.parameters, work.check_cancelled, sides)


def batched(items: Iterable[_Item], size: int) -> Iterator[list[_Item]]:
    """``items`` in lists of ``size``, the last one of what is left."""
    rest = iter(items)
    while part := list(islice(rest, size)):
        yield part


class ConditionGrid(Grid):
    """The combinations ``parameters`` (combinations, axes) of ``strategy`` on ``bars`` of each symbol, the last ones of
    ``known``.

    Each condition is asked once for each distinct row of the axes whose fields it reads, by the strategy itself. Where
    the answers do not all fit into memory, the combinations are evaluated in blocks.
    """

    def __init__(
        self,
        strategy: Conditional,
        bars: Sequence[Bars],
        known: Sequence[Bars],
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        check_cancelled: CheckCancelled,
        sides: Sequence[Side] = LONG_SIDES,
    ) -> None:
        self._strategy, self._bars, self._known = strategy, bars, known
        self._scales, self._parameters, self._check_cancelled = scales, parameters, check_cancelled
        self._axes = [axis for axis, scale in enumerate(scales) if scale.path.startswith(_STRATEGY)]
        self._fields = {axis: scales[axis].path.removeprefix(_STRATEGY) for axis in self._axes}
        self._begin = np.append(0, np.cumsum([(len(item) + 63) // 64 for item in bars])).astype(np.int64)
        self._matches = [parts is None or parts.match == "all" for parts in map(strategy.parts, sides)]
        self._sides = [self._conditions(side) for side in sides]

    def loops(self) -> tuple[Any, Any]:
        return kernels().conditions.sweep, kernels().conditions.sweep_symbols

    def per_year(self) -> float:
        return self._bars[0].periods_per_year_or_nan()

    def blocks(self, places: Places, most: int) -> Iterator[Places]:
        self._probe(int(places[0]))
        return self._blocks(places)

    def _conditions(self, side: Side) -> list[_Condition]:
        """Those of ``side``. Of a part the axes are known, of others those that the first combination reads."""
        parts = self._strategy.parts(side)
        if parts is None:
            return [_Condition(side)]
        axes = part_axes(self._strategy, self._scales)
        return [_Condition(path, axes[path]) for path in parts.paths]

    def _probe(self, combination: int) -> None:
        """Note the axes that each condition depends on for one combination; others may read more."""
        for item in (item for side in self._sides for item in side if "." not in item.name):
            with suppress(_AnotherAxis):
                self._ask(item, np.array([combination]), self._known[0])

    def asks(self, places: Places) -> int:
        """How many conditions are asked for the combinations ``places``, at least."""
        self._probe(int(places[0]))
        return sum(self._sizes(places)[1])

    def _sizes(self, places: Places) -> tuple[list[Places], list[int]]:
        """For each condition the label of each of ``places`` among its distinct rows, and how many those are."""
        labels = [unique_rows(self._parameters[places][:, item.axes])[1] for side in self._sides for item in side]
        return labels, [int(label.max(initial=-1)) + 1 for label in labels]

    def _blocks(self, places: Places) -> Iterator[Places]:
        """``places`` in parts whose conditions fit into memory."""
        limit = max(int(_MEMORY / (8 * self._begin[-1])), 64)
        labels, sizes = self._sizes(places)
        if sum(sizes) <= limit or len(places) <= limit // 2:
            yield places
            return
        order = np.argsort(labels[int(np.argmax(sizes))], kind="stable")
        self._check_cancelled()
        for half in np.array_split(places[order], 2):
            yield from self._blocks(half)

    def prepare(self, block: Places) -> Iterator[tuple[Symbols, tuple[Any, ...]]]:
        """The combinations of ``block`` in the layout of ``kernels.conditions``, all symbols at once."""
        while True:
            try:
                asked = self._asked(block)
            except _AnotherAxis:
                continue
            yield (0, len(self._bars)), (asked,)
            return

    def _asked(self, block: Places) -> tuple[Any, ...]:
        tables: list[tuple[_Condition, Places]] = []
        of_side = [np.zeros((len(self._parameters), len(side)), dtype=np.int32) for side in self._sides]
        count = 0
        for side, conditions in zip(of_side, self._sides, strict=True):
            for column, item in enumerate(conditions):
                rows, label = unique_rows(self._parameters[block][:, item.axes], self._check_cancelled)
                first = np.zeros(len(rows), dtype=np.int64)
                first[label[::-1]] = block[::-1]
                tables.append((item, first))
                side[block, column] = label + count
                count += len(rows)
        bits = np.zeros((count, int(self._begin[-1])), dtype=np.uint64)
        for symbol in range(len(self._bars)):
            self._fill(bits, tables, symbol)
        return bits, *of_side, *self._matches, self._begin

    def _fill(self, bits: NDArray[np.uint64], tables: Sequence[tuple[_Condition, Places]], symbol: int) -> None:
        """The words of a symbol: in ``tables`` the combinations that are asked, for each condition. The strategy is
        asked on this thread, while others make words of what it has answered.
        """
        following: deque[Future[None]] = deque()
        priced = packed(np.isfinite(self._known[symbol].close)[-len(self._bars[symbol]) :])
        with ThreadPoolExecutor(logical_cores()) as pool:
            for answers in batched(self._answers(tables, symbol), _TOGETHER):
                following.append(pool.submit(self._store, bits, answers, priced, symbol))
                if len(following) > _WAITING:
                    following.popleft().result()
                self._check_cancelled()
            for left in following:
                left.result()

    def _answers(self, tables: Sequence[tuple[_Condition, Places]], symbol: int) -> Iterator[tuple[_Answer, Places]]:
        """What is asked by ``tables``, and the rows of each answer."""
        row, known = 0, self._known[symbol]
        for item, combinations in tables:
            apart = [axis for axis in item.axes if self._fields[axis] not in self._strategy.elementwise]
            waiting = deque(same for _, same in groups(self._parameters[combinations], apart))
            while len(waiting) > 1 and self._stacks(item):
                part = list(islice(waiting, _STACKED))
                answer = self._ask_stacked(item, combinations, part, apart, known)
                if answer is None:
                    break
                yield answer, row + np.concatenate(part)
                for _ in part:
                    waiting.popleft()
            for places in self._asked_together(item, waiting):
                found = self._ask(item, combinations[places], known)
                yield found if isinstance(found, Words) else packed(found), row + places
            row += len(combinations)

    def _stacks(self, item: _Condition) -> bool:
        """Whether several values of the fields that decide the lines of ``item`` can be given to it at once."""
        return "." not in item.name and not any("." in name for name in self._fields.values())

    def _ask_stacked(
        self, item: _Condition, combinations: Places, part: Sequence[Places], apart: Sequence[int], bars: Bars
    ) -> _Answer | None:
        """The answers to the groups ``part`` of ``combinations``, which differ along the axes ``apart``, one after the
        other; None where they are not asked for the same values along the others, or cannot be asked together.
        """
        size, elementwise = len(part[0]), [axis for axis in item.axes if axis not in apart]
        if any(len(same) != size for same in part) or size > _WORDS:
            return None
        rows = self._parameters[combinations[np.concatenate(part)]].reshape(len(part), size, -1)
        if (rows[..., elementwise] != rows[:1, :, elementwise]).any():
            return None
        compare, first = kernels().comparing.compare, rows[0, 0].tolist()
        values: dict[str, Any] = {name: self._scales[axis].plain(first[axis]) for axis, name in self._fields.items()}
        if size > 1:
            values |= {self._fields[axis]: Column(rows[0][:, [axis]], compare) for axis in elementwise}
        several = {
            self._fields[axis]: [self._scales[axis].plain(value) for value in rows[:, 0, axis].tolist()]
            for axis in apart
        }
        answer = call_strategy.stacked_condition(self._strategy, item.name, bars, values, several)
        if answer is None:
            return None
        self._note(item, answer[1])
        return answer[0] if isinstance(answer[0], Words) else packed(answer[0])

    def _store(
        self,
        bits: NDArray[np.uint64],
        answers: Sequence[tuple[_Answer, Places]],
        priced: NDArray[np.uint64],
        symbol: int,
    ) -> None:
        """The words of ``answers`` into their rows of ``bits``, on bars that are ``priced``."""
        lead, store = len(self._known[symbol]) - len(self._bars[symbol]), kernels().comparing.store
        for answer, rows in answers:
            words = answer.words if isinstance(answer, Words) else answer
            store(np.atleast_2d(words), lead, priced, rows, bits, self._begin[symbol])

    def _asked_together(self, item: _Condition, groups_of: Iterable[Places]) -> Iterator[Places]:
        """Parts of ``groups_of``, the combinations which differ in elementwise fields alone, that are asked as one."""
        for same in groups_of:
            start = 0
            while start < len(same):
                size = item.together
                yield same[start : start + size]
                start += size

    def _ask(self, item: _Condition, combinations: Places, bars: Bars) -> Flags | Words:
        strategy, values = self._of(combinations)
        found, read = call_strategy.condition(strategy, item.name, bars, values, len(combinations))
        if "." not in item.name:
            self._note(item, read)
        if not isinstance(found, Words) and found.ndim > 1:
            item.together = _ARRAYS
        return found

    def _note(self, item: _Condition, read: frozenset[str]) -> None:
        """Note the axes of the fields that ``item`` has ``read``. Raises ``_AnotherAxis`` if it did not before."""
        wanted = [axis for axis in self._axes if self._fields[axis].partition(".")[0] in read]
        if not set(wanted) <= set(item.axes):
            item.axes = sorted({*item.axes, *wanted})
            raise _AnotherAxis

    def _of(self, combinations: Places) -> tuple[Conditional, dict[str, Any]]:
        """Strategy and values of its fields for ``combinations`` that differ in elementwise fields alone, which become
        columns.
        """
        rows = self._parameters[combinations]
        if any("." in name for name in self._fields.values()):
            return strategy_of(self._strategy, [self._scales[axis] for axis in self._axes], rows[0, self._axes]), {}
        many = self._strategy.elementwise if len(rows) > 1 else ()
        compare, first = kernels().comparing.compare, rows[0].tolist()
        return self._strategy, {
            name: Column(rows[:, [axis]], compare) if name in many else self._scales[axis].plain(first[axis])
            for axis, name in self._fields.items()
        }
