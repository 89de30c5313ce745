"""The tab that sets saved runs side by side; it needs no run on the page."""

from __future__ import annotations

from typing import Any

import dash_bootstrap_components as dbc
from dash import ClientsideFunction, Input, Output, State, callback, clientside_callback, dcc, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.charts import correlation, overlay
from dashboard.components import card, graph, states, tabs
from dashboard.components.graph import ids_sub
from dashboard.pages.backtest import comparison, crosscheck, ids
from dashboard.pages.backtest.tab import RESULT_ID, Tab, seen
from engine.backtest.spec import BacktestSpec
from engine.core.spec import kind_name
from engine.jobs import library

NOTHING = "Add saved runs above, or select them in the library."
ONE = "Add another run above to see how the two are correlated."
APART = "These runs have no bars in common: see the note above the chart."


def layout() -> list[Component]:
    label = html.Label("Runs", htmlFor=ids.COMPARE, className="f-label")
    picker = dcc.Dropdown(
        id=ids.COMPARE, options=[], value=[], multi=True, placeholder="Add saved runs", className="pick",
        closeOnSelect=False,
    )  # fmt: skip
    choices = [
        _choice(ids.WEIGHTING, "Weights", comparison.WEIGHTINGS),
        _choice(ids.REBALANCING, "Rebalancing", comparison.REBALANCINGS),
    ]
    return [
        html.Div([label, picker], className="compare-bar"),
        html.Div(id=ids.COMPARE_NOTES, className="compare-notes"),
        graph.graph(ids.OVERLAY, height=380, title="Equity", sub="growth of 1, after costs"),
        card.card("Metrics", html.Div(id=ids.METRICS), sub=html.Span(id=ids.METRICS_SUB)),
        card.card("Differences", html.Div(id=ids.DIFFERENCES), sub="settings that differ"),
        card.columns(
            graph.graph(ids.CORRELATION, height=300, title="Correlation", sub="of bar returns", rescale=False),
            card.card("Combined portfolio", [html.Div(choices, className="choices"), html.Div(id=ids.PORTFOLIO)]),
            kind="half",
        ),
        crosscheck.layout(),
    ]


def _choice(id_: str, title: str, words: Any) -> Component:
    options = [{"value": value, "label": text} for value, text in words.items()]
    radio = dbc.RadioItems(id=id_, name=id_, options=options, value=options[0]["value"], className="seg small")
    group = html.Div(radio, role="radiogroup", **{"aria-label": title})
    return html.Div([html.Span(title, className="f-label"), group])


TAB = Tab("compare", "Compare", layout, free=True)


@callback(
    Output(frame.figure(ids.OVERLAY), "data"),
    Output(ids.COMPARE_NOTES, "children"),
    Output(ids.METRICS, "children"),
    Output(ids.METRICS_SUB, "children"),
    Output(ids.DIFFERENCES, "children"),
    Output(frame.figure(ids.CORRELATION), "data"),
    Output(ids_sub(ids.CORRELATION), "children"),
    Output(ids.PORTFOLIO, "children"),
    seen("compare"),
    Input(ids.CHOSEN, "data"),
    Input(ids.WEIGHTING, "value"),
    Input(ids.REBALANCING, "value"),
)
def compare(
    data: runs.ResultData, keys: list[str] | None, weighting: str | None, rebalancing: str | None
) -> tuple[Any, ...]:
    page, chosen = on_page(data), chosen_keys(data, keys)
    compared = comparison.gather(page if page and (not chosen or page[0] in chosen) else None, chosen)
    if not compared.results:
        none, words = states.no_figure(NOTHING), comparison.hint(NOTHING)
        return none, comparison.notes(compared.notes), words, "", words, states.no_figure(NOTHING), "", words
    both = comparison.together(compared, *how(weighting, rebalancing))
    return (
        overlay.figure(comparison.curves(compared, both)), comparison.notes((*compared.notes, *both.notes)),
        comparison.metric_table(compared, both), comparison.marked(compared), comparison.spec_differences(compared),
        *matrix(compared, both), comparison.portfolio(compared, both),
    )  # fmt: skip


