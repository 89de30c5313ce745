"""From a file at hand to its backtest, in at most eight clicks; what is wrong is said on the way."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from engine.core.config import PATH_VARIABLE, settings
from engine.market.sources.stored import Stored
from tests.e2e.visitor import Visitor, dom_id
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e
PAGE = "data-import"
MOST_CLICKS = 8
PICKED = "return !!document.querySelector('[data-picks=files]')"


@pytest.fixture
def here(workbench: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """What the test looks at is the workbench's store."""
    monkeypatch.setenv(PATH_VARIABLE, str(workbench.config))
    settings.cache_clear()
    yield
    settings.cache_clear()


def minutes(folder: Path) -> Path:
    rows = [
        f"2020-01-{day:02d} {hour:02d}:{minute:02d},{100 + (day * hour) % 7 + minute / 60:.4f}"
        for day in range(6, 11)
        for hour in range(10, 15)
        for minute in range(60)
    ]
    path = folder / "MINE.csv"
    path.write_text("\n".join(["time,close", *rows, "2020-01-10 15:00,none at all"]))
    return path


def pick(visitor: Visitor, *paths: Path) -> None:
    """What the dialog behind "choose files" does."""
    visitor.until(PICKED, "the place for files")
    visitor.driver.find_element("css selector", "[data-picks=files]").send_keys("\n".join(map(str, paths)))


def test_a_file_of_minutes_is_backtested(visitor: Visitor, tmp_path: Path) -> None:
    clicks = 0
    visitor.open("/")
    visitor.press("a[href='/data?tab=import']", "the way to the import of files")
    clicks += 1
    pick(visitor, minutes(tmp_path))
    clicks += 2  # "choose files", and the file in the dialog
    visitor.sees("MINE.csv has times of the day without their time zone")
    visitor.click(role="field", page=PAGE, path="timezone")
    visitor.until("return !!document.querySelector('.dash-dropdown-search')", "the search")
    visitor.until(
        """
        const options = [...document.querySelectorAll('.dash-dropdown-option')];
        const found = options.find(option => option.textContent.trim() === 'America/New York');
        if (found) found.click();
        return !!found;
        """,
        "the time zone",
    )
    clicks += 2
    visitor.sees("MINE.csv: 1 line rejected")
    visitor.press_run(PAGE)
    clicks += 1
    visitor.sees("1,500 new bars in my data")
    visitor.press("#data-imported-links a:last-child", "the link to the backtest")
    clicks += 1
    visitor.until("return location.pathname === '/backtest'", "the page of backtests")
    visitor.sees_trace("backtest-equity", "SMA 50/200")
    assert visitor.value("backtest", "market.collection") == "my data"
    assert clicks <= MOST_CLICKS


DROP = """
const transfer = new DataTransfer(), target = document.querySelector(arguments[0]);
transfer.items.add(new File([arguments[1]], 'DROPPED.csv', {type: 'text/csv'}));
const fire = (kind) => new DragEvent(kind, {bubbles: true, cancelable: true, dataTransfer: transfer});
return ['dragover', 'drop'].map((kind) => !target.dispatchEvent(fire(kind)));
"""


def test_a_file_that_is_dropped_anywhere_is_backtested_with_two_clicks(visitor: Visitor) -> None:
    """A browser that is left the file shows it instead of the workbench."""
    rows = [
        f"{day},{100 + (at * at) % 17}" for at, day in enumerate(np.arange("2020-01-01", "2020-12-01", dtype="M8[D]"))
    ]
    visitor.open("/backtest")
    visitor.until("return !!document.getElementById('page-title')", "the page")
    assert visitor.js(DROP, "#page-title", "\n".join(["date,close", *rows])) == [True, True]
    visitor.sees("DROPPED.csv")
    visitor.until("return location.pathname === '/data'", "the page of imports")
    visitor.sees("2020-11-30")
    visitor.press_run(PAGE)
    visitor.sees("335 new bars in my data")
    visitor.press("#data-imported-links a:last-child", "the link to the backtest")
    visitor.until("return location.pathname === '/backtest'", "the page of backtests")
    visitor.wait_for(lambda: visitor.value("backtest", "market.collection") == "my data", "its series")


