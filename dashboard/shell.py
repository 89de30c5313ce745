"""Frame of every page: rail, header, jobs tray, toasts, theme."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from dash import (
    ALL,
    ClientsideFunction,
    Input,
    Output,
    State,
    clientside_callback,
    dcc,
    html,
    page_container,
    set_props,
)
from dash.development.base_component import Component

from dashboard import guide, ids, theme, universe
from dashboard.components.icon import icon
from dashboard.components.static_html import static_html
from dashboard.errors import toast as toast
from dashboard.jobs import tray
from dashboard.page import Page

Tone = Literal["", "ok", "warn", "bad"]


@dataclass(frozen=True)
class Chip:
    """A short fact in the header; ``value`` is set in bold."""

    text: str
    value: str = ""
    tone: Tone = ""
    title: str = ""


def show_context(crumbs: Sequence[str], chips: Sequence[Chip] = ()) -> None:
    """Say in the header, from any callback, what the page shows: subject, range, run, warnings."""
    set_props(ids.CONTEXT, {"children": static_html(context(crumbs, chips))})


def context(crumbs: Sequence[str], chips: Sequence[Chip] = ()) -> list[Component]:
    """The header's words about what is on screen."""
    trail = html.Span(" / ".join(part for part in crumbs if part), className="crumb")
    return [trail, *(chip(item) for item in chips)]


def chip(item: Chip) -> Component:
    """A chip, for the header or anywhere else."""
    value = [" ", html.B(item.value)] if item.value else []
    return html.Span([item.text, *value], className=f"chip {item.tone}".strip(), title=item.title or None)


def layout(pages: Sequence[Page]) -> Component:
    """The whole document body."""
    body = html.Div(
        [
            html.A("Skip to the results", href="#content", className="skip"),
            _rail(pages),
            _header(pages),
            html.Div(page_container, id="content", className="content", disable_n_clicks=True),
            html.Div(id="toasts", className="toasts", role="status", **{"aria-live": "polite"}),
            dcc.Store(id=ids.THEMES, data=dict(theme.themes())),
            dcc.Store(id=ids.THEME),
            dcc.Store(id=ids.TOAST),
            dcc.Store(id=ids.JOBS),
            dcc.Store(id="shown-toast"),
            dcc.Store(id="page-titles", data={page.path: page.title for page in pages}),
            dcc.Interval(id=ids.JOBS_POLL, interval=tray.IDLE_MS),
            *(dcc.Store(id=id_) for page in pages for name in (page.name, *page.studies) for id_ in _run_stores(name)),
        ],
        className="app",
    )
    return static_html(body)


def _run_stores(page: str) -> list[ids.Id]:
    """What a page's background callback writes outlives the page: a job continues when its page is left."""
    return [ids.run(page), ids.job(page), ids.progress(page), ids.computed(page), ids.result(page)]


def _rail(pages: Sequence[Page]) -> Component:
    """The pages, the first of which is reached by the mark where it is the one at "/"."""
    links = [
        dcc.Link(_mark(page) if page.path == "/" else [icon(page.icon), html.Span(page.title)],
                 href=page.path, id=ids.part("rail", page.name), className="rail-link")
        for page in pages
        if page.in_rail
    ]  # fmt: skip
    return html.Nav(links, className="rail", **{"aria-label": "Pages"})


def _mark(page: Page) -> Component:
    return html.Div(className="logo", title=page.title, role="img", **{"aria-label": page.title})


def _header(pages: Sequence[Page]) -> Component:
    return html.Header(
        [
            html.H1("", id="page-title"),
            *universe.layout([page.path for page in pages if page.on_market]),
            html.Div(id=ids.CONTEXT, className="context"),
            html.Span(className="space"),
            guide.next_step(),
            tray.layout(),
            dcc.Link("Help", href="/help", className="chip chip-button help-link", title="The handbook"),
            html.Button(
                icon("swap"),
                id="swap-button",
                className="icon-button",
                title="Swap gain and loss colours",
                **{"aria-label": "Swap gain and loss colours"},
            ),
            html.Button(
                [icon("theme"), html.Span("Dark", id="theme-name")],
                id="theme-button",
                className="chip chip-button",
                title="Switch between dark and light theme",
            ),
        ],
        className="head",
    )


clientside_callback(
    ClientsideFunction("stratoscope", "theme"),
    Output(ids.THEME, "data"),
    Output("theme-name", "children"),
    Input("theme-button", "n_clicks"),
    Input("swap-button", "n_clicks"),
)
clientside_callback(
    ClientsideFunction("stratoscope", "place"),
    Output("page-title", "children"),
    Output(ids.CONTEXT, "children"),
    Output({"role": "rail", "page": ALL}, "className"),
    Output({"role": "rail", "page": ALL}, "href"),
    Input(ids.LOCATION, "pathname"),
    State("page-titles", "data"),
    State({"role": "rail", "page": ALL}, "href"),
    State({"role": "rail", "page": ALL}, "id"),
)
clientside_callback(ClientsideFunction("stratoscope", "guide"), Input(ids.LOCATION, "pathname"))
clientside_callback(
    ClientsideFunction("stratoscope", "toast"),
    Output("shown-toast", "data"),
    Input(ids.TOAST, "data"),
    prevent_initial_call=True,
)
