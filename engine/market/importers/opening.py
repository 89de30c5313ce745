"""The tables in a file: the file itself, the sheets of a workbook, and the members of an archive.

What a file is follows from its content and not from its name. Nothing is unpacked to a place that an archive names, and
nothing beyond a limit, whatever it says of its size.
"""

from __future__ import annotations

import csv
import gzip
import io
import tempfile
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, Final

from engine.core.errors import DataError
from engine.core.sizes import size_text
from engine.market.importers.uploads import folder

TEXTS: Final = (".csv", ".txt", ".tsv", ".gz")
BOOKS: Final = (".xlsx", ".xlsm", ".xls", ".ods")
SUFFIXES: Final = (*TEXTS, ".parquet", ".feather", *BOOKS)
"""Of the files that a folder or an archive is searched for."""

MEMBER: Final = 4 << 30
"""Bytes that a file in an archive may unpack to."""
_BOOK = 1 << 30  # bytes that a workbook may unpack to, which is read into memory
_RATIO = 200  # times its packed size, beyond which an archive is taken for a bomb
_MEMBERS = 10_000  # of an archive
_PIECE = 1 << 20
_PLAIN_SHEETS = ("sheet", "tabelle", "feuil", "hoja", "foglio", "blad")  # names that say nothing


@dataclass(frozen=True)
class Part:
    """One table: ``label`` says where it is, its symbol is what ``name`` begins with, ``inner`` tells it from the
    others of its file. ``problem`` says why it cannot be opened; else ``open`` is to be called at once, before the
    next part is asked for.
    """

    label: str
    name: str
    inner: str = ""
    problem: str = ""
    open: Callable[[], Any] = io.BytesIO


def parts(path: Path, name: str) -> Iterator[Part]:
    """The tables in the file ``path``, whose user calls it ``name``."""
    try:
        with path.open("rb") as file:
            yield from _parts(file, name)
    except OSError as error:
        yield Part(name, name, problem=f"{name} cannot be read: {error.strerror or error}.")


def _parts(file: BinaryIO, name: str) -> Iterator[Part]:
    start = file.read(8)
    file.seek(0)
    if start[:4] == b"PK\x03\x04" and not _is_book(file):
        yield from _members(file, name)
    elif start[:4] in (b"PK\x03\x04", b"\xd0\xcf\x11\xe0"):
        yield from _sheets(file, name)
    elif start[:2] == b"\x1f\x8b":
        yield Part(name, name.removesuffix(".gz"), open=lambda: _gunzipped(file, name))
    elif Path(name).suffix.lower() in (".zip", *BOOKS):
        yield Part(name, name, problem=f"{name} cannot be unpacked: it is damaged, or no {Path(name).suffix} file.")
    else:
        yield Part(name, name, open=lambda: _rewound(file))


@contextmanager
def _rewound(file: BinaryIO) -> Iterator[BinaryIO]:
    file.seek(0)
    yield file


# -- archives --------------------------------------------------------------------------------------------------------


def _is_book(file: BinaryIO) -> bool:
    try:
        with zipfile.ZipFile(file) as archive:
            names = set(archive.namelist())
            return bool(names & {"xl/workbook.xml", "xl/workbook.bin"}) or {"mimetype", "content.xml"} <= names
    except (zipfile.BadZipFile, OSError):
        return False
    finally:
        file.seek(0)


def _members(file: BinaryIO, name: str) -> Iterator[Part]:
    try:
        with zipfile.ZipFile(file) as archive:
            listed = [item for item in archive.infolist() if not item.is_dir() and "__MACOSX" not in item.filename]
            supported = [item for item in listed if Path(item.filename).suffix.lower() in (*SUFFIXES, ".zip")]
            if not supported:
                yield Part(name, name, problem=f"{name} has no file in it that ends in {', '.join(SUFFIXES)}.")
            if len(supported) > _MEMBERS:
                problem = f"{name} has {len(supported):,} files in it: split it, {_MEMBERS:,} are read at most."
                yield Part(name, name, problem=problem)
                return
            for item in supported:
                yield from _member(archive, item, name)
    except (zipfile.BadZipFile, OSError) as error:
        yield Part(name, name, problem=f"{name} cannot be unpacked: {_reason(error)}.")


def _member(archive: zipfile.ZipFile, item: zipfile.ZipInfo, outer: str) -> Iterator[Part]:
    own = Path(item.filename).name
    label = f"{outer}/{own}"
    if own.lower().endswith(".zip"):
        yield Part(label, own, item.filename, f"{own} in {outer} is an archive itself: unpack it and import it itself.")
        return
    if excess := _excess(item.file_size, item.compress_size, MEMBER):
        problem = (
            f"{own} in {outer} would unpack to {excess}: it is left packed. Unpack it, and import the file itself."
        )
        yield Part(label, own, item.filename, problem)
        return
    try:
        with archive.open(item) as packed, _spooled(packed, own, item.file_size) as unpacked:
            for part in _parts(unpacked, own):
                inner = "/".join(filter(None, (item.filename, part.inner)))
                yield Part(f"{outer}/{part.label}", part.name, inner, part.problem, part.open)
    except (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError, NotImplementedError, DataError) as error:
        yield Part(label, own, item.filename, f"{own} in {outer} cannot be unpacked: {_reason(error)}.")


