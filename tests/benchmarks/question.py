"""The first page's question answered: ``python -m tests.benchmarks.question`` prints its rows.

Whoever asks has an empty cache and knows nothing: they press what the page offers, and look for the sentence that says
at how many times the costs the strategy still earns something.
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

from tests.benchmarks.browser import chromium
from tests.benchmarks.first_backtest import Hand
from tests.benchmarks.waiting import wait
from tests.support.workbench import server

TRY = "return document.querySelector('.try-it')"
FIGURES = "return document.querySelector('#backtest-kpis .v') && document.querySelector('#guide-next a')"
NEXT = "return document.querySelector('#guide-next a')"
ANSWER = "return /times the costs/.test((document.querySelector('#backtest-real-verdict') || {}).innerText)"


def rows(driver: Any, folder: Path) -> list[tuple[str, ...]]:
    """The rows of the table: clicks, and seconds of waiting in all."""
    with server(folder) as running:
        driver.get(running.address)
        wait(driver, TRY, 60)
        begun, hand = time.perf_counter(), Hand(driver)
        hand.click(TRY)
        wait(driver, FIGURES, 120)
        hand.click(NEXT)
        wait(driver, ANSWER, 300)
        seconds = time.perf_counter() - begun
    what = '"does momentum on these six names survive costs?" from the first page to the answer with costs'
    return [
        (f"{what}, clicks", "12", str(hand.clicks), ""),
        ("the same, seconds of waiting", "60 s", f"{seconds:.1f} s", ""),
    ]


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        driver.set_window_size(1440, 900)
        for row in rows(driver, Path(folder)):
            print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
