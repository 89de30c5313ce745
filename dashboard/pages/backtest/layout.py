"""What the backtest page shows."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard.components import metric, page_layout, states, tabs
from dashboard.pages.backtest import ids
from dashboard.pages.backtest.form import FORM
from dashboard.pages.backtest.tabs import TABS


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    first, *others = TABS
    return page_layout(
        FORM,
        query,
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS]),
        results=[
            metric.strip(ids.KPIS),
            tabs.pane(ids.TABS, first.name, first.layout(), first=True),
            *(tabs.pane(ids.TABS, tab.name, tab.layout()) for tab in others),
        ],
        empty=states.empty(
            "No backtest yet",
            "Choose symbols and a strategy, then press Run backtest. The sample data works offline.",
        ),
    )
