"""Journeys on the features page: a changed parameter, a range of them, and a value taken apart."""

from __future__ import annotations

from pathlib import Path

import pytest
from selenium.webdriver.common.keys import Keys

from dashboard.state import to_query
from engine.features.spec import FeatureSpec
from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
COUNTED = """
const plotly = window.Plotly;
window.drawn = {animate: 0, react: 0, pointsMoved: 0};
const here = window.dash_clientside.stratoscope, move = here.pointsMoved;
here.pointsMoved = (...given) => { const is = move(...given); window.drawn.pointsMoved += is; return is; };
for (const name of ['animate', 'react']) {
  const draw = plotly[name];
  plotly[name] = (...given) => { window.drawn[name] += 1; return draw(...given); };
}
"""
PICTURE = """
const plot = document.querySelector('[id*="features-chart"] .js-plotly-plot');
const lines = [...plot.querySelectorAll('.js-line')].map(line => line.getAttribute('d'));
const words = [...plot.querySelectorAll('.ytick text, .annotation-text')].map(text => text.textContent);
const shades = [...plot.querySelectorAll('.shapelayer path')].map(shape => shape.getAttribute('d'));
return [...lines, ...words, ...shades].join('|');
"""
CELL = """
const row = document.querySelector('#features-matrix-grid .ag-center-cols-container .ag-row');
const cell = row && row.querySelector('[col-id="f0"]');
if (cell) cell.click();
return !!cell;
"""


def drawn(visitor: Visitor, name: str) -> int:
    return int(visitor.js("return window.drawn[arguments[0]]", name))


def test_a_changed_line_is_drawn_as_if_the_chart_were_drawn_anew(visitor: Visitor) -> None:
    features = ({"kind": "sma"}, {"kind": "rsi"}, {"kind": "sma", "window": 200})
    visitor.open(f"/features?spec={to_query(FeatureSpec.parse({'features': features}))}")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.settled(lambda: visitor.js(PICTURE), "the chart, once its symbol is chosen")
    visitor.js(COUNTED)
    for path, value, name in (("features.0.window", 35, "SMA 35"), ("features.1.window", 5, "RSI 5")):
        visitor.fill("features", path, value)
        visitor.sees_trace("features-chart", name)
        visitor.sees(name)
    # The name of RSI stands in its pane; of the average, which warms up sooner than the other, the points alone change.
    assert (drawn(visitor, "pointsMoved"), drawn(visitor, "animate"), drawn(visitor, "react")) == (1, 1, 0)
    picture = visitor.settled(lambda: visitor.js(PICTURE), "the chart")
    for times in (1, 2):
        visitor.click(id="theme-button")
        visitor.wait_for(lambda times=times: drawn(visitor, "react") >= times, "the chart in the other theme")  # type: ignore[misc]
    assert visitor.settled(lambda: visitor.js(PICTURE), "the chart, drawn anew") == picture


