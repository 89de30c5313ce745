"""The form of the processors that a value of the matrix is followed through."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids as frame
from dashboard.components import card
from dashboard.components.form import Form
from dashboard.pages.features import ids
from dashboard.runs.form_callbacks import Entered, FormCallbacks
from dashboard.runs.wiring import show_problems, wire_parts
from engine.core.spec import RunSpec
from engine.features.explanation.spec import ProcessorChain

FORM = Form(
    page=frame.study(ids.PAGE, "processors"),
    spec=cast("type[RunSpec]", ProcessorChain),  # a form needs no more of a request than its fields
)


def contents() -> Sequence[Component]:
    """A card with the controls, without processors."""
    fields = html.Div(FORM.panel(FORM.defaults()), className="fields chain-fields")
    about = "what a model sees instead of the value; fitted on the earliest bars of all symbols"
    return [card.card("Processors", [fields, dcc.Store(id=frame.problems(FORM.page))], sub=about)]


def chain(form: Entered) -> ProcessorChain:
    """What the form says. Raises ``SpecError``."""
    given = FORM.collect([*form["choices"], *form["fields"]], [*form["kinds"], *form["values"]])
    return cast(ProcessorChain, FORM.parse(given))


wire_parts(FormCallbacks(FORM))
show_problems(FORM.page)
