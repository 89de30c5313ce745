"""Findings on a series, the bars concerned and repairs, as rows of tables and as sentences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np

from dashboard import state
from dashboard.charts.candles import moment
from dashboard.text.format import count
from engine.market.quality.edits import KINDS, Edit
from engine.market.quality.finding import Finding
from engine.market.quality.report import TITLES, SeriesReport
from engine.market.spec import MarketSpec

VALUES = ("open", "high", "low", "close", "adj_close", "volume")
"""Columns of the bars of a finding."""
_MOST_ROWS = 200
_AROUND = 30  # bars in sight on both sides of what was found


def note_on(report: SeriesReport) -> str:
    """How much was found and checked, and against which calendar."""
    found = count(len(report.findings), "finding") if report.findings else "clean"
    known = report.calendar.title if report.calendar else "calendar not known"
    return f"{found}, {count(len(report.bars), 'bar')} as supplied, {known}"


def finding_rows(report: SeriesReport) -> list[dict[str, Any]]:
    """A row for each finding."""
    return [_row(report, finding) for finding in report.findings]


def _row(report: SeriesReport, finding: Finding) -> dict[str, Any]:
    first = str(finding.days[0]) if finding.first is None else moment(report.bars, finding.first)
    about = {"severity": finding.severity, "name": finding.name, "title": TITLES[finding.name]}
    return about | {"count": finding.count, "first": first, "sentence": sentence(finding)}


def sentence(finding: Finding) -> str:
    """What was found, and what it does to a backtest."""
    return f"{finding.sentence} {finding.effect}"


def repair_rows(report: SeriesReport) -> list[dict[str, Any]]:
    """What was applied, and what is proposed."""
    applied = [
        _repair(item.edit, "applied" if item.is_effective else "out of date") | {"by": item.edit.author}
        for item in report.applied
    ]
    return applied + [_repair(edit, "proposed") for finding in report.findings for edit in finding.repairs]


def _repair(edit: Edit, state: str) -> dict[str, Any]:
    first, last = edit.times[0][:10], edit.times[-1][:10]
    where = first if first == last else f"{first} to {last}"
    about = {"id": edit.id, "state": state, "what": KINDS[edit.kind], "where": where}
    return about | {"before": edit.before, "after": edit.after}


def bar_rows(report: SeriesReport, finding: Finding) -> tuple[list[dict[str, Any]], str]:
    """The bars of a finding, the first two hundred, or the dates without one; and how many there are."""
    bars, rows = report.bars, finding.rows[:_MOST_ROWS]
    if not len(finding.rows):
        shown_days = [{"time": str(day)} for day in finding.days[:_MOST_ROWS]]
        return shown_days, _first_of(len(shown_days), len(finding.days), "session")
    found = [
        {"time": moment(bars, row)} | {name: _plain(getattr(bars, name)[row]) for name in VALUES}
        for row in rows.tolist()
    ]
    return found, _first_of(len(found), len(finding.rows), "bar")


def place(spec: MarketSpec, report: SeriesReport, finding: Finding) -> str:
    """Address of the chart around the first bar of a finding, or the first date without one; without the dates of the
    request where they leave it out.
    """
    time = report.bars.time
    at = finding.first if finding.first is not None else int(np.searchsorted(report.bars.days, finding.days[0]))
    ends = time[[max(at - _AROUND, 0), min(at + _AROUND, len(time) - 1)]].astype("datetime64[ms]").astype(np.int64)
    day = finding.days[0] if finding.first is None else report.bars.days[at]
    if (spec.start and day < np.datetime64(spec.start)) or (spec.end and day > np.datetime64(spec.end)):
        spec = spec.model_copy(update={"start": None, "end": None})
    asked = {"spec": state.to_query(spec), "symbol": report.bars.series.symbol}
    return f"/data?{urlencode(asked | {'from': str(ends[0]), 'to': str(ends[1])})}"


def _first_of(shown_count: int, total: int, noun: str) -> str:
    return count(total, noun) if shown_count == total else f"the first {shown_count:,} of {count(total, noun)}"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
