"""Tabs in the line above the results."""

from __future__ import annotations

from collections.abc import Sequence

import dash_bootstrap_components as dbc
from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, clientside_callback, html
from dash.development.base_component import Component


def tabs(group: str, names: Sequence[tuple[str, str]], active: str = "") -> Component:
    """The tab line: (value, label) pairs, for ``page_layout(title=...)``. What they show is made by ``pane``; the
    first is in sight, or ``active``.
    """
    return dbc.Tabs(
        [dbc.Tab(label=label, tab_id=value, id=tab(group, value)) for value, label in names],
        id={"role": "tabs", "group": group},
        active_tab=active or names[0][0],
    )


def tab(group: str, value: str) -> dict[str, str]:
    """Id of one tab of the line, whose ``label`` may change."""
    return {"role": "tab", "group": group, "tab": value}


def pane(
    group: str, value: str, children: Sequence[Component], *, first: bool = False, free: bool = False
) -> Component:
    """What the tab ``value`` shows; all panes are in the page, one is in sight. A ``free`` one stands beside the
    results, in whose place it is seen, with a result or without.
    """
    id_ = {"role": "pane", "group": group, "tab": value}
    return html.Div(list(children), id=id_, className="cards pane free" if free else "cards pane", hidden=not first)


clientside_callback(
    ClientsideFunction("stratoscope", "tab"),
    Output({"role": "pane", "group": MATCH, "tab": ALL}, "hidden"),
    Input({"role": "tabs", "group": MATCH}, "active_tab"),
    State({"role": "pane", "group": MATCH, "tab": ALL}, "id"),
)
