"""Every page and tab, dark and light, by the rules of axe-core, and within the window at four widths."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.visitor import Visitor

pytestmark = pytest.mark.e2e
PAGES = ("", "data", "features", "models", "backtest", "hardware", "help")
WIDTHS = (1440, 1280, 768, 390)
RUN = """
const [only, done] = arguments;
const rules = only.length ? {runOnly: only} : {};
axe.run({exclude: [['.js-plotly-plot']]}, {resultTypes: ['violations'], ...rules}).then((found) =>
  done(found.violations.flatMap((rule) => rule.nodes.map((node) => rule.id + ": " + node.html.slice(0, 160)))));
"""
WIDER = """
const room = document.documentElement.clientWidth;
const scrolls = (item) => item && item !== document.body &&
  (/auto|scroll|hidden|clip/.test(getComputedStyle(item).overflowX) || scrolls(item.parentElement));
return [...document.querySelectorAll("body *")].filter((item) => {
  const box = item.getBoundingClientRect();
  const isOut = box.width > 0 && (box.right > room + 1 || box.left < -1);
  return isOut && !item.closest("#js-plotly-tester, details:not([open]) > .menu") && !scrolls(item.parentElement);
}).map((item) => item.tagName + "." + item.className).slice(0, 5);
"""


def rules() -> str:
    """The script of axe-core, which the package of the test dependencies carries."""
    package = find_spec("axe_core_python")
    assert package is not None, "axe-core-python is one of the test dependencies"
    return (Path(str(package.origin)).parent / "axe.min.js").read_text(encoding="utf-8")


def tabs(visitor: Visitor) -> list[str]:
    """Ids of the tabs of the page, or one empty name where it has none."""
    return visitor.js("return [...document.querySelectorAll('[role=tab]')].map(tab => tab.id)") or [""]


def open_page(visitor: Visitor, page: str) -> None:
    visitor.open(f"/{page}")
    visitor.until("return !!document.querySelector('main')", f"the page {page}")
    if page == "backtest":
        visitor.press_run("backtest")
        visitor.sees("Max drawdown")


def show(visitor: Visitor, tab: str) -> None:
    if tab:
        visitor.click(id=tab)
        visitor.until("return document.getElementById(arguments[0]).ariaSelected === 'true'", tab, tab)


def violations(visitor: Visitor, *only: str) -> list[str]:
    return list(visitor.driver.execute_async_script(RUN, list(only)))


@pytest.mark.parametrize("page", PAGES)
def test_no_rule_is_broken_in_either_theme(visitor: Visitor, page: str) -> None:
    script, found = rules(), {}
    visitor.driver.set_script_timeout(60)
    open_page(visitor, page)
    visitor.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": script})
    for tab in tabs(visitor):
        show(visitor, tab)
        found[f"{tab} dark"] = violations(visitor)
        visitor.click(id="theme-button")
        found[f"{tab} light"] = violations(visitor, "color-contrast")
        visitor.click(id="theme-button")
    assert not any(found.values()), json.dumps({tab: texts for tab, texts in found.items() if texts}, indent=1)


def test_nothing_is_wider_than_the_window(visitor: Visitor) -> None:
    wider: dict[str, Any] = {}
    for page in PAGES:
        visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
        open_page(visitor, page)
        for tab in tabs(visitor):
            show(visitor, tab)
            for width in WIDTHS:
                size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
                visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
                wider[f"{page} {tab} {width}"] = visitor.js(WIDER)
    assert not any(wider.values()), json.dumps({place: found for place, found in wider.items() if found}, indent=1)
