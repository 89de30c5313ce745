"""TA-Lib's streaming forms: fed one bar at a time, they cannot know a later one."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from engine.indicators.reference import talib
from engine.indicators.talib_family import TalibFunction
from engine.indicators.talib_measure import Call
from engine.market.bars import Bars, Floats


def certified(feature: TalibFunction, bars: Bars) -> bool:
    """Whether every value of ``feature`` equals that of TA-Lib's streaming form, to 1e-9 of the output's range.

    Where it does not, as with prices that never move, nothing is proven either way.
    """
    batch, stream = np.column_stack(list(feature.compute(bars).values())), _streamed(feature.call(), bars)
    known = np.isfinite(batch)
    if stream is None or not known.any():
        return False
    with np.errstate(invalid="ignore"):
        same = np.abs(batch - stream) <= 1e-9 * np.ptp(batch[known])
    return bool(same[known].all())


def _streamed(call: Call, bars: Bars) -> Floats | None:
    """float64 (bars, outputs) of ``call`` computed bar by bar, each contiguous run of its columns by itself: NaN where
    one is missing and before the first value of a run. None where the function has no streaming form.
    """
    opened = getattr(talib().stream, call.function, None)
    if opened is None:
        return None
    columns, need = [np.ascontiguousarray(getattr(bars, name)) for name in call.inputs], call.lookback() + 1
    parts = [(first, stop) for first, stop in _runs(np.isfinite(np.sum(columns, axis=0))) if stop - first >= need]
    found = np.full((len(bars), 0), np.nan)
    for first, stop in parts:
        history, later = [v[first : first + need] for v in columns], [v[first + need : stop] for v in columns]
        stream = opened(*history, **dict(call.parameters))
        rows = [stream.value, *(stream.update(*values) for values in zip(*later, strict=True))]
        values = np.asarray(rows, dtype=np.float64).reshape(len(rows), -1)
        if not found.shape[1]:
            found = np.full((len(bars), values.shape[1]), np.nan)
        if call.positions:
            values = np.arange(need - 1, stop - first, dtype=np.float64)[:, None] - values
        found[first + need - 1 : stop] = values
    return found if found.shape[1] else None


def _runs(known: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """(first, stop) of each run of True."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], known.astype(np.int8), [0]))))
    return list(zip(edges[::2].tolist(), edges[1::2].tolist(), strict=True))
