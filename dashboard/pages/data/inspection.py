"""What the Quality tab shows of a series, as JSON values: found at once for few bars, by a worker for many.

``{"waits": sentence}`` while a worker is at it, ``{"error": sentence}`` where that failed, ``{"applied": True}`` after
it has applied a repair, and else ``rows`` of findings, ``repairs``, ``note``, the checks that ``passed``, and ``bars``
of each finding by its name.
"""

from __future__ import annotations

from typing import Any, TypeAlias

from dash import Input, Output, callback
from dash.exceptions import PreventUpdate

from dashboard.errors import sentence as sentence_of
from dashboard.jobs.call import POLL_MILLISECONDS
from dashboard.pages.data import ids
from dashboard.pages.data.findings import bar_rows, finding_rows, note_on, place, repair_rows, sentence
from dashboard.pages.data.tab import Viewed, series_of
from engine.market import catalog
from engine.market.bars import Series
from engine.market.quality import repairs
from engine.market.quality.calendars import NAMES, code_for, is_built
from engine.market.quality.report import assess, is_refused

Inspected: TypeAlias = dict[str, Any] | None

MANY = 50_000
"""Bars from which on an inspection takes more than 200 ms: it looks at 250,000 a second."""


def waits_for(series: Series, code: str) -> str:
    """What a worker is needed for, in a sentence; "" where the server can answer."""
    wanted = code or code_for(series)
    if not is_built(wanted):
        return f"The sessions of {NAMES[wanted]} are read for the first time."
    return f"{series.rows:,} bars are checked." if series.rows > MANY else ""


def inspect(viewed: Viewed, code: str) -> dict[str, Any]:
    """All that is found on the series on screen against the calendar ``code``, "" for its own."""
    spec, series = series_of(viewed)
    report = assess(series, code)
    bars = {}
    for found in report.findings:
        rows, note = bar_rows(report, found)
        link = "" if is_refused(report.findings) else place(spec, report, found)
        bars[found.name] = {"rows": rows, "note": note, "link": link, "sentence": sentence(found)}
    return {
        "rows": finding_rows(report),
        "repairs": repair_rows(report),
        "note": note_on(report),
        "passed": [about.passes for about in report.passed],
        "bars": bars,
    }


def apply(viewed: Viewed, code: str, id_: str) -> None:
    """Apply the proposed repair of that id. Raises ``DataError`` as ``repairs.add`` does."""
    report = assess(series_of(viewed)[1], code)
    for edit in (item for finding in report.findings for item in finding.repairs):
        if edit.id == id_:
            repairs.add(catalog.read_supplied(report.bars.series), edit)


def work(asked: dict[str, Any] | None) -> dict[str, Any]:
    """In a worker: ``inspect``, or ``apply`` where a repair is named."""
    if not asked:
        raise PreventUpdate
    if asked.get("repair"):
        apply(asked["viewed"], asked["code"], asked["repair"])
        return {"applied": True}
    return inspect(asked["viewed"], asked["code"])


def _failed(error: Exception) -> dict[str, str]:
    return {"error": sentence_of(error)}


callback(
    Output(ids.INSPECTED, "data", allow_duplicate=True),
    Input(ids.TO_INSPECT, "data"),
    background=True,
    interval=POLL_MILLISECONDS,
    prevent_initial_call=True,
    on_error=_failed,
)(work)
