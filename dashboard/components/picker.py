"""One searchable list of plug-ins for all the controls of a page that choose from it.

A button shows what is chosen and opens the list (``assets/36_picker.js``), which the engine's search fills.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import Input, Output, callback, dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.static_html import static_html
from dashboard.text.format import count
from engine.core.registry import PluginInfo, Registry

OTHER = "Your own"
"""The group of plug-ins that name none."""


def button(id_: ids.Id, registry: Registry[Any], kind: str, label: str) -> Component:
    """A control whose property ``value`` is the entry of the list that was chosen."""
    return html.Button(
        registry.title(kind), id=id_, value=kind, type="button", className="select picked", **_opens(id_["page"], label)
    )


def add_button(id_: ids.Id, registry: Registry[Any], label: str) -> Component:
    """A button that adds what is chosen to a list: its ``value`` is its name, until the list has taken it."""
    return html.Button(
        add_text(registry), id=id_, value="", type="button", className="select add picks", **{"data-adds": ""},
        **_opens(id_["page"], label),
    )  # fmt: skip


def add_text(registry: Registry[Any]) -> str:
    """What a control says that adds one of them to a list."""
    return f"+ Add {registry.group.removesuffix('s')}"


def _opens(page: str, label: str) -> dict[str, str]:
    return {"aria-haspopup": "dialog", "aria-label": label, "data-picks": ids.dom_id(ids.part("picker", page))}


def dialog(page: str, registry: Registry[Any]) -> Component:
    """The list itself, once a page; shut until a button opens it."""
    group = registry.group
    search = dbc.Input(
        id=ids.part("picker-search", page),
        type="text",
        value="",
        placeholder=f"Search {len(registry.infos())} {group}",
        autoComplete="off",
        className="picker-search",
        debounce=False,
    )
    groups = dcc.RadioItems(
        id=ids.part("picker-group", page), options=_groups(registry), value="", className="picker-groups"
    )
    results = html.Div(
        id=ids.part("picker-results", page), className="picker-results", role="listbox", **{"aria-label": group}
    )
    close = html.Button("Esc", type="button", className="picker-close", **{"aria-label": "Close", "data-closes": ""})
    label = html.Label(f"Search {group}", htmlFor=ids.dom_id(ids.part("picker-search", page)),
                       className="visually-hidden")  # fmt: skip
    opened = dcc.Store(id=ids.part("picker-opened", page))
    count_line = html.Div(id=ids.part("picker-count", page), className="picker-count", role="status")
    head = html.Div([label, search, close], className="picker-head")
    body = html.Div([html.Div(groups, className="picker-side", role="group", **{"aria-label": "Group"}), results],
                    className="picker-body")  # fmt: skip
    return html.Dialog(
        [opened, head, body, count_line],
        id=ids.part("picker", page),
        className="picker",
        **{"aria-label": f"Choose one of the {group}"},
    )


def wire(page: str, registry: Registry[Any]) -> None:
    """Register the callback that fills the list of ``page``."""

    def show(opened: float | None, text: str | None, group: str | None) -> tuple[Any, str]:
        """The plug-ins that are searched for: in their groups while nothing is typed, else the best match first."""
        found = listed(registry, text or "", group or "")
        rows = _rows(found, () if (text or "").strip() else registry.groups())
        return static_html(list(rows)), _count(len(found), registry.group)

    callback(
        Output(ids.part("picker-results", page), "children"),
        Output(ids.part("picker-count", page), "children"),
        inputs={
            "opened": Input(ids.part("picker-opened", page), "data"),
            "text": Input(ids.part("picker-search", page), "value"),
            "group": Input(ids.part("picker-group", page), "value"),
        },
        prevent_initial_call=True,
    )(show)


def listed(registry: Registry[Any], text: str, group: str) -> Sequence[PluginInfo]:
    """What the search finds in ``group``, by its name on screen; in all of them where it is empty."""
    return registry.search(text, {"": None, OTHER: ""}.get(group, group))


def _count(found: int, group: str) -> str:
    if not found:
        return f"No matching {group}: try another word or all groups."
    return f"{count(found, group.removesuffix('s'))} · ↑ ↓ to move, Enter to choose"


def _groups(registry: Registry[Any]) -> list[dict[str, Any]]:
    names = [group or OTHER for group in registry.groups()]
    return [{"value": "", "label": "All"}, *({"value": name, "label": name} for name in names)]


def _rows(found: Sequence[PluginInfo], groups: Sequence[str]) -> Iterator[Component]:
    """A row each, under the titles of ``groups`` or, without these, in the given order."""
    if not groups:
        yield from (_row(info, info.group or OTHER) for info in found)
    for group in groups:
        members = [_row(info, "") for info in found if info.group == group]
        if members:
            yield html.Div(group or OTHER, className="picker-heading", role="presentation")
            yield from members


def _row(info: PluginInfo, group: str) -> Component:
    short = next((word for word in info.synonyms if word.isupper()), "")
    parts = [html.Span(info.title, className="picker-title"), html.Span(short, className="picker-short")]
    parts += [html.Span(info.summary, className="picker-summary"), html.Span(group, className="picker-group")]
    data = {"data-kind": info.name, "data-title": info.title, "aria-selected": "false"}
    return html.Div(parts, className="picker-row", role="option", title=info.summary, **data)
