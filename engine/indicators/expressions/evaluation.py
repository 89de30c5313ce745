"""Values of expressions on the bars of one or more symbols."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import cached_property
from threading import Event, Lock
from types import MappingProxyType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.indicators import call_indicator, groups, require_columns
from engine.indicators.expressions.functions import FUNCTIONS
from engine.indicators.expressions.nodes import Column, Line, Node, Number, OfGroup, OfSymbol, Operation, children, walk
from engine.market.availability import align_known, known_at, require_common_time
from engine.market.bars import Bars, Floats, Times
from engine.market.common_calendar import calendar

_BLOCK = 2**13  # values of some moments that are compared at a time: they stay in the processor's cache
NO_OTHERS: Mapping[str, Bars] = MappingProxyType({})


class Evaluation:
    """Expressions of ``bars``, a series a symbol, and of ``others`` by their symbols; a part that several expressions
    have in common is computed once. Where ``nodes`` names all that it will be asked for, a part is let go of when none
    of them needs it any more: the memory that is touched stays small. On several ``threads`` the first question has all
    of ``nodes`` computed side by side: their loops release the interpreter.

    Values are float64 (symbols, longest series): a row holds the symbol's own bars from the left, and NaN after them.
    """

    def __init__(
        self,
        bars: Sequence[Bars],
        others: Mapping[str, Bars] = NO_OTHERS,
        nodes: Sequence[Node] = (),
        threads: int = 1,
    ) -> None:
        self._bars, self._others = tuple(bars), others
        self._needed, self._ahead = uses(nodes), tuple(nodes) if threads > 1 else ()
        self._threads, self._lock = threads, Lock()
        self._begun: dict[Node, Event] = {}
        self._shape = (len(self._bars), max((len(item) for item in self._bars), default=0))
        self._known: dict[Node, Floats] = {}

    def values(self, node: Node) -> Floats:
        """The values of ``node``, read-only. Raises ``DataError`` where a series lacks a column or is missing, or where
        one symbol is to be compared with others.
        """
        if self._ahead:
            ahead, self._ahead = self._ahead, ()
            with ThreadPoolExecutor(self._threads) as pool:
                pool.map(self._value, ahead)  # what fails is asked for again, and says why
        found = np.broadcast_to(self._value(node), self._shape)
        found.setflags(write=False)
        return found

    def row(self, node: Node, place: int) -> Floats:
        """The values of one symbol, a value a bar."""
        return np.array(self.values(node)[place, : len(self._bars[place])])

    def _value(self, node: Node) -> Floats:
        while True:
            with self._lock:
                if (found := self._known.get(node)) is not None:
                    return found
                if (begun := self._begun.get(node)) is None:
                    self._begun[node] = Event()
            if begun is None:
                return self._begin(node)
            begun.wait()  # for another thread, which waits for nothing that needs this node

    def _begin(self, node: Node) -> Floats:
        """Compute ``node``, which no other thread does, and let go of the parts that were needed for it alone."""
        try:
            found = self._computed(node)
            with self._lock:
                self._known[node] = found
                for part in children(node):
                    self._needed[part] -= 1
                    if self._needed[part] == 0:
                        self._known.pop(part, None)
            return found
        finally:
            self._begun.pop(node).set()

    def _computed(self, node: Node) -> Floats:
        match node:
            case Number(value=value):
                return np.float64(value)  # type: ignore[return-value]
            case Column(name=name):
                return self._column(name)
            case Line():
                return self._line(node)
            case OfSymbol():
                return self._of_symbol(node)
            case OfGroup():
                return self._of_group(node)
            case Operation(name=name, inputs=inputs, constants=constants):
                return self._operation(name, [self._value(item) for item in inputs], constants)
        raise TypeError(f"{type(node).__name__} is no part of an expression.")

    def _table(self, rows: Sequence[Floats]) -> Floats:
        found = np.full(self._shape, np.nan)
        for row, values in zip(found, rows, strict=True):
            row[: len(values)] = values
        return found

    def _column(self, name: str) -> Floats:
        for bars in self._bars:
            require_columns(bars, (name,), "the expression")  # type: ignore[arg-type]
        return self._table([getattr(bars, name) for bars in self._bars])

    def _operation(self, name: str, inputs: Sequence[Floats], constants: tuple[float, ...]) -> Floats:
        function = FUNCTIONS[name]
        numbers = [
            int(value) if item.whole else value for value, item in zip(constants, function.constants, strict=True)
        ]
        if function.kind == "elementwise":
            return function.compute(*inputs, *numbers)
        whole = [self._whole(item) for item in inputs]
        if function.kind == "window":
            return function.compute(*whole, *numbers)
        return self._among(lambda panel: function.compute(panel, *numbers), whole[0])

    def _whole(self, values: Floats) -> Floats:
        """A value for each bar of a constant too; never read-only, for which a compiled loop would be compiled anew."""
        return values if np.shape(values) == self._shape else np.array(np.broadcast_to(values, self._shape))

    def _line(self, node: Line) -> Floats:
        """Values of an indicator, with the inputs in place of the columns that it reads."""
        columns, lines = node.indicator.inputs(), []
        inputs = [self._whole(self._value(item)) for item in node.inputs]
        for place, bars in enumerate(self._bars):
            own = [np.ascontiguousarray(values[place, : len(bars)]) for values in inputs]
            changed: dict[str, Any] = dict(zip(columns, own, strict=True)) if own else {}
            series = replace(bars, **changed)
            if not own:
                require_columns(bars, columns, node.indicator.label())
            lines.append(call_indicator.line(node.indicator, series, node.output))
        return self._table(lines)

    def _of_symbol(self, node: OfSymbol) -> Floats:
        if node.symbol not in self._others:
            raise DataError(f"The expression needs {node.symbol}, and it is not there: use it as a feature instead.")
        other = self._others[node.symbol]
        values = Evaluation((other,), self._others).row(node.node, 0)
        found = self._table([align_known(values, known_at(other), bars) for bars in self._bars])
        if not np.isfinite(found).any():
            require_common_time(other, self._bars)
        return found

    def _of_group(self, node: OfGroup) -> Floats:
        own = groups.places(node.groups, [bars.series.symbol for bars in self._bars])
        if len(self._bars) > 1 and (own == groups.NONE).all():
            raise DataError(f"None of the symbols is in the groups {node.groups[:80]}: name those of the market.")
        return self._among(lambda panel: groups.demeaned(panel, own), self._whole(self._value(node.node)))

    def _among(self, compute: Callable[[Floats], Floats], values: Floats) -> Floats:
        """``compute`` of a table (times, symbols). On bars that end at different moments, a row is known once all of
        its bars have ended.
        """
        if len(self._bars) < 2:
            raise DataError("The expression compares symbols with one another: choose two or more.")
        if self._is_aligned:
            found, step = np.empty(self._shape), max(_BLOCK // len(self._bars), 1)
            for start in range(0, self._shape[1], step):
                part = np.ascontiguousarray(values[:, start : start + step].T)
                found[:, start : start + step] = compute(part).T
            return found
        panel = np.full((len(self._calendar), len(self._bars)), np.nan)
        for place, (bars, at) in enumerate(zip(self._bars, self._places, strict=True)):
            panel[at, place] = values[place, : len(bars)]
        found = compute(panel)
        own = [found[at, place] for place, at in enumerate(self._places)]
        if len({(bars.series.interval, bars.series.timezone) for bars in self._bars}) > 1:
            own = [
                align_known(row, self._ends[at], bars)
                for row, at, bars in zip(own, self._places, self._bars, strict=True)
            ]
        return self._table(own)

    @cached_property
    def _is_aligned(self) -> bool:
        """Whether each of the symbols has a bar at each moment, and they end alike: a row is a moment as it stands."""
        kinds = {(bars.series.interval, bars.series.timezone) for bars in self._bars}
        return len(kinds) == 1 and all(len(bars) == len(self._calendar) for bars in self._bars)

    @cached_property
    def _calendar(self) -> Times:
        return calendar(self._bars)

    @cached_property
    def _places(self) -> list[NDArray[np.intp]]:
        """The rows of the common calendar at which each symbol has its bars."""
        return [np.searchsorted(self._calendar, bars.time) for bars in self._bars]

    @cached_property
    def _ends(self) -> Times:
        """The moment at which all bars of a row, and of those before it, have ended."""
        ends = np.full(len(self._calendar), np.datetime64("NaT"), dtype="datetime64[ms]")
        for bars, at in zip(self._bars, self._places, strict=True):
            ends[at] = np.fmax(ends[at], known_at(bars))
        return np.maximum.accumulate(ends)


def uses(nodes: Iterable[Node]) -> Counter[Node]:
    """How often each part of ``nodes`` is needed: by another part, and once more where it is one of them itself."""
    found = Counter(set(nodes))
    parts = {part for node in set(nodes) for part in walk(node)}
    found.update(child for part in parts for child in children(part))
    return found


def compares_symbols(node: Node) -> bool:
    """Whether ``node`` needs the other symbols of a market."""
    return any(
        isinstance(item, OfGroup) or (isinstance(item, Operation) and FUNCTIONS[item.name].kind == "cross-section")
        for item in walk(node)
    )


def symbols(node: Node) -> tuple[str, ...]:
    """The other symbols that ``node`` names, each once."""
    return tuple(dict.fromkeys(item.symbol for item in walk(node) if isinstance(item, OfSymbol)))


def columns(node: Node) -> tuple[str, ...]:
    """The columns of the symbol's own bars that ``node`` reads."""
    match node:
        case Column(name=name):
            return (name,)
        case Line(inputs=()):
            return tuple(node.indicator.inputs())
        case Operation(inputs=inputs) | Line(inputs=inputs):
            return tuple(dict.fromkeys(name for item in inputs for name in columns(item)))
        case OfGroup(node=inner):
            return columns(inner)
        case _:
            return ()


def warm_up(node: Node) -> int:
    """Bars at the start without a value; what another symbol lacks is not counted."""
    match node:
        case Operation(name=name, inputs=inputs, constants=constants):
            function = FUNCTIONS[name]
            own = function.warm_up(*constants)
            return own + max((warm_up(item) for item in inputs), default=0)
        case Line(inputs=inputs):
            outputs = [item.name for item in node.indicator.outputs]
            own = call_indicator.warm_ups(node.indicator)[outputs.index(node.output)]
            return own + max((warm_up(item) for item in inputs), default=0)
        case OfGroup(node=inner):
            return warm_up(inner)
        case _:
            return 0
