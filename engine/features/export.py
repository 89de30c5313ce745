"""The matrix of features for other programs: a DataFrame, and a Parquet file."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.core.errors import DataError
from engine.features.matrix import FeatureMatrix
from engine.market.columns import arrow_array

if TYPE_CHECKING:
    import pandas as pd


def frame(matrix: FeatureMatrix, *, usable: bool = False) -> pd.DataFrame:
    """A row a bar of each symbol, by ``symbol`` and ``time``; a column a feature, NaN where it is not known. ``usable``
    leaves out the rows of the warm-up and those in which a feature is missing.
    """
    import pandas as pd

    index = pd.MultiIndex.from_arrays(
        [pd.Categorical.from_codes(matrix.symbol, categories=list(matrix.symbols)), matrix.time],
        names=["symbol", "time"],
    )
    found = pd.DataFrame(matrix.values, index=index, columns=list(matrix.names))
    return found[matrix.usable()] if usable else found


def write_parquet(matrix: FeatureMatrix, path: Path) -> None:
    """Write the columns symbol, time, close and one a feature, a row group a symbol: no more than one symbol is in
    memory twice. Raises ``DataError`` where the file cannot be written.
    """
    import pyarrow.parquet as parquet

    try:
        with path.open("wb") as file, parquet.ParquetWriter(file, _table(matrix, matrix.symbols[0]).schema) as writer:
            for symbol in matrix.symbols:
                writer.write_table(_table(matrix, symbol))
    except OSError as error:
        raise DataError(f"{path} cannot be written: {error.strerror}.") from None


def _table(matrix: FeatureMatrix, symbol: str) -> Any:
    import pyarrow as arrow

    rows = matrix.rows(symbol)
    about = {"time": matrix.time[rows], "close": matrix.close[rows]}
    values = {name: matrix.values[rows, place] for place, name in enumerate(matrix.names)}
    columns = {name: arrow_array(column) for name, column in (about | values).items()}
    return arrow.table({"symbol": _repeated(symbol, rows.stop - rows.start), **columns})


def _repeated(text: str, count: int) -> Any:
    """A column of ``text``; ``arrow.repeat`` would import pandas, which the server does without."""
    import pyarrow as arrow

    plain = text.encode()
    ends = np.arange(count + 1, dtype=np.int32) * len(plain)
    buffers = [None, arrow.py_buffer(ends), arrow.py_buffer(plain * count)]
    return arrow.Array.from_buffers(arrow.string(), count, buffers)
