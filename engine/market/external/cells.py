"""Files and frames of external values as columns, whatever they come in."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.importers.tables import damaged

if TYPE_CHECKING:
    import pandas as pd

CSV_SUFFIXES, PARQUET_SUFFIXES = (".csv", ".txt", ".tsv"), (".parquet", ".pq")
_LOOK = 64 * 1024  # bytes by which a file is recognised
_INDEX = "__index_level_0__"  # the name that pandas gives to an index without one


@dataclass(frozen=True, eq=False)
class Cells:
    """``columns`` are Arrow arrays of text, numbers or times under their ``headings``, all as long as ``lines``: the
    number of each row, from 1, among the ``unit`` ("line" of a text, or "row") of what was read. ``rejected`` are the
    lines that have another number of cells, and ``separator`` what is between cells.
    """

    origin: str
    headings: tuple[str, ...]
    columns: tuple[Any, ...]
    lines: NDArray[np.int64]
    rejected: dict[int, str]
    separator: str = ","
    unit: str = "row"


def cells_of_file(path: Path, name: str = "") -> Cells:
    """The cells of a CSV or Parquet file, called ``name`` where that is not its own. Raises ``DataError`` for one that
    cannot be read.
    """
    name = name or path.name
    suffix = Path(name).suffix.lower()
    if suffix not in (*CSV_SUFFIXES, *PARQUET_SUFFIXES):
        known = ", ".join((*CSV_SUFFIXES, *PARQUET_SUFFIXES))
        raise DataError(f"{name} is neither CSV nor Parquet: its name must end in {known}.")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise DataError(f"{name} cannot be read: {error.strerror}.") from error
    return cells_of_parquet(data, name) if suffix in PARQUET_SUFFIXES else cells_of_csv(data, name)


def cells_of_parquet(data: bytes, name: str) -> Cells:
    """The cells of a Parquet file's content, the index of a frame among its columns. Raises ``DataError``."""
    import pyarrow as arrow
    import pyarrow.parquet as parquet

    if not data.startswith(b"PAR1"):
        raise DataError(f"{name} is no Parquet file, whatever its name says: save it as Parquet, or as CSV.")
    try:
        return _of_table(parquet.read_table(io.BytesIO(data)), name)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(damaged(name)) from error


def cells_of_frame(frame: pd.DataFrame) -> Cells:
    """The cells of a pandas frame, whose index is a column of it unless it merely counts rows. Raises ``DataError``
    for cells of a type that has no text.
    """
    import pandas as pd
    import pyarrow as arrow

    table = frame if isinstance(frame.index, pd.RangeIndex) else frame.reset_index()
    table = table.set_axis([str(name) for name in table.columns], axis=1)
    try:
        return _of_table(arrow.Table.from_pandas(table, preserve_index=False), "a pandas DataFrame")
    except arrow.ArrowException as error:
        raise DataError(f"The frame cannot be read: {str(error).splitlines()[0][:200]}") from error


def cells_of_csv(data: bytes, name: str) -> Cells:
    """The cells of a CSV file's content, separated by commas, semicolons or tabs. Raises ``DataError``."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    headings, separator = _headings(data, name)
    rejected: dict[int, str] = {}
    blank: list[int] = []

    def refuse(row: Any) -> str:
        if row.text.strip():
            rejected[int(row.number)] = f"{row.actual_columns} cells instead of {row.expected_columns}"
        else:
            blank.append(int(row.number))
        return "skip"

    names = [str(place) for place in range(len(headings))]
    try:
        table = arrow_csv.read_csv(
            io.BytesIO(data),
            read_options=arrow_csv.ReadOptions(use_threads=False, column_names=names, skip_rows=1),
            parse_options=arrow_csv.ParseOptions(
                delimiter=separator, invalid_row_handler=refuse, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(names, arrow.string()), strings_can_be_null=False
            ),
        )
    except arrow.ArrowException as error:
        raise DataError(f"{name} cannot be read: {str(error).splitlines()[0][:200]}") from error
    lines = np.arange(2, 2 + table.num_rows + len(rejected) + len(blank), dtype=np.int64)
    lines = lines[~np.isin(lines, [*rejected, *blank])]
    columns = tuple(column.combine_chunks() for column in table.columns)
    return Cells(name, headings, columns, lines, rejected, separator, "line")


def _headings(data: bytes, name: str) -> tuple[tuple[str, ...], str]:
    """The first line's cells, and what separates them. Raises ``DataError`` for what is empty or no text."""
    try:
        text = data[:_LOOK].decode("utf-8-sig", "strict" if len(data) <= _LOOK else "ignore")
    except UnicodeDecodeError as error:
        raise DataError(f"{name} is not UTF-8 text: save it as UTF-8.") from error
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise DataError(f"{name} is empty.")
    if "\x00" in text:
        raise DataError(f"{name} is not text: export it as CSV.")
    separator = max(",;\t", key=lines[0].count)
    return tuple(next(csv.reader([lines[0]], delimiter=separator), [])), separator


def _of_table(table: Any, name: str) -> Cells:
    """The columns of an Arrow table."""
    headings = tuple("" if heading == _INDEX else heading for heading in table.column_names)
    columns = tuple(_plain(column.combine_chunks()) for column in table.columns)
    return Cells(name, headings, columns, np.arange(1, table.num_rows + 1, dtype=np.int64), {})


def _plain(column: Any) -> Any:
    """``column`` as text, unless it has numbers or times."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    of = arrow.types
    if of.is_dictionary(column.type):
        column = column.dictionary_decode()
    if of.is_temporal(column.type) or of.is_integer(column.type) or of.is_floating(column.type):
        return column
    return compute.fill_null(column.cast(arrow.string()), "")
