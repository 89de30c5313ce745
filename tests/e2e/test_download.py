"""Bars of one's own in a real browser: found, fetched into the store, drawn, and opened again by a link."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from tests.e2e.visitor import Visitor, dom_id
from tests.support.market import days
from tests.support.network import Network
from tests.support.workbench import Server, server
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.e2e
PAGE = "data-download"


JOBS = """
const ask = window.fetch, jobs = window.jobs = [];
window.fetch = async (...given) => {
  const answer = await ask(...given);
  answer.clone().json().then((found) => {
    if (found && found.cacheKey && !String(given[0].url || given[0]).includes("cacheKey")) jobs.push(found.cacheKey);
  }).catch(() => null);
  return answer;
};
"""
"""Remembers which jobs the page starts from now on."""


def test_six_letters_typed_into_the_search_start_at_most_two_jobs(visitor: Visitor, workbench: Server) -> None:
    (workbench.config.parent / "prices" / "OWNERS.csv").write_text("date,close\n2020-01-02,1\n2020-01-03,2\n")
    visitor.open("/data")
    visitor.open_tab("Download")
    visitor.fill(PAGE, "source", "files")
    visitor.click(role="field", page=PAGE, path="symbols")
    visitor.until("return !!document.querySelector('.dash-dropdown-search')", "the search")
    visitor.js(JOBS)
    visitor.driver.find_element("css selector", ".dash-dropdown-search").click()
    keys = ActionChains(visitor.driver)
    for letter in "owners":
        keys.send_keys(letter).pause(0.1)
    keys.perform()
    options = "return [...document.querySelectorAll('.dash-dropdown-option')]"
    visitor.until(f"{options}.some((item) => item.innerText.startsWith('OWNERS'))", "the file among what is found")
    assert 1 <= visitor.js("return window.jobs.length") <= 2


def test_a_file_is_downloaded_and_drawn(visitor: Visitor, workbench: Server) -> None:
    close = 100 + np.cumsum(np.random.default_rng(4).normal(size=300))
    rows = [f"{str(day)[:10]},{value!r}" for day, value in zip(days(300), close.tolist(), strict=True)]
    (workbench.config.parent / "prices" / "OWN.csv").write_text("\n".join(["date,close", *rows]))
    visitor.open("/data")
    visitor.open_tab("Download")
    visitor.fill(PAGE, "source", "files")
    visitor.click(role="field", page=PAGE, path="symbols")
    visitor.until("return !!document.querySelector('.dash-dropdown-search')", "the search")
    visitor.driver.find_element("css selector", ".dash-dropdown-search").send_keys("own")
    visitor.sees("own (as typed)")
    visitor.until(
        """
        const options = [...document.querySelectorAll('.dash-dropdown-option')];
        const found = options.find(option => option.textContent.trim().startsWith('OWN'));
        if (found) found.click();
        return !!found;
        """,
        "the file among what is found",
    )
    visitor.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    visitor.until(
        "return (document.getElementById(arguments[0])?.innerText || '').startsWith('about')",
        "the estimate",
        dom_id(role="estimate", page=PAGE),
    )
    visitor.press_run(PAGE)
    visitor.sees("300 new bars in files")
    visitor.until("return location.search.includes('report.')", "the report in the link")
    report = visitor.driver.current_url
    visitor.press("#data-download-link a", "the link to the chart")
    visitor.sees("OWN / daily")
    assert visitor.value("data", "collection") == "files"
    visitor.open(report)
    visitor.sees("300 new bars in files")


@pytest.fixture
def online(network: Network, tmp_path: Path, dash_br: Any) -> Iterator[tuple[Visitor, Yahoo]]:
    """A workbench whose Yahoo is a stand-in."""
    yahoo = Yahoo({})
    network.sites = (yahoo,)
    with server(tmp_path) as running:
        yield Visitor(dash_br, running.address), yahoo


def test_symbols_that_failed_are_tried_again_by_one_click(online: tuple[Visitor, Yahoo]) -> None:
    visitor, yahoo = online
    yahoo.listed = {name: Listed("2024-01-01", [float(at) for at in range(100, 160)]) for name in ("AAA", "BBB")}
    yahoo.fail("BBB", *[500] * 4)
    visitor.open("/data?tab=download")
    visitor.fill(PAGE, "start", "2024-01-03")
    visitor.click(role="field", page=PAGE, path="symbols")
    visitor.until("return !!document.querySelector('.dash-dropdown-search')", "the search")
    visitor.driver.find_element("css selector", ".dash-dropdown-search").send_keys("aaa bbb")
    visitor.sees("2 symbols: AAA, BBB")
    visitor.press(".dash-dropdown-option", "the list as one option")
    visitor.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    visitor.press_run(PAGE)
    visitor.sees("58 new bars in yahoo, 1 of 2 failed")
    yahoo.faults.clear()
    visitor.press("#data-download-retry:not([hidden])", "the retry")
    visitor.until("return !document.querySelector('#data-downloaded').innerText.includes('AAA')", "the other report")
    visitor.sees("58 new bars in yahoo")
    assert visitor.js("return document.getElementById('data-download-retry').hidden")
    assert visitor.value(PAGE, "start") == "2024-01-03"
