"""Tabs of a page: one module each, with a study of its own or with a view of the page's result."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.form import Form
from dashboard.components.store import store
from dashboard.components.tabs import fill_late, late_pane
from dashboard.runs import studies
from dashboard.runs.studies import Opening, Study


@dataclass(frozen=True)
class Tab:
    """``name`` is the value of the tab line's ``active_tab`` while the tab is in sight; ``layout`` makes what it shows:
    of the page's result, or of the ``study``'s. A ``free`` tab has something to show without either.
    """

    name: str
    title: str
    layout: Callable[[], Sequence[Component]]
    study: Study | None = None
    free: bool = False


def opening(query: str | None, tabs: Sequence[Tab]) -> Opening:
    """Which of the page's forms the permalink ``query`` is for."""
    return studies.opening(query, [tab.study for tab in tabs if tab.study])


def late_panes(group: str, tabs: Iterable[Tab], opened: str = "") -> list[Component]:
    """The panes of the tabs that have no study; ``opened`` is the one in sight."""
    return [
        part
        for tab in tabs
        if not tab.study
        for part in late_pane(
            group, tab.name, tab.layout, kind="free" if tab.free else "", is_open=tab.name == opened
        )
    ]  # fmt: skip


def study_panes(group: str, tabs: Iterable[Tab], opened: Opening) -> list[Component]:
    """The panes of the tabs that have a study, with the form filled of the one that was ``opened``."""
    return [part for tab in tabs if tab.study for part in studies.pane(group, tab.study, tab.layout, opened)]


def seen_stores(tabs: Iterable[Tab], id_of: Callable[[str], ids.Id]) -> list[Component]:
    """A store for each tab without a study, which outlasts the opening of a tab: the result that it has seen."""
    return [store(id_of(tab.name), {"free": True} if tab.free else None) for tab in tabs if not tab.study]


def study_contents(tabs: Iterable[Tab]) -> list[Component]:
    """What tabs with a study show, for a page whose other tabs are there from the start."""
    nothing = Opening(None)
    return [part for tab in tabs if tab.study for part in studies.contents(tab.study, tab.layout, nothing)]


def later(tabs: Sequence[Tab], first: Tab) -> list[Component]:
    """What comes into the page once its tab is opened: that of every tab but the ``first``."""
    nothing = Opening(None)
    return [
        part
        for tab in tabs
        if tab is not first
        for part in (studies.contents(tab.study, tab.layout, nothing) if tab.study else tab.layout())
    ]


def wire(form: Form, group: str, tabs: Sequence[Tab], first: Tab) -> None:
    """Register the callbacks that the tabs of a page with the form ``form`` share; ``first`` is in the page from the
    start.
    """
    studies.wire_tabs(form, group)
    for tab in tabs:
        if tab.study:
            studies.wire(tab.study, tab.layout, group)
        elif tab is not first:
            fill_late(group, tab.name, tab.layout)
