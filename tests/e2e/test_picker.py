"""Journeys through the list of indicators, by keyboard and by mouse."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.keys import Keys

from tests.e2e.visitor import Visitor, dom_id

pytestmark = pytest.mark.e2e
FIRST = "expression"
IS_OPEN = "return !!document.querySelector('dialog.picker[open]')"
MARKED = """
const row = document.querySelector('.picker-row[aria-selected=true]');
return row && row.dataset.kind === arguments[0];
"""


def chosen(visitor: Visitor) -> list[str]:
    return list(visitor.js("return [...document.querySelectorAll('.picked')].map(button => button.textContent)"))


def keys(visitor: Visitor, *typed: str) -> None:
    visitor.driver.switch_to.active_element.send_keys(*typed)


def focus(visitor: Visitor, wanted: str) -> None:
    visitor.until("return !!document.getElementById(arguments[0])", wanted, wanted)
    visitor.js("document.getElementById(arguments[0]).focus()", wanted)


def test_an_indicator_is_searched_for_and_added_by_keyboard(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    focus(visitor, dom_id(role="add", page="features", path="features"))
    keys(visitor, Keys.ENTER)
    visitor.until(MARKED, "the whole list", FIRST)
    keys(visitor, "commodity")
    visitor.until(MARKED, "the best match", "talib_cci")
    keys(visitor, Keys.ENTER)
    visitor.sees_trace("features-chart", "CCI(14)")
    assert not visitor.js(IS_OPEN)
    assert chosen(visitor) == ["SMA", "RSI", "Commodity channel index"]


def test_filters_narrow_the_list_from_the_keyboard(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    focus(visitor, dom_id(role="add", page="features", path="features"))
    keys(visitor, Keys.ENTER)
    visitor.until(MARKED, "the whole list", FIRST)
    focus(visitor, dom_id(role="picker-facet", page="features", facet="reads"))
    keys(visitor, "Vol")
    visitor.until(MARKED, "one that reads volumes", FIRST)
    visitor.until("const count = document.querySelectorAll('.picker-row').length; return count > 5 && count < 40",
                  "those that read volumes")  # fmt: skip
    focus(visitor, dom_id(role="picker-search", page="features"))
    keys(visitor, "illiq")
    visitor.until(MARKED, "the best match", "amihud")
    keys(visitor, Keys.ENTER)
    visitor.sees_trace("features-chart", "Amihud")


def test_another_one_takes_the_place_of_an_indicator(visitor: Visitor) -> None:
    visitor.open("/features")
    visitor.sees_trace("features-chart", "RSI 14")
    focus(visitor, dom_id(role="choice", page="features", path="features.1"))
    keys(visitor, Keys.ENTER)
    visitor.until(MARKED, "what is chosen is marked", "rsi")
    keys(visitor, Keys.ESCAPE)
    visitor.until("return !document.querySelector('dialog.picker[open]')", "Escape shuts the list")
    assert visitor.driver.switch_to.active_element.text == "RSI"
    keys(visitor, Keys.ENTER)
    visitor.until(IS_OPEN, "the list")
    keys(visitor, "macd")
    visitor.until(MARKED, "the best match", "macd")
    visitor.js("document.querySelector('.picker-row[data-kind=macd]').click()")
    visitor.sees_trace("features-chart", "MACD 12/26/9 histogram")
    assert chosen(visitor) == ["SMA", "MACD"]


def test_a_group_narrows_the_list_of_operands(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.choose("backtest", "strategy", "rules")
    place = dom_id(role="choice", page="backtest", path="strategy.enter.0.left")
    focus(visitor, place)
    keys(visitor, Keys.ENTER)
    visitor.until("return document.querySelectorAll('.picker-row').length > 200", "the whole list")
    visitor.until(MARKED, "what is chosen is marked", "price")
    visitor.js(
        "[...document.querySelectorAll('.picker-groups label')]"
        ".find(label => label.textContent === 'Volatility').querySelector('input').click()"
    )
    visitor.until("const count = document.querySelectorAll('.picker-row').length; return count > 3 && count < 30",
                  "the group")  # fmt: skip
    visitor.js("document.querySelector('.picker-row[data-kind=\"feature:atr\"]').click()")
    visitor.until("return document.getElementById(arguments[0]).value === 'feature:atr'", "the choice", place)
    visitor.until(
        "return !!document.getElementById(arguments[0])",
        "the indicator's own parameters",
        dom_id(role="field", page="backtest", path="strategy.enter.0.left.indicator.window"),
    )


def test_an_output_of_an_indicator_is_found_by_its_name(visitor: Visitor) -> None:
    visitor.open("/backtest")
    visitor.choose("backtest", "strategy", "rules")
    place = dom_id(role="choice", page="backtest", path="strategy.enter.0.right")
    focus(visitor, place)
    keys(visitor, Keys.ENTER)
    visitor.until(MARKED, "what is chosen is marked", "sma")
    keys(visitor, "macd signal")
    visitor.until(MARKED, "the best match", "feature:macd:signal")
    keys(visitor, Keys.ENTER)
    visitor.until("return document.getElementById(arguments[0]).textContent === 'MACD: signal'", "the choice", place)
    visitor.until(
        "return (document.getElementById(arguments[0]) || {}).value === '26'",
        "the indicator's own parameters",
        dom_id(role="field", page="backtest", path="strategy.enter.0.right.indicator.slow"),
    )
