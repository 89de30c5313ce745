"""A card: title, what the title leaves open (units, dates), tools on the right, content to its edges."""

from __future__ import annotations

from collections.abc import Sequence

from dash import html
from dash.development.base_component import Component

Children = Sequence[Component | str]


def card(
    title: str, children: Component | Children, *, sub: Component | str = "", tools: Children = (), id: str = ""
) -> Component:
    """``tools`` stand at the right end of the title line; ``id`` names the content, so that it can be filled."""
    head = html.Header([html.H3(title), html.Span(sub, className="sub"), html.Div(list(tools), className="tools")])
    named = {"id": id} if id else {}
    body = html.Div(children, className="card-content", **named)
    return html.Section([head, body], className="panel-card", **{"aria-label": title})


def facts(rows: Sequence[tuple[str, str]]) -> Component:
    """Name and value pairs, one a line."""
    return html.Dl([part for name, value in rows for part in (html.Dt(name), html.Dd(value))], className="facts")


def columns(*children: Component, kind: str = "two") -> Component:
    """Cards side by side: "two" (1.75 to 1), "half" (1 to 1) or "three"; one below the other where it is narrow."""
    return html.Div(list(children), className=f"columns {kind}")
