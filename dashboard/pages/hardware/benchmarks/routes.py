"""The card of decisions: which device does what, by how much it is faster, what is excluded, and what is pinned."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import ALL, Input, Output, State, callback, ctx, html
from dash.development.base_component import Component
from dash.exceptions import PreventUpdate

from dashboard import ids as frame
from dashboard import runs
from dashboard.components.card import card
from dashboard.components.store import store
from dashboard.pages.hardware.benchmarks import ids
from dashboard.pages.hardware.benchmarks.view import seconds
from dashboard.pages.hardware.request import PAGE
from dashboard.text.format import MISSING, count, minute, number
from engine import devices, routing
from engine.benchmarks import routed
from engine.routing import Route, Work

FOLLOW = "measured"
_HEADS = {
    "Work": "",
    "Size": "Symbols, or windows of a batch, as measured.",
    "Goes to": "Between two sizes: by what both take.",
    "Margin": "How many times as long the next best device takes.",
    "Measured": "Median of one call.",
    "Device": "A pinned one is used whatever is measured.",
}


def layout() -> Component:
    """The card; it needs no result."""
    body = [store(ids.PINNED), html.Div(described(), id=ids.ROUTES)]
    return card("Device routing", body, sub="what Fastest measured stands for, by size")


@callback(Output(ids.ROUTES, "children"), Input(frame.result(PAGE), "data"), Input(ids.PINNED, "data"))
def show(_: runs.ResultData, pinned: int | None) -> Any:
    """Anew after a benchmark and a pin."""
    return described()


@callback(
    Output(ids.PINNED, "data"),
    Input({"role": ids.PIN, "work": ALL}, "value"),
    State({"role": ids.PIN, "work": ALL}, "id"),
    State(ids.PINNED, "data"),
    prevent_initial_call=True,
)
def pin(chosen: list[str], places: list[dict[str, str]], times: int | None) -> int:
    """Keep the choice. Raises ``DeviceError`` for a device that cannot do the work."""
    if not isinstance(ctx.triggered_id, dict):
        raise PreventUpdate
    keep(ctx.triggered_id["work"], chosen[[place["work"] for place in places].index(ctx.triggered_id["work"])])
    return (times or 0) + 1


def keep(name: str, device: str) -> None:
    """Pin the work of that name to ``device``, or have it follow the measurement. Raises ``PreventUpdate`` where that
    changes nothing, as when the choice is drawn, and ``DeviceError``.
    """
    work = next((item for item in routed.works() if item.name == name), None)
    if work is None or routing.pinned().get(name, FOLLOW) == device:
        raise PreventUpdate
    if device == FOLLOW:
        routing.unpin(work)
    else:
        routing.pin(work, str(device))


def described() -> list[Component]:
    """The table, and what may not be used."""
    works = routed.works()
    head = html.Tr([html.Th(name, scope="col", title=help or None) for name, help in _HEADS.items()])
    body = [row for work in works for row in _rows(work)]
    table = html.Table([html.Thead(head), html.Tbody(body)], className="bar-table routes")
    return [html.Div(table, className="scroll-x stacks"), *(line for work in works for line in _excluded(work))]


def _rows(work: Work) -> list[Component]:
    """One for each measured size."""
    found = routing.measured(work.name)
    sizes: Sequence[int] = () if found.stale else sorted(found.seconds)
    routes = [(f"{size:,}", routing.route(work, size)) for size in sizes] or [(MISSING, routing.route(work, 1))]
    mark = [html.Span("stale", className="chip warn", title=found.stale)] if found.stale else []
    when = f"Measured {minute(found.moment)}." if found.moment else None
    first = html.Th([work.title, *mark], scope="row", rowSpan=len(routes), title=when)
    last = html.Td(_choice(work), rowSpan=len(routes))
    rows = [[html.Td(size, **{"data-label": "Size"}), *_cells(route)] for size, route in routes]
    rows[0] = [first, *rows[0], last]
    return [html.Tr(cells) for cells in rows]


def _cells(route: Route) -> list[Component]:
    times = ", ".join(f"{devices.NAMES[name]} {seconds(value)}" for name, value in sorted(route.seconds.items()))
    margin = number(route.margin, 2, "×").replace(" ", "") if math.isfinite(route.margin) else MISSING
    words = route.reason if not route.seconds or route.reason != "Measured fastest." else ""
    goes = [devices.NAMES[route.device], *([html.Span(words, className="hint")] if words else [])]
    found = {"Goes to": goes, "Margin": margin, "Measured": times or MISSING}
    return [html.Td(cell, **{"data-label": name}) for name, cell in found.items()]


def _choice(work: Work) -> Component | str:
    """The pin; there is none where the machine leaves no choice."""
    here = work.here()
    if len(here) < 2:
        return count(len(here), "device")
    pinned = routing.pinned().get(work.name, FOLLOW)
    titles = {FOLLOW: "Fastest measured"} | {name: devices.NAMES[name] for name in here}
    titles.setdefault(pinned, f"{devices.NAMES.get(pinned, pinned)}, gone")
    select = dbc.Select(
        id={"role": ids.PIN, "work": work.name},
        options=[{"value": name, "label": title} for name, title in titles.items()],
        value=pinned,
        size="sm",
        className="select",
    )
    return html.Label([html.Span(f"Device of {work.title}", className="visually-hidden"), select])


def _excluded(work: Work) -> list[Component]:
    found = routing.measured(work.name)
    reasons = {} if found.stale else found.excluded
    return [
        html.Div(
            html.Div([html.B(f"{devices.NAMES.get(name, name)}: {work.title}"), html.Span(why, className="hint")]),
            className="job",
        )
        for name, why in reasons.items()
    ]