def test_a_range_is_many_features_and_a_value_is_explained(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.fill("features", "features.0.window", "20..5")
    visitor.sees("has no values: a range goes up")
    visitor.fill("features", "features.0.window", "5..50 step 5")
    visitor.sees_trace("features-chart", "SMA 50")
    assert len([name for name in visitor.traces("features-chart") if name.startswith("SMA")]) == 10
    visitor.open(visitor.link())
    visitor.wait_for(lambda: visitor.value("features", "features.0.window") == "5..50 step 5", "the range in the form")
    visitor.open_tab("Matrix")
    visitor.until(CELL, "the first value")
    visitor.sees("Computed again from these 5 bars alone")
    box = visitor.js("return document.getElementById('features-explained').innerText")
    assert "SMA 5 of NVDA on 2023-09-21" in box
    assert "sma(close, 5)" in box


def test_a_formula_is_completed_by_keyboard(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.click(role="add", page="features", path="features")
    visitor.press(".picker-row[data-kind=expression]", "the expression in the list")
    visitor.until("return !!document.querySelector('.f.wide textarea')", "the formula")
    visitor.js("document.querySelector('.f.wide textarea').focus()")
    area = visitor.driver.switch_to.active_element
    area.send_keys(Keys.CONTROL, "a")
    area.send_keys("zsco")
    visitor.until("return !!document.querySelector('.formula-word[aria-selected=true]')", "the list of words")
    area.send_keys(Keys.ENTER)
    area.send_keys("volu")
    area.send_keys(Keys.TAB)
    area.send_keys(", 20)")
    assert area.get_property("value") == "zscore(volume, 20)"
    visitor.sees_trace("features-chart", "zscore(volume, 20)")


BANNER = "return document.querySelector('.results-error').checkVisibility()"


def write_formula(visitor: Visitor, text: str) -> None:
    """Type ``text`` into the formula of the card that was added."""
    area = "document.querySelector('.f.wide textarea')"
    visitor.until(f"return !!{area}", "the formula")
    visitor.js(f"{area}.focus()")
    field = visitor.driver.switch_to.active_element
    field.send_keys(Keys.CONTROL, "a")
    field.send_keys(text, Keys.ESCAPE)
    visitor.js(f"{area}.blur()")


def test_a_failed_request_is_no_news_once_a_field_is_wrong(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.click(role="add", page="features", path="features")
    visitor.press(".picker-row[data-kind=expression]", "the expression in the list")
    write_formula(visitor, 'close / of("NOSUCH", close)')
    visitor.until(BANNER, "what is wrong with the request")
    write_formula(visitor, "close / (")
    visitor.until("return !!document.querySelector('.f.wide.is-wrong')", "what is wrong with the formula")
    visitor.until(f"return !(() => {{ {BANNER} }})()", "the banner gone")
    write_formula(visitor, "close / open")
    visitor.sees_trace("features-chart", "close / open")


def test_on_a_phone_the_first_result_takes_the_place_of_the_settings(visitor: Visitor) -> None:
    size = {"width": 390, "height": 844, "deviceScaleFactor": 1, "mobile": True}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visitor.open("/features")
        visitor.sees_trace("features-chart", "RSI 14")
        visitor.until("return !document.querySelector('.side').open", "the settings folded away")
        visitor.until("return document.querySelector('.context .chip').checkVisibility()", "the chips")
        visitor.press(".panel-toggle", "the settings again")
        visitor.fill("features", "features.0.window", 35)
        visitor.sees_trace("features-chart", "SMA 35")
        assert visitor.js("return document.querySelector('.side').open"), "they stay, for they are in use"
        failing = {"features": [{"kind": "expression", "text": 'close / of("NOSUCH", close)'}]}
        visitor.open(f"/features?spec={to_query(FeatureSpec.parse(failing))}")
        visitor.until(BANNER, "what is wrong with the request")
        visitor.until("return !document.querySelector('.side').open", "the settings folded away from what is wrong")
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})


SAVED = """
const done = arguments[arguments.length - 1];
fetch(arguments[0]).then(answer => answer.arrayBuffer()).then(data => done(new TextDecoder().decode(data.slice(0, 4))));
"""


def test_a_set_comes_from_a_file_and_its_matrix_goes_into_one(visitor: Visitor, tmp_path: Path) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.open_tab("Sets")
    file = tmp_path / "journey.yaml"
    windows = "".join(f"- {{kind: sma, window: {window}}}\n" for window in range(5, 25))
    file.write_text(f"kind: feature_set\nname: journey\nfeatures:\n{windows}- {{kind: rsi, window: 9}}\n")
    visitor.until("return !!document.querySelector('#features-set-upload input')", "the button")
    visitor.driver.find_element("css selector", "#features-set-upload input").send_keys(str(file))
    visitor.sees("Imported 21 features as journey@1.")
    named = (
        "[...document.querySelectorAll('#features-sets-grid .ag-row')].find(row => row.innerText.includes('journey'))"
    )
    box = "document.querySelector(`#features-sets-grid [row-index='${row.getAttribute('row-index')}'] input`)"
    tick = f"const row = {named}, box = row && {box}; if (box) box.click(); return !!box"
    visitor.until(tick, "the new set ticked")
    visitor.press("#features-set-edit", "the button, once one is ticked")
    visitor.sees("that will be its next version")
    visitor.wait_for(lambda: visitor.value("features", "features.0.window") == "5..24", "the range in the form")
    visitor.open_tab("Matrix")
    visitor.sees("21 columns")
    query = visitor.link().partition("?")[2].partition("&")[0]
    assert visitor.driver.execute_async_script(SAVED, f"/matrix?{query}") == "PAR1"


def test_a_value_is_followed_through_processors(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    verdict = "return (document.querySelector('.plugin[data-verdict]') || {dataset: {}}).dataset.verdict"
    assert visitor.until(verdict, "the verdict at a card") == "clean · warm-up 19 bars"
    visitor.open_tab("Matrix")
    visitor.until(CELL, "the first value")
    visitor.sees("Computed again from these 20 bars alone")
    add = dom_id(role="add", page="features-processors", path="processors")
    visitor.js(
        """
        const input = document.getElementById(arguments[0]);
        Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(input, 'zscore');
        input.dispatchEvent(new Event('change', {bubbles: true}));
        """,
        add,
    )
    visitor.sees("Fitted on 1,870 known values of all symbols")
    row = (
        "return [...document.querySelectorAll('.processing tbody tr')].map(item => item.innerText.split('\\t').length)"
    )
    assert visitor.js(row) == [4]
    visitor.fill("features-processors", "fitted_share", 0)
    visitor.until("return !!document.querySelector('.chain-fields .is-wrong')", "what is wrong with the part")


@pytest.mark.parametrize(
    ("name", "size", "said"),
    [
        ("set.txt", 10, "set.txt is not taken: choose a file that ends in .yaml or .yml."),
        ("set.yaml", 2_000_001, "set.yaml is too large: a file has at most 2,000,000 bytes."),
    ],
)
def test_a_file_that_a_button_does_not_take_is_told(
    visitor: Visitor, tmp_path: Path, name: str, size: int, said: str
) -> None:
    (tmp_path / name).write_bytes(b"a" * size)
    visitor.open("/features")
    visitor.open_tab("Sets")
    box = "#features-set-upload input[type=file]"
    visitor.until("return !!document.querySelector(arguments[0])", "the button", box)
    visitor.driver.find_element("css selector", box).send_keys(str(tmp_path / name))
    visitor.sees(said)
