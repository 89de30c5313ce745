"""The backtest page in a real browser: trades stepped through, tabs that draw when opened, sections that fold."""

from __future__ import annotations

import time

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
SAID = "return document.querySelector('[data-graph=\"backtest-fills\"] .sub').textContent"


def run(visitor: Visitor, fast: int) -> None:
    visitor.open("/backtest")
    visitor.fill("backtest", "strategy.fast", fast)
    visitor.fill("backtest", "strategy.slow", 60)
    visitor.press_run("backtest")
    visitor.sees_trace("backtest-equity", f"SMA {fast}/60")


def show(visitor: Visitor, tab: str) -> None:
    visitor.open_tab(tab)


def press(visitor: Visitor, key: str) -> None:
    visitor.js("document.body.dispatchEvent(new KeyboardEvent('keydown', {key: arguments[0], bubbles: true}))", key)


def place(visitor: Visitor) -> tuple[int, int]:
    """Which trade of how many is on the candles."""
    words = str(visitor.until(f"{SAID}.split(',')[0].match(/^\\d+ of \\d+$/)?.[0]", "a trade"))
    first, _, last = words.partition(" of ")
    return int(first), int(last)


def test_trades_are_stepped_through_by_button_and_key(visitor: Visitor) -> None:
    run(visitor, 12)
    show(visitor, "Trades")
    visitor.sees_trace("backtest-fills", "Entry")
    newest, count = place(visitor)
    assert newest == count
    legend = "[...document.querySelectorAll('[data-graph=\"backtest-fills\"] .legend button')]"
    visitor.until(f"return {legend}.some(item => item.textContent === 'Entry')", "the legend")
    visitor.js(f"{legend}.find(item => item.textContent === 'Entry').click()")
    press(visitor, "n")
    visitor.wait_for(lambda: place(visitor)[0] == newest - 1, "the trade before")
    hidden = "[...document.querySelectorAll('[data-graph=\"backtest-fills\"] .js-plotly-plot')][0]._fullData"
    visitor.until(f"return {hidden}.find(trace => trace.name === 'Entry').visible === 'legendonly'", "still hidden")
    visitor.press("[data-grid-step='1']", "the button to the one before")
    visitor.wait_for(lambda: place(visitor)[0] == newest - 2, "the one before that")
    press(visitor, "p")
    visitor.wait_for(lambda: place(visitor)[0] == newest - 1, "back")
    row = "document.querySelector(`#backtest-trades .ag-row[row-id='${arguments[0]}'] .ag-cell`)"
    visitor.until(f"const found = {row}; found?.click(); return !!found", "the row", str(newest - 4))
    visitor.wait_for(lambda: place(visitor)[0] == newest - 3, "the row that was clicked")
    assert visitor.complaints() == []


def test_every_chart_of_the_page_is_drawn(visitor: Visitor) -> None:
    run(visitor, 13)
    for graph, name in (("rolling", "Buy and hold"), ("monthly", "Return"), ("distribution", "Bars")):
        visitor.sees_trace(f"backtest-{graph}", name)
    visitor.sees("Latest trades")
    visitor.press("#backtest-window input[value='3m']", "the windows of three months")
    visitor.sees("window of 3 months")
    show(visitor, "Breakdown")
    visitor.sees("By weekday")
    for graph in ("excursions", "holding", "profits"):
        visitor.wait_for(lambda name=graph: visitor.traces(f"backtest-{name}"), graph)
    assert visitor.complaints() == []


def test_a_fold_opens_for_what_is_wrong_in_it_and_counts_what_was_set(visitor: Visitor) -> None:
    visitor.open("/backtest")
    field = dom_id(role="field", page="backtest", path="stops.stop_loss")
    visitor.until("return !!document.getElementById(arguments[0])", "the field", field)
    fold = "document.getElementById(arguments[0]).closest('.fold')"
    assert visitor.js(f"return {fold}.open", field) is False
    visitor.fill("backtest", "stops.stop_loss", 150)
    visitor.sees("Stop loss must be below 100%, not 150%.")
    visitor.until(f"return {fold}.open", "the fold open", field)
    visitor.fill("backtest", "stops.stop_loss", "7.5")
    visitor.until(f"return {fold}.querySelector('.fold-title').dataset.changed === '1 changed'", "one changed", field)


