"""The tabs in their order, and what the page takes of them."""

from __future__ import annotations

from dash.development.base_component import Component

from dashboard.components.tabs import fill_late
from dashboard.pages.models.saved import in_service, library, registry
from dashboard.pages.models.saved.tab import GROUP, seen_id
from dashboard.runs import tabs as page_tabs

TABS = (library.TAB, registry.TAB, in_service.TAB)

for tab in TABS:
    fill_late(GROUP, tab.name, tab.layout)


def titles() -> tuple[tuple[str, str], ...]:
    """Names and titles of the tabs; that of the models in service says how many alerts there are."""
    return tuple((tab.name, in_service.title() if tab is in_service.TAB else tab.title) for tab in TABS)


def panes() -> list[Component]:
    """What stands beside the results."""
    return [*in_service.stores(), *page_tabs.late_panes(GROUP, TABS), *page_tabs.seen_stores(TABS, seen_id)]


def later() -> list[Component]:
    """What comes into the page once a tab is opened."""
    return [part for tab in TABS for part in tab.layout()]