def _reason(error: Exception) -> str:
    """Why something cannot be unpacked; the words of the libraries speak of their formats' insides."""
    if isinstance(error, DataError):
        return str(error).removesuffix(".")
    if isinstance(error, NotImplementedError):
        return "it is packed by a method that is not known here, so pack it anew as a usual ZIP archive"
    if isinstance(error, RuntimeError):
        return "it is protected by a password, so unpack it and import the file itself"
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    return "it is damaged, or a part of it is missing, so copy or save it again"


def _excess(size: int, packed: int, most: int) -> str:
    """How many bytes something unpacks to and why these are too many, as the end of a sentence; "" for few enough."""
    if size > most:
        return f"{size_text(size)}, more than the {size_text(most)} that are read"
    times = size // max(packed, 1)
    return f"{size_text(size)}, {times:,} times its packed size, as what is made to fill a disk" * (times > _RATIO)


@contextmanager
def _gunzipped(file: BinaryIO, name: str) -> Iterator[BinaryIO]:
    file.seek(0)
    try:
        with gzip.open(file) as packed, _spooled(packed, name, MEMBER) as unpacked:
            yield unpacked
    except (gzip.BadGzipFile, zlib.error, EOFError) as error:
        raise DataError(f"{name} cannot be unpacked: {_reason(error)}.") from error


@contextmanager
def _spooled(packed: Any, name: str, most: int) -> Iterator[BinaryIO]:
    """The content of ``packed`` in a file that vanishes. Raises ``DataError`` beyond ``most`` bytes."""
    try:
        folder().mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryFile(dir=folder()) as file:
            while piece := packed.read(_PIECE):
                if file.tell() + len(piece) > most:
                    raise DataError(f"{name} unpacks to more than {size_text(most)}: unpack it and import a part.")
                file.write(piece)
            file.seek(0)
            yield file
    except OSError as error:
        if error.errno is None:
            raise
        raise DataError(f"{name} cannot be unpacked: {error.strerror}.") from error


# -- workbooks -------------------------------------------------------------------------------------------------------


def _sheets(file: BinaryIO, name: str) -> Iterator[Part]:
    """Each sheet that has cells, as the text of a CSV file, its rows on the lines of their numbers."""
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        _require_no_bomb(file, name)
        book = CalamineWorkbook.from_filelike(file)
        names = list(book.sheet_names)
    except (CalamineError, DataError, OSError, ValueError, zipfile.BadZipFile) as error:
        text = str(error) if isinstance(error, DataError) else f"{name} cannot be read as a workbook: {_reason(error)}."
        yield Part(name, name, problem=text)
        return
    for sheet in names:
        yield from _sheet(book, sheet, name, is_only=len(names) == 1)


def _sheet(book: Any, sheet: str, name: str, is_only: bool) -> Iterator[Part]:
    from python_calamine import CalamineError

    label = name if is_only else f"{name}/{sheet}"
    try:
        rows = book.get_sheet_by_name(sheet).to_python(skip_empty_area=False)
    except (CalamineError, ValueError) as error:  # a sheet of charts
        yield Part(label, name, sheet, f"The sheet {sheet} of {name} cannot be read: {error}.")
        return
    if not any(cell not in ("", None) for row in rows for cell in row):
        if is_only:
            yield Part(label, name, sheet, f"{name} is empty.")
        return
    says_nothing = is_only or sheet.lower().startswith(_PLAIN_SHEETS)
    text = _as_csv(rows)
    yield Part(
        label, name if says_nothing else f"{sheet}.sheet", "" if is_only else sheet, open=lambda: io.BytesIO(text)
    )


def _require_no_bomb(file: BinaryIO, name: str) -> None:
    """Raises ``DataError`` for a workbook that unpacks to too much."""
    if not zipfile.is_zipfile(file):
        file.seek(0)
        return
    file.seek(0)
    with zipfile.ZipFile(file) as archive:
        packed = sum(item.compress_size for item in archive.infolist())
        size = sum(item.file_size for item in archive.infolist())
    file.seek(0)
    if excess := _excess(size, packed, _BOOK):
        raise DataError(f"{name} would unpack to {excess}: it is left packed. Save it as CSV and import that.")


def _as_csv(rows: list[list[Any]]) -> bytes:
    buffer = io.StringIO()
    writer = csv.writer(buffer, lineterminator="\n")
    writer.writerows([_cell(value) for value in row] for row in rows)
    return buffer.getvalue().encode()


def _cell(value: Any) -> str:
    """A cell as a CSV file has it: whole numbers without a point, times in ISO 8601."""
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value).replace("\n", " ").replace("\r", " ") if value is not None else ""
