"""Columns of Arrow tables as NumPy arrays and the reverse, without importing pandas, as Arrow's own ways do."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.bars import Floats, Times

COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")


def floats(column: Any, *, copy: bool = True) -> Floats:
    """float64, NaN for nulls; without ``copy`` read-only, and the column's own memory where there are no nulls."""
    chunk = (column.cast("float64") if column.type != "double" else column).combine_chunks()
    values = np.frombuffer(chunk.buffers()[1])[chunk.offset : chunk.offset + len(chunk)]
    if copy or chunk.null_count:
        values = _filled(values.copy(), chunk, np.nan)
    values.setflags(write=copy)
    return values


def milliseconds(column: Any) -> Times:
    """datetime64[ms], NaT for nulls; read-only."""
    chunk = column.cast("timestamp[ms]").combine_chunks()
    values = np.frombuffer(chunk.buffers()[1], dtype="datetime64[ms]")[chunk.offset : chunk.offset + len(chunk)]
    found = _filled(values.copy(), chunk, np.datetime64("NaT"))
    found.setflags(write=False)
    return found


def arrow_array(values: NDArray[Any], *, nan_is_null: bool = False) -> Any:
    """An Arrow array of ``values``, float64 or datetime64, whose memory it shares where that is contiguous."""
    import pyarrow as arrow

    values = np.ascontiguousarray(values)
    known = arrow.py_buffer(np.packbits(~np.isnan(values), bitorder="little")) if nan_is_null else None
    kind, data = arrow.from_numpy_dtype(values.dtype), arrow.py_buffer(values.view(np.uint8))
    return arrow.Array.from_buffers(kind, len(values), [known, data])


def _filled(values: NDArray[Any], chunk: Any, missing: Any) -> NDArray[Any]:
    """``values`` of the array ``chunk``, with ``missing`` for its nulls."""
    if chunk.null_count:
        values[np.asarray(np.from_dlpack(chunk.is_null().cast("uint8")) == 1)] = missing
    return values


@contextmanager
def readable(complaint: str) -> Iterator[None]:
    """Turns what a reader raises on a damaged or foreign file into a ``DataError`` with ``complaint``."""
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(complaint) from error
