"""A registered model as a graph of ONNX: written by a job, shown with its certificate, and downloaded."""

from __future__ import annotations

from typing import Any

from dash import Input, Output, State, callback, ctx, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import runs
from dashboard.components import card
from dashboard.jobs import side_job
from dashboard.jobs.side_job import SideJob
from dashboard.pages.models import ids
from dashboard.pages.models.evaluation import table
from dashboard.pages.models.saved.tab import GROUP
from dashboard.runs.saved_runs import keys_of
from dashboard.security.payloads import Answer, Progress, Rows
from dashboard.text.certificate import facts, forms
from engine.models.export.certificate import Certificate
from engine.models.export.spec import ExportGraph

JOB = SideJob(GROUP, "graph")


def layout() -> Component:
    """The card, out of sight until a graph was asked for, and the stores of the job."""
    saves = [
        html.Button(text, id=place, className="button", type="button", hidden=True)
        for place, text in ((ids.SAVE_GRAPH, "Save ONNX"), (ids.SAVE_INT8, "Save int8"),
                            (ids.SAVE_CERTIFICATE, "Save certificate"))
    ]  # fmt: skip
    found = card.card("ONNX", html.Div(id=ids.CERTIFICATE), tools=saves, sub="and what is certified of it")
    hidden = html.Div(found, id=ids.CERTIFICATE_CARD, hidden=True)
    return html.Div([*JOB.stores(), dcc.Download(id=ids.GRAPH_FILE), hidden])


@callback(
    Output(JOB.answer, "data"),
    Output(JOB.job, "data"),
    Output(JOB.progress, "data"),
    Input(ids.EXPORT_GRAPH, "n_clicks"),
    State(ids.REGISTRY, "selectedRows"),
    prevent_initial_call=True,
)
def ask(clicks: int | None, chosen: Rows) -> tuple[Any, Any, Any]:
    reference = next(iter(keys_of(chosen)), "")
    if not clicks or not reference:
        raise PreventUpdate
    return *side_job.start(ExportGraph(model=reference, int8=True)), None


JOB.wire(side_job.failed_in_place)


@callback(
    Output(ids.CERTIFICATE, "children"),
    Output(ids.CERTIFICATE_CARD, "hidden"),
    Output(ids.SAVE_GRAPH, "hidden"),
    Output(ids.SAVE_INT8, "hidden"),
    Output(ids.SAVE_CERTIFICATE, "hidden"),
    Input(JOB.answer, "data"),
    Input(JOB.progress, "data"),
    prevent_initial_call=True,
)
def show(answer: Answer, progress: Progress | None) -> tuple[Any, ...]:
    if not answer:
        return "", True, True, True, True
    if (words := side_job.instead(answer, progress, "")) is not None:
        return html.Div(words, className="pad"), False, True, True, True
    report = runs.report(answer, ExportGraph).report
    return certificate(report.certified()), False, False, not len(report.int8), False


@callback(
    Output(ids.GRAPH_FILE, "data"),
    Input(ids.SAVE_GRAPH, "n_clicks"),
    Input(ids.SAVE_INT8, "n_clicks"),
    Input(ids.SAVE_CERTIFICATE, "n_clicks"),
    State(JOB.answer, "data"),
    prevent_initial_call=True,
)
def save(graph: int | None, int8: int | None, certified: int | None, answer: Answer) -> Any:
    if not (graph or int8 or certified):
        raise PreventUpdate
    report = runs.report(answer, ExportGraph).report
    contents = {
        ids.SAVE_GRAPH: (report.graph.tobytes(), "onnx"),
        ids.SAVE_INT8: (report.int8.tobytes(), "int8.onnx"),
        ids.SAVE_CERTIFICATE: (report.certificate.encode(), "certificate.json"),
    }
    content, ending = contents[str(ctx.triggered_id)]
    return dcc.send_bytes(content, f"{report.reference}.{ending}")


def certificate(found: Certificate) -> Component:
    """What was compared, what to know, and how the graph is asked."""
    heads, rows = forms(found)
    about = html.Dl([part for name, text in facts(found) for part in (html.Dt(name), html.Dd(text))])
    notes = [html.P(text, className="note") for text in found.sentences()[1:]]
    return html.Div(
        [html.P(found.sentences()[0], className="say"), *notes, table(heads, rows), about], className="model-card"
    )
