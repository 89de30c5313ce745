"""A benchmark in a real browser: seen in the tray, cancelled, measured twice, and opened again by its link."""

from __future__ import annotations

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
ENTRIES = "return [...document.querySelectorAll('#hardware-earlier .job')].length"


def press(visitor: Visitor, repetitions: int) -> None:
    visitor.fill("hardware", "repetitions", repetitions)
    visitor.until(
        "return (document.getElementById(arguments[0])?.innerText || '').startsWith('about')",
        "the estimate",
        dom_id(role="estimate", page="hardware"),
    )
    visitor.press_run("hardware")


def at_rest(visitor: Visitor) -> None:
    visitor.until("return !document.querySelector('.is-running')", "the run bar at rest")


def test_a_benchmark_is_cancelled_and_then_measured_twice(visitor: Visitor) -> None:
    visitor.open("/hardware")
    press(visitor, 200)
    visitor.until("return document.getElementById('jobs-count').innerText === '1 job'", "the job in the tray")
    visitor.until("return !!document.querySelector('.is-running')", "the run bar at work")
    visitor.click(role="cancel", page="hardware")
    at_rest(visitor)
    visitor.sees("The job was cancelled.")
    visitor.until("return document.getElementById('jobs-count').innerText === '0 jobs'", "the empty tray")
    links = []
    for count in (1, 2):
        press(visitor, 3)
        visitor.until(f"{ENTRIES} === {count}", f"{count} measurements listed")
        visitor.until("return location.search.includes('report.')", "the report in the link")
        at_rest(visitor)
        links.append(visitor.driver.current_url)
    assert links[0] != links[1]
    visitor.open("/data")
    visitor.open(links[0])
    visitor.until(f"{ENTRIES} === 2", "both measurements, and no third")
    marked = (
        "return [...document.querySelectorAll('#hardware-earlier .job')].findIndex(e => e.innerText.includes('shown'))"
    )
    visitor.until(f"return ({marked.removeprefix('return ')}) === 1", "the earlier one on the page")


LINE = """
const line = document.querySelector('[data-graph="hardware-cpu"] .js-line');
return line && line.getAttribute('d');
"""
DRAWN_IN = (
    "return document.querySelector('[data-graph=\"hardware-cpu\"] .js-plotly-plot').layout.template.layout.font.color"
)


def test_live_charts_go_on_and_show_the_same_in_another_theme(visitor: Visitor) -> None:
    visitor.open("/hardware")
    first = visitor.until(LINE, "the load of the machine")
    for what in ("the next second", "one more"):  # drawn over the first
        visitor.wait_for(lambda first=first: visitor.js(LINE) not in (None, first), what)  # type: ignore[misc]
        first = visitor.js(LINE)
    visitor.js("window.dash_clientside.set_props('hardware-interval', {disabled: true})")
    shown, colour = visitor.settled(lambda: visitor.js(LINE), "the last second"), visitor.js(DRAWN_IN)
    visitor.click(id="theme-button")
    visitor.wait_for(lambda: visitor.js(DRAWN_IN) != colour, "the chart in the other theme")
    assert visitor.settled(lambda: visitor.js(LINE), "the chart, drawn anew") == shown


FOLLOW = """
const here = window.dash_clientside.stratoscope, ids = ["other", "hardware", "hardware-past"].map(page => ({page}));
const runs = [{spec: "o", query: "other"}, {spec: "a", query: "now"}, arguments[1] && {spec: "s", query: "then"}];
const results = [null, {spec: "a", report: "1"}, arguments[1] && {spec: "s", report: "2"}];
here.followTab(arguments[0], runs, results, ids, "/hardware");
return location.search;
"""


@pytest.mark.parametrize(
    ("tab", "has_run", "address"),
    [("past", True, "?spec=report.2"), ("past", False, "?spec=report.1"), ("results", True, "?spec=report.1")],
)
def test_the_address_of_a_tab_names_the_report_in_sight(
    visitor: Visitor, tab: str, has_run: bool, address: str
) -> None:
    """Of a page of actions with a study in a tab; a study that was never run has the page's address."""
    visitor.open("/hardware")
    visitor.until("return !!window.dash_clientside.stratoscope.followTab", "the scripts")
    assert visitor.js(FOLLOW, tab, has_run) == address
