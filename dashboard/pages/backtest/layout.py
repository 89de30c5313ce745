"""Layout of the backtest page."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc
from dash.development.base_component import Component

from dashboard.components import metric, states, tabs
from dashboard.components.page_layout import page_layout
from dashboard.components.store import store
from dashboard.pages.backtest import ids, tools
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tab import Tab, seen_id
from dashboard.pages.backtest.tabs import FIRST, TABS
from dashboard.runs import studies


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the default form."""
    asked = studies.opening(query, [tab.study for tab in TABS if tab.study])
    beside = [tab for tab in TABS if tab.study or tab.free]
    return page_layout(
        FORM,
        asked.query,
        run=not asked.study,
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(asked.study)),
        results=[
            metric.strip(ids.KPIS),
            tabs.pane(ids.TABS, FIRST.name, FIRST.layout(), first=not asked.study),
            *_late([tab for tab in TABS if tab not in (FIRST, *beside)]),
        ],
        studies=[*_studies(asked), *_late(beside), *_stores()],
        tools=tools.layout(),
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )


def _late(found: Sequence[Tab]) -> list[Component]:
    """The panes of tabs that show nothing of a study's."""
    panes = [
        tabs.late_pane(ids.TABS, tab.name, tab.layout, kind="free" if tab.free else "")
        for tab in found
        if not tab.study
    ]
    return [part for parts in panes for part in parts]


def _studies(asked: studies.Opening) -> list[Component]:
    panes = [studies.pane(ids.TABS, tab.study, tab.layout, asked) for tab in TABS if tab.study]
    return [part for parts in panes for part in parts]


def _stores() -> list[Component]:
    """What outlasts the opening of a tab: which result it has seen, and the runs that are compared."""
    seen = [store(seen_id(tab.name), {"free": True} if tab.free else None) for tab in TABS if not tab.study]
    return [*seen, dcc.Store(id=ids.CHOSEN, data=[])]


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    nothing = studies.Opening(None)
    parts = [
        studies.contents(tab.study, tab.layout, nothing) if tab.study else tab.layout()
        for tab in TABS
        if tab is not FIRST
    ]
    return [part for found in parts for part in found]
