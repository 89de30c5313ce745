"""From a file at hand to its backtest, in at most eight clicks; what is wrong is said on the way."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
PAGE = "data-import"
MOST_CLICKS = 8
PICKED = "return !!document.querySelector('[data-picks=files]')"


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
    visitor.open_tab("Import")
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


def test_what_cannot_be_imported_is_said_at_the_file(visitor: Visitor, tmp_path: Path) -> None:
    bad = tmp_path / "bad.csv"
    bad.write_text("date,close\n2020-01-02,1\n2020-01-03,2\n2020-01-03,3\n")
    mixed = tmp_path / "mixed.csv"
    mixed.write_text("date,close\n13/02/2020,1\n02/14/2020,2\n")
    empty = tmp_path / "empty.csv"
    empty.touch()
    good = tmp_path / "good.csv"
    good.write_text("date,close\n2020-01-02,1\n2020-01-03,2\n")
    visitor.open("/data")
    visitor.open_tab("Import")
    pick(visitor, bad, mixed, empty, good)
    visitor.sees("empty.csv is empty.")
    visitor.sees("two different bars of one time: lines 3 and 4 (2020-01-03)")
    visitor.sees("mixed.csv has dates of both orders")
    visitor.js("document.querySelector('[aria-label=\"Remove mixed.csv\"]').click()")
    visitor.until("return !document.body.innerText.includes('mixed.csv has dates')", "the preview without it")
    visitor.press_run(PAGE)
    visitor.sees("2 new bars in my data")
    report = visitor.wait_for(lambda: "report." in (url := visitor.driver.current_url) and url, "the report's link")
    visitor.open(report)
    visitor.sees("2 new bars in my data")
    assert visitor.js(
        "return document.getElementById(arguments[0]).innerText", dom_id(role="field", page=PAGE, path="uploads")
    )
