"""The data page's chart: on the bars' clock, zoomed, with an indicator, saved as a layout, opened by its address."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains

from dashboard.state import to_query
from engine.market.spec import MarketSpec
from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
DISPLAY = "data-display"
SAID = """
const said = document.querySelector('[data-graph="data-chart"] .sub');
return !!said && said.textContent.includes(arguments[0]);
"""
LAYOUTS = "return [...document.querySelectorAll('#data-layout-saved option')].map((item) => item.value)"
WHEEL = """
const pad = document.querySelector('[data-graph="data-chart"] .nsewdrag'), box = pad.getBoundingClientRect();
const at = {clientX: box.left + 0.5 * box.width, clientY: box.top + 60, bubbles: true, cancelable: true, view: window};
pad.dispatchEvent(new WheelEvent('wheel', {deltaY: arguments[0], ...at}));
"""


MOMENTS = """
const plot = document.querySelector('[data-graph="data-chart"] .js-plotly-plot'), axis = plot._fullLayout.xaxis;
const time = plot.data[0].x._inputArray || plot.data[0].x, day = (value) => new Date(value).toISOString().slice(0, 10);
window.Plotly.Fx.hover(plot, [{curveNumber: 0, pointNumber: 0}]);
const said = [...plot.querySelectorAll('.hoverlayer text')].map((item) => item.textContent).join(' ');
const layout = {xaxis: {type: 'date', range: [0, 1]}, shapes: [{x0: 0, x1: 1}, {xref: 'paper', x0: 0}]};
const moved = window.dash_clientside.stratoscope.onClock({data: [], layout: layout}).layout;
return [day(time[0]), day(axis.d2c(time[0])), said, [...moved.xaxis.range, moved.shapes[0].x1, moved.shapes[1].x0]];
"""
"""The first bar's day by its data, on its axis and in its hover box; and moments of a layout."""
EPOCH, NEXT = "1970-01-01 00:00:00.000", "1970-01-01 00:00:00.001"


def drawn(visitor: Visitor) -> None:
    visitor.sees_trace("data-chart", "NVDA")
    visitor.until(SAID, "what is drawn", "NVDA, total return")
    visitor.until(
        "const plot = document.querySelector('[data-graph=\"data-chart\"] .js-plotly-plot');"
        "return plot.dataset.attached === 'true'",
        "the chart at rest",
    )


def closer(visitor: Visitor) -> bool:
    """Turn the wheel once; whether days are drawn by then."""
    visitor.js(WHEEL, -600)
    visitor.js("return new Promise(done => setTimeout(done, 300))")
    return bool(visitor.js(SAID, "daily candles"))


def test_the_wheel_reaches_single_bars_and_the_address_keeps_them(visitor: Visitor) -> None:
    visitor.open("/data")
    drawn(visitor)
    visitor.until(SAID, "weeks at first", "weekly candles")
    own, at, hover, layout = visitor.js(MOMENTS)
    assert visitor.js("return new Date(0).getHours()") != 0, "the browser's clock is that of the bars"
    assert own == at
    assert own in hover
    assert layout == [EPOCH, NEXT, NEXT, 0]
    before = visitor.link()
    visitor.wait_for(lambda: closer(visitor), "days")
    visitor.until("return location.search.includes('from=')", "the part in sight in the address")
    link = visitor.link(other_than=before)
    said = visitor.js("return document.querySelector('[data-graph=\"data-chart\"] .sub').textContent")
    visitor.open(link)
    visitor.until(SAID, "the same part of it", said)
    drawn(visitor)
    pad = visitor.driver.find_element("css selector", '[data-graph="data-chart"] .nsewdrag')
    ActionChains(visitor.driver).double_click(pad).perform()
    visitor.until(SAID, "everything again", ", 2,699 bars")
    visitor.until("return !location.search.includes('from=')", "the address without it")
    assert not visitor.complaints()


