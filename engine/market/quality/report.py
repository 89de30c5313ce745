"""Quality reports: everything found on a series, or on all series of a universe."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from engine.core.errors import EngineError
from engine.core.progress import Progress, silent
from engine.market import catalog
from engine.market.bars import Bars, Series
from engine.market.quality import repairs, sessions
from engine.market.quality.calendars import ExchangeCalendar, calendar, code_for, derived
from engine.market.quality.check import ABOUT, FAMILIES, check
from engine.market.quality.finding import SEVERITIES, About, Finding, Severity
from engine.market.quality.repairs import Applied
from engine.market.quality.sessions import check_sessions
from engine.market.quality.verdict import Noted, Verdict, key_of, load, noted, save, verdicts

TITLES: Mapping[str, str] = {name: about.title for name, about in (*ABOUT.items(), *sessions.ABOUT.items())} | {
    "survivorship": "Survivorship",
    "unreadable": "Unreadable",
}
"""Titles of all findings by name."""

_FEWEST = 5
_SAME_END = np.timedelta64(10, "D")


@dataclass(frozen=True, eq=False)
class SeriesReport:
    """Findings on one series, by descending severity.

    ``bars`` are those after the repairs that were ``applied``; ``calendar`` is what sessions were checked against, None
    where it is not known. ``passed`` are the checks without a finding.
    """

    bars: Bars
    findings: tuple[Finding, ...]
    calendar: ExchangeCalendar | None
    applied: tuple[Applied, ...]
    passed: tuple[About, ...]


def assess(series: Series, code: str = "", common: ExchangeCalendar | None = None) -> SeriesReport:
    """All findings on ``series`` against the calendar ``code``; by default its own, or ``common`` where that is not
    known. A series that is refused is reported on, too. One that is resampled has no repairs: they are made to the bars
    that it is made of. Raises ``DataError`` where it cannot be read.
    """
    bars = catalog.read_unchecked(series)
    chosen = _calendar(series, code, common)
    findings = _found(bars, chosen)
    names = {finding.name for finding in findings}
    able = [about for family in FAMILIES for about in family.about.items()] if not is_refused(findings) else []
    able += sessions.ABOUT.items() if chosen is not None else []
    passed = tuple(about for name, about in able if name not in names and about.applies(series))
    if series.resampled_from:
        return SeriesReport(bars, tuple(replace(item, repairs=()) for item in findings), chosen, (), passed)
    return SeriesReport(bars, findings, chosen, repairs.states(catalog.read_supplied(series)), passed)


def keep(series: Series, report: SeriesReport) -> None:
    """Store the verdict of a ``report`` by the calendar of ``series`` itself, as ``last_verdict`` finds it."""
    save({_whole_key(report.bars, series): noted(report.bars, report.findings)})


def last_verdict(bars: Bars) -> Verdict:
    """The stored verdict on whole ``bars`` as they are read, sessions included; where there is none, that on the bars
    alone.
    """
    found = load((key := _whole_key(bars, bars.series),)).get(key)
    return verdicts([bars])[0] if found is None else found


def _whole_key(bars: Bars, series: Series) -> str:
    return key_of(bars, series.fetched[:19], code_for(series))


def _found(bars: Bars, chosen: ExchangeCalendar | None) -> tuple[Finding, ...]:
    found = check(bars)
    if not is_refused(found):
        found = (*found, *check_sessions(bars, chosen))
    return tuple(sorted(found, key=lambda item: SEVERITIES.index(item.severity)))


def is_refused(findings: Sequence[Finding]) -> bool:
    """Whether bars with these findings are refused by everything that computes."""
    return any(finding.name in ("columns", "time", "years", "zone", "order", "twice") for finding in findings)


def _calendar(series: Series, code: str, common: ExchangeCalendar | None) -> ExchangeCalendar | None:
    if code or code_for(series):
        return calendar(code or code_for(series))
    return common


@dataclass(frozen=True)
class UniverseRow:
    """The findings on one series of a universe, without their rows; ``bars`` it has."""

    series: Series
    bars: int
    verdict: Verdict

    def count(self, severity: Severity) -> int:
        """Findings of that severity."""
        return sum(item.severity == severity for item in self.verdict)


@dataclass(frozen=True)
class UniverseReport:
    """Findings on several series: of each, and ``together`` of all of them."""

    rows: tuple[UniverseRow, ...]
    together: Verdict

    def summary(self) -> Mapping[str, object]:
        """Series by their worst finding, findings by name, and those of the whole."""
        worst = Counter(next((item.severity for item in row.verdict), "clean") for row in self.rows)
        names = Counter(item.name for row in self.rows for item in row.verdict)
        return {
            "series": {name: worst[name] for name in (*SEVERITIES, "clean") if worst[name]},
            "findings": dict(names.most_common()),
            "together": [item.sentence for item in self.together],
        }


def assess_universe(series: Sequence[Series], code: str = "", progress: Progress = silent) -> UniverseReport:
    """Findings on each of ``series``, and on all of them. Verdicts are stored by the bars, the calendar and the code of
    the checks, so that what has been checked once is not checked again. A series that cannot be read is a row as well.
    """
    common = _common(series) if not code and any(not code_for(item) for item in series) else None
    rows = []
    for at, item in enumerate(series):
        progress(at / len(series), f"Checking {item.symbol}")
        rows.append(_row(item, code, common))
    progress(1.0, f"Checked {len(rows):,} series")
    return UniverseReport(tuple(rows), tuple(_together([row.series for row in rows])))


def _row(series: Series, code: str, common: ExchangeCalendar | None) -> UniverseRow:
    try:
        bars = catalog.read_unchecked(series)
        key = key_of(bars, series.fetched[:19], _name(_calendar(series, code, common)))
        found = load((key,)).get(key)
        if found is None:
            found = noted(bars, _found(bars, _calendar(series, code, common)))
            save({key: found})
    except EngineError as error:
        problem = Noted("unreadable", "grave", series.rows, "", "", str(error), "It cannot be used.", 0)
        return UniverseRow(series, 0, (problem,))
    return UniverseRow(series, len(bars), found)


def _name(chosen: ExchangeCalendar | None) -> str:
    """What tells calendars apart in a key: a derived one by its days."""
    if chosen is None:
        return ""
    return (
        chosen.code or f"{len(chosen.days)} {chosen.days[:1]} {chosen.days[-1:]} {chosen.days.astype(np.int64).sum()}"
    )


def _common(series: Sequence[Series]) -> ExchangeCalendar | None:
    """The calendar derived from those daily series that have none of their own."""
    days = []
    for item in series:
        if not code_for(item) and not item.is_intraday:
            try:
                bars = catalog.read(item)
            except EngineError:
                continue
            days.append(bars.days)
    return derived(days)


def _together(series: Sequence[Series]) -> Iterator[Noted]:
    """Survivorship: in a universe of some size and age a company or two has gone."""
    stocks = [item for item in series if item.kind == "equity" and item.start and item.end]
    if len(stocks) < _FEWEST:
        return
    ends = np.array([item.end[:10] for item in stocks], dtype="datetime64[D]")
    first = min(item.start[:10] for item in stocks)
    if (ends >= ends.max() - _SAME_END).all() and ends.max() - np.datetime64(first) > np.timedelta64(365, "D"):
        yield Noted(
            "survivorship",
            "warning",
            len(stocks),
            first,
            str(ends.max()),
            f"All {len(stocks)} equities have bars up to {ends.max()}: none was delisted since {first}.",
            "The universe was chosen among survivors: returns are too high and risks too low. Add the companies that "
            "have gone, or treat every result as an upper bound.",
            0,
        )
