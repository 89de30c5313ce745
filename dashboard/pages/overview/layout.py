"""Layout of the first page."""

from __future__ import annotations

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import guide
from dashboard.components.card import card
from dashboard.components.graph import graph
from dashboard.components.states import skeleton
from dashboard.pages.overview import ids
from dashboard.text.format import duration, estimated


def layout(query: str | None) -> Component:
    """The page; there is nothing that a permalink could ask of it."""
    lead = html.P(
        [
            html.B("Stratoscope tests whether a trading idea would have survived costs, luck and look-ahead"),
            ", on this machine, with your data or the sample.",
        ],
        className="lead-line",
    )
    recent = card("Recent runs", html.Div(skeleton(220), id=ids.RUNS), tools=[_all("/library", "All of the library")])
    models = card(
        "Models",
        html.Div(skeleton(90), id=ids.MODELS),
        sub="out of sample",
        tools=[_all("/library?kind=model", "All models")],
    )
    sweeps = card(
        "Sweeps", html.Div(skeleton(90), id=ids.SWEEPS), sub="the best of many is no estimate",
        tools=[_all("/library?kind=sweep", "All sweeps")],
    )  # fmt: skip
    return html.Div(
        html.Main(
            [
                dcc.Store(id=ids.OPENED),
                lead,
                html.Div([_question(), _own_data()], className="columns two"),
                guide.strip(),
                html.Div([recent, html.Div([models, sweeps], className="cards")], className="columns two"),
                html.Div(id=ids.MACHINE, className="panel-card machine-line", role="status"),
            ],
            className="main overview",
            tabIndex=-1,
        ),
        className="body alone",
    )


def _question() -> Component:
    """The one question that runs at a click."""
    request = guide.momentum()
    cost, place = request.estimate(), len(guide.steps()) - 1
    facts = (
        f"{len(request.market.symbols)} symbols, daily",
        request.strategy.label(),
        "filled at the next open",
        f"{request.costs.commission + request.costs.slippage:g} bp a trade",
        "beside holding all six",
    )
    run = dcc.Link(
        "Run it",
        href=guide.steps()[place - 1].href,
        id={"role": "step", "place": str(place), "of": "question"},
        className="try-it",
    )
    words = [
        html.Small("Try: momentum on six names", className="eyebrow"),
        html.H2("Does momentum on six names survive costs?"),
        html.P("Each month, hold the three names that were strongest over the last twelve months but one."),
        html.Div([html.Span(fact, className="chip") for fact in facts], className="chip-row"),
        html.Div([run, html.Span(f"about {duration(cost.seconds)}, {estimated(cost.megabytes)}", className="hint")],
                 className="try-line"),
    ]  # fmt: skip
    sample = graph(ids.SAMPLE, height=170, title="The sample", sub="growth of 100, log", rescale=False)
    return html.Div([html.Section(words, className="panel-card question"), sample], className="question-row")


def _own_data() -> Component:
    ways = (
        ("Import files", "/data?tab=import", "CSV, Parquet or Excel: columns are recognised, faults reported."),
        ("Download", "/data?tab=download", "Yahoo Finance, exchanges, FRED and others."),
        ("What is stored", "/data?tab=catalogue", "Every stored series, its range and its quality."),
    )  # fmt: skip
    rows = [
        html.Div([dcc.Link(title, href=href, className="link-button strong"), html.Small(words)], className="way")
        for title, href, words in ways
    ]
    return card("Bring your data", html.Div(rows, className="ways"), sub="nothing leaves this machine")


def _all(href: str, text: str) -> Component:
    return dcc.Link(text, href=href, className="link-button")
