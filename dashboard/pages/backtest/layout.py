"""Layout of the backtest page."""

from __future__ import annotations

from dash import dcc
from dash.development.base_component import Component

from dashboard.components import metric, states, tabs
from dashboard.components.page_layout import page_layout
from dashboard.pages.backtest import ids, tools
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tab import seen_id
from dashboard.pages.backtest.tabs import FIRST, TABS
from dashboard.runs import studies
from dashboard.runs import tabs as page_tabs


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the default form."""
    opened = page_tabs.opening(query, TABS)
    beside = [tab for tab in TABS if tab.study or tab.free]
    return page_layout(
        FORM,
        opened.query,
        run=not opened.study,
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(opened.study)),
        results=[
            metric.strip(ids.KPIS),
            tabs.pane(ids.TABS, FIRST.name, FIRST.layout(), first=not opened.study),
            *page_tabs.late_panes(ids.TABS, [tab for tab in TABS if tab not in (FIRST, *beside)]),
        ],
        studies=[
            *page_tabs.study_panes(ids.TABS, TABS, opened),
            *page_tabs.late_panes(ids.TABS, beside),
            *page_tabs.seen_stores(TABS, seen_id),
            dcc.Store(id=ids.CHOSEN, data=[]),
        ],
        tools=tools.layout(),
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return page_tabs.later(TABS, FIRST)
