"""The card of a model as the page shows it."""

from __future__ import annotations

from dash import html
from dash.development.base_component import Component

from dashboard.components.card import columns
from dashboard.pages.models.evaluation import table
from dashboard.text.model_card import band, facts, scores
from engine.models.service.card import Card


def card_view(found: Card) -> Component:
    """What it is for, its scores, what speaks against it, and where it comes from."""
    heads, rows = scores(found)
    told = [html.P(text, className="note") for text in found.caveats()]
    parts = [
        html.Div([html.B(title), html.Dl([part for name, text in lines for part in (html.Dt(name), html.Dd(text))])])
        for title, lines in facts(found).items()
    ]
    return html.Div(
        [
            html.P(found.use(), className="say"),
            *told,
            table(heads, rows),
            html.P(f"{band(found)}.", className="hint"),
            columns(*parts, kind="three"),
        ],
        className="model-card",
    )
