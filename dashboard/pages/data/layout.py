"""Layout of the data page."""

from __future__ import annotations

from collections.abc import Sequence

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import states, tabs
from dashboard.components.page_layout import page_layout
from dashboard.pages.data import ids
from dashboard.pages.data.form import FORM, SEEN
from dashboard.pages.data.tab import Tab, seen_id
from dashboard.pages.data.tabs import FIRST, TABS
from dashboard.runs import studies
from engine.market import catalog


def layout(query: str | None) -> Component:
    """The page for a permalink's query, or with the usual form."""
    asked = studies.opening(query, [tab.study for tab in TABS if tab.study])
    beside = [tab for tab in TABS if tab.study or tab.free]
    return page_layout(
        FORM,
        asked.query,
        title=tabs.tabs(ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(asked.study)),
        panel=_chart_section(),
        results=[
            SEEN.store(),
            dcc.Store(id=ids.DESCRIBED),
            tabs.pane(ids.TABS, FIRST.name, FIRST.layout(), first=not asked.study),
            *_late([tab for tab in TABS if tab not in (FIRST, *beside)]),
        ],
        studies=[*_studies(asked), *_late(beside), *_stores()],
        empty=states.empty("No series chosen", "Choose a collection and at least one symbol.", symbol="data"),
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
    """What outlasts the opening of a tab: which series it has seen."""
    return [dcc.Store(id=seen_id(tab.name), data={"free": True} if tab.free else None) for tab in TABS if not tab.study]


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    nothing = studies.Opening(None)
    parts = [
        studies.contents(tab.study, tab.layout, nothing) if tab.study else tab.layout()
        for tab in TABS
        if tab is not FIRST
    ]
    return [part for found in parts for part in found]


def _chart_section() -> Sequence[Component]:
    """How to look at the series."""
    return [
        SEEN.problem(),
        *(html.Div(text, className="f-failed") for text in catalog.problems()),
        *SEEN.controls(),
    ]
