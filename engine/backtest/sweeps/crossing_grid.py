"""Combinations of a crossing strategy: the two lines of each, and the kernels over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from engine.backtest.kernels import kernels
from engine.backtest.sweeps.grid import Grid
from engine.backtest.sweeps.parallel import run_in_parts
from engine.backtest.sweeps.rows import CheckCancelled, Places, argsort_labels, never_cancelled, unique_rows
from engine.core.axes import ResolvedAxis
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import Crossing

Line: TypeAlias = Callable[[Bars], Floats]

_MEMORY = 96e6  # bytes of lines and their codes held at a time
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

    def prepare(self, block: Places, several: bool) -> tuple[Any, ...]:
        """Codes, lines, starts and gaps of the lines in ``block``, and the two of each combination."""
        return self._rows(block, self._pairs, several), self._pairs

    def blocks(self, places: Places) -> Iterator[Places]:
        limit = max(int(_MEMORY / _VALUE / max(sum(map(len, self._bars)), 1)), 16)
        fast, slow = (side.label[places] for side in self._sides)
        if len(self._sides[0]) + len(self._sides[1]) <= limit:
            yield places
            return
        part = limit // 2
        across = int(slow.max()) // part + 1
        block = (fast // part).astype(np.int64) * across + slow // part
        order = argsort_labels(block, (int(fast.max()) // part + 1) * across)
        self._check_cancelled()
        for piece in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
            yield places[piece]

    def _rows(self, block: Places, pairs: NDArray[np.int32], several: bool) -> tuple[NDArray[Any], ...]:
        """Codes, lines, starts and gaps of the lines in ``block``, whose ``pairs`` are set to their rows; for
        ``several`` symbols in the layout of ``kernels.multi_symbol.sweep_symbols``.
        """
        wanted = self._lines_of(block, pairs)
        if not several:
            widths = self._widths(0)
            codes = np.empty((len(wanted), widths[0]), dtype=np.uint16)
            lines = np.empty((len(wanted), widths[1]), dtype=np.int64)
            return codes, lines, *self._code(wanted, 0, codes, lines)
        sizes = len(wanted) * np.array([self._widths(symbol) for symbol in range(len(self._bars))])
        begin = np.vstack([[0, 0], np.cumsum(sizes, axis=0)])
        stores = np.empty(begin[-1, 0], np.uint16), np.empty(begin[-1, 1], np.int64)
        found = []
        for number in range(len(self._bars)):
            own = [
                store[first:last].reshape(len(wanted), -1)
                for store, first, last in zip(stores, begin[number], begin[number + 1], strict=True)
            ]
            found.append(self._code(wanted, number, own[0], own[1]))
        places = np.column_stack([begin[:-1], sizes // max(len(wanted), 1)]).astype(np.int64)
        return *stores, places, *(np.array(column) for column in zip(*found, strict=True))

    def _lines_of(self, block: Places, pairs: NDArray[np.int32]) -> list[Line]:
        """The lines in ``block``, whose ``pairs`` are set to their rows."""
        known: dict[tuple[Any, ...], int] = {}
        lines: list[Line] = []
        for column, side in enumerate(self._sides):
            used = np.zeros(len(side), dtype=bool)
            used[side.label[block]] = True
            rows = np.empty(len(used), dtype=np.int32)
            for label in np.flatnonzero(used):
                updated = side.fields(int(label))
                name = (column if not type(self._strategy).same_lines else 0, *updated.values())
                if name not in known:
                    known[name] = len(lines)
                    strategy = self._strategy.model_copy(update=updated)
                    lines.append(strategy.fast_line if column == 0 else strategy.slow_line)
                rows[label] = known[name]
            pairs[block, column] = rows[side.label[block]]
        return lines

    def _code(self, lines: Sequence[Line], symbol: int, codes: NDArray[np.uint16], bits: NDArray[np.int64]) -> Any:
        """Fill in the lines of a symbol and their codes; returns starts and gaps."""
        known, bars, crossing = self._known[symbol], bits.shape[1], kernels().crossing
        for number, (row, line) in enumerate(zip(bits.view(np.float64), lines, strict=True)):
            row[:] = line(known)[len(known) - bars :]
            if not number % _LINES:
                self._check_cancelled()
        run_in_parts(lambda start, stop: crossing.encode(bits, codes, start, stop), bars, 1024)
        return crossing.survey(codes, bars)

    def _widths(self, symbol: int) -> tuple[int, int]:
        """Number of codes and of values of a line of a symbol."""
        bars = len(self._bars[symbol])
        values = bars + (len(self._known[symbol]) > bars)
        return (values + 63) // 64 * 64 + 32, values


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

    def fields(self, label: int) -> dict[str, Any]:
        """The field values of one label."""
        row = zip(self._scales, self._rows[label].tolist(), strict=True)
        return self._fixed | {scale.path.removeprefix("strategy."): scale.plain(value) for scale, value in row}
