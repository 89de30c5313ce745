"""The cells of a file, piece by piece: of text, and of Parquet and Feather files, whose columns have types."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.market.importers.layout import Layout
from engine.market.importers.times import SHOWN

BLOCK = 8 << 20
"""Bytes of text that are read at once."""
_ROWS = 250_000  # of a Parquet file that are read at once
_MOST_ROWS = 100_000_000  # of a file: a small one can claim any number
_SHORT = 200  # bytes of a text that describes a series
_TUPLE = re.compile(r"\('([^']*)', '([^']*)'\)")  # how pandas writes a column of two levels


@dataclass
class Ragged:
    """Lines with another number of cells than the headings: their numbers, and the first of them with a sentence."""

    lines: list[int] = field(default_factory=list)
    sentences: dict[int, str] = field(default_factory=dict)
    count: int = 0  # without blank ones

    def refuse(self, row: Any) -> str:
        """For Arrow's reader, which counts lines from 1."""
        line = int(row.number)
        self.lines.append(line)
        if row.text.strip():
            self.count += 1
        if row.text.strip() and len(self.sentences) < SHOWN:
            self.sentences[line] = f"{row.actual_columns} cells instead of {row.expected_columns}: {row.text[:60]}"
        return "skip"

    def numbers(self, first: int, count: int) -> NDArray[np.int64]:
        """The lines of ``count`` rows that were read, the file's data beginning on the line ``first``."""
        every = np.arange(first, first + count + len(self.lines), dtype=np.int64)
        return every[~np.isin(every, self.lines)] if self.lines else every


def text_pieces(file: BinaryIO, encoding: str, layout: Layout, ragged: Ragged) -> Iterator[Any]:
    """Record batches of the columns of ``layout`` as text. Raises ``DataError``."""
    import pyarrow as arrow
    from pyarrow import csv as arrow_csv

    try:
        reader = arrow_csv.open_csv(
            file,
            read_options=arrow_csv.ReadOptions(
                use_threads=False,  # names the lines of what it refuses
                column_names=list(layout.names),
                skip_rows=layout.first - 1,
                block_size=BLOCK,
                encoding="utf8" if encoding == "utf-8-sig" else encoding,
            ),
            parse_options=arrow_csv.ParseOptions(
                delimiter=layout.separator, invalid_row_handler=ragged.refuse, ignore_empty_lines=False
            ),
            convert_options=arrow_csv.ConvertOptions(
                column_types=dict.fromkeys(layout.names, arrow.string()),
                include_columns=layout.wanted,
                strings_can_be_null=False,
            ),
        )
        yield from reader
    except (arrow.ArrowException, OSError, UnicodeError) as error:
        if "Empty CSV" in str(error):
            return
        raise DataError(f"The file cannot be read: {_reason(error)}.") from error


def _reason(error: BaseException) -> str:
    text = str(error).removesuffix(".")
    return "some of it is not text in the encoding of its beginning" if "UTF8" in text else text


@dataclass(frozen=True, eq=False)
class ArrowFile:
    """An opened Parquet or Feather file: ``head`` are its headings as lines of a CSV file would have them, ``order``
    the names of its columns in that order, ``about`` what its metadata say of the series.
    """

    head: tuple[str, ...]
    order: tuple[str, ...]
    about: Mapping[str, str]
    rows: int
    _file: Any
    _is_parquet: bool

    def pieces(self, layout: Layout) -> Iterator[Any]:
        """Record batches of the columns of ``layout``, under its names. Raises ``DataError``."""
        import pyarrow as arrow

        own = dict(zip(layout.names, self.order, strict=True))
        chosen = {name: own[name] for name in layout.wanted}
        try:
            for batch in self._batches(sorted(set(chosen.values()))):
                columns = [_plain(batch.column(batch.schema.get_field_index(name))) for name in chosen.values()]
                yield arrow.record_batch(columns, names=list(chosen))
        except (arrow.ArrowException, OSError, KeyError) as error:
            raise DataError(damaged("The file")) from error

    def _batches(self, columns: list[str]) -> Iterator[Any]:
        if self._is_parquet:
            yield from self._file.iter_batches(batch_size=_ROWS, columns=columns, use_threads=False)
            return
        for place in range(self._file.num_record_batches):
            yield self._file.get_batch(place)


def damaged(name: str) -> str:
    """What is said of a file whose content is not what its format promises."""
    return f"{name} is damaged, or a part of it is missing: copy or save it again."


def arrow_file(file: BinaryIO, name: str) -> ArrowFile | None:
    """The Parquet or Feather file that ``file`` is; None for another, whose beginning is then read again. Raises
    ``DataError`` for one that is damaged or too large.
    """
    import pyarrow as arrow

    start = file.read(6)
    file.seek(0)
    if start[:4] == b"FEA1":
        raise DataError(f"{name} is a Feather file of the first version: save it with a current pandas or Arrow.")
    if start[:4] != b"PAR1" and start != b"ARROW1":
        return None
    try:
        return _opened(file, is_parquet=start[:4] == b"PAR1", name=name)
    except (arrow.ArrowException, OSError) as error:
        raise DataError(damaged(name)) from error


def _opened(file: BinaryIO, is_parquet: bool, name: str) -> ArrowFile:
    from pyarrow import ipc
    from pyarrow.parquet import ParquetFile

    if is_parquet:
        found = ParquetFile(file)
        schema, rows = found.schema_arrow, int(found.metadata.num_rows)
    else:
        found = ipc.open_file(file)
        schema, rows = found.schema, 0
    if rows > _MOST_ROWS:
        raise DataError(f"{name} has {rows:,} rows: split it, {_MOST_ROWS:,} are read at most.")
    if len(set(schema.names)) < len(schema.names):
        raise DataError(f"{name} has two columns of one name: rename one of them.")
    order = _index_first(schema)
    return ArrowFile(_headings(order), tuple(order), _about(schema), rows, found, is_parquet)


def _about(schema: Any) -> dict[str, str]:
    """The short texts of its metadata, by name."""
    given = (schema.metadata or {}).items()
    short = {name: value for name, value in given if len(value) <= _SHORT}
    return {name.decode(errors="replace"): value.decode(errors="replace") for name, value in short.items()}


def _index_first(schema: Any) -> list[str]:
    """The names of the columns, the index of a pandas frame before the others, where a CSV file has it."""
    index = [str(name) for name in (schema.pandas_metadata or {}).get("index_columns", []) if isinstance(name, str)]
    first = [name for name in schema.names if name in index]
    return first + [name for name in schema.names if name not in index]


def _headings(names: Sequence[str]) -> tuple[str, ...]:
    """The line, or the three lines of yfinance, that a CSV file of these columns begins with."""
    names = ["date" if name.startswith("__index_level") else name for name in names]
    two = [_TUPLE.fullmatch(name) for name in names[1:]]
    if two and all(two):
        pairs = [(item[1], item[2]) for item in two if item]
        return (
            ",".join(["Price", *(price for price, _ in pairs)]),
            ",".join(["Ticker", *(ticker for _, ticker in pairs)]),
            ",".join(["Date", *("" for _ in pairs)]),
        )
    return (",".join(f'"{name}"' if "," in name else name for name in names),)


def _plain(column: Any) -> Any:
    """A column whose texts are not coded and whose whole numbers, which may be times, are numbers still."""
    import pyarrow.types as types

    if types.is_dictionary(column.type):
        column = column.dictionary_decode()
    return column.cast("string") if types.is_large_string(column.type) or types.is_string_view(column.type) else column
