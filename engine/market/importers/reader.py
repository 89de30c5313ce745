"""Reading a file of bars in any format that ``formats`` knows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, BinaryIO

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.market.bars import Bars
from engine.market.columns import COLUMNS
from engine.market.importers.choices import Choices
from engine.market.importers.formats import Format, format_of, named_format
from engine.market.importers.layout import Layout, layout_of
from engine.market.importers.series import Maker, zone_question
from engine.market.importers.tables import BLOCK, Ragged, arrow_file, text_pieces
from engine.market.importers.text import numbers_of
from engine.market.importers.times import SHOWN, Question, Times

__all__ = ["Choices", "Parsed", "Rejected", "read", "symbols_in"]

_PRICES = ("open", "high", "low", "close", "adj_close")
_NUMBERS = (*COLUMNS, "splits", "dividend_per_share", "ticks")
READ = 0.8
"""The share of the time of an import that reading takes."""
_LOOK = 64 * 1024  # bytes of a file by which it is recognised


@dataclass(frozen=True)
class Rejected:
    """A line that is no bar, counted from 1, and why."""

    line: int
    sentence: str


@dataclass(frozen=True, eq=False)
class Parsed:
    """What a file holds: the series in it, the first of the rejected ``lines``, how many were ``rejected`` in all, and
    how many had no close (``dropped``). ``failed`` says by symbol why a series is not among the bars, ``notes`` what
    was done to the rows of one that is.
    """

    format: Format
    bars: tuple[Bars, ...]
    lines: tuple[Rejected, ...]
    rejected: int
    dropped: int
    failed: Mapping[str, str] = field(default_factory=dict)
    notes: Mapping[str, tuple[str, ...]] = field(default_factory=dict)


def read(file: BinaryIO, name: str, choices: Choices, progress: Progress = silent) -> Parsed:
    """The bars in ``file``, whose name is ``name``. Raises ``DataError`` with what is wrong with it, and ``Question``
    with what must be chosen.
    """
    table = _open(file, name, choices)
    ragged = Ragged()
    cells = _Cells(name, table.format, table.layout, Times(name, table.format.times, choices.date_order))
    for at, piece in enumerate(table.pieces(table.layout, ragged)):
        cells.add(piece)
        if not at and not (table.choices.timezone or table.format.timezone) and cells.times.has_clock():
            raise zone_question(name, table.format)  # the rest of a large file would tell no more
        progress(min((at + 1) / table.blocks, 1.0) * READ, f"Reading {name}.")
    return _parsed(cells, table.choices, ragged.numbers(table.first, cells.rows), ragged)


def symbols_in(file: BinaryIO, name: str, choices: Choices) -> tuple[str, ...]:
    """The symbols of the series in ``file``, in its order, from its headings and a column of symbols alone; "" is one
    that neither it nor its name says. Raises as ``read`` does.
    """
    table = _open(file, name, choices)
    column = next(iter(table.layout.series.values())).get("symbol")
    if column is None:
        return tuple(table.layout.series)
    found: dict[str, None] = {}
    for piece in table.pieces(replace(table.layout, series={"": {"symbol": column}}), Ragged()):
        found |= dict.fromkeys(str(item).strip() for item in piece[column].unique().drop_null().to_pylist())
    return tuple(found)


@dataclass(frozen=True, eq=False)
class _Table:
    """A file whose format is known: ``pieces`` reads its cells, about ``blocks`` times, data from line ``first`` on.
    ``choices`` are the user's, completed by what the file states.
    """

    choices: Choices
    format: Format
    layout: Layout
    pieces: Callable[[Layout, Ragged], Iterator[Any]]
    blocks: float
    first: int


def _open(file: BinaryIO, name: str, choices: Choices) -> _Table:
    stored = arrow_file(file, name)
    choices = choices.or_else(stored.about) if stored else choices
    encoding, head = ("", list(stored.head)) if stored else head_of(file, name, choices.encoding)
    found = named_format(choices.format) if choices.format else format_of(head[0])
    if found is None:
        raise Question(
            "format",
            f"{name} is in no format that is known: its first line is '{head[0][:80]}'. Choose one by name.",
        )
    layout = layout_of(found, head, name, choices.symbol)
    if stored:
        return _Table(
            choices, found, layout, lambda columns, _: stored.pieces(columns), max(stored.rows / 250_000, 1), 1
        )
    blocks = max(_size(file) / BLOCK, 1)
    return _Table(choices, found, layout, partial(text_pieces, file, encoding), blocks, layout.first)


def _size(file: BinaryIO) -> int:
    size = file.seek(0, 2)
    file.seek(0)
    return size


def head_of(file: BinaryIO, name: str, chosen: str = "") -> tuple[str, list[str]]:
    """The encoding of a file and its first lines. Raises ``DataError`` for one that is empty or no text, ``Question``
    for one in another encoding than UTF-8 and UTF-16, where none is ``chosen``.
    """
    start = file.read(_LOOK)
    file.seek(0)
    encoding = "utf-16" if start[:2] in (b"\xff\xfe", b"\xfe\xff") else chosen or "utf-8-sig"
    try:
        text = start.decode(encoding)
    except UnicodeDecodeError as error:
        if b"\x00" in start and not chosen:
            raise _no_table(name) from error
        if error.start < len(start) - 4 or len(start) < _LOOK:
            raise Question(
                "encoding",
                f"{name} is not {chosen or 'UTF-8'} text{_line_of(start, error.start, encoding)}: choose its encoding "
                "(that of Western European Windows is Windows-1252), or save it as UTF-8.",
            ) from error
        text = start[: error.start].decode(encoding)
    lines = text.splitlines()
    if not any(line.strip() for line in lines):
        raise DataError(f"{name} is empty.")
    if "\x00" in text:
        raise _no_table(name)
    return encoding, lines


def _no_table(name: str) -> DataError:
    return DataError(f"{name} is neither text nor a table of Parquet, Feather or a workbook: export it as CSV.")


def _line_of(text: bytes, place: int, encoding: str) -> str:
    """The line that a byte of a text is in, where lines can be told before that is read."""
    before = text.count(b"\n", 0, place)
    return "" if encoding.startswith("utf-16") else f" in line {before + 1:,}"


class _Cells:
    """The rows of a file as numbers, gathered piece by piece, and those that are no bars."""

    def __init__(self, file: str, format_: Format, layout: Layout, times: Times) -> None:
        self.file, self.format, self.layout, self.times = file, format_, layout, times
        self.rows = 0
        self.sentences: dict[int, str] = {}
        self._wrong: list[NDArray[np.intp]] = []
        self._blank: list[NDArray[np.intp]] = []
        self._numbers: dict[tuple[str, str], list[NDArray[np.float64]]] = {}
        self._names: list[Any] = []
        self._has_clock: bool | None = None

    def add(self, piece: Any) -> None:
        """Read the next record batch."""
        shown = partial(self._shown, piece)
        self.times.add(self._moments(piece), shown)
        wrong = np.zeros(piece.num_rows, dtype=np.bool_)
        for own, columns in self.layout.series.items():
            for column, name in columns.items():
                if column in _NUMBERS:
                    values, bad = self._column(piece, column, name)
                    self._numbers.setdefault((own, column), []).append(values)
                    if bad is not None:
                        self._note(bad & ~wrong, f"{column} is {_fault(column)}", shown)
                        wrong |= bad
        names = next(iter(self.layout.series.values())).get("symbol")
        if names:
            self._names.append(piece[names].dictionary_encode())
        self._wrong.append(np.flatnonzero(wrong) + self.rows)
        self._blank.append(self._blanks(piece) + self.rows)
        self.rows += piece.num_rows

    def _column(self, piece: Any, column: str, name: str) -> tuple[NDArray[np.float64], NDArray[np.bool_] | None]:
        values, bad = numbers_of(piece[name], self.layout.separator)
        if column in _PRICES and self.format.scale != 1.0:
            values = values / self.format.scale
        if column == "volume" and (values < 0).any():
            bad = bad | (values < 0)
        return values, bad if bad.any() else None

    def _note(self, bad: NDArray[np.bool_], problem: str, shown: Callable[[int], str]) -> None:
        """Keep the sentences on the first rows that are wrong."""
        for row in np.flatnonzero(bad)[: max(SHOWN - len(self.sentences), 0)].tolist():
            self.sentences[self.rows + row] = f"{problem}: {shown(row)}"

    def _moments(self, piece: Any) -> Any:
        """The time of each row, as text or as it is typed."""
        import pyarrow.compute as compute

        columns = next(iter(self.layout.series.values()))
        if "time" in columns or "clock" not in columns:
            return _trimmed(piece[columns.get("time", columns.get("date", ""))])
        date, clock = _trimmed(piece[columns["date"]]), _trimmed(piece[columns["clock"]]).cast("string")
        if self._has_clock is None:  # days have no time of the day, or midnight
            self._has_clock = bool(compute.any(compute.match_substring_regex(clock, "[1-9]")).as_py())
        return compute.binary_join_element_wise(date.cast("string"), clock, " ") if self._has_clock else date

    def _blanks(self, piece: Any) -> NDArray[np.intp]:
        """The rows without any cell."""
        import pyarrow as arrow
        import pyarrow.compute as compute

        blank = np.ones(piece.num_rows, dtype=np.bool_)
        for name in self.layout.wanted:
            cells = piece[name]
            if not _is_string(cells) or not blank.any():
                return np.empty(0, dtype=np.intp)
            rows = np.flatnonzero(blank)
            some = cells if blank.all() else cells.take(arrow.array(rows))
            empty = compute.equal(_trimmed(some), "").fill_null(True)
            blank[rows] = empty.to_numpy(zero_copy_only=False)
        return np.flatnonzero(blank)

    def _shown(self, piece: Any, row: int) -> str:
        present = set(piece.schema.names)
        return ", ".join(str(piece[name][row]) for name in self.layout.names if name in present)[:80]

    def rejected(self, missing: NDArray[np.bool_]) -> NDArray[np.bool_]:
        """Which rows are no bars, blank ones apart; ``missing`` have no time."""
        found = missing.copy()
        found[np.concatenate(self._wrong)] = True
        found[np.concatenate(self._blank)] = False
        return found

    def series(self) -> Iterator[tuple[str, dict[str, NDArray[np.float64]]]]:
        """Each series of the layout with its columns."""
        for own, columns in self.layout.series.items():
            numbers = {column: np.concatenate(self._numbers.pop((own, column))) for column in columns
                       if column in _NUMBERS}  # fmt: skip
            ticks = numbers.pop("ticks", None)
            if ticks is not None and not (numbers.get("volume", np.zeros(1)) > 0).any():
                numbers["volume"] = ticks
            yield own, numbers

    def split(self, own: str, good: NDArray[np.bool_]) -> Iterator[tuple[str, NDArray[np.intp]]]:
        """Each symbol with its rows among the ``good`` ones."""
        import pyarrow as arrow

        if not self._names:
            yield own, np.flatnonzero(good)
            return
        coded = arrow.chunked_array(self._names).unify_dictionaries().combine_chunks()
        codes = coded.indices.fill_null(-1).to_numpy()
        order = np.argsort(np.where(good, codes, -1), kind="stable")
        ends = np.searchsorted(np.where(good, codes, -1)[order], np.arange(len(coded.dictionary) + 1))
        for place, name in enumerate(coded.dictionary.to_pylist()):
            rows = order[ends[place] : ends[place + 1]]
            if len(rows):
                yield str(name).strip(), rows


def _fault(column: str) -> str:
    return "negative or not a number" if column == "volume" else "not a number"


def _trimmed(cells: Any) -> Any:
    import pyarrow.compute as compute
    import pyarrow.types as types

    if types.is_integer(cells.type) or types.is_floating(cells.type):  # since 1970, or 20200131
        return cells.cast("int64", safe=False).cast("string")
    return compute.utf8_trim_whitespace(cells) if _is_string(cells) else cells


def _is_string(cells: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(cells.type))


def _parsed(cells: _Cells, choices: Choices, lines: NDArray[np.int64], ragged: Ragged) -> Parsed:
    """The bars of all series. Raises ``DataError`` where there is none, ``Question`` where something must be chosen."""
    if not cells.rows:
        raise DataError(f"{cells.file} has no bar in it ({cells.format.title}): {_first_reason(ragged.sentences)}")
    stamps = cells.times.stamps(lines)
    bad = cells.rejected(np.isnat(stamps.times))
    problems = {row: f"its time cannot be read: {text}" for row, text in stamps.unread.items()} | cells.sentences
    good = ~bad & ~np.isnat(stamps.times)
    maker = Maker(cells.file, cells.format, choices, stamps, lines)
    made, failed, notes = [], {}, {}
    for own, numbers in cells.series():
        for name, rows in cells.split(own, good):
            try:
                found = maker.make(name, numbers, rows) if len(rows) else None
            except Question:
                raise
            except (DataError, ValueError) as error:
                failed[name] = str(error)
                continue
            if found is not None:
                made.append(found.bars)
                problems |= found.refused
                bad[list(found.refused)] = True
                notes[found.bars.series.symbol] = found.notes
    sentences = {int(lines[row]): text for row, text in problems.items() if bad[row]} | ragged.sentences
    priced = [bars.drop_unpriced() for bars in made]
    bars = tuple(item for item in priced if len(item))
    if not bars:
        raise DataError(
            next(iter(failed.values()), "")
            or f"{cells.file} has no bar in it ({cells.format.title}): {_first_reason(sentences)}"
        )
    return Parsed(
        cells.format,
        bars,
        tuple(Rejected(line, sentences[line]) for line in sorted(sentences)[:SHOWN]),
        int(bad.sum()) + ragged.count,
        sum(item.unpriced for item in priced),
        failed,
        {name: item for name, item in notes.items() if item},
    )


def _first_reason(rejected: Mapping[int, str]) -> str:
    return f"line {min(rejected)}, {rejected[min(rejected)]}." if rejected else "there is nothing below its headings."
