"""The chapters of ``docs`` that are about the workbench, one at a time."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from dash import dcc, html
from dash.development.base_component import Component

from dashboard import handbook


def layout(query: str | None, seen: Mapping[str, str] = MappingProxyType({})) -> Component:
    """The chapter that ``about`` in the address names, or the first."""
    about = seen.get("about", "")
    chapter = about if about in handbook.CHAPTERS else next(iter(handbook.CHAPTERS))
    links = [
        dcc.Link(title, href=f"/help?about={name}", className="guide-step is-next" if name == chapter else "guide-step")
        for name, title in handbook.CHAPTERS.items()
    ]
    text = dcc.Markdown(handbook.text(chapter), className="handbook", link_target="_self")
    main = html.Main(
        [html.Nav(links, className="chapters", **{"aria-label": "Chapters"}), text], className="main", tabIndex=-1
    )
    return html.Div(main, className="body alone")
