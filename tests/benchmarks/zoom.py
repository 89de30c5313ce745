"""Zoom and pan on five million one-minute bars: ``python -m tests.benchmarks.zoom`` prints its rows, the table too.

The gestures are a turn of the mouse's wheel and a drag, as the browser's own events: from the last event to the frame
after the candles that were asked for are drawn. Server time and bytes are those of the one request that each makes.
The second series has a thousand dividends more, each of which is a mark on the chart.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from dashboard.state import to_query
from engine.market.spec import MarketSpec
from tests.benchmarks.browser import chromium, milliseconds
from tests.benchmarks.waiting import settle, wait
from tests.support.workbench import server

BARS, MARKS = 5_000_000, 1_000
PREPARE = "from tests.benchmarks.zoom import store; store()"
PLOT = """document.querySelector('[data-graph="data-chart"] .js-plotly-plot')"""
READY = f"const plot = {PLOT}; return !!plot && !!plot.data && plot.data.length > 1"
GESTURE = f"""
const plot = {PLOT}, pad = plot.querySelector('.nsewdrag'), box = pad.getBoundingClientRect();
const at = (x, more) => ({{bubbles: true, cancelable: true, view: window, button: 0, clientX: box.left + x * box.width,
  clientY: box.top + box.height / 2, ...more}});
performance.clearResourceTimings();
window.drawnBefore = plot.data;
const [kind, way] = ['%s', %d];
if (kind === 'wheel') pad.dispatchEvent(new WheelEvent('wheel', at(0.6, {{deltaY: 120 * way}})));
else {{
  pad.dispatchEvent(new MouseEvent('mousedown', at(0.5)));
  const cover = document.querySelector('.dragcover') || document;  // the latter where no pointer can hover
  for (const x of [0.55, 0.6]) cover.dispatchEvent(new MouseEvent('mousemove', at(x)));
  cover.dispatchEvent(new MouseEvent('mouseup', at(0.6)));
}}
"""
DRAWN = f"return {PLOT}.data !== window.drawnBefore"
REQUEST = """
const all = performance.getEntriesByType('resource').filter(item => item.name.includes('_dash-update-component'));
return all.map(item => [item.responseEnd - item.requestStart, item.encodedBodySize]);
"""
GESTURES = [("wheel", -1)] * 12 + [("drag", 1)] * 6 + [("wheel", 1)] * 6


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.zoom")
    parser.add_argument("--runs", type=int, default=len(GESTURES))
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        for row in rows(driver, Path(folder), parser.parse_args().runs):
            print(f"| {' | '.join(row)} |")


def rows(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    with server(folder) as running:
        environment = os.environ | {"STRATOSCOPE_CONFIG": str(running.config)}
        subprocess.run([sys.executable, "-c", PREPARE], env=environment, check=True)
        plain = taken(driver, running, "MINUTE", runs)
        marked = taken(driver, running, "MARKED", runs)
    painted, served, sent = ([item[at] for item in plain] for at in range(3))
    more = statistics.median(item[0] for item in marked) / statistics.median(painted) - 1
    return [
        _row("zoom or pan on 5M one-minute bars, gesture to painted", "200 ms", painted, "ms"),
        _row("the same, request to answer", "50 ms", served, "ms"),
        _row("the same, sent to the browser", "150 KB", [size / 1000 for size in sent], "KB"),
        ("the same with a thousand marks, more to paint", "10%", f"{more:+.0%}", ""),
    ]


def taken(driver: Any, running: Any, symbol: str, runs: int) -> list[tuple[float, float, float]]:
    """Milliseconds to the paint, milliseconds of the request and its bytes, of each gesture."""
    spec = MarketSpec(collection="big", symbols=(symbol,), interval="1m")
    driver.get(f"{running.address}/data?spec={to_query(spec)}")
    wait(driver, READY, 180)
    settle(running)
    found = []
    for kind, way in GESTURES[:runs]:
        painted = milliseconds(driver, GESTURE % (kind, way), DRAWN)
        time.sleep(0.5)
        requests = driver.execute_script(REQUEST)
        answer = max(requests, key=lambda item: item[1])  # the others are the tray's, which asks for news
        found.append((painted, *answer))
    return found


def store() -> None:
    """Keep the two series where the configuration says."""
    from dataclasses import replace

    import numpy as np

    from engine.market.sources.stored import save
    from tests.support.market import make_bars

    random = np.random.default_rng(1)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.0005, BARS)))
    open = close * np.exp(random.normal(0, 0.0002, BARS))
    days = np.arange(np.datetime64("1970-01-01"), np.datetime64("2026-01-01"))
    days = days[np.is_busday(days)][-(BARS // 390 + 1) :].astype("datetime64[ms]")
    time = (days[:, None] + np.timedelta64(870, "m") + np.arange(390) * np.timedelta64(1, "m")).ravel()[-BARS:]
    bars = make_bars(close, open=open, time=time, interval="1m", collection="big", symbol="MINUTE")
    bars = replace(bars, high=bars.high * 1.0003, low=bars.low * 0.9997, volume=random.uniform(1e2, 1e4, BARS))
    save(bars)
    paid = np.zeros(BARS)
    paid[np.linspace(0, BARS - 1, MARKS).astype(int)] = 0.01
    about = replace(bars.series, symbol="MARKED")
    save(replace(bars, series=about, splits=np.ones(BARS), dividend_per_share=paid))


def _row(what: str, target: str, values: list[float], unit: str) -> tuple[str, ...]:
    spread = f"{min(values):.0f} {unit} to {max(values):.0f} {unit}"
    return what, target, f"{statistics.median(values):.0f} {unit}", spread


if __name__ == "__main__":
    main()
