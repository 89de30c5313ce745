"""Saved runs in a real browser: their files, the library's buttons, and several of them side by side."""

from __future__ import annotations

import urllib.parse
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

import engine
from dashboard import state
from engine.backtest.reports.export import equity_csv, trades_csv
from engine.jobs.runner import load_spec
from tests.e2e.test_backtest_page import run, show
from tests.e2e.visitor import Visitor
from tests.support.workspace import Workspace

pytestmark = pytest.mark.e2e
ROW = "#backtest-library .ag-row[row-id='{key}'] [col-id='{column}']"


@pytest.fixture
def downloads(visitor: Visitor, tmp_path: Path) -> Path:
    """The folder into which the visitor's browser saves files."""
    folder = tmp_path / "downloads"
    where = {"behavior": "allow", "downloadPath": str(folder)}
    visitor.driver.execute_cdp_cmd("Browser.setDownloadBehavior", where)
    return folder


def saved(visitor: Visitor, folder: Path, pattern: str) -> Path:
    """The one file of that name, once it is whole: Chromium makes an empty one of that name, fills another beside it,
    and renames that.
    """

    def whole() -> Path | None:
        found = next(folder.glob(pattern), None)
        return found if found and found.stat().st_size and not any(folder.glob("*.crdownload")) else None

    return visitor.wait_for(whole, pattern)


def on_page(visitor: Visitor, fast: int) -> Any:
    """The request in the page's link, once that is the one with this fast window."""

    def request() -> Any:
        query = urllib.parse.parse_qs(urllib.parse.urlparse(visitor.link()).query)["spec"][0]
        spec = load_spec(state.from_query(query))
        return spec if spec.strategy.fast == fast else None

    return visitor.wait_for(request, f"a link to SMA {fast}")


def rows(visitor: Visitor) -> list[str]:
    """Keys of the runs that the library lists, from the top."""
    script = """
        const rows = [...document.querySelectorAll('#backtest-library .ag-center-cols-container .ag-row')];
        const place = (row) => Number(row.getAttribute('row-index'));
        return rows.sort((one, other) => place(one) - place(other)).map((row) => row.getAttribute('row-id'));
    """
    return list(visitor.js(script))


def cell(visitor: Visitor, key: str, column: str) -> Any:
    wanted = ROW.format(key=key, column=column)
    visitor.until("return !!document.querySelector(arguments[0])", f"{column} of {key}", wanted)
    return visitor.driver.find_element("css selector", wanted)


def press(visitor: Visitor, key: str, column: str) -> None:
    """The button in a row of the library."""
    visitor.press(ROW.format(key=key, column=column) + " button", f"{column} of {key}")


def tick(visitor: Visitor, key: str) -> None:
    visitor.tick(f"#backtest-library .ag-row[row-id='{key}']", f"a box at {key}")


def write(visitor: Visitor, key: str, column: str, text: str) -> None:
    """Type into a cell as a person does, and leave it with Enter."""
    wanted = ROW.format(key=key, column=column)

    def is_open() -> bool:
        """Of a note the editor lies over the table; a second click into an open one might close it."""
        script = "const at = document.activeElement; return !!at.closest(arguments[0] + ' input, .ag-popup-editor')"
        if visitor.js(script, wanted):
            return True
        ActionChains(visitor.driver).click(cell(visitor, key, column)).perform()
        return bool(visitor.js(script, wanted))

    visitor.wait_for(is_open, f"the editor in {column}")
    ActionChains(visitor.driver).send_keys(text, Keys.ENTER).perform()
    visitor.wait_for(lambda: cell(visitor, key, column).text == text, f"{text} in {column}")


def search(visitor: Visitor, text: str) -> None:
    visitor.until("return !!document.getElementById('backtest-search')", "the search")
    box = visitor.driver.find_element("id", "backtest-search")
    box.send_keys(Keys.CONTROL, "a")
    box.send_keys(text or Keys.DELETE)


def click(visitor: Visitor, id_: str) -> None:
    """A button, once it can be pressed."""
    visitor.press(f"#{id_}", id_)


def choose(visitor: Visitor, group: str, value: str) -> None:
    visitor.press(f"#{group} input[value='{value}']", f"{value} in {group}")


def two_runs(visitor: Visitor, first: int, second: int) -> tuple[str, str]:
    """Two runs, saved one after the other, and the library in sight with them alone; their keys."""
    keys = []
    for fast in (first, second):
        run(visitor, fast)
        keys.append(engine.run_key(on_page(visitor, fast)))
    show(visitor, "Library")
    search(visitor, "/60 NVDA")
    visitor.wait_for(lambda: set(keys) <= set(rows(visitor)), "both runs")
    return keys[0], keys[1]


def test_files_are_those_of_the_engine(visitor: Visitor, downloads: Path, workspace: Workspace) -> None:
    run(visitor, 14)
    result = engine.run(on_page(visitor, 14))
    show(visitor, "Trades")
    click(visitor, "backtest-trade-csv")
    assert saved(visitor, downloads, "*-trades.csv").read_text() == trades_csv(result)
    click(visitor, "backtest-equity-csv")
    assert saved(visitor, downloads, "*-equity.csv").read_text() == equity_csv(result)


