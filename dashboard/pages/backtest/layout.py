"""Layout of the backtest page."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import partial
from types import MappingProxyType

from dash import dcc
from dash.development.base_component import Component

from dashboard.components import metric, states, tabs
from dashboard.components.page_layout import page_layout
from dashboard.pages.backtest import ids, tools
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tab import seen_id
from dashboard.pages.backtest.tabs import FIRST, TABS, library
from dashboard.runs import studies
from dashboard.runs import tabs as page_tabs

_LONGEST = 200  # characters of a search in the address


def layout(query: str | None, seen: Mapping[str, str] = MappingProxyType({})) -> Component:
    """The page for a permalink's query, or with the default form; ``find`` in the address opens the library, searched
    for that text, and so does ``tab``.
    """
    opened = page_tabs.opening(query, TABS)
    found = "" if opened.study else seen.get("find", "")[:_LONGEST]
    tab = library.TAB.name if found or (seen.get("tab") == library.TAB.name and not opened.study) else ""
    listed = [replace(item, layout=partial(library.RUNS.layout, found)) if item.name == tab else item for item in TABS]
    beside = [item for item in listed if item.study or item.free]
    return page_layout(
        FORM,
        opened.query,
        run=studies.runs_page(FORM, opened),
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(opened.study) or tab),
        results=[
            metric.strip(ids.KPIS),
            tabs.pane(ids.TABS, FIRST.name, FIRST.layout(), first=not opened.study and not tab),
            *page_tabs.late_panes(ids.TABS, [item for item in listed if item not in (FIRST, *beside)]),
        ],
        studies=[
            *page_tabs.study_panes(ids.TABS, TABS, opened),
            *page_tabs.late_panes(ids.TABS, beside, tab),
            *page_tabs.seen_stores(TABS, seen_id),
            dcc.Store(id=ids.CHOSEN, data=[]),
        ],
        files=tools.layout(),
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return page_tabs.later(TABS, FIRST)
