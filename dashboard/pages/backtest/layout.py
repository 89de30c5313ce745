"""What the backtest page shows."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard import studies
from dashboard.components import metric, page_layout, states, tabs
from dashboard.pages.backtest import ids, tools
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tabs import TABS


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    asked = studies.opening(query, [tab.study for tab in TABS if tab.study])
    own = [tab for tab in TABS if tab.study is None and not tab.free]
    free = [tabs.pane(ids.TABS, tab.name, tab.layout(), free=True) for tab in TABS if tab.free]
    return page_layout(
        FORM,
        asked.query,
        run=not asked.study,
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(asked.study)),
        results=[
            metric.strip(ids.KPIS),
            *(tabs.pane(ids.TABS, tab.name, tab.layout(), first=tab is own[0] and not asked.study) for tab in own),
        ],
        studies=[*_studies(asked), *free],
        tools=tools.layout(),
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )


def _studies(asked: studies.Opening) -> list[Component]:
    panes = [studies.pane(ids.TABS, tab.study, tab.layout, asked) for tab in TABS if tab.study]
    return [part for parts in panes for part in parts]


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    nothing = studies.Opening(None)
    parts = [studies.contents(tab.study, tab.layout(), nothing) for tab in TABS if tab.study]
    return [part for found in parts for part in found]
