"""Columns of Arrow tables as NumPy arrays without loading pandas, which the server process does not need."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from engine.errors import DataError
from engine.market.bars import Floats, Times

COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")


def floats(column: Any) -> Floats:
    """float64, NaN for nulls."""
    whole = column.cast("float64").combine_chunks()
    values = np.frombuffer(whole.buffers()[1])[whole.offset : whole.offset + len(whole)].copy()
    values[np.from_dlpack(whole.is_null().cast("uint8")) == 1] = np.nan
    return values


def milliseconds(column: Any) -> Times:
    """datetime64[ms]. Raises ``DataError`` for a bar without a time."""
    if column.null_count:
        raise DataError(f"{column.null_count} of {len(column)} bars have no time.")
    return np.from_dlpack(column.cast("timestamp[ms]").cast("int64").combine_chunks()).view("datetime64[ms]")


@contextmanager
def readable(complaint: str) -> Iterator[None]:
    """What a damaged or foreign file makes its reader raise becomes a ``DataError`` with ``complaint``."""
    try:
        yield
    except (OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise DataError(complaint) from error
