"""Combinations of a crossing whose slow line is made of the fast one, as the average of a line is."""

from __future__ import annotations

from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.kernels import kernels
from engine.backtest.sweeps.grid import Grid, Symbols
from engine.backtest.sweeps.rows import CheckCancelled, Places, groups, unique_rows
from engine.core.axes import ResolvedAxis
from engine.core.cores import logical_cores
from engine.market.bars import Bars, Floats
from engine.strategies.columns import packed
from engine.strategies.crossing import Crossing

_MEMORY = 96e6  # bytes of crossings held at a time
_STEPS = 12  # of the progress, at least: nearly all of the time goes into the lines of a block
_LINES, _WAITING = 64, 4  # slow lines that are asked for together; such parts that may wait to be crossed


class NestedGrid(Grid):
    """The combinations ``parameters`` (combinations, axes) of ``strategy`` on ``bars`` of each symbol, the last ones of
    ``known``.

    Each fast line is computed once, with all of its slow lines, and of the crossings the bars alone are kept: they are
    the conditions of ``kernels.conditions``.
    """

    def __init__(
        self,
        strategy: Crossing,
        bars: Sequence[Bars],
        known: Sequence[Bars],
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        check_cancelled: CheckCancelled,
    ) -> None:
        self._strategy, self._bars, self._known = strategy, bars, known
        self._parameters, self._check_cancelled = parameters, check_cancelled
        paths = {scale.path.removeprefix("strategy."): axis for axis, scale in enumerate(scales)}
        cls = type(strategy)
        self._fast = {name: axis for name, axis in paths.items() if name in cls.fast_fields}
        self._slow = {name: axis for name, axis in paths.items() if name in cls.slow_fields and name not in self._fast}
        self._fixed = [name for name in cls.slow_fields if name not in cls.fast_fields and name not in paths]
        self._scales = scales
        self._begin = np.append(0, np.cumsum([(len(item) + 63) // 64 for item in bars])).astype(np.int64)

    def loops(self) -> tuple[Any, Any]:
        return kernels().conditions.sweep, kernels().conditions.sweep_symbols

    def per_year(self) -> float:
        return self._bars[0].periods_per_year_or_nan()

    def blocks(self, places: Places, most: int) -> Iterator[Places]:
        together = np.concatenate([chosen for _, chosen in groups(self._parameters, [*self._fast.values()], places)])
        size = max(min(int(_MEMORY / (16 * self._begin[-1])), len(places) // _STEPS + 1), 64)
        for start in range(0, len(together), size):
            yield together[start : start + size]

    def prepare(self, block: Places) -> Iterator[tuple[Symbols, tuple[Any, ...]]]:
        rows, label = unique_rows(self._parameters[block][:, [*self._fast.values(), *self._slow.values()]])
        bits = np.zeros((2 * len(rows), int(self._begin[-1])), dtype=np.uint64)
        for symbol in range(len(self._bars)):
            self._fill(bits, rows, symbol)
        sides = [np.zeros((len(self._parameters), 1), dtype=np.int32) for _ in range(2)]
        for number, side in enumerate(sides):
            side[block, 0] = label + number * len(rows)
        yield (0, len(self._bars)), ((bits, *sides, True, True, self._begin),)

    def _fill(self, bits: NDArray[np.uint64], rows: Floats, symbol: int) -> None:
        """The crossings of the distinct combinations ``rows``: those upwards, then those downwards."""
        waiting: deque[Future[None]] = deque()
        every = packed(np.ones(len(self._bars[symbol]), dtype=bool))
        with ThreadPoolExecutor(logical_cores()) as pool:
            for fast, slow, places in self._lines(rows, self._known[symbol]):
                waiting.append(pool.submit(self._cross, bits, symbol, every, fast, slow, places))
                if len(waiting) > _WAITING:
                    waiting.popleft().result()
                self._check_cancelled()
            for left in waiting:
                left.result()

    def _lines(self, rows: Floats, known: Bars) -> Iterator[tuple[Floats, Floats, Places]]:
        """Each fast line of ``rows`` with some of its slow lines, and their places."""
        for values, places in groups(rows, range(len(self._fast))):
            named = zip(self._fast.items(), values.tolist(), strict=True)
            plain = {name: self._scales[axis].plain(value) for (name, axis), value in named}
            strategy = self._strategy.model_copy(update=plain)
            fast = strategy.fast_line(known)
            for start in range(0, len(places), _LINES):
                part = places[start : start + _LINES]
                yield fast, strategy.slow_lines(known, self._values(rows[part])), part

    def _values(self, rows: Floats) -> dict[str, list[Any]]:
        """The values of the fields of slow lines alone."""
        found: dict[str, list[Any]] = {name: [getattr(self._strategy, name)] * len(rows) for name in self._fixed}
        for column, (name, axis) in enumerate(self._slow.items(), len(self._fast)):
            found[name] = [self._scales[axis].plain(value) for value in rows[:, column].tolist()]
        return found

    def _cross(
        self, bits: NDArray[np.uint64], symbol: int, every: NDArray[np.uint64], fast: Floats, slow: Floats, at: Places
    ) -> None:
        """Into the rows ``at`` of ``bits``, and those half of all rows below, where ``fast`` crosses ``slow``."""
        known, lead, loops = len(fast), len(fast) - len(self._bars[symbol]), kernels().comparing
        rises, falls = np.empty((2, len(slow), (known + 63) // 64), dtype=np.uint64)
        loops.cross(fast, np.ascontiguousarray(slow.T), rises, falls)
        loops.store(rises, lead, every, at, bits, self._begin[symbol])
        loops.store(falls, lead, every, at + len(bits) // 2, bits, self._begin[symbol])
