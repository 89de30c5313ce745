"""Tabs in the line above the results."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from dash import ALL, MATCH, ClientsideFunction, Input, Output, State, callback, clientside_callback, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components.static_html import static_html
from dashboard.components.store import store

Contents = Callable[[], Sequence[Component]]


class TabLine(Component):
    """The line (``assets/29_tabs.js``): ``tabs`` are ``{"value", "label", "id", "controls"}``, with ``"apart"`` where a
    rule precedes the tab; ``active_tab`` is the value of the one in sight; ``labels`` by value replace those that
    change. Readers of the screen call the line ``label``.
    """

    _namespace, _type = "stratoscope", "TabLine"
    _prop_names = available_properties = ["id", "label", "tabs", "labels", "active_tab"]  # noqa: RUF012 - as Dash declares them
    _valid_wildcard_attributes = available_wildcard_properties = []  # noqa: RUF012
    id: ids.Id
    label: str
    tabs: list[dict[str, str]]
    active_tab: str


def tabs(
    group: str, names: Sequence[tuple[str, str]], active: str = "", label: str = "Views", apart: str = ""
) -> Component:
    """The tab line: (value, label) pairs, for ``page_layout(title=...)``. What they show is made by ``pane``; the
    first is in sight, or ``active``. A rule separates the tab ``apart`` and those after it from the others.
    """
    listed = [
        {"value": value, "label": label, "id": _tab_id(group, value), "controls": ids.dom_id(pane_id(group, value))}
        | ({"apart": "yes"} if value == apart else {})
        for value, label in names
    ]
    return TabLine(id=line_id(group), label=label, tabs=listed, active_tab=active or names[0][0])


def pane(
    group: str, value: str, children: Sequence[Component], *, first: bool = False, free: bool = False
) -> Component:
    """What the tab ``value`` shows; all panes are in the page, one is in sight. A ``free`` one stands beside the
    results, in whose place it is seen, with a result or without.
    """
    return _pane(group, value, children, "cards pane free" if free else "cards pane", hidden=not first)


def late_pane(group: str, value: str, contents: Contents, *, kind: str = "", is_open: bool = False) -> list[Component]:
    """A pane that stays empty until its tab is first in sight, unless that is the case already, and what tells when;
    ``fill_late`` is to be called once with the same ``contents``. ``kind`` are further classes, such as "free".

    The browser asks every component after every change, so what nobody has looked at is left out of the page.
    """
    filled = _pane(group, value, contents() if is_open else [], f"cards pane {kind}".strip(), hidden=not is_open)
    return [store(_opened_id(group, value), is_open or None), filled]


def fill_late(group: str, value: str, contents: Contents) -> None:
    """Register the callback that fills a ``late_pane``."""
    opened = Input(_opened_id(group, value), "data")
    callback(Output(pane_id(group, value), "children"), opened, prevent_initial_call=True)(partial(fill, contents))


def fill(contents: Contents, opened: bool | None) -> list[Component]:
    """What a late pane shows, once."""
    if not opened:
        raise PreventUpdate
    return static_html(list(contents()))


def line_id(group: str) -> ids.Id:
    """Id of the tab line, whose ``active_tab`` is the value of the tab in sight."""
    return {"role": "tabs", "group": group}


def pane_id(group: str, value: str) -> ids.Id:
    """Id of what a tab shows."""
    return {"role": "pane", "group": group, "tab": value}


def _opened_id(group: str, value: str) -> ids.Id:
    return {"role": "first-opened", "group": group, "tab": value}


def _tab_id(group: str, value: str) -> str:
    return f"{group}-{value}"


def _pane(group: str, value: str, children: Sequence[Component], kind: str, hidden: bool) -> Component:
    label: dict[str, Any] = {"aria-labelledby": _tab_id(group, value)}
    return html.Div(
        list(children), id=pane_id(group, value), className=kind, hidden=hidden, role="tabpanel", disable_n_clicks=True,
        **label,
    )  # fmt: skip


clientside_callback(
    ClientsideFunction("stratoscope", "tab"),
    Output({"role": "pane", "group": MATCH, "tab": ALL}, "hidden"),
    Output({"role": "first-opened", "group": MATCH, "tab": ALL}, "data"),
    Input({"role": "tabs", "group": MATCH}, "active_tab"),
    State({"role": "pane", "group": MATCH, "tab": ALL}, "id"),
    State({"role": "first-opened", "group": MATCH, "tab": ALL}, "id"),
    State({"role": "first-opened", "group": MATCH, "tab": ALL}, "data"),
)
