"""Tabs: the line, and panes that are filled when they are first in sight."""

from __future__ import annotations

from typing import Any

import pytest
from dash import dcc, html
from dash.exceptions import PreventUpdate

from dashboard import ids
from dashboard.components import tabs
from dashboard.pages.backtest.layout import later, layout
from dashboard.pages.backtest.tabs import FIRST, TABS


def contents() -> list[Any]:
    return [html.P("Late."), dcc.Store(id="late")]


def test_the_line_names_each_pane() -> None:
    line: Any = tabs.tabs("group", [("a", "First"), ("b", "Second")])
    assert line.active_tab == "a"
    assert line.to_plotly_json()["props"]["label"] == "Views"
    assert [tab["label"] for tab in line.tabs] == ["First", "Second"]
    for tab in line.tabs:
        shown: Any = tabs.pane("group", tab["value"], [])
        assert (tab["controls"], tab["id"]) == (ids.dom_id(shown.id), getattr(shown, "aria-labelledby"))
        assert shown.role == "tabpanel"


def test_a_late_pane_is_empty_until_it_is_opened() -> None:
    opened, shown = tabs.late_pane("group", "a", contents)
    assert not hasattr(opened, "data")  # one that is None would ask the server as it appears
    assert (shown.children, shown.hidden) == ([], True)
    with pytest.raises(PreventUpdate):
        tabs.fill(contents, None)
    assert list(html.Div(tabs.fill(contents, True))) == ["late"]


def test_a_late_pane_that_is_in_sight_at_once_is_full() -> None:
    opened, shown = tabs.late_pane("group", "a", contents, kind="free", is_open=True)
    assert (opened.data, shown.hidden, shown.className) == (True, False, "cards pane free")
    assert list(shown) == ["late"]


@pytest.mark.usefixtures("workspace")
def test_the_backtest_page_opens_with_its_first_tab_alone() -> None:
    made = [item for item in layout(None)._traverse() if isinstance(getattr(item, "id", None), dict)]
    panes: Any = {item.id["tab"]: item for item in made if item.id.get("role") == "pane"}
    assert set(panes) == {tab.name for tab in TABS}
    assert [name for name, pane in panes.items() if pane.children] == [FIRST.name]
    assert later()