def test_a_new_run_gets_its_curve_and_verdict_in_the_library_of_all(visitor: Visitor) -> None:
    """They are found once its row is in sight, which is drawn without them."""
    run(visitor, 19)
    key = engine.run_key(on_page(visitor, 19))
    visitor.open("/library")
    visitor.until("return !!document.querySelector(arguments[0])", "its curve", f"[row-id='{key}'] .curve polyline")
    visitor.until("return !!document.querySelector(arguments[0])", "its verdict", f"[row-id='{key}'] .chip")


def test_a_tear_sheet_is_read_without_a_network(visitor: Visitor, downloads: Path) -> None:
    run(visitor, 15)
    click(visitor, "backtest-sheet")
    sheet = saved(visitor, downloads, "sma-15-60-nvda-*.html")
    assert sheet.stat().st_size < 2_000_000
    assert visitor.complaints() == []
    visitor.driver.get("about:blank")  # the page itself would miss its server
    visitor.driver.execute_cdp_cmd("Network.enable", {})
    offline = {"offline": True, "latency": 0, "downloadThroughput": 0, "uploadThroughput": 0}
    visitor.driver.execute_cdp_cmd("Network.emulateNetworkConditions", offline)
    visitor.driver.get(sheet.as_uri())
    for words in ("SMA 15/60, NVDA", "Is it real?", "Monthly returns", "commission: 5.0"):
        visitor.sees(words)
    assert visitor.js("return performance.getEntriesByType('resource').length") == 0
    assert visitor.js("return document.documentElement.scrollWidth <= innerWidth")


def test_the_library_keeps_what_is_typed_pinned_deleted_and_restored(visitor: Visitor) -> None:
    old, new = two_runs(visitor, 16, 17)
    visitor.wait_for(lambda: [key for key in rows(visitor) if key in (old, new)] == [new, old], "the latest first")
    press(visitor, old, "pinned")
    visitor.wait_for(lambda: rows(visitor)[:1] == [old], "the pinned run at the top")
    write(visitor, new, "tags", "candidate")
    search(visitor, "candidate")
    visitor.wait_for(lambda: rows(visitor) == [new], "the tagged run alone")
    search(visitor, "no such run")
    visitor.sees("No runs match “no such run”.")
    search(visitor, "candidate")
    visitor.wait_for(lambda: rows(visitor) == [new], "the tagged run again")
    write(visitor, new, "note", "looks too good")
    press(visitor, new, "bin")
    visitor.sees("is in the bin and will be deleted after 30 days.")
    visitor.wait_for(lambda: rows(visitor) == [], "nothing left")
    click(visitor, "backtest-undo")
    visitor.wait_for(lambda: rows(visitor) == [new], "the run again")
    visitor.wait_for(lambda: cell(visitor, new, "note").text == "looks too good", "its note")
    tick(visitor, new)
    click(visitor, "backtest-delete-ticked")
    visitor.wait_for(lambda: rows(visitor) == [], "nothing left")
    choose(visitor, "backtest-shelf", "bin")
    visitor.wait_for(lambda: rows(visitor) == [new], "the run in the bin")
    tick(visitor, new)
    click(visitor, "backtest-restore-ticked")
    visitor.wait_for(lambda: rows(visitor) == [], "an empty bin")
    choose(visitor, "backtest-shelf", "saved")
    visitor.wait_for(lambda: rows(visitor) == [new], "the run restored")
    press(visitor, new, "bin")
    visitor.wait_for(lambda: rows(visitor) == [], "nothing left")
    choose(visitor, "backtest-shelf", "bin")
    visitor.wait_for(lambda: rows(visitor) == [new], "the run in the bin again")
    click(visitor, "backtest-empty-bin")
    visitor.sees("Their trials remain counted.")
    visitor.wait_for(lambda: rows(visitor) == [], "an empty bin")
    search(visitor, "")
    visitor.sees("The bin is empty.")
    choose(visitor, "backtest-shelf", "saved")
    visitor.wait_for(lambda: old in rows(visitor) and new not in rows(visitor), "the other run alone")


def test_runs_side_by_side_and_their_link(visitor: Visitor) -> None:
    first, second = two_runs(visitor, 18, 19)
    tick(visitor, first)
    tick(visitor, second)
    click(visitor, "backtest-compare-ticked")
    for name in ("SMA 18/60", "SMA 19/60", "Combined"):
        visitor.sees_trace("backtest-overlay", name)
    visitor.sees("Fast window")
    visitor.sees("Weights set once")
    choose(visitor, "backtest-weighting", "inverse_volatility")
    visitor.sees("this portfolio has look-ahead bias.")
    choose(visitor, "backtest-rebalancing", "monthly")
    visitor.until("return /Weights set \\d+ times/.test(document.body.innerText)", "monthly weights")
    end = "&weights=inverse_volatility&rebalanced=monthly"
    link = visitor.wait_for(
        lambda: (url := visitor.driver.current_url).endswith(end) and url, "the choices in the link"
    )
    assert first in link, "the run on the page is in the link by its request"
    visitor.open("/data")
    visitor.open(link)
    for name in ("SMA 18/60", "SMA 19/60", "Buy and hold, NVDA"):
        visitor.sees_trace("backtest-overlay", name)
    visitor.until("return /Weights set \\d+ times/.test(document.body.innerText)", "the link's weights")
    choose(visitor, "backtest-rebalancing", "never")
    visitor.sees("this portfolio has look-ahead bias.")
    visitor.wait_for(lambda: visitor.driver.current_url.endswith("&weights=inverse_volatility"), "the usual left out")
    assert visitor.js("return document.querySelector('[role=tab][aria-selected=true]').textContent").startswith(
        "Compare"
    )
