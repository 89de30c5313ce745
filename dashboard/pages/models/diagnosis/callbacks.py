"""The tab that looks at the network in the page's form before a long training, and its callbacks."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts.models import epoch, finder
from dashboard.components import card, graph, states
from dashboard.components.graph import ids_sub
from dashboard.pages.models import ids
from dashboard.pages.models.diagnosis import view
from dashboard.pages.models.form import FORM as MODEL
from dashboard.runs import studies
from dashboard.runs.studies import Study, StudyForm
from dashboard.runs.tabs import Tab
from dashboard.security.payloads import Draft
from dashboard.text.format import duration
from engine.jobs import runner
from engine.models.diagnosis.spec import DiagnoseNetwork
from engine.models.neural.kind import Neural
from engine.models.spec import ModelSpec

PAGE = frame.study("models", "diagnosis")
FORM = StudyForm(page=PAGE, spec=DiagnoseNetwork, action="Diagnose network", base="base")
RESULT = Input(frame.result(PAGE), "data")


def empty() -> Component:
    """What a diagnosis is, and what to do first."""
    return states.empty(
        "Not diagnosed yet",
        "Before a long training: can the network on the left overfit one batch, do gradients reach its layers, "
        "which learning rate suits it, and what does an epoch take? Nothing is stored, no test row is used, "
        "and it does not count as a trial.",
        symbol="models",
    )


def layout() -> list[Component]:
    """Checks beside the finder, the epoch beside the frameworks, all layers."""
    use = html.Button("Use this rate", id=ids.FINDER_USE, className="link-button strong", type="button", disabled=True,
                      title="Put it into the form on the left")  # fmt: skip
    return [
        card.columns(
            graph.graph(ids.FINDER, height=300, title="Learning rate", tools=[use], rescale=False),
            card.card("Checks", html.Div(id=ids.CHECKS)),
        ),
        card.columns(
            graph.graph(ids.EPOCH, height=150, title="One epoch", rescale=False),
            card.card("torch against MLX", html.Div(id=ids.FRAMEWORKS)),
            kind="half",
        ),
        card.card("Layers", html.Div(id=ids.LAYERS), sub="trained weights"),
    ]


STUDY = Study(FORM, "Diagnosis", empty, sub="of the network on the left, on the training rows of its newest fold")
TAB = Tab("diagnosis", "Diagnosis", layout, STUDY)


@callback(
    Output(ids.CHECKS, "children"),
    Output(frame.figure(ids.FINDER), "data"),
    Output(ids_sub(ids.FINDER), "children"),
    Output(ids.FINDER_USE, "disabled"),
    Output(frame.figure(ids.EPOCH), "data"),
    Output(ids_sub(ids.EPOCH), "children"),
    Output(ids.FRAMEWORKS, "children"),
    Output(ids.LAYERS, "children"),
    RESULT,
)
def draw(data: runs.ResultData) -> tuple[Any, ...]:
    done = runs.report(data, DiagnoseNetwork)
    found, network = done.report, done.action.network
    course, spent = finder.info(found, network.learning_rate), epoch.info(found)
    return (
        view.checks(found),
        finder.figure(course) if course else states.no_figure(found.finder_problem),
        "loss of one step at each",
        course is None,
        epoch.figure(spent),
        duration(spent.total),
        view.frameworks(found),
        view.layers(found),
    )


@callback(
    Input(ids.FINDER_USE, "n_clicks"),
    State(frame.result(PAGE), "data"),
    State(frame.draft("models"), "data"),
    prevent_initial_call=True,
)
def use(clicks: int | None, data: runs.ResultData, draft: Draft | None) -> None:
    """The suggestion goes into the page's form, which may have been changed since, but not into a model that is no
    network.
    """
    if not clicks:
        raise PreventUpdate
    done = runs.report(data, DiagnoseNetwork)
    studies.show(MODEL, with_rate(done.action.base, draft, done.report.suggestion), TAB.name, run=False)


def with_rate(base: ModelSpec, draft: Draft | None, rate: float) -> ModelSpec:
    """What the form says now, or what was diagnosed, at this learning rate to two digits."""
    asked = runner.load_spec(draft["spec"]) if draft else None
    now = asked if isinstance(asked, ModelSpec) and isinstance(asked.model, Neural) else base
    model = now.model.model_dump(mode="json") | {"learning_rate": float(f"{rate:.2g}")}
    return ModelSpec.parse(now.model_dump(mode="json") | {"model": model})
