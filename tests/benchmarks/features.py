"""From a changed parameter to drawn, on the features page with twenty indicators.

Of a value as the form takes it: one that is typed waits for a rest of the keys first (``form._TYPING``).
"""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

from dashboard.state import to_query
from engine.features.spec import FeatureSpec
from engine.market.spec import MarketSpec
from tests.benchmarks.browser import milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

KINDS = (
    "sma", "ema", "kama", "bollinger", "keltner", "donchian", "rsi", "macd", "adx", "directional", "atr",
    "atr_percent", "talib_cci", "talib_stoch", "talib_obv", "talib_mfi", "talib_aroon", "talib_trix", "talib_willr",
    "talib_rocr",
)  # fmt: skip
WATCH = """
const plot = document.querySelector('[id*="features-chart"] .js-plotly-plot');
if (!plot || !plot.on || !plot.data || plot.data.length < 20) return false;
plot.on('plotly_afterplot', () => { window.drawn = plot.data.map(trace => trace.name); });
return true;
"""
CHANGE = """
const field = {page: 'features', path: 'features.0.window', role: 'field'};
window.dash_clientside.set_props(field, {value: '%d'});
"""
DRAWN = "return (window.drawn || []).includes('SMA %d')"


def taken(driver: Any, folder: Path, runs: int) -> tuple[list[float], list[float]]:
    """Milliseconds from each change to the frame after the chart is drawn: of new values, then of the same again, which
    are stored.
    """
    spec = FeatureSpec.parse({"market": MarketSpec().model_dump(), "features": [{"kind": kind} for kind in KINDS]})
    with server(folder) as running:
        driver.get(f"{running.address}/features?spec={to_query(spec)}")
        wait(driver, WATCH, 120)
        settle(running)
        new = [change(driver, window) for window in range(21, 22 + runs)][1:]
        return new, [change(driver, window) for window in range(21, 21 + runs)]


def change(driver: Any, window: int) -> float:
    """Milliseconds of one change, once all that the last one has begun is over."""
    time.sleep(1.5)
    return milliseconds(driver, CHANGE % window, DRAWN % window)
