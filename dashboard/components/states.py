"""Empty, loading and error states of pages and cards."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

from dashboard.components.icon import icon


def empty(title: str, text: str, *, symbol: str = "backtest", more: Sequence[Component] = ()) -> Component:
    """What to do first."""
    return html.Div(
        [icon(symbol, "large"), html.H2(title), html.P(text), *more],
        className="state state-empty",
        role="note",
    )


def error(text: str, *, title: str = "Something went wrong.", more: Sequence[Component] = ()) -> Component:
    """What happened and what to do, in the sentence that the error brings."""
    body = [icon("alert"), html.Div([html.B(title), html.P(text), *more])]
    return html.Div(body, className="state state-error", role="alert")


def skeleton(height: int | str = 16, width: int | str = "100%") -> Component:
    """A grey block in place of what is coming, of its size."""
    return html.Div(className="skeleton", style={"height": height, "width": width}, **{"aria-hidden": "true"})


def no_figure(text: str) -> dict[str, str]:
    """Data for a figure store that shows ``text`` in place of the chart."""
    return {"empty": text}
