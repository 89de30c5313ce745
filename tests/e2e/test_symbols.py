"""A list of thousands of symbols in a browser: searched for as one types, with a universe among them."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from selenium.webdriver.common.keys import Keys

from tests.e2e.visitor import Visitor, dom_id
from tests.support.many_symbols import COUNT, SOURCE, name
from tests.support.workbench import server

pytestmark = pytest.mark.e2e
LIST = dom_id(role="field", page="features", path="market.symbols")
OPTIONS = "return [...document.querySelectorAll('.dash-dropdown-option')].map(option => option.textContent)"


@pytest.fixture
def visitor(tmp_path: Path, dash_br: Any) -> Iterator[Visitor]:
    (tmp_path / "plug-ins" / "sources").mkdir(parents=True)
    (tmp_path / "plug-ins" / "sources" / "many.py").write_text(SOURCE, encoding="utf-8")
    universe = f"market: {{universes: {{few: [{name(1)}, {name(2)}]}}}}\n"
    with server(tmp_path, config=f"plugins: [plug-ins]\n{universe}") as running:
        someone = Visitor(dash_br, running.address)
        yield someone
        assert not someone.complaints(), someone.complaints()


def test_one_of_thousands_is_found_by_typing(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    visitor.fill("features", "market.collection", "many")
    visitor.until("return document.getElementById(arguments[0]).textContent.includes(arguments[1])", "the first", LIST,
                  name(0))  # fmt: skip
    visitor.js("document.getElementById(arguments[0]).click()", LIST)
    visitor.wait_for(lambda: "@few (2 symbols)" in visitor.js(OPTIONS), "the universe")
    last = name(COUNT - 1)
    visitor.driver.switch_to.active_element.send_keys(last)
    visitor.wait_for(lambda: visitor.js(OPTIONS) == [last], "the last alone")
    visitor.js("document.querySelector('.dash-dropdown-option').click()")
    visitor.until("return document.getElementById(arguments[0]).textContent.includes(arguments[1])", "both", LIST, last)
    visitor.driver.switch_to.active_element.send_keys(Keys.ESCAPE)
    visitor.until("return !document.querySelector('.dash-dropdown-option')", "the list shut")
    assert name(0) in visitor.js("return document.getElementById(arguments[0]).textContent", LIST)