HEAD = "date,open,high,low,close,volume\n"
FIRST, SECOND, THIRD = (f"2020-01-0{day},{day},{day + 1},{day - 1},{day},100\n" for day in (2, 3, 6))
BAD = {
    "empty.csv": ("", "empty.csv is empty."),
    "wrong.csv": (
        (HEAD + FIRST).replace(",", "~"),
        "wrong.csv has no column of closes: its headings are date~open~high~low~close~volume.",
    ),
    "mixed.csv": (
        "date,close\n13/02/2020,1\n02/14/2020,2\n",
        "mixed.csv has dates of both orders: line 3 ('02/14/2020, 2') has the month first, line 2 ('13/02/2020, 1')",
    ),
    "twice.csv": (HEAD + FIRST + SECOND + SECOND.replace("4", "5"), "bars of one time: lines 3 and 4 (2020-01-03)."),
    "coded.csv": (f"{HEAD}{FIRST}\x8d,", "coded.csv is not UTF-8 text in line 3: choose its encoding"),
    "cells.csv": (HEAD + FIRST + SECOND.replace("4", "four"), "line 3 high is not a number: 2020-01-03, 3, four"),
    "volume.csv": (HEAD + FIRST + SECOND.replace("100", "-5"), "line 3 volume is negative or not a number: 2020-01-03"),
    "order.csv": (HEAD + THIRD + FIRST + SECOND, "order.csv, order: 1 row was earlier than the one before"),
    "newest.csv": (HEAD + THIRD + SECOND + FIRST, ""),
    "same.csv": (HEAD + FIRST + SECOND, "Two files named same.csv both have same and disagree: close of same on"),
}
"""Files with what is said of each before anything is stored."""
SAID = """
const folded = [...document.querySelectorAll('.import-lines li')].map((item) => [...item.children]);
const words = folded.map((parts) => parts.map((part) => part.textContent).join(' '));
return document.querySelector('.study:not([hidden])').innerText + words.join(' ');
"""


@pytest.mark.usefixtures("here")
def test_what_is_wrong_with_files_is_said_before_the_rest_is_stored(visitor: Visitor, tmp_path: Path) -> None:
    for name, (text, _) in BAD.items():
        (tmp_path / name).write_bytes(text.encode("latin-1"))
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "same.csv").write_text(HEAD + FIRST + SECOND.replace("2,3,100", "2,3.5,100"))
    visitor.open("/data")
    visitor.open_tab("Import")
    visitor.fill(PAGE, "collection", "bad files")
    pick(visitor, *(tmp_path / name for name in BAD), tmp_path / "other" / "same.csv")
    visitor.sees("same.csv both have same")
    seen = visitor.js(SAID)
    for name, (_, sentence) in BAD.items():
        assert sentence in seen, name
    assert not kept()
    visitor.js("document.querySelector('[aria-label=\"Remove mixed.csv\"]').click()")
    visitor.until("return !document.body.innerText.includes('mixed.csv has dates')", "the preview without it")
    visitor.press_run(PAGE)
    visitor.sees("10 new bars in bad files")
    assert kept() == {"cells": 1, "volume": 1, "order": 3, "newest": 3, "same": 2}
    report = visitor.wait_for(lambda: "report." in (url := visitor.driver.current_url) and url, "the report's link")
    visitor.open(report)
    visitor.sees("10 new bars in bad files")
    visitor.sees("disagree: close of same on 2020-01-03 is 3 in the first and 3.5 in the second.")
    assert visitor.js(
        "return document.getElementById(arguments[0]).innerText", dom_id(role="field", page=PAGE, path="uploads")
    )


def kept() -> dict[str, int]:
    """Bars of each series in the collection of the import."""
    return {item.symbol: item.rows for item in Stored().series() if item.collection == "bad files"}
