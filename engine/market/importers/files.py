"""Importing files, folders and archives of bars into the store, each series without losing what is there."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path

from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import Progress, section, silent
from engine.market.bars import Bars
from engine.market.download import conflict, store, stored, union
from engine.market.fetching import STATUSES, Fetched, FetchRequest, Outcome
from engine.market.importers.choices import Choices
from engine.market.importers.opening import SUFFIXES, Part, parts
from engine.market.importers.reader import READ, Parsed, Rejected, read
from engine.market.importers.times import Question

_SHOWN = 5  # rejected lines of a file in a summary

Names = Mapping[tuple[str, str, str], str]
"""Other symbols for series, "" for those to leave out, by the file's key, the part in it, and the symbol as read."""


@dataclass(frozen=True)
class Imported:
    """What became of one file: its ``format``, an outcome for each series in it, with their ``intervals``, and the
    lines that are no bars, the first of which are ``lines``. ``sentence`` says why nothing was read, and ``asks`` names
    the field of the request that has to be chosen for it, "" for none.
    """

    file: str
    format: str = ""
    outcomes: tuple[Outcome, ...] = ()
    lines: tuple[Rejected, ...] = ()
    rejected: int = 0
    sentence: str = ""
    intervals: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    asks: str = ""


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
                item.file: [f"line {line.line}: {line.sentence}" for line in item.lines[:_SHOWN]]
                + ([f"and {item.rejected - _SHOWN:,} more"] if item.rejected > _SHOWN else [])
                for item in self.files
                if item.rejected
            },
            "notes": {item.file: list(item.notes) for item in self.files if item.notes},
            "failed": dict(self.failed),
        }


@dataclass(frozen=True)
class File:
    """A file to read: its ``path``, its ``name`` as its user calls it, and the ``key`` by which ``Names`` know it."""

    path: Path
    name: str
    key: str = ""


@dataclass(frozen=True, eq=False)
class Opened:
    """One table of a file: what was ``parsed`` in it, or why that failed. ``unnamed`` is a table whose symbol is not
    its own but one that was chosen for it; ``fraction`` of all files has been read by now.
    """

    file: File
    part: Part
    parsed: Parsed | None = None
    error: EngineError | None = None
    unnamed: bool = False
    fraction: float = 1.0


def files_in(paths: Sequence[Path]) -> list[File]:
    """The files that ``paths`` and the folders among them hold. Raises ``DataError`` where there is none."""
    return [File(file, file.name) for path in paths for file in _inside(path)]


def _inside(path: Path) -> list[Path]:
    if path.is_dir():
        found = sorted(item for item in path.iterdir() if item.suffix.lower() in (*SUFFIXES, ".zip"))
        if not found:
            raise DataError(f"The folder {path} has no file that ends in {', '.join(SUFFIXES)} or .zip.")
        return found
    if not path.is_file():
        raise DataError(f"There is no file {path}.")
    return [path]


def tables(files: Sequence[File], choices: Choices, names: Names, progress: Progress, verb: str) -> Iterator[Opened]:
    """Every table of ``files``, read one after another; ``verb`` says to what end. Raises ``Cancelled`` as ``progress``
    does.
    """
    for at, file in enumerate(files):
        part = section(progress, at / len(files), (at + 1) / len(files))
        part(0.0, f"{verb} {file.name}.")
        for item in parts(file.path, file.name):
            yield replace(_opened(file, item, choices, names, part), fraction=(at + READ) / len(files))


def _opened(file: File, part: Part, choices: Choices, names: Names, progress: Progress) -> Opened:
    if part.problem:
        return Opened(file, part, error=DataError(part.problem))
    named = names.get((file.key, part.inner, ""), "")
    try:
        with part.open() as content:
            own = replace(choices, symbol=named) if named else choices
            return Opened(file, part, read(content, part.name, own, progress), unnamed=bool(named))
    except Cancelled:
        raise
    except EngineError as error:
        return Opened(file, part, error=error)


