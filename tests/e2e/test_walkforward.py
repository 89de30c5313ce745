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


def test_cancelled_midway_it_shows_the_windows_that_are_done_and_goes_on(visitor: Visitor) -> None:
    open_form(visitor)
    for place, low, high in ((0, 2, 300), (1, 301, 999)):
        visitor.fill(PAGE, f"axes.{place}.low", low)
        visitor.fill(PAGE, f"axes.{place}.high", high)
        visitor.fill(PAGE, f"axes.{place}.step", 1)
    visitor.fill(PAGE, "windows.train", 12)
    visitor.fill(PAGE, "windows.test", 3)
    visitor.sees("23 windows of 209,001 combinations")
    visitor.press_run(PAGE)
    done = stopped_after(visitor, 0)
    visitor.click(id="backtest-walk-go-on")
    assert stopped_after(visitor, done) > done, "it has gone on from there"


def stopped_after(visitor: Visitor, before: int) -> int:
    """Stop when more than the windows ``before`` are done; how many the page then shows."""
    number = "return Number((/{} ([0-9]+) of 23/.exec(document.body.innerText) || [0, 0])[1])"
    visitor.wait_for(lambda: visitor.js(number.format("Window")) > before + 1, "one more window")
    visitor.click(role="cancel", page=PAGE)
    return int(visitor.wait_for(
        lambda: (done := visitor.js(number.format("Incomplete:"))) > before and done, "what is done", 90
    ))  # fmt: skip