@callback(Output(ids.COMPARE, "options"), Output(ids.COMPARE, "value"), seen("compare"), Input(ids.CHOSEN, "data"))
def offer(data: runs.ResultData, keys: list[str] | None) -> tuple[list[dict[str, str]], list[str]]:
    """Every saved backtest, and what is chosen already, the run on the page where nothing is: the list drops at once
    what it does not offer.
    """
    chosen = chosen_keys(data, keys)
    saved = {item.key: item for item in library.saved(kind_name(BacktestSpec), limit=200)} | library.find(chosen)
    own = (data or {}).get("key")
    known = [
        {"value": key, "label": f"{item.label}  {runs.short({'key': key})}", "search": " ".join(item.tags) + item.note}
        for key, item in saved.items()
    ]
    here = [{"value": own, "label": f"On this page  {runs.short(data)}"}] if own and own not in saved else []
    unknown = [{"value": key, "label": "not found"} for key in chosen if key not in saved and key != own]
    return here + known + unknown, chosen or ([own] if own else [])


clientside_callback(
    ClientsideFunction("stratoscope", "chosenRuns"),
    Output(ids.CHOSEN, "data"),
    Output({"role": "tabs", "group": ids.TABS}, "active_tab", allow_duplicate=True),
    Input(frame.LOCATION, "search"),
    prevent_initial_call="initial_duplicate",
)
clientside_callback(
    ClientsideFunction("stratoscope", "comparedInLink"),
    Output(tabs.line_id(ids.TABS), "labels"),
    Output(frame.part("rail", "backtest"), "href", allow_duplicate=True),
    Input(ids.CHOSEN, "data"),
    State(frame.part("rail", "backtest"), "href"),
    prevent_initial_call=True,
)
clientside_callback(
    ClientsideFunction("stratoscope", "combineAsAsked"),
    Output(ids.WEIGHTING, "value"),
    Output(ids.REBALANCING, "value"),
    seen("compare"),
    State(ids.WEIGHTING, "options"),
    State(ids.REBALANCING, "options"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "combiningInLink"),
    Output(frame.part("rail", "backtest"), "href", allow_duplicate=True),
    Input(ids.WEIGHTING, "value"),
    Input(ids.REBALANCING, "value"),
    State(ids.WEIGHTING, "options"),
    State(ids.REBALANCING, "options"),
    State(frame.part("rail", "backtest"), "href"),
    prevent_initial_call=True,
)
clientside_callback(  # no output: that the list and the store follow each other is no circle in the graph of callbacks
    ClientsideFunction("stratoscope", "chooseRuns"),
    Input(ids.COMPARE, "value"),
    State(ids.CHOSEN, "data"),
    State(ids.CHOSEN, "id"),
    State(RESULT_ID, "data"),
    prevent_initial_call=True,
)


def on_page(data: runs.ResultData) -> Any:
    """(key, spec, result) of the run on the page, or None."""
    try:
        spec, result = runs.opened(data, BacktestSpec)
    except PreventUpdate:
        return None
    return (data or {})["key"], spec, result


def chosen_keys(data: runs.ResultData, keys: Any) -> list[str]:
    """What the browser sent as a list of keys, as far as it is text; ``HERE`` is the run on the page."""
    texts = [key for key in keys if isinstance(key, str)][:50] if isinstance(keys, list) else []
    own = (data or {}).get("key")
    return list(dict.fromkeys(own if key == comparison.HERE else key for key in texts if own or key != comparison.HERE))


def how(weighting: Any, rebalancing: Any) -> tuple[Any, Any]:
    """The two choices, each the first one where the browser sent something else."""
    first, second = next(iter(comparison.WEIGHTINGS)), next(iter(comparison.REBALANCINGS))
    return (
        weighting if weighting in comparison.WEIGHTINGS else first,
        rebalancing if rebalancing in comparison.REBALANCINGS else second,
    )


def matrix(compared: comparison.Compared, both: comparison.Together) -> tuple[Any, str]:
    """The correlations as a figure, and on what they are based."""
    if both.shared is None:
        return states.no_figure(ONE if len(compared.results) < 2 else APART), ""
    sub = f"of {len(both.shared.time) - 1:,} {'daily' if both.shared.by_day else 'bar'} returns"
    return correlation.figure(correlation.info(compared.names, both.shared.correlation())), sub
