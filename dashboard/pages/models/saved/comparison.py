"""Trained models side by side: scores, loss curves, and the settings that differ."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboard import runs
from dashboard.charts.overlay import style
from dashboard.text.format import MISSING, number
from dashboard.text.model_scores import TITLES, shown
from engine.core.differences import differences
from engine.jobs import library, runner
from engine.models.result import ModelResult
from engine.models.scores import LOWER_IS_BETTER
from engine.models.spec import ModelSpec

MAXIMUM_MODELS = 8
"""Models side by side: as many as can be distinguished on a chart."""


@dataclass(frozen=True, eq=False)
class Compared:
    """The models that were found, in the requested order, and sentences about the others."""

    keys: tuple[str, ...]
    specs: tuple[ModelSpec, ...]
    results: tuple[ModelResult, ...]
    notes: tuple[str, ...]

    @property
    def names(self) -> list[str]:
        """Labels; those that several models share with their keys after them."""
        labels = [spec.model.label() for spec in self.specs]
        return [
            f"{label} ({runs.short({'key': key})})" if labels.count(label) > 1 else label
            for label, key in zip(labels, self.keys, strict=True)
        ]


def gather(keys: Sequence[str]) -> Compared:
    """The saved models under ``keys``, each once, ``MAXIMUM_MODELS`` at most. Keys come from the browser: what is not
    one of a saved model is named and goes no further.
    """
    wanted = list(dict.fromkeys(keys))
    notes = [f"{len(wanted)} models are selected; {MAXIMUM_MODELS} are shown."] if len(wanted) > MAXIMUM_MODELS else []
    saved, found = library.find(wanted[:MAXIMUM_MODELS]), []
    for key in wanted[:MAXIMUM_MODELS]:
        item = saved.get(key)
        if item is None or not isinstance(item.spec, ModelSpec):
            notes.append("A selected model was not found: it has been deleted.")
            continue
        result = runner.store().read(key, ModelResult)
        if result is None:
            notes.append(f"The result of {item.label} is no longer stored: open it and train it again.")
            continue
        found.append((key, item.spec, result))
    keys_, specs, results = zip(*found, strict=True) if found else ((), (), ())
    return Compared(tuple(keys_), tuple(specs), tuple(results), tuple(notes))


def score_table(compared: Compared) -> Component:
    """Every score of every model side by side, the best marked, with the null band and the p-value of each."""
    names = [name for name in TITLES if any(name in result.scores for result in compared.results)]
    rows = [_scored(name, [result.scores.get(name) for result in compared.results]) for name in names]
    rows += [
        _row("Null models 5–95%", [_band(result) for result in compared.results]),
        _row("p-value", [number(result.p_value(), 2) for result in compared.results]),
        _row("Rows scored", [number(result.n_scored) for result in compared.results]),
        _row("Could be followed in time", ["yes" if result.in_time else "no" for result in compared.results]),
    ]
    return _table("Score", compared, rows, "figures compared")


def spec_differences(compared: Compared) -> Component:
    """The fields of the requests that differ, in the words of the form."""
    found = differences(compared.specs)
    if not found:
        words = "The requests are the same: the data or the version of Stratoscope that trained them differs."
        return html.P(words, className="hint pad")
    rows = [
        html.Tr([html.Td([html.Span(item.title), html.Small(item.section)]), *(html.Td(text) for text in item.values)])
        for item in found
    ]
    return _table("Setting", compared, rows, "figures compared differ")


def _scored(name: str, values: Sequence[float | None]) -> Component:
    known = {place: value for place, value in enumerate(values) if value is not None}
    best = (min if name in LOWER_IS_BETTER else max)(known.values()) if len(set(known.values())) > 1 else None
    cells = [
        html.Td([html.B(shown(name, value)), html.Span("best", className="unseen")], className="best")
        if value is not None and value == best
        else html.Td(shown(name, value))
        for value in values
    ]
    return html.Tr([html.Td(TITLES[name]), *cells])


def _band(result: ModelResult) -> str:
    band = result.null_band()
    return f"{number(band[0], 3)} … {number(band[1], 3)}" if band else MISSING


def _row(title: str, cells: Sequence[str]) -> Component:
    return html.Tr([html.Td(title), *map(html.Td, cells)])


def _table(first: str, compared: Compared, rows: Sequence[Component], look: str) -> Component:
    head = html.Tr([html.Th(first), *(html.Th(_heading(name, at)) for at, name in enumerate(compared.names))])
    return html.Div(html.Table([html.Thead(head), html.Tbody(list(rows))], className=look), className="scroll-x")


def _heading(name: str, place: int) -> Component:
    """A model's name with a piece of its line."""
    colour, dash = style(place)
    look: Mapping[str, Any] = {"borderTop": f"3px {'dashed' if dash == 'dash' else 'solid'} {colour}"}
    return html.Span([html.I(className="swatch", style=dict(look)), name], title=name, className="run-name")