HELD = """
const send = window.fetch;
let answered, checks = 0;
const second = new Promise((resolve) => { answered = resolve; });
window.fetch = async (...request) => {
  const isCheck = String(request[1] && request[1].body).includes('"role":"draft","page":"backtest"') ||
    String(request[1] && request[1].body).includes('"page":"backtest","role":"draft"');
  const place = isCheck ? ++checks : 0, answer = await send(...request);
  if (place === 1) await second;
  if (place === 2) setTimeout(answered, 200);
  return answer;
};
window.checks = () => checks;
"""
"""The answer of the first check of the form is held back until that of the second is there."""


def test_an_answer_that_is_late_never_replaces_a_newer_one(visitor: Visitor) -> None:
    visitor.open("/backtest")
    problem = dom_id(role="problem", page="backtest", path="costs.commission")
    said = "return document.getElementById(arguments[0]).textContent"
    visitor.fill("backtest", "costs.commission", "-1")
    visitor.until(said, "what is wrong", problem)
    visitor.js(HELD)
    visitor.fill("backtest", "costs.commission", "-2")
    visitor.until("return window.checks() === 1", "the first check")
    visitor.fill("backtest", "costs.commission", "2")
    visitor.until("return window.checks() === 2", "the second check")
    visitor.until("return !document.getElementById(arguments[0]).textContent", "nothing wrong", problem)
    time.sleep(0.8)  # the late answer has come by then
    assert visitor.js(said, problem) == ""


def test_fields_of_limit_orders_come_with_the_limit(visitor: Visitor) -> None:
    visitor.open("/backtest")
    offset, lasts, rebalance = (
        dom_id(role="field", page="backtest", path=path) for path in ("limit_offset", "limit_bars", "rebalance")
    )
    row = "document.getElementById(arguments[0]).closest('.f')"
    visitor.until("return !!document.getElementById(arguments[0])", "the form", offset)
    for path in (offset, lasts, rebalance):
        visitor.until(f"return {row}.hidden", "hidden", path)
    visitor.fill("backtest", "fill", "limit")
    visitor.until(f"return !{row}.hidden", "the offset", offset)
    visitor.fill("backtest", "limit_offset", "x")
    visitor.sees("Limit offset must be a number")
    visitor.fill("backtest", "fill", "next_close")
    visitor.until(f"return {row}.hidden", "the lifetime gone", lasts)
    assert visitor.js(f"return {row}.hidden", offset) is False, "what is wrong stays in sight"
    visitor.fill("backtest", "fill", "limit")
    visitor.fill("backtest", "limit_offset", "20")
    visitor.fill("backtest", "fill", "next_close")
    visitor.until(f"return {row}.hidden", "the offset gone", offset)
    assert visitor.value("backtest", "limit_offset") == "20"
    fold = f"{row.replace('.f', '.fold')}.querySelector('.fold-title').dataset.changed"
    visitor.until(f"return {fold} === '1 changed'", "the fill alone", offset)


def test_pairs_say_all_that_they_need_and_buttons_set_it(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.sees("about")
    visitor.choose("backtest", "strategy", "pairs")
    visitor.sees("Pairs needs 2 symbols: add 1 more.")
    visitor.sees("sells short as well: choose Both.")
    button = "[...document.querySelectorAll('[data-sets]')].find(item => item.textContent.startsWith(arguments[0]))"
    for words in ("Add ", "Set Both"):
        visitor.until(f"const found = {button}; found?.click(); return !!found", words, words)
        visitor.until(f"return !{button}", f"{words} done", words)
    visitor.sees("about")


def test_on_a_phone_a_run_takes_the_place_of_the_settings_and_an_error_is_said_once(visitor: Visitor) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        run(visitor, 14)
        folded = "const side = document.querySelector('.side'); return !side.open"
        visitor.until(folded, "the settings folded away")
        visitor.until("return document.querySelector('.kpi').getBoundingClientRect().top < innerHeight", "the metrics")
        visitor.press(".panel-toggle", "the settings again")
        visitor.until("return document.querySelector('.side').open", "the settings")
        visitor.fill("backtest", "market.start", "2030-01-01")
        visitor.press_run("backtest")
        visitor.sees("NVDA has no bars from 2030-01-01 on")
        visitor.until(folded, "the settings folded away again")
        visitor.js("window.laterOn = false; setTimeout(() => window.laterOn = true, 600)")
        visitor.until("return window.laterOn", "the time of a toast")
        visitor.until("return !document.querySelector('.toast-note')", "the error said once", seconds=5)
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
