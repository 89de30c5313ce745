"""Layout of the data page."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from dash import dcc, html
from dash.development.base_component import Component

from dashboard.components import states, tabs
from dashboard.components.page_layout import page_layout
from dashboard.components.series_view import subject
from dashboard.pages.data import chart_view, choices, display, ids, saved_universes, symbol_search
from dashboard.pages.data.chart_view import ChartView
from dashboard.pages.data.form import FORM, SEEN
from dashboard.pages.data.tab import seen_id
from dashboard.pages.data.tabs import FIRST, TABS
from dashboard.runs import studies
from dashboard.runs import tabs as page_tabs
from dashboard.runs.studies import Opening
from engine.core.errors import EngineError
from engine.jobs import runner
from engine.market import catalog
from engine.market.spec import MarketSpec


def layout(query: str | None, seen: Mapping[str, str] = MappingProxyType({})) -> Component:
    """The page for a permalink's query, or with the usual form; ``seen`` are the other parameters of the address:
    ``view``, the chart's settings, the ``tab``, the ``symbol``, ``from`` and ``to``, the part in sight, and
    the ``choices`` of other tabs.
    """
    opened = _opening(query, seen.get("tab"))
    view = chart_view.from_query(seen.get("view"))
    tab = "" if opened.study else _tab(seen.get("tab"))
    beside = [tab for tab in TABS if tab.study or tab.free]
    return page_layout(
        FORM,
        opened.query,
        title=tabs.tabs(
            ids.TABS, [(tab.name, tab.title) for tab in TABS], studies.tab_of(opened.study) or tab, apart="download"
        ),
        panel=_chart_section(view, seen.get("symbol")),
        results=[
            html.Div(id=ids.REFUSED, className="refused"),
            *SEEN.stores(_zoom(opened.query, seen, view)),
            dcc.Store(id=ids.DESCRIBED),
            dcc.Store(id=ids.CHECKED),
            choices.store(seen),
            tabs.pane(ids.TABS, FIRST.name, FIRST.layout(), first=not opened.study and tab == FIRST.name),
            *page_tabs.late_panes(ids.TABS, [item for item in TABS if item not in (FIRST, *beside)], tab),
        ],
        studies=[
            *page_tabs.study_panes(ids.TABS, TABS, opened),
            *page_tabs.late_panes(ids.TABS, beside, tab),
            *page_tabs.seen_stores(TABS, seen_id),
        ],
        empty=states.empty("No series chosen", "Choose a collection and at least one symbol.", symbol="data"),
    )


def _opening(query: str | None, tab: str | None) -> Opening:
    """What the address opens: the study that its permalink is for, or that of its tab."""
    opened = page_tabs.opening(query, TABS)
    named = next((item.study.form.page for item in TABS if item.study and item.name == tab), "")
    return opened if opened.study else replace(opened, study=named)


def _tab(name: str | None) -> str:
    """The tab of that name, if it is one that needs no request of its own; else the first."""
    return next((tab.name for tab in TABS if tab.name == name and not tab.study), FIRST.name)


def _zoom(query: str | None, seen: Mapping[str, str], view: ChartView) -> dict[str, Any] | None:
    """The part in sight as the address has it, for the page's store."""
    _, spec, _ = FORM.start(query)
    try:
        ends = [float(seen[name]) for name in ("from", "to")]
        data: Any = {"key": runner.run_key(spec)} if isinstance(spec, MarketSpec) else None
    except (KeyError, ValueError, EngineError):
        return None
    if data is None or not all(map(math.isfinite, ends)):
        return None
    first = spec.symbols[0] if isinstance(spec, MarketSpec) else ""
    keep = subject(data, seen.get("symbol") or first, view.span)
    return {"keep": keep, "range": ends, "zone": seen.get("clock", "UTC"), "width": 0}


def later() -> list[Component]:
    """What comes into the page once its tab is opened."""
    return page_tabs.later(TABS, FIRST)


def _chart_section(view: ChartView, symbol: str | None) -> Sequence[Component]:
    """How to look at the series."""
    return [
        symbol_search.status(),
        SEEN.problem(),
        *(html.Div(text, className="f-failed") for text in catalog.problems()),
        *display.section(view, symbol),
        saved_universes.UNIVERSES.fold(saved_universes.HELP),
    ]
