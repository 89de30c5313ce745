"""The tabs in their order, and what the page takes of them."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard.components.tabs import fill_late
from dashboard.pages.models.saved import library, registry
from dashboard.pages.models.saved.tab import GROUP, seen_id
from dashboard.runs import tabs as page_tabs

TABS = (library.TAB, registry.TAB)
TITLES = tuple((tab.name, tab.title) for tab in TABS)

for tab in TABS:
    fill_late(GROUP, tab.name, tab.layout)


def panes() -> list[Component]:
    """What stands beside the results."""
    return [*page_tabs.late_panes(GROUP, TABS), *page_tabs.seen_stores(TABS, seen_id)]


def later() -> list[Component]:
    """What comes into the page once a tab is opened."""
    return [part for tab in TABS for part in tab.layout()]
