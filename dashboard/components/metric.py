"""Key metrics as one strip: name, value, and what to compare it with."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dash import html
from dash.development.base_component import Component

from dashboard.components.states import skeleton

Tone = Literal["", "gain", "loss"]


@dataclass(frozen=True)
class Metric:
    """One key metric; ``text`` is its formatted value, ``note`` the comparison under it, ``help`` its definition."""

    name: str
    text: str
    note: str = ""
    tone: Tone = ""
    help: str = ""


def tone(value: float | None) -> Tone:
    """Gain above zero, loss below; print the sign as well."""
    if value is None or value == 0 or value != value:
        return ""
    return "gain" if value > 0 else "loss"


def strip(id: str, size: int = 8) -> Component:
    """The strip; fill its ``children`` with ``cells``. Until then it shows ``size`` skeletons."""
    waiting = [
        html.Div([skeleton(11, "60%"), skeleton(19, "80%"), skeleton(11, "70%")], className="kpi") for _ in range(size)
    ]
    return html.Div(waiting, id=id, className="kpis")


def cells(metrics: Sequence[Metric]) -> list[Component]:
    """The cells of a strip, eight at most."""
    return [_cell(metric) for metric in metrics]


def definition_list(metrics: Sequence[Metric]) -> Component:
    """Name and value pairs, one a line, each with its definition."""
    parts = [
        part for metric in metrics for part in (_name(metric), html.Dd(metric.text, className=metric.tone or None))
    ]
    return html.Dl(parts, className="facts")


def defined(help: str) -> dict[str, str | int]:
    """Properties of a component whose definition opens on hover, on focus and on touch (``assets/34_help.js``)."""
    return {"title": help, "tabIndex": 0, "data-help": help} if help else {}


def _name(metric: Metric) -> Component:
    return html.Dt(metric.name, **defined(metric.help))


def _cell(metric: Metric) -> Component:
    parts = [
        html.Div(metric.name, className="k"),
        html.Div(metric.text, className=f"v {metric.tone}".strip()),
        html.Div(metric.note, className="d"),
    ]
    return html.Div(parts, className="kpi", **defined(metric.help))
