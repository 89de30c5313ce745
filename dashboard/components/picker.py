"""One searchable list of plug-ins for all the controls of a page that choose from it.

A button shows what is chosen and opens the list (``assets/36_picker.js``), which the engine's search fills.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Facet:
    """A filter of the list beside its groups: ``options`` are (value, label) pairs, ``values`` gives those that an
    entry has, and ``note`` what its row says of them.
    """

    name: str
    title: str
    options: tuple[tuple[str, str], ...]
    values: Callable[[PluginInfo], Collection[str]]
    note: Callable[[PluginInfo], str] | None = None


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


def dialog(page: str, registry: Registry[Any], facets: Sequence[Facet] = ()) -> Component:
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
        [opened, head, *_filters(page, facets), body, count_line],
        id=ids.part("picker", page),
        className="picker",
        **{"aria-label": f"Choose one of the {group}"},
    )


def _filters(page: str, facets: Sequence[Facet]) -> list[Component]:
    """A line with a select for each of ``facets``."""
    places = {facet.name: ids.part("picker-facet", page, facet=facet.name) for facet in facets}
    selects = [
        html.Div(
            [
                html.Label(facet.title, htmlFor=ids.dom_id(places[facet.name]), className="sub"),
                dbc.Select(
                    id=places[facet.name],
                    options=[
                        {"value": "", "label": "any"},
                        *({"value": v, "label": text} for v, text in facet.options),
                    ],
                    value="",
                    placeholder="any",
                    className="select",
                ),
            ],
            className="picker-facet",
        )
        for facet in facets
    ]
    return [html.Div(selects, className="picker-filters")] if selects else []


def wire(page: str, registry: Registry[Any], facets: Sequence[Facet] = ()) -> None:
    """Register the callback that fills the list of ``page``."""

    def show(opened: float | None, text: str | None, group: str | None, chosen: Mapping[str, Any]) -> tuple[Any, str]:
        """The plug-ins that are searched for: in their groups while nothing is typed, else the best match first."""
        kept = [(facet, str(value)) for facet in facets if (value := chosen.get(facet.name))]
        found = narrowed(listed(registry, text or "", group or ""), kept)
        rows = _rows(found, () if (text or "").strip() else registry.groups(), facets)
        return static_html(list(rows)), _count(len(found), registry.group)

    callback(
        Output(ids.part("picker-results", page), "children"),
        Output(ids.part("picker-count", page), "children"),
        inputs={
            "opened": Input(ids.part("picker-opened", page), "data"),
            "text": Input(ids.part("picker-search", page), "value"),
            "group": Input(ids.part("picker-group", page), "value"),
            "chosen": {
                facet.name: Input(ids.part("picker-facet", page, facet=facet.name), "value") for facet in facets
            },
        },
        prevent_initial_call=True,
    )(show)


def listed(registry: Registry[Any], text: str, group: str) -> Sequence[PluginInfo]:
    """What the search finds in ``group``, by its name on screen; in all of them where it is empty."""
    return registry.search(text, {"": None, OTHER: ""}.get(group, group))


def narrowed(found: Sequence[PluginInfo], kept: Sequence[tuple[Facet, str]]) -> Sequence[PluginInfo]:
    """Those of ``found`` that have the value of each facet in ``kept``."""
    return [info for info in found if all(value in facet.values(info) for facet, value in kept)]


def _count(found: int, group: str) -> str:
    if not found:
        return f"No matching {group}: try another word, all groups, or fewer filters."
    return f"{count(found, group.removesuffix('s'))} · ↑ ↓ to move, Enter to choose"


def _groups(registry: Registry[Any]) -> list[dict[str, Any]]:
    names = [group or OTHER for group in registry.groups()]
    return [{"value": "", "label": "All"}, *({"value": name, "label": name} for name in names)]


def _rows(found: Sequence[PluginInfo], groups: Sequence[str], facets: Sequence[Facet] = ()) -> Iterator[Component]:
    """A row each, under the titles of ``groups`` or, without these, in the given order."""
    notes = [facet.note for facet in facets if facet.note]

    def about(info: PluginInfo, group: str) -> str:
        return " · ".join(part for part in (group, *(note(info) for note in notes)) if part)

    if not groups:
        yield from (_row(info, about(info, info.group or OTHER)) for info in found)
    for group in groups:
        members = [_row(info, about(info, "")) for info in found if info.group == group]
        if members:
            yield html.Div(group or OTHER, className="picker-heading", role="presentation")
            yield from members


def _row(info: PluginInfo, about: str) -> Component:
    short = next((word for word in info.synonyms if word.isupper()), "")
    parts = [html.Span(info.title, className="picker-title"), html.Span(short, className="picker-short")]
    summary = info.summary.replace("``", "")
    parts += [html.Span(summary, className="picker-summary"), html.Span(about, className="picker-group")]
    data = {"data-kind": info.name, "data-title": info.title, "aria-selected": "false"}
    return html.Div(parts, className="picker-row", role="option", title=summary, **data)
