"""A value taken apart, in words and tables: its formula, the parts of it, and the bars that went in."""

from __future__ import annotations

import numpy as np
from dash import html
from dash.development.base_component import Component

from dashboard.components.bar_table import bar_table
from dashboard.text.format import count, number
from engine.features.explanation.explain import Explanation, Part
from engine.features.explanation.processed import FittedParameter, Processing
from engine.features.explanation.spec import ExplanationSpec

_DIGITS = 6
_INDENT = "\u2003"


def content(spec: ExplanationSpec, found: Explanation) -> list[Component]:
    """The value in a sentence, then what it is made of beside the bars that it follows from."""
    head = html.P(
        [html.B(found.column), f" of {found.symbol} on {_moment(found.times[-1])}: ", html.B(digits(found.value))]
    )
    formula = [html.Code(found.formula, className="formula")] if found.formula else []
    parts = [html.Div([html.H4("Parts of the formula"), _parts(found.parts)])] if len(found.parts) > 1 else []
    bars = [html.Div([html.H4(_heading(found)), _bars(found)])] if found.names else []
    return [
        html.Div(
            [head, *formula, html.P(f"{found.definition} {again(found)}".strip(), className="hint")], className="say"
        ),
        *_processing(found.processing),
        html.Div([*parts, *bars], className="explained"),
    ]


def again(found: Explanation) -> str:
    """What the listed bars alone give."""
    if not np.isfinite(found.value):
        return "The value is unknown: the bar lies in the warm-up, or what the formula needs is missing."
    if not np.isfinite(found.again):
        return "It needs other series as well."
    alone = f"Computed again from these {count(found.bars, 'bar')} alone: {digits(found.again)}."
    return f"{alone} What came before fades, but never quite." if found.fades else alone


def digits(value: float) -> str:
    """A value with six significant digits."""
    if not np.isfinite(value) or value == 0:
        return number(value)
    size = int(np.floor(np.log10(abs(value))))
    return number(value, min(max(_DIGITS - 1 - size, 0), 12))


def _heading(found: Explanation) -> str:
    listed = len(found.times)
    if listed == found.bars:
        return f"The {count(found.bars, 'bar')} that went in"
    return f"The last {listed} of the {count(found.bars, 'bar')} that went in"


def _parts(parts: tuple[Part, ...]) -> Component:
    rows = [(f"{_INDENT * part.depth}{part.text}", digits(part.value)) for part in parts]
    return bar_table([("Part", ""), ("Value", "")], rows)


def _processing(found: Processing) -> list[Component]:
    """The value before and after each processor, and the parameters fitted for it."""
    if not found.steps:
        return []
    head = [("Processor", ""), ("Fitted parameters", ""), ("Before", ""), ("After", "")]
    rows = [
        (step.processor, "; ".join(map(_fitted_parameter, step.parameters)), digits(step.before), digits(step.after))
        for step in found.steps
    ]
    said = (
        f"Fitted on {count(found.rows, 'known value')} of all symbols, {found.first} to {found.last}. A model leaves "
        "out rows of which another feature or the label is not known as well."
    )
    return [html.Div([html.H4("Through the processors"), bar_table(head, rows), html.P(said, className="hint")],
                     className="explained processing")]  # fmt: skip


def _fitted_parameter(item: FittedParameter) -> str:
    if item.count == 1:
        return f"{item.name} {digits(item.lowest)}"
    inside = f", here between {digits(item.below)} and {digits(item.above)}" if np.isfinite(item.below) else ""
    return f"{item.count:,} {item.name} from {digits(item.lowest)} to {digits(item.highest)}{inside}"


def _bars(found: Explanation) -> Component:
    """The newest bar first."""
    head = [("Bar", ""), *((name.capitalize(), "") for name in found.names)]
    newest = range(len(found.times) - 1, -1, -1)
    return bar_table(head, [(_moment(found.times[at]), *map(digits, found.read[at])) for at in newest])


def _moment(time: np.datetime64) -> str:
    """The day, of intraday bars with the time in UTC."""
    return str(np.datetime_as_string(time, unit="m")).replace("T", " ").removesuffix(" 00:00")
