"""A crossing strategy's combinations: which two lines each compares, and the kernels over them."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.parallel import each, spread
from engine.backtest.sweeps.rows import Look, distinct, ordered, unwatched
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import Crossing

Places = NDArray[np.int64]

_ROOM = 96e6  # bytes for lines and their codes at a time
_LINES = 16  # lines computed between two looks
_VALUE = 10  # bytes of a line at a bar: a float64 and a code


class Pairs:
    """The combinations ``parameters`` (combinations, axes) of ``strategy`` on ``bars``, the last ones of ``known``.

    Lines are computed once each, by the strategy itself; where there is a bar before the first they know it, for they
    may cross on the first. Where all of them do not fit into memory at once, the combinations are taken in blocks of
    some fast and some slow lines.
    """

    def __init__(
        self,
        strategy: Crossing,
        bars: Bars,
        scales: Sequence[Scale],
        parameters: Floats,
        known: Bars | None = None,
        look: Look = unwatched,
    ) -> None:
        self._strategy, self._bars, self._known, self._look = strategy, bars, known or bars, look
        cls = type(strategy)
        self._sides = tuple(
            _Side(strategy, fields, scales, parameters, look) for fields in (cls.fast_fields, cls.slow_fields)
        )

    def run(
        self,
        account: Any,
        rules: Floats,
        rule_of: NDArray[np.int32],
        places: Places,
        kept: tuple[NDArray[Any], ...],
        step: Callable[[int], None],
    ) -> None:
        """Figures of the combinations ``places`` into ``kept``, ratios a year; see ``kernels.crossing.sweep``."""
        from engine.backtest.kernels import crossing

        yearly = np.sqrt(self._bars.stated_per_year())
        pairs = np.empty((len(self._sides[0].label), 2), dtype=np.int32)
        for block in self._blocks(places):
            rows = self._rows(block, pairs)

            def work(chunk: Places, rows: Any = rows) -> None:
                crossing.sweep(rows, pairs, account, rules, rule_of, chunk, kept)
                kept[1][chunk] *= yearly

            spread(work, block, step)

    def _blocks(self, places: Places) -> Iterator[Places]:
        limit = max(int(_ROOM / _VALUE / max(len(self._bars), 1)), 16)
        fast, slow = (side.label[places] for side in self._sides)
        if len(self._sides[0]) + len(self._sides[1]) <= limit:
            yield places
            return
        part = limit // 2
        across = int(slow.max()) // part + 1
        block = (fast // part).astype(np.int64) * across + slow // part
        order = ordered(block, (int(fast.max()) // part + 1) * across)
        self._look()
        for piece in np.split(order, np.flatnonzero(np.diff(block[order])) + 1):
            yield places[piece]

    def _rows(self, block: Places, pairs: NDArray[np.int32]) -> tuple[NDArray[Any], ...]:
        """Codes, lines, starts and gaps of the lines in ``block``, whose ``pairs`` are set to them."""
        from engine.backtest.kernels import crossing

        known: dict[tuple[Any, ...], int] = {}
        wanted: list[Callable[[], Floats]] = []
        for column, side in enumerate(self._sides):
            used = np.zeros(len(side), dtype=bool)
            used[side.label[block]] = True
            rows = np.empty(len(used), dtype=np.int32)
            for label in np.flatnonzero(used):
                updated = side.fields(int(label))
                name = (column if not type(self._strategy).same_lines else 0, *updated.values())
                if name not in known:
                    known[name] = len(wanted)
                    wanted.append(self._line(column, updated))
                rows[label] = known[name]
            pairs[block, column] = rows[side.label[block]]
        skipped = len(self._known) - len(self._bars)
        lines = np.empty((len(wanted), len(self._bars) + min(skipped, 1)))
        for number, (row, line) in enumerate(zip(lines, wanted, strict=True)):
            row[:] = line()
            if not number % _LINES:
                self._look()
        codes = np.empty((len(lines), (lines.shape[1] + 63) // 64 * 64 + 32), dtype=np.uint16)
        bits = lines.view(np.int64)
        each(lambda start, stop: crossing.encode(bits, codes, start, stop), lines.shape[1], 1024)
        return codes, bits, *crossing.survey(codes, lines.shape[1])

    def _line(self, column: int, updated: dict[str, Any]) -> Callable[[], Floats]:
        strategy = self._strategy.model_copy(update=updated)
        first = max(len(self._known) - len(self._bars) - 1, 0)
        return lambda: (strategy.fast_line if column == 0 else strategy.slow_line)(self._known)[first:]


class _Side:
    """The distinct values of the fields that one line depends on, and each combination's ``label`` among them."""

    def __init__(
        self, strategy: Crossing, fields: Sequence[str], scales: Sequence[Scale], parameters: Floats, look: Look
    ) -> None:
        axes = [axis for axis, scale in enumerate(scales) if scale.path.removeprefix("strategy.") in fields]
        self._rows, label = distinct(parameters[:, axes], look)
        self.label = label.astype(np.int32)
        self._scales = [scales[axis] for axis in axes]
        self._fixed = {name: getattr(strategy, name) for name in fields}

    def __len__(self) -> int:
        return len(self._rows)

    def fields(self, label: int) -> dict[str, Any]:
        """The fields' values of one label."""
        row = zip(self._scales, self._rows[label].tolist(), strict=True)
        return self._fixed | {scale.path.removeprefix("strategy."): scale.plain(value) for scale, value in row}
