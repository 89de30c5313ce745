"""A journey through the sweep: from the axes to the map, to one cell, to its run in full. Fails on any error in the
console.
"""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
PAGE = "backtest-sweep"


def sees_map(visitor: Visitor) -> None:
    """Wait until the map and everything under it is there."""
    visitor.sees_trace("backtest-sweep-map", "plateau")
    visitor.sees("Without any skill, the best of that many")
    visitor.until("return document.querySelectorAll('#backtest-sweep-table .ag-row').length > 3", "rows of the table")


def click_cell(visitor: Visitor) -> str:
    """Click a cell in the middle of the map twice; what it said of itself before, as "fast slow sharpe"."""
    shown = visitor.until("return document.querySelector('[data-graph=\"backtest-sweep-map\"] .nsewdrag')", "the map")
    visitor.js("arguments[0].scrollIntoView({block: 'center'})", shown)
    ActionChains(visitor.driver).move_to_element(shown).perform()
    words = str(visitor.until(
        "return [...document.querySelectorAll('.hoverlayer .hovertext')].map(item => item.textContent).join(' ')",
        "what the cell says",
    ))  # fmt: skip
    ActionChains(visitor.driver).double_click().perform()
    return words


def test_from_a_sweep_to_a_cell_to_its_run_in_full(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.open_tab("Sweep")
    visitor.sees("No sweep yet")
    visitor.until(f"return !!document.getElementById('{dom_id(role='field', page=PAGE, path='axes.1.step')}')", "axes")
    visitor.fill(PAGE, "axes.0.step", 5)
    visitor.fill(PAGE, "axes.1.step", 25)
    visitor.sees("208 combinations")
    visitor.press_run(PAGE)
    sees_map(visitor)
    opens_its_run(visitor, click_cell(visitor))


def test_a_map_of_tiles_is_zoomed_into_until_a_cell_is_a_run(visitor: Visitor) -> None:
    """Of 339 x 339 windows half are valid and a third have trades: two by two share a tile until they are near."""
    visitor.open("/backtest")
    visitor.open_tab("Sweep")
    visitor.until(f"return !!document.getElementById('{dom_id(role='field', page=PAGE, path='axes.1.step')}')", "axes")
    for name, value in (("0.low", 2), ("0.high", 340), ("0.step", 1), ("1.low", 3), ("1.high", 341), ("1.step", 1)):
        visitor.fill(PAGE, f"axes.{name}", value)
    visitor.sees("114,921 combinations")
    visitor.press_run(PAGE)
    sees_map(visitor)
    visitor.sees("zoom in for single ones")
    assert columns(visitor) == 170
    shown = visitor.js("return document.querySelector('[data-graph=\"backtest-sweep-map\"] .nsewdrag')")
    visitor.js("arguments[0].scrollIntoView({block: 'center'})", shown)
    actions = ActionChains(visitor.driver).move_to_element(shown)
    actions.move_by_offset(-int(shown.size["width"] * 0.3), -shown.size["height"] // 6)
    actions.click_and_hold().move_by_offset(30, 5).move_by_offset(30, 40).release().perform()
    visitor.until("return !document.body.innerText.includes('zoom in for single ones')", "single combinations")
    assert columns(visitor) < 80
    opens_its_run(visitor, click_cell(visitor))


def columns(visitor: Visitor) -> int:
    """How many cells the map has from left to right."""
    map_ = "document.querySelector('[data-graph=\"backtest-sweep-map\"] .js-plotly-plot')"
    return int(visitor.js(f"return {map_}._fullData[0].x.length"))


def opens_its_run(visitor: Visitor, words: str) -> None:
    """Wait for the run that the cell which said ``words`` opens, with its windows and its Sharpe ratio."""
    visitor.until(
        "return (document.getElementById('backtest-kpis') || {innerText: ''}).innerText.includes('CAGR')", "key figures"
    )

    def windows() -> tuple[str, str]:
        return visitor.value("backtest", "strategy.fast"), visitor.value("backtest", "strategy.slow")

    visitor.wait_for(lambda: "Fast window {} bars, Slow window {} bars".format(*windows()) in words, "them in the form")
    fast, slow = windows()
    visitor.sees_trace("backtest-equity", f"SMA {fast}/{slow}")
    cells = visitor.js("return [...document.querySelectorAll('#backtest-kpis .kpi')].map(item => item.innerText)")
    sharpe = next(cell.splitlines()[1] for cell in cells if cell.startswith("Sharpe"))
    assert f"Sharpe {sharpe}" in words, (words, cells)


def test_a_permalink_opens_the_sweep_and_a_reload_brings_it_back(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.open_tab("Sweep")
    visitor.until(f"return !!document.getElementById('{dom_id(role='field', page=PAGE, path='axes.1.step')}')", "axes")
    visitor.fill(PAGE, "axes.0.step", 10)
    visitor.fill(PAGE, "axes.1.step", 50)
    visitor.sees("56 combinations")
    visitor.press_run(PAGE)
    sees_map(visitor)
    link = visitor.link()
    visitor.open("/data")
    visitor.open(link)
    sees_map(visitor)
    visitor.wait_for(lambda: visitor.value(PAGE, "axes.0.step") == "10", "the step in the form")
    visitor.fill(PAGE, "axes.0.step", 5)
    visitor.sees("Changed since the run on screen: fast window.")
    visitor.fill(PAGE, "axes.0.step", 10)
    visitor.until("return !document.body.innerText.includes('Changed since')", "the form of the run on screen")
    visitor.wait_for(lambda: visitor.value("backtest", "strategy.fast") == "50", "the strategy in its form")
    visitor.open_tab("Performance")
    visitor.sees("No backtest yet")
    visitor.press_run("backtest")
    visitor.sees_trace("backtest-equity", "SMA 50/200")
    visitor.link(other_than=link)
    visitor.open_tab("Sweep")
    visitor.until("return location.href === arguments[0]", "the URL follows the tab", link)


def test_a_grid_that_is_too_large_says_so_at_the_axes(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.open_tab("Sweep")
    add = dom_id(role="add", page=PAGE, path="axes")
    visitor.until(
        "const list = document.getElementById(arguments[0]);"
        "return !!list && [...list.options].some(item => item.value === 'costs.slippage')", "what can be added", add,
    )  # fmt: skip
    visitor.js(
        """
        const list = document.getElementById(arguments[0]);
        Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(list, 'costs.slippage');
        list.dispatchEvent(new Event('change', {bubbles: true}));
        """,
        add,
    )
    third = dom_id(role="field", page=PAGE, path="axes.2.step")
    visitor.until("return !!document.getElementById(arguments[0])", "the third axis", third)
    visitor.fill(PAGE, "axes.2.step", "0.001")
    visitor.sees("are more than the 4,000,000 of a sweep")
    visitor.press("input[value=latin_hypercube]", "the other way to draw")
    visitor.sees("1,000 combinations")
