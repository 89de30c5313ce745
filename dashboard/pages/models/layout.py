"""Layout of the models page."""

from __future__ import annotations

import dash_bootstrap_components as dbc
from dash import html
from dash.development.base_component import Component

from dashboard.components.card import card, columns
from dashboard.components.graph import graph
from dashboard.components.metric import strip
from dashboard.components.page_layout import page_layout
from dashboard.components.states import empty, skeleton
from dashboard.components.store import store
from dashboard.components.table import Column, table
from dashboard.components.tabs import fill_late, pane, tabs
from dashboard.pages.models import ids, label_check, view
from dashboard.pages.models.diagnosis.callbacks import TAB as DIAGNOSIS
from dashboard.pages.models.form import FORM
from dashboard.pages.models.saved import tabs as saved
from dashboard.pages.models.saved.tab import GROUP, seen_id
from dashboard.pages.models.tabs import importance, inspection, threshold
from dashboard.pages.models.tuning.callbacks import TAB as TUNE
from dashboard.runs import restated, studies
from dashboard.runs import tabs as page_tabs

STUDIES = (DIAGNOSIS, TUNE)
LATE = (threshold.TAB, importance.TAB)
"""What a trained model shows once its tab is opened."""
TABS = (
    ("score", "Score"),
    ("folds", "Folds"),
    ("curves", "Curves"),
    *((tab.name, tab.title) for tab in LATE),
    ("predictions", "Predictions"),
    *((tab.name, tab.title) for tab in STUDIES),
)
COLUMNS = (
    Column("time", "Bar", least=138, help="Date of the bar; with the time in UTC for intraday bars."),
    Column("symbol", "Symbol"),
    Column(
        "prediction",
        "Prediction",
        kind="own",
        decimals=2,
        help="Probability of the highest class, or the predicted number.",
    ),
    Column("predicted", "Predicted", help="The most likely class, or the sign of the prediction."),
    Column("outcome", "Outcome", least=118, help="The label: what happened over the horizon."),
    Column("right", "Correct"),
)

for tab in LATE:
    fill_late(GROUP, tab.name, tab.layout)


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the default form."""
    opened = page_tabs.opening(query, STUDIES)
    return page_layout(
        FORM,
        opened.query,
        run=studies.runs_page(FORM, opened),
        title=tabs("models", (*TABS, *saved.titles()), studies.tab_of(opened.study), apart=STUDIES[0].name),
        tools=[html.Span(id=ids.HANDOVER)],
        panel=label_check.layout(),
        results=[
            restated.line(FORM.page),
            pane("models", "score", [strip(ids.KPIS), *_score()], first=not opened.study),
            pane("models", "folds", _folds()),
            pane("models", "curves", _curves()),
            *page_tabs.late_panes(GROUP, LATE),
            pane("models", "predictions", _predictions()),
        ],
        studies=[
            *page_tabs.study_panes("models", STUDIES, opened),
            *saved.panes(),
            *page_tabs.seen_stores(LATE, seen_id),
            store(seen_id(inspection.CURVES)),
        ],
        empty=empty(
            "No model yet",
            "Choose symbols, features and a label on the left, then press Train model. It is trained on the "
            "earlier bars and scored on the later ones, against null models.",
            symbol="models",
            more=_earlier(),
        ),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return [*(part for tab in LATE for part in tab.layout()), *saved.later(), *page_tabs.study_contents(STUDIES)]


def _score() -> list[Component]:
    return [
        html.Div(
            [
                graph(ids.LOSS, height=300, title="Loss", rescale=False),
                card("Is it real?", html.Div(skeleton(280), id=ids.VERDICT)),
                graph(ids.NULL_DISTRIBUTION, height=230, title="Null models", rescale=False),
                graph(ids.CALIBRATION, height=230, title="Calibration", rescale=False),
                graph(ids.IMPORTANCE, height=230, title="Importance", rescale=False),
            ],
            id=ids.SCORE_CARDS,
            className=view.ALL_CARDS,
        ),
        card(
            "Scores, null models and baselines",
            html.Div(skeleton(300), id=ids.SCORES),
            tools=[html.Span(id=ids.SCORED_ROWS)],
        ),
        html.Div(
            card("Made of", html.Div(id=ids.MEMBERS)),
            id=ids.MEMBERS_CARD,
            hidden=True,
        ),
    ]


def _folds() -> list[Component]:
    return [
        graph(ids.TIMELINE, height=340, title="Split", rescale=False),
        columns(
            graph(ids.FOLD_SCORES, height=280, title="Score by fold", rescale=False),
            card("Parts", html.Div(skeleton(200), id=ids.PARTS), sub="all symbols, last fold"),
            kind="half",
        ),
        card("Folds", [html.Div(id=ids.FOLD_NOTES, className="sweep-expected"), html.Div(skeleton(200), id=ids.FOLDS)]),
    ]


def _curves() -> list[Component]:
    regimes = html.Div(skeleton(140), id=ids.BY_REGIME)
    return [
        columns(
            graph(ids.ROC, height=280, title="ROC", rescale=False),
            graph(ids.PRECISION_RECALL, height=280, title="Precision and recall", rescale=False),
            graph(ids.CONFUSION, height=280, title="Confusion", rescale=False),
            kind="three",
        ),
        columns(
            graph(ids.QUANTILES, height=280, title="Returns by quintile", rescale=False),
            graph(ids.LEARNING, height=280, title="Learning curve", sub="newest fold", rescale=False),
            kind="half",
        ),
        columns(
            card("By regime", regimes, sub="known at the close", tools=[inspection.button(ids.INSPECT)]),
            card("By year", html.Div(id=ids.BY_YEAR)),
            kind="half",
        ),
        card("By symbol", html.Div(id=ids.BY_SYMBOL)),
        *inspection.JOB.stores(),
    ]


def _predictions() -> list[Component]:
    select = dbc.Select(id=ids.SYMBOL, options=[], className="select add")
    symbol = html.Label([html.Span("Symbol", className="visually-hidden"), select])
    return [
        graph(ids.PROBABILITY, height=380, title="Out of sample", tools=[symbol]),
        card("Predictions", table(ids.PREDICTIONS, COLUMNS, height=460), tools=[html.Span(id=ids.PREDICTIONS_NOTE)]),
    ]


def _earlier() -> list[Component]:
    """The way back to models that are there already."""
    found = view.latest()
    return [html.Div([html.B("Earlier models"), *found], className="earlier")] if found else []
