"""Preview of files: the series in them with their first and last rows, and what must be chosen."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np

from engine.core.progress import Progress
from engine.market.bars import Bars
from engine.market.download import union
from engine.market.importers.choices import Choices
from engine.market.importers.files import File, Names, Opened, disagreement, renamed, tables
from engine.market.importers.reader import Rejected
from engine.market.importers.times import Question
from engine.market.symbols import symbol

_ROWS = 3  # at either end of a series
_SAMPLED = 100  # series whose rows are shown
_COMPARED = 256_000_000  # bytes of bars that are kept for comparison with later files


@dataclass(frozen=True)
class SeriesPreview:
    """A series: ``own`` is its symbol in the file, "" where that says none, and ``symbol`` the one that it is to have,
    "" where it is left out. ``head`` and ``tail`` are its first and last rows as text, under ``columns``. ``problem``
    says why it cannot be imported, ``conflict`` where a file before has it with other prices, and ``notes`` what was
    done to its rows.
    """

    own: str
    symbol: str
    interval: str = ""
    rows: int = 0
    first: str = ""
    last: str = ""
    timezone: str = ""
    currency: str = ""
    adjustment: str = ""
    columns: tuple[str, ...] = ()
    head: tuple[tuple[str, ...], ...] = ()
    tail: tuple[tuple[str, ...], ...] = ()
    notes: tuple[str, ...] = ()
    problem: str = ""
    conflict: str = ""


@dataclass(frozen=True)
class TablePreview:
    """One table of an upload; ``sentence`` says why it cannot be read, and ``asks`` names the field of the request that
    would help.
    """

    upload: str
    part: str
    label: str
    format: str = ""
    series: tuple[SeriesPreview, ...] = ()
    lines: tuple[Rejected, ...] = ()
    rejected: int = 0
    dropped: int = 0
    sentence: str = ""
    asks: str = ""


@dataclass(frozen=True)
class PreviewReport:
    """What is in the files of a preview."""

    tables: tuple[TablePreview, ...]

    def summary(self) -> Mapping[str, object]:
        """Series, rejected lines, and what cannot be read."""
        series = [item for table in self.tables for item in table.series]
        return {
            "series": {f"{item.symbol}, {item.interval}": item.rows for item in series if not item.problem},
            "rejected": sum(table.rejected for table in self.tables),
            "failed": {table.label: table.sentence for table in self.tables if table.sentence}
            | {item.own: item.problem or item.conflict for item in series if item.problem or item.conflict},
        }


def preview(files: Sequence[File], choices: Choices, names: Names, progress: Progress) -> PreviewReport:
    """Read ``files`` and store nothing. Raises ``Cancelled`` as ``progress`` does."""
    found: list[TablePreview] = []
    sampled, seen = 0, _Seen()
    for item in tables(files, choices, names, progress, "Reading"):
        found.append(_table(item, names, seen, sampled < _SAMPLED))
        sampled += len(found[-1].series)
    progress(1.0, f"{len(found):,} files read.")
    return PreviewReport(tuple(found))


@dataclass
class _Seen:
    """The bars of the files before, by symbol and interval, with the first file of each, up to ``_COMPARED``."""

    bars: dict[tuple[str, str], tuple[str, Bars]] = field(default_factory=dict)
    bytes: int = 0

    def conflict(self, label: str, bars: Bars | None) -> str:
        """Where ``bars`` of the file ``label`` disagree with those of a file before; "" where they do not, and from
        then on they are seen.
        """
        if bars is None:
            return ""
        key = (bars.series.symbol, bars.series.interval)
        first, before = self.bars.get(key, (label, None))
        if before is not None and (found := disagreement(first, before, label, bars)):
            return found
        if self.bytes + bars.nbytes <= _COMPARED:
            self.bytes += bars.nbytes
            self.bars[key] = (first, bars if before is None else union(before, bars))
        return ""


def _table(item: Opened, names: Names, seen: _Seen, has_rows: bool) -> TablePreview:
    place = (item.file.key, item.part.inner, item.part.label)
    if item.parsed is None:
        asks = item.error.asks if isinstance(item.error, Question) else ""
        unnamed = (SeriesPreview("", ""),) if asks == "symbol" else ()
        return TablePreview(*place, series=unnamed, sentence=str(item.error), asks=asks)
    parsed = item.parsed
    series = [
        replace(
            _series(item, bars, names, parsed.notes.get(bars.series.symbol, ()), has_rows),
            conflict=seen.conflict(item.part.label, renamed(item, bars, names)),
        )
        for bars in parsed.bars
    ]
    series += [_failed(name, problem) for name, problem in parsed.failed.items()]
    return TablePreview(*place, parsed.format.title, tuple(series), parsed.lines, parsed.rejected, parsed.dropped)


def _series(item: Opened, bars: Bars, names: Names, notes: tuple[str, ...], has_rows: bool) -> SeriesPreview:
    about, shown = bars.series, renamed(item, bars, names)
    columns = [name for name in ("open", "high", "low", "close", "adj_close", "volume") if _is_there(bars, name)]
    head = _rows(bars, columns, range(min(_ROWS, len(bars)))) if has_rows else ()
    tail = _rows(bars, columns, range(max(len(bars) - _ROWS, len(head)), len(bars))) if has_rows else ()
    return SeriesPreview(
        own="" if item.unnamed else about.symbol,
        symbol=shown.series.symbol if shown else "",
        interval=about.interval,
        rows=len(bars),
        first=_moment(bars, 0),
        last=_moment(bars, -1),
        timezone=about.timezone,
        currency=about.currency,
        adjustment=about.adjustment,
        columns=("time", *columns),
        head=head,
        tail=tail,
        notes=notes,
    )


def _failed(name: str, problem: str) -> SeriesPreview:
    try:
        return SeriesPreview(name, symbol(name), problem=problem)
    except ValueError:
        return SeriesPreview(name, "", problem=problem)


def _is_there(bars: Bars, name: str) -> bool:
    if name == "adj_close":
        return not np.array_equal(bars.adj_close, bars.close, equal_nan=True)
    return not bool(np.isnan(getattr(bars, name)).all())


def _rows(bars: Bars, columns: Sequence[str], rows: range) -> tuple[tuple[str, ...], ...]:
    return tuple((_moment(bars, row), *(_number(getattr(bars, name)[row]) for name in columns)) for row in rows)


def _number(value: float) -> str:
    return "" if np.isnan(value) else f"{value:,.10g}"


def _moment(bars: Bars, row: int) -> str:
    return str(bars.time[row])[:16].replace("T", " ") if bars.series.is_intraday else str(bars.time[row])[:10]
