"""Importing files, folders and archives of bars into the store, each series without losing what is there."""

from __future__ import annotations

import io
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import BinaryIO

from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import Progress, silent
from engine.market.download import store
from engine.market.fetching import STATUSES, Fetched, FetchRequest, Outcome
from engine.market.importers.reader import Choices, Rejected, read

SUFFIXES = (".csv", ".txt", ".tsv")
_MEMBER = 1 << 30  # bytes that a file in an archive may unpack to
_RATIO = 200  # times its packed size, beyond which an archive is taken for a bomb
_TOLD = 5  # rejected lines of a file in a summary


@dataclass(frozen=True)
class Imported:
    """What became of one file: its ``format``, an outcome for each series in it, and the lines that are no bars, the
    first of which are ``lines``. ``sentence`` says why nothing was read.
    """

    file: str
    format: str = ""
    outcomes: tuple[Outcome, ...] = ()
    lines: tuple[Rejected, ...] = ()
    rejected: int = 0
    sentence: str = ""


@dataclass(frozen=True)
class ImportReport:
    """What came of an import, file by file."""

    collection: str
    files: tuple[Imported, ...]

    @property
    def failed(self) -> Mapping[str, str]:
        """A sentence for each file and each series that is not stored now."""
        found = {item.file: item.sentence for item in self.files if item.sentence}
        for item in self.files:
            for outcome in item.outcomes:
                if not outcome.succeeded:
                    found[f"{outcome.symbol} in {item.file}"] = outcome.sentence or STATUSES[outcome.status]
        return found

    def summary(self) -> Mapping[str, object]:
        """Files by format, series by status, bars added, rejected lines, and what failed."""
        outcomes = [outcome for item in self.files for outcome in item.outcomes]
        counts = Counter(item.status for item in outcomes)
        return {
            "collection": self.collection,
            "files": dict(Counter(item.format or "not read" for item in self.files)),
            "series": {status: counts[status] for status in STATUSES if counts[status]},
            "bars_added": sum(item.added for item in outcomes),
            "dropped": sum(item.dropped for item in outcomes),
            "rejected": {
                item.file: [f"line {line.line}: {line.sentence}" for line in item.lines[:_TOLD]]
                + ([f"and {item.rejected - _TOLD:,} more"] if item.rejected > _TOLD else [])
                for item in self.files
                if item.rejected
            },
            "failed": dict(self.failed),
        }


def import_files(paths: Sequence[Path], collection: str, choices: Choices, progress: Progress = silent) -> ImportReport:
    """Keep the bars of ``paths``: files, folders of files, and ZIP archives of them. What fails costs neither another
    file nor bars that are stored. Raises ``DataError`` where there is no file, ``Cancelled`` as ``progress`` does.
    """
    began = datetime.now(UTC).isoformat(timespec="seconds")
    files = [file for path in paths for file in _inside(path)]
    found = []
    for at, path in enumerate(files):
        progress(at / len(files), f"Importing {path.name}.")
        found += [_imported(file, name, collection, choices, began) for name, file in _opened(path)]
    progress(1.0, f"{len(found):,} files imported.")
    return ImportReport(collection, tuple(found))


def _inside(path: Path) -> list[Path]:
    """The files that ``path`` stands for. Raises ``DataError`` for none."""
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix.lower() in (*SUFFIXES, ".zip"))
        if not found:
            raise DataError(f"The folder {path} has no file that ends in {', '.join(SUFFIXES)} or .zip.")
        return found
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    return [path]


def _opened(path: Path) -> Iterator[tuple[str, BinaryIO | str]]:
    """Each file of bars by its name, or a sentence on why it cannot be opened."""
    if path.suffix.lower() == ".zip":
        yield from _unpacked(path)
        return
    try:
        with path.open("rb") as file:
            yield path.name, file
    except OSError as error:
        yield path.name, f"{path.name} cannot be read: {error.strerror}."


def _unpacked(path: Path) -> Iterator[tuple[str, BinaryIO | str]]:
    try:
        with zipfile.ZipFile(path) as archive:
            members = [item for item in archive.infolist() if Path(item.filename).suffix.lower() in SUFFIXES]
            if not members:
                yield path.name, f"{path.name} has no file in it that ends in {', '.join(SUFFIXES)}."
            for item in members:
                name = Path(item.filename).name
                if item.file_size > _MEMBER or item.file_size > _RATIO * max(item.compress_size, 1):
                    yield (
                        name,
                        f"{name} in {path.name} unpacks to {item.file_size:,} bytes: unpack and import it itself.",
                    )
                    continue
                with archive.open(item) as packed:
                    yield name, io.BytesIO(packed.read(item.file_size))
    except (zipfile.BadZipFile, OSError, RuntimeError, NotImplementedError) as error:
        yield path.name, f"{path.name} cannot be unpacked: {error}."


def _imported(file: BinaryIO | str, name: str, collection: str, choices: Choices, began: str) -> Imported:
    if isinstance(file, str):
        return Imported(name, sentence=file)
    try:
        parsed = read(file, name, choices)
    except Cancelled:
        raise
    except EngineError as error:
        return Imported(name, sentence=str(error))
    outcomes = []
    for bars in parsed.bars:
        about = bars.series
        request = FetchRequest(
            source="import",
            symbols=(about.symbol,),
            collection=collection,
            interval=about.interval,  # type: ignore[arg-type]
        )
        outcomes.append(store(request, Fetched(about.symbol, bars, dropped=bars.unpriced), began, ""))
    return Imported(name, parsed.format.title, tuple(outcomes), parsed.lines, parsed.rejected)
