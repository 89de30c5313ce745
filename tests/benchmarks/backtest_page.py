"""Scripts by which the benchmarks press controls of the backtest page."""

from __future__ import annotations

import time
from typing import Any

from tests.benchmarks.browser import milliseconds

RUN = """document.getElementById('{"page":"backtest","role":"run-button"}').click()"""
FAST = """document.getElementById('{"page":"backtest","path":"strategy.fast","role":"field"}')"""
SLIPPAGE = """document.getElementById('{"page":"backtest","path":"costs.slippage","role":"field"}')"""
SWEEP = """
window.mapBefore = document.querySelector('[id*="backtest-sweep-map"] .js-plotly-plot').data;
document.querySelector('.study:not([hidden]) .run-button').click();
"""
MAPPED = """
const map = document.querySelector('[id*="backtest-sweep-map"] .js-plotly-plot');
return !!map && !!map.data && map.data.length > 1 && map.data !== window.mapBefore;
"""
SET = """
const input = %s;
Object.getOwnPropertyDescriptor(HTMLInputElement.prototype, 'value').set.call(input, '%d');
input.dispatchEvent(new Event('input', {bubbles: true}));
input.dispatchEvent(new Event('change', {bubbles: true}));
input.blur();
"""
DRAWN = """
const graph = document.getElementById('{"graph":"backtest-equity","role":"graph"}').querySelector('.js-plotly-plot');
return !!graph && !!graph.data && graph.data.some(trace => (trace.name || '').startsWith('SMA %d/'))
"""


def typed(driver: Any, field: str, value: int) -> None:
    """Type a number into a field, and leave it."""
    driver.execute_script(SET % (field, value))


def backtest(driver: Any, fast: int) -> float:
    """Milliseconds of the SMA cross with that fast window, from the click on."""
    typed(driver, FAST, fast)
    time.sleep(0.5)  # the form's check is not part of the click
    return milliseconds(driver, RUN, DRAWN % fast)
