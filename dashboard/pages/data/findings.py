"""Findings on a series, the bars concerned and repairs, as rows of tables and as sentences."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import numpy as np

from dashboard import state
from dashboard.charts.window import Clock
from dashboard.pages.data.view import stamp
from dashboard.text.format import count
from engine.market.quality.edits import KINDS, Edit
from engine.market.quality.report import TITLES
from engine.market.quality.series.listed import COLUMNS, ListedFinding, SeriesFindings
from engine.market.spec import MarketSpec


def note_on(found: SeriesFindings) -> str:
    """How much was found and checked, and against which calendar."""
    findings = count(len(found.findings), "finding") if found.findings else "clean"
    mended = sum(item.is_effective for item in found.applied)
    state = f"after {count(mended, 'repair')}" if mended else "as supplied"
    return f"{findings}, {count(found.bars, 'bar')} {state}, {found.calendar or 'calendar not known'}"


def finding_rows(found: SeriesFindings, is_intraday: bool, clock: Clock) -> list[dict[str, Any]]:
    """A row for each finding."""
    return [_row(finding, is_intraday, clock) for finding in found.findings]


def _row(finding: ListedFinding, is_intraday: bool, clock: Clock) -> dict[str, Any]:
    about = {"severity": finding.severity, "name": finding.name, "title": TITLES[finding.name]}
    first = next(iter(_times(finding, is_intraday, clock)), "")
    return about | {"count": finding.count, "first": first, "sentence": sentence(finding)}


def sentence(finding: ListedFinding) -> str:
    """What was found, and what it does to a backtest."""
    return f"{finding.sentence} {finding.effect}"


def repair_rows(found: SeriesFindings) -> list[dict[str, Any]]:
    """What was applied, and what is proposed."""
    applied = [
        _repair(item.edit, "applied" if item.is_effective else "out of date") | {"by": item.edit.author}
        for item in found.applied
    ]
    return applied + [_repair(edit, "proposed") for finding in found.findings for edit in finding.repairs]


def _repair(edit: Edit, state: str) -> dict[str, Any]:
    first, last = edit.times[0][:10], edit.times[-1][:10]
    where = first if first == last else f"{first} to {last}"
    about = {"id": edit.id, "state": state, "what": KINDS[edit.kind], "where": where}
    return about | {"before": edit.before, "after": edit.after}


def bar_rows(finding: ListedFinding, is_intraday: bool, clock: Clock) -> tuple[list[dict[str, Any]], str]:
    """The bars of a finding, as far as they are listed, or the dates without one; and how many there are."""
    rows: list[dict[str, Any]] = [{"time": text} for text in _times(finding, is_intraday, clock)]
    for row, values in zip(rows, finding.values.tolist(), strict=False):
        row.update({name: _plain(value) for name, value in zip(COLUMNS, values, strict=True)})
    return rows, _first_of(len(rows), finding.count, "session" if finding.is_missing else "bar")


def _times(finding: ListedFinding, is_intraday: bool, clock: Clock) -> list[str]:
    return [stamp(time, is_intraday and not finding.is_missing, clock) for time in finding.time]


def place(spec: MarketSpec, symbol: str, finding: ListedFinding) -> str:
    """Address of the chart around the first bar of a finding, or the first date without one; without the dates of the
    request where they leave it out.
    """
    ends, day = finding.around.astype("datetime64[ms]").astype(np.int64), np.datetime64(finding.first)
    if (spec.start and day < np.datetime64(spec.start)) or (spec.end and day > np.datetime64(spec.end)):
        spec = spec.model_copy(update={"start": None, "end": None})
    asked = {"spec": state.to_query(spec), "symbol": symbol}
    return f"/data?{urlencode(asked | {'from': str(ends[0]), 'to': str(ends[1])})}"


def _first_of(shown_count: int, total: int, noun: str) -> str:
    return count(total, noun) if shown_count == total else f"the first {shown_count:,} of {count(total, noun)}"


def _plain(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