def import_files(paths: Sequence[Path], collection: str, choices: Choices, progress: Progress = silent) -> ImportReport:
    """Store the bars of ``paths``: files, folders of files, and ZIP archives of them. What fails costs neither another
    file nor bars that are stored. Raises ``DataError`` where there is no file, ``Cancelled`` as ``progress`` does.
    """
    return import_each(files_in(paths), collection, choices, {}, progress)


def import_each(
    files: Sequence[File], collection: str, choices: Choices, names: Names, progress: Progress = silent
) -> ImportReport:
    """``import_files`` of ``files``, with other ``names`` for some of their series."""
    work = _Import(collection, names, progress)
    found = tuple(work.add(item) for item in tables(files, choices, names, progress, "Importing"))
    progress(1.0, f"{len(found):,} files imported.")
    return ImportReport(collection, found)


@dataclass
class _Import:
    """One import: ``began`` when, and in which file each series was ``seen`` that it has stored."""

    collection: str
    names: Names
    progress: Progress
    began: str = field(default_factory=lambda: datetime.now(UTC).isoformat(timespec="seconds"))
    seen: dict[tuple[str, str], str] = field(default_factory=dict)

    def add(self, item: Opened) -> Imported:
        """Store the series of one table."""
        label = item.part.label
        if item.parsed is None:
            asks = item.error.asks if isinstance(item.error, Question) else ""
            return Imported(label, sentence=str(item.error), asks=asks)
        parsed = item.parsed
        imported = [bars for bars in (renamed(item, bars, self.names) for bars in parsed.bars) if bars is not None]
        outcomes = []
        for bars in imported:
            self.progress(item.fraction, f"Storing {bars.series.symbol}.")
            outcomes.append(self._stored(bars, label))
        failed = [Outcome(name, "invalid", sentence) for name, sentence in parsed.failed.items()]
        notes = tuple(f"{name}: {text}" for name, texts in parsed.notes.items() for text in texts)
        intervals = tuple(bars.series.interval for bars in imported) + ("",) * len(failed)
        return Imported(
            label, parsed.format.title, (*outcomes, *failed), parsed.lines, parsed.rejected, "", intervals, notes
        )

    def _stored(self, bars: Bars, label: str) -> Outcome:
        about = bars.series
        request = FetchRequest(
            source="import",
            symbols=(about.symbol,),
            collection=self.collection,
            interval=about.interval,  # type: ignore[arg-type]
        )
        key, name = (about.symbol, about.interval), about.symbol
        before, other = stored(request, name), self.seen.get(key)
        if before is not None and (other or not _covers(bars, before)):
            if other and (sentence := disagreement(other, before, label, bars)):
                return Outcome(name, "invalid", f"{sentence} That of the first is stored.")
            if difference := conflict(before.slice(0, len(before) - 1), bars):
                return Outcome(name, "restated", f"{difference}: import a file with its whole history.")
            bars = union(before, bars)
        outcome = store(request, Fetched(name, bars, dropped=bars.unpriced), self.began, "")
        if outcome.succeeded:
            self.seen.setdefault(key, label)
        return outcome


def disagreement(first: str, one: Bars, second: str, two: Bars) -> str:
    """Where two files that hold one series disagree, in a sentence; "" where they do not."""
    found = conflict(one, two, "is {0:g} in the first and {1:g} in the second")
    named = f"{first} and {second}" if first != second else f"Two files named {first}"
    return f"{named} both have {one.series.symbol} and disagree: {found}. Import one of them alone." if found else ""


def _covers(new: Bars, old: Bars) -> bool:
    """Whether ``new`` bars reach as far as the ``old`` ones, whose place they then take."""
    return bool(new.time[0] <= old.time[0] and new.time[-1] >= old.time[-1])


def renamed(item: Opened, bars: Bars, names: Names) -> Bars | None:
    """``bars`` under the name that was chosen for them, None where they are to be left out."""
    own = "" if item.unnamed else bars.series.symbol
    name = names.get((item.file.key, item.part.inner, own), bars.series.symbol)
    return replace(bars, series=replace(bars.series, symbol=name)) if name else None
