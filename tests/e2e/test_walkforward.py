"""Journeys through the walk-forward: from the axes to the stitched account, back by its link, and cancelled midway."""

from __future__ import annotations

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
PAGE = "backtest-walkforward"


def open_form(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.open_tab("Walk-forward")
    visitor.sees("No walk-forward yet")
    step = dom_id(role="field", page=PAGE, path="axes.1.step")
    visitor.until("return !!document.getElementById(arguments[0])", "axes", step)


def rows(visitor: Visitor) -> list[str]:
    found = visitor.js(
        "return [...document.querySelectorAll('#backtest-walk-table .ag-center-cols-container .ag-row')]"
        ".map(row => row.innerText)"
    )
    return [str(row) for row in found]


def sees_result(visitor: Visitor) -> None:
    """Wait for the verdict, the stitched account and the table of windows."""
    visitor.sees_trace("backtest-walk-curve", "Out of sample")
    visitor.until("return document.querySelector('#backtest-walk-verdict').innerText.length > 20", "the verdict")
    visitor.wait_for(lambda: len(rows(visitor)) > 3, "the windows")


def test_from_the_axes_to_the_account_and_back_by_its_link(visitor: Visitor) -> None:
    open_form(visitor)
    visitor.fill(PAGE, "axes.0.step", 25)
    visitor.fill(PAGE, "axes.1.step", 100)
    visitor.fill(PAGE, "windows.train", 24)
    visitor.fill(PAGE, "windows.test", 9)
    visitor.sees("windows of 16 combinations")
    visitor.press_run(PAGE)
    sees_result(visitor)
    before, link = visitor.settled(lambda: rows(visitor), "every window"), visitor.link()
    visitor.sees("Efficiency")
    visitor.open("/data")
    visitor.open(link)
    sees_result(visitor)
    visitor.wait_for(lambda: rows(visitor) == before, "the same windows")
    visitor.wait_for(lambda: visitor.value(PAGE, "axes.1.step") == "100", "the step in the form")
    visitor.wait_for(lambda: visitor.value(PAGE, "windows.test") == "9", "the test window in the form")
    visitor.press("#backtest-walk-table .ag-row[row-index='0'] .ag-cell", "the first window")
    visitor.sees_trace("backtest-equity", "SMA 25/100")


def test_cancelled_midway_it_says_so_and_the_next_one_runs(visitor: Visitor) -> None:
    open_form(visitor)
    for place, low, high in ((0, 2, 300), (1, 301, 999)):
        visitor.fill(PAGE, f"axes.{place}.low", low)
        visitor.fill(PAGE, f"axes.{place}.high", high)
        visitor.fill(PAGE, f"axes.{place}.step", 1)
    visitor.sees("209,001 combinations")
    visitor.press_run(PAGE)
    visitor.sees("Window 2 of")
    visitor.click(role="cancel", page=PAGE)
    visitor.sees("cancelled")
    for place, step in ((0, 149), (1, 349)):
        visitor.fill(PAGE, f"axes.{place}.step", step)
    visitor.sees("of 9 combinations")
    visitor.press_run(PAGE)
    sees_result(visitor)
