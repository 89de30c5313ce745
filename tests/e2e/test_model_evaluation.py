"""A network in a real browser: looked at before it is trained, and what it is worth at each threshold afterwards."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from dashboard import state
from engine.models.spec import ModelSpec
from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e

SPEC = ModelSpec.parse(
    {
        "market": {"symbols": ["AAPL"], "start": "2021-01-01"},
        "model": {"kind": "attention_rnn", "window": 5, "units": [4], "epochs": 1},
        "null_fits": 2,
    }
)
CLICK = """
const plot = document.getElementById(arguments[0]).querySelector('.js-plotly-plot');
if (!plot || !plot._fullLayout || !plot.data.length) return false;
const area = plot.querySelector('.nsewdrag').getBoundingClientRect();
const at = {bubbles: true, clientX: area.left + area.width / 2, clientY: area.top + area.height / 2, view: window};
for (const name of ['mousemove', 'mousedown', 'mouseup'])
  plot.querySelector('.nsewdrag').dispatchEvent(new MouseEvent(name, at));
return true;
"""


def test_a_network_is_diagnosed_trained_and_followed_at_a_threshold(visitor: Visitor) -> None:
    visitor.open(f"/models?spec={state.to_query(SPEC)}")
    visitor.sees("AUC above null models")
    tops = "return new Set([...document.querySelectorAll('.top [role=tab]')].map((tab) => tab.offsetTop)).size"
    assert visitor.js(tops) == 1, "the tabs of a window 1280 px wide are one row"
    visitor.open_tab("Diagnosis")
    visitor.press_run("models-diagnosis")
    visitor.press("#models-finder-use:not([disabled])", "Use this rate")
    visitor.wait_for(lambda: visitor.value("models", "model.learning_rate") not in ("", "0.003"), "the rate")
    visitor.open_tab("Importance")
    visitor.sees("Weight by bar")
    heat = dom_id(role="graph", graph="models-attention")
    visitor.sees_trace("models-attention-bar", "Mean")
    visitor.wait_for(
        lambda: visitor.js(CLICK, heat) and len(visitor.traces("models-attention-bar")) == 2, "the bar that was clicked"
    )
    visitor.open_tab("Threshold")
    visitor.sees("were looked at on")
    at = "document.getElementById('models-threshold-at-text').innerText"
    first = visitor.until(f"return {at}", "the threshold")
    slider = visitor.driver.find_element("css selector", "#models-threshold-at [role=slider]")
    is_first = visitor.js("return arguments[0].getAttribute('aria-valuenow')", slider) == "0"
    slider.send_keys(Keys.ARROW_RIGHT if is_first else Keys.ARROW_LEFT)
    visitor.until(f"return {at} !== arguments[0]", "another threshold", first)
    visitor.press("#models-threshold-link a", "the backtest of the threshold")
    visitor.wait_for(lambda: "/backtest" in visitor.driver.current_url, "the backtest page")


def test_settings_make_way_where_there_is_little_room(visitor: Visitor) -> None:
    size = {"width": 700, "height": 800, "deviceScaleFactor": 1, "mobile": False}
    visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
    try:
        visitor.open("/models")
        visitor.until("return document.querySelector('.side').open", "the settings")
        visitor.open_tab("Registry")
        visitor.until("return !document.querySelector('.side').open", "settings that are folded")
    finally:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
