"""From an empty cache to the first backtest of a file of one's own: ``python -m tests.benchmarks.first_backtest``
prints its rows, the table too.

Each time a server is started with nothing stored, and a CSV of daily bars lies at hand. The mouse is moved and pressed
in the browser; what is clicked in the system's dialog for files, which a browser without a screen has none of, counts
as one click more.
"""

from __future__ import annotations

import argparse
import statistics
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.benchmarks.browser import chromium
from tests.benchmarks.waiting import wait
from tests.support.workbench import server

BARS = 5_000
IMPORTS = "return document.querySelector(\"a[href='/data?tab=import']\")"
CHOOSE = "return document.querySelector('.drop-zone button')"
FILES = "return document.querySelector('[data-picks=files]')"
IMPORT = """
const found = document.querySelector('.import-rows table');  // what is in the file is looked at first
const button = document.getElementById('{"page":"data-import","role":"run-button"}');
return found && button && !button.disabled && button;
"""
LINK = "return document.querySelector('#data-imported-links a:last-child')"
DRAWN = """
const graph = document.getElementById('{"graph":"backtest-equity","role":"graph"}');
const plot = graph && graph.querySelector('.js-plotly-plot');
return !!plot && !!plot.data && plot.data.some((trace) => (trace.name || '').startsWith('SMA 50/200'));
"""


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks.first_backtest")
    parser.add_argument("--runs", type=int, default=3)
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        for row in rows(driver, Path(folder), parser.parse_args().runs):
            print(f"| {' | '.join(row)} |")


def rows(driver: Any, folder: Path, runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    folder.mkdir(parents=True, exist_ok=True)
    path = csv(folder)
    taken = [walk(driver, folder / f"first{attempt}", path) for attempt in range(runs)]
    seconds, clicks = [item[0] for item in taken], [item[1] for item in taken]
    spread = f"{min(seconds):.1f} s to {max(seconds):.1f} s"
    what = f"`make run` on an empty cache with a CSV of {BARS:,} bars at hand to its backtest on screen"
    return [
        (what, "60 s", f"{statistics.median(seconds):.1f} s", spread),
        ("the same, clicks", "8", str(max(clicks)), ""),
    ]


def walk(driver: Any, folder: Path, path: Path) -> tuple[float, int]:
    """Seconds from the server's start to the curve of the backtest, and the clicks on the way."""
    with server(folder) as running:
        hand = Hand(driver)
        driver.execute_cdp_cmd("Page.setInterceptFileChooserDialog", {"enabled": True})
        driver.get(running.address)
        hand.click(IMPORTS)
        hand.click(CHOOSE)
        driver.execute_script(FILES).send_keys(str(path))
        hand.clicks += 1
        hand.click(IMPORT)
        hand.click(LINK)
        wait(driver, DRAWN, 120)
        return time.perf_counter() - running.asked, hand.clicks


@dataclass
class Hand:
    """Who moves the mouse, and counts how often it is pressed."""

    driver: Any
    clicks: int = 0

    def click(self, find: str) -> None:
        """Press what the script ``find`` returns, once it is there."""
        wait(self.driver, find, 60)
        self.driver.execute_script(find).click()
        self.clicks += 1


def csv(folder: Path) -> Path:
    """A file of daily bars as a provider would give it."""
    import numpy as np

    random = np.random.default_rng(1)
    days = np.arange(np.datetime64("2000-01-03"), np.datetime64("2026-01-01"))
    days = days[np.is_busday(days)][-BARS:]
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, BARS)))
    open = close * np.exp(random.normal(0, 0.003, BARS))
    rows = [
        f"{day},{first:.4f},{max(first, last) * 1.002:.4f},{min(first, last) * 0.998:.4f},{last:.4f},{volume}"
        for day, first, last, volume in zip(days, open, close, random.integers(10_000, 90_000, BARS), strict=True)
    ]
    path = folder / "MINE.csv"
    path.write_text("\n".join(["Date,Open,High,Low,Close,Volume", *rows]) + "\n", encoding="utf-8")
    return path


if __name__ == "__main__":
    main()
