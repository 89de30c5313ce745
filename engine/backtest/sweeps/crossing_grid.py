"""Combinations of a crossing strategy: the two lines of each, and the kernels over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.backtest.kernels import kernels
from engine.backtest.sweeps.grid import Grid, Symbols
from engine.backtest.sweeps.parallel import run_in_parts
from engine.backtest.sweeps.rows import CheckCancelled, Places, never_cancelled, unique_rows
from engine.core.axes import ResolvedAxis
from engine.core.cores import logical_cores
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import Crossing

Line: TypeAlias = Callable[[Bars], Floats]

_MEMORY = 96e6  # bytes of lines and their codes held at a time
_FEWEST = 16  # lines of a symbol that are held whatever their memory
_LINES = 16  # lines computed between two checks for cancellation
_VALUE = 10  # bytes of a line per bar: a float64 and a code


class CrossingGrid(Grid):
    """The combinations ``parameters`` (combinations, axes) of ``strategy`` on the ``bars`` of each symbol, the last
    ones of ``known``.

    Each line is computed once, by the strategy itself, with the bar before the first where there is one, as lines may
    cross on the first. Where they do not all fit into memory, the combinations are evaluated in blocks of fast and slow
    lines.
    """

    def __init__(
        self,
        strategy: Crossing,
        bars: Sequence[Bars],
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        known: Sequence[Bars] | None = None,
        check_cancelled: CheckCancelled = never_cancelled,
    ) -> None:
        self._strategy, self._bars, self._known, self._check_cancelled = strategy, bars, known or bars, check_cancelled
        cls = type(strategy)
        self._sides = tuple(
            _Side(strategy, fields, scales, parameters, check_cancelled)
            for fields in (cls.fast_fields, cls.slow_fields)
        )
        self._pairs = np.empty((len(parameters), 2), dtype=np.int32)

    def loops(self) -> tuple[Any, Any]:
        return kernels().crossing.sweep, kernels().multi_symbol.sweep_symbols

    def per_year(self) -> float:
        return self._bars[0].periods_per_year_or_nan()

    def blocks(self, places: Places, most: int) -> Iterator[Places]:
        """``places`` halved along the side with more lines, until the rest fits."""
        used = [side.used(places) for side in self._sides]
        size, lengths = _VALUE * (len(used[0]) + len(used[1])), [len(item) for item in self._bars]
        room = max(_MEMORY, _FEWEST * _VALUE * max(lengths))
        if size * sum(lengths) <= room or (size * max(lengths) <= room and len(places) <= most):
            yield places
            return
        self._check_cancelled()
        wider = int(len(used[1]) > len(used[0]))
        label, known = self._sides[wider].label[places], used[wider]
        is_below = label < known[len(known) // 2] if len(known) > 1 else np.arange(len(places)) < len(places) // 2
        yield from self.blocks(places[is_below], most)
        yield from self.blocks(places[~is_below], most)

    def prepare(self, block: Places) -> Iterator[tuple[Symbols, tuple[Any, ...]]]:
        """Codes, lines, starts and gaps of the lines in ``block``, and the two of each combination; of several symbols
        in the layout of ``kernels.multi_symbol.sweep_symbols``, of as many at once as fit into memory.
        """
        wanted = self._lines_of(block, self._pairs)
        if len(self._bars) == 1:
            width, bars = self._widths(0)
            codes, lines = np.empty((len(wanted), width), dtype=np.uint16), np.empty((len(wanted), bars), np.int64)
            self._fill(wanted, 0, lines)
            run_in_parts(lambda first, last: kernels().crossing.encode(lines, codes, first, last), bars, 1024)
            yield (0, 1), ((codes, lines, *kernels().crossing.survey(codes, bars)), self._pairs)
            return
        size = max(int(_MEMORY / _VALUE / len(wanted) / max(map(len, self._bars))), 1)
        for first in range(0, len(self._bars), size):
            symbols = (first, min(first + size, len(self._bars)))
            yield symbols, (self._rows(wanted, symbols), self._pairs)

    def _rows(self, wanted: Sequence[Line], symbols: Symbols) -> tuple[NDArray[Any], ...]:
        """Codes, lines, starts and gaps of ``symbols``. The lines are asked for on this thread, while others code what
        is there.
        """
        widths = np.array([self._widths(symbol) for symbol in range(*symbols)])
        begin = np.vstack([[0, 0], np.cumsum(len(wanted) * widths, axis=0)])
        stores = np.empty(begin[-1, 0], np.uint16), np.empty(begin[-1, 1], np.int64)
        coded = []
        with ThreadPoolExecutor(logical_cores()) as pool:
            for symbol, first, last in zip(range(*symbols), begin[:-1], begin[1:], strict=True):
                codes, lines = (
                    store[start:stop].reshape(len(wanted), -1)
                    for store, start, stop in zip(stores, first, last, strict=True)
                )
                self._fill(wanted, symbol, lines)
                coded.append(pool.submit(_coded, lines, codes))
            found = [item.result() for item in coded]
        places = np.column_stack([begin[:-1], widths]).astype(np.int64)
        return *stores, places, *(np.array(column) for column in zip(*found, strict=True))

    def _lines_of(self, block: Places, pairs: NDArray[np.int32]) -> list[Line]:
        """The lines in ``block``, whose ``pairs`` are set to their rows."""
        known: dict[tuple[Any, ...], int] = {}
        lines: list[Line] = []
        for column, side in enumerate(self._sides):
            rows = np.empty(len(side), dtype=np.int32)
            for label in side.used(block):
                updated = side.fields(int(label))
                name = (column if not type(self._strategy).same_lines else 0, *updated.values())
                if name not in known:
                    known[name] = len(lines)
                    strategy = self._strategy.model_copy(update=updated)
                    lines.append(strategy.fast_line if column == 0 else strategy.slow_line)
                rows[label] = known[name]
            pairs[block, column] = rows[side.label[block]]
        return lines

    def _fill(self, lines: Sequence[Line], symbol: int, bits: NDArray[np.int64]) -> None:
        """The ``lines`` of a symbol, as float64 into ``bits``."""
        known, bars = self._known[symbol], bits.shape[1]
        for number, (row, line) in enumerate(zip(bits.view(np.float64), lines, strict=True)):
            row[:] = line(known)[len(known) - bars :]
            if not number % _LINES:
                self._check_cancelled()

    def _widths(self, symbol: int) -> tuple[int, int]:
        """Number of codes and of values of a line of a symbol."""
        bars = len(self._bars[symbol])
        values = bars + (len(self._known[symbol]) > bars)
        return (values + 63) // 64 * 64 + 32, values


def _coded(lines: NDArray[np.int64], codes: NDArray[np.uint16]) -> tuple[NDArray[Any], NDArray[Any]]:
    """Starts and gaps of ``lines``, whose ``codes`` are filled in."""
    kernels().crossing.encode(lines, codes, 0, lines.shape[1])
    starts, gaps = kernels().crossing.survey(codes, lines.shape[1])
    return starts, gaps


class _Side:
    """The distinct values of the fields that one line depends on, and the ``label`` of each combination among them."""

    def __init__(
        self,
        strategy: Crossing,
        fields: Sequence[str],
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        check_cancelled: CheckCancelled,
    ) -> None:
        axes = [axis for axis, scale in enumerate(scales) if scale.path.removeprefix("strategy.") in fields]
        self._rows, label = unique_rows(parameters[:, axes], check_cancelled)
        self.label = label.astype(np.int32)
        self._scales = [scales[axis] for axis in axes]
        self._fixed = {name: getattr(strategy, name) for name in fields}

    def __len__(self) -> int:
        return len(self._rows)

    def used(self, places: Places) -> Places:
        """The labels of the combinations ``places``, ascending."""
        found = np.zeros(len(self), dtype=bool)
        found[self.label[places]] = True
        return np.flatnonzero(found)

    def fields(self, label: int) -> dict[str, Any]:
        """The field values of one label."""
        row = zip(self._scales, self._rows[label].tolist(), strict=True)
        return self._fixed | {scale.path.removeprefix("strategy."): scale.plain(value) for scale, value in row}
