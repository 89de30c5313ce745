"""A benchmark in a real browser: seen in the tray, cancelled, measured twice, and opened again by its link."""

from __future__ import annotations

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
MEASURED = 240.0
"""Seconds for a measurement, which starts a process for each library."""
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
        visitor.until(f"{ENTRIES} === {count}", f"{count} measurements listed", seconds=MEASURED)
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


HELD = """
const plot = document.querySelector('[data-graph="hardware-cpu"] .js-plotly-plot');
return !!plot && !!plot.lastDrawn && plot.data.length > 1 && !!plot.querySelector('.js-line');
"""
MOVED = """
const finish = arguments[arguments.length - 1], here = window.dash_clientside.stratoscope;
const plot = document.querySelector('[data-graph="hardware-cpu"] .js-plotly-plot');
const isSent = (key, value) => (key === "_inputArray" ? undefined : value);
const figure = JSON.parse(JSON.stringify(plot.lastDrawn.figure, isSent));
const seen = [], asked = here.pointsMoved, found = { seen };
const text = (list) => String.fromCharCode(...new Uint8Array(new Float32Array(list).buffer));
const encoded = (list) => ({ dtype: "f4", bdata: btoa(text(list)) });
const lines = () => [...plot.querySelectorAll(".scatterlayer path")].map((path) => path.getAttribute("d"));
here.pointsMoved = (...given) => { const done = asked(...given); seen.push(done); return done; };
figure.data[0] = { ...figure.data[0], x: [-50, -40, -30, -20, -10, 0], y: [10, 30, null, 90, 40, 60] };
figure.data[1] = { ...figure.data[1], x: encoded([-9, -3, 0]), y: encoded([5, NaN, 25]) };
const move = () => {
  found.over = here.drawnOver("hardware-cpu", figure);
  Object.assign(found, { drawn: lines(), rows: here.csv(plot) });
  return window.Plotly.redraw(plot);
};
const show = () => {
  Object.assign(found, { again: lines(), rowsAgain: here.csv(plot) });
  return window.Plotly.restyle(plot, { visible: true }, [1]);
};
window.Plotly.restyle(plot, { visible: "legendonly" }, [1]).then(move).then(show).then(() => {
  finish({ ...found, second: Array.from(plot._fullData[1].y), paths: lines().length });
});
"""


TABLE = """
const line = { visible: true, type: "scatter", mode: "lines", name: "Load", x: [1], y: [3] };
const area = { ...line, x: [1, 1, 1], y: [0, 3, 0], hoverinfo: "skip", line: { width: 0 } };
return window.dash_clientside.stratoscope.csv({ _fullData: [area, line], _fullLayout: {}, layout: {} });
"""


def test_points_of_a_live_chart_are_drawn_as_plotly_would(visitor: Visitor) -> None:
    """Gaps, another number of points and a line that is hidden included; an area is no column of the table."""
    visitor.open("/hardware")
    visitor.until(HELD, "the load of the machine")
    visitor.js("window.dash_clientside.set_props('hardware-interval', {disabled: true})")
    visitor.settled(lambda: visitor.js(LINE), "the last second")
    found = visitor.driver.execute_async_script(MOVED)
    assert found["over"] is True
    assert found["seen"] == [True]
    assert found["drawn"] == found["again"]
    assert [path.count("L") for path in found["drawn"][1:3]] == [1, 2]  # the line before the gap, and after it
    assert found["rows"] == found["rowsAgain"]
    assert "-20,90" in found["rows"]
    assert found["second"][0::2] == [5, 25]
    assert found["paths"] > len(found["drawn"])
    assert visitor.js(TABLE) == "position,Load\r\n1,3\r\n"


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
