"""Disk usage of the cache, as the page prints it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import columns
from dashboard.text.format import count, percent
from engine.core.sizes import GIGABYTE, size_text
from engine.jobs.housekeeping import Usage

SCARCE = GIGABYTE
"""Free bytes below which the disk is called almost full: some sweeps fill it."""


def lines(usage: Usage | None, elsewhere: str | None) -> list[Component]:
    """A line for each part; ``elsewhere`` is the address of results that are not kept in the cache."""
    if usage is None:
        return [html.P("The cache has not been measured yet.", className="hint")]
    records = _line("Library, ledger, jobs", "runs, trials and jobs", usage.database + usage.jobs)
    bars = _line("Bars", "downloaded and imported prices", usage.bars)
    return [columns(html.Div([_results(usage, elsewhere), bars]), html.Div([records, _free(usage)]), kind="half")]


def _results(usage: Usage, elsewhere: str | None) -> Component:
    words = f"{count(usage.count, 'result')}{f' at {elsewhere}' if elsewhere else ''}"
    if usage.limit is None:
        return _line("Results", f"{words}, no limit", usage.results)
    share = min(usage.results / usage.limit, 1.0)
    filled = html.Div(html.I(style={"width": percent(share, 1)}), className="bar")
    is_over = usage.results > usage.limit
    note = (
        "over the limit: all are pinned, tagged, annotated or from today"
        if is_over
        else f"{percent(share, 0)} of the limit"
    )
    return _line("Results", f"{words}, {note}", usage.results, f" of {size_text(usage.limit)}", filled)


def _free(usage: Usage) -> Component:
    words = f"of {size_text(usage.total)} on the disk of the cache"
    if usage.free >= SCARCE:
        return _line("Free space", words, usage.free)
    mark = html.Span("almost full", className="chip warn", title="Run stratoscope clean to free space.")
    return _line("Free space", [f"{words} ", mark], usage.free)


def _line(title: str, words: str | list[str | Component], size: int, of: str = "", *below: Component) -> Component:
    body = html.Div([html.B(title), html.Span(words, className="hint"), *below])
    return html.Div([body, html.Span(f"{size_text(size)}{of}", className="amount")], className="job")