def test_a_chart_with_an_indicator_is_saved_and_opened(visitor: Visitor) -> None:
    visitor.open("/data")
    drawn(visitor)
    visitor.click(role="add", page=DISPLAY, path="indicators")
    visitor.press(".picker-row[data-kind=rsi]", "RSI in the list")
    visitor.sees_trace("data-chart", "RSI 14")
    visitor.until("return location.search.includes('view=')", "the settings in the address")
    link = visitor.link()
    visitor.until(
        "const name = document.getElementById('data-layout-name');"
        "Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(name, 'momentum');"
        "for (const kind of ['input', 'change']) name.dispatchEvent(new Event(kind, {bubbles: true}));"
        "name.blur(); return true",
        "the name of the layout",
    )
    visitor.click(id="data-layout-save")
    visitor.until(
        "return [...document.querySelectorAll('#data-layout-saved option')].some(item => item.value === 'momentum')",
        "the saved layout",
    )
    visitor.open(link)
    visitor.sees_trace("data-chart", "RSI 14")
    assert "momentum" in visitor.js(LAYOUTS)
    wanted = dom_id(role="remove", page=DISPLAY, path="indicators", index="0")
    visitor.until("return !!document.getElementById(arguments[0])", "the indicator in the form", wanted)
    visitor.js("document.getElementById(arguments[0]).click()", wanted)
    visitor.wait_for(lambda: "RSI 14" not in visitor.traces("data-chart"), "the chart without it")
    visitor.js(
        "const list = document.getElementById('data-layout-saved');"
        "Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(list, 'momentum');"
        "list.dispatchEvent(new Event('change', {bubbles: true}))"
    )
    visitor.sees_trace("data-chart", "RSI 14")
    visitor.press("#data-layout-delete", "Delete")
    visitor.sees("Deleted momentum.")
    visitor.open(link)
    visitor.sees_trace("data-chart", "RSI 14")
    assert "momentum" not in visitor.js(LAYOUTS)


def test_hours_are_on_the_clock_of_the_exchange_in_chart_and_table(visitor: Visitor) -> None:
    market = MarketSpec(collection="dukascopy", symbols=("EURUSD",), interval="1h", adjustment="none")
    visitor.open(f"/data?tab=table&spec={to_query(market)}")
    times = "return (document.querySelector('#data-table-grid')?.innerText || '').replace(/\\s+/g, ' ')"
    visitor.wait_for(lambda: "Time, UTC" in (seen := visitor.js(times)) and "2017-12-29 21:00" in seen, "times in UTC")
    visitor.driver.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": "Asia/Tokyo"})
    visitor.open(visitor.driver.current_url)
    local = "[...document.querySelectorAll('.seg label')].find((label) => label.textContent.trim() === 'Local')"
    visitor.until(f"{local}.click(); return true", "the choice of a clock")
    visitor.wait_for(lambda: "Time, Tokyo" in (seen := visitor.js(times)) and "2017-12-30 06:00" in seen, "of Tokyo")
    visitor.open_tab("Chart")
    visitor.until(SAID, "the same clock", "2017-01-02 07:00 Tokyo to 2017-12-30 06:00 Tokyo")


def test_a_list_pasted_in_small_letters_is_chosen(visitor: Visitor) -> None:
    visitor.open("/data")
    drawn(visitor)
    rows = "return [...new Set([...document.querySelector('.tabs').children].map((tab) => tab.offsetTop))]"
    assert len(visitor.js(rows)) == 1, "all tabs are in one row at 1280 px"
    visitor.click(role="field", page="data", path="symbols")
    visitor.until("return !!document.querySelector('.dash-dropdown-search')", "the search")
    visitor.driver.find_element("css selector", ".dash-dropdown-search").click()
    visitor.driver.execute_cdp_cmd("Input.insertText", {"text": "aapl, goog\nQCOM"})
    visitor.until(
        """
        const options = [...document.querySelectorAll('.dash-dropdown-option')];
        const found = options.find((option) => option.textContent === '2 symbols: AAPL, GOOG');
        const texts = options.map((option) => option.textContent);
        if (found && texts.includes('Download all 3 from Yahoo Finance')) found.click();
        return !!found;
        """,
        "what is there of the list",
    )
    options = "return [...document.querySelectorAll('#data-symbol option')].map((option) => option.value)"
    visitor.wait_for(lambda: {"NVDA", "AAPL", "GOOG"} <= set(visitor.js(options)), "all three in the chart")
