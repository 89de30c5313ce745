"""Bars of one's own in a real browser: found, fetched into the store, drawn, and opened again by a link."""

from __future__ import annotations

import numpy as np
import pytest
from selenium.webdriver.common.keys import Keys

from tests.e2e.visitor import Visitor, dom_id
from tests.support.market import days
from tests.support.workbench import Server

pytestmark = pytest.mark.e2e
PAGE = "data-download"


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
