"""Pages against the rules of axe-core and the window: ``python -m tests.benchmarks.accessibility`` prints both rows,
and what breaks them.

Every page and tab, dark by all rules and light by those of contrast. Plotly's own drawings are left out.
"""

from __future__ import annotations

import sys
import tempfile
from importlib.util import find_spec
from pathlib import Path
from types import SimpleNamespace
from typing import Any

from tests.benchmarks.browser import chromium
from tests.e2e.visitor import Visitor
from tests.support.workbench import server

PAGES = ("", "data", "features", "models", "backtest", "hardware", "library", "help")
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


def rows(driver: Any, folder: Path) -> list[tuple[str, ...]]:
    broken, wider, seen = [], [], 0
    with server(folder) as running:
        visitor = Visitor(SimpleNamespace(driver=driver), running.address)
        for page in PAGES:
            for tab, faults, outside in looked_at(visitor, page):
                broken += [f"/{page} {tab}: {fault}" for fault in faults]
                wider += [f"/{page} {tab}: {item}" for item in outside]
                seen += 1
    print("\n".join((*broken, *wider)), file=sys.stderr)
    return [
        (f"violations of axe-core's rules on {seen} pages and tabs, dark and light", "0", str(len(broken)), ""),
        ("elements wider than the window at 1440, 1280, 768 and 390 px", "0", str(len(wider)), ""),
    ]


def looked_at(visitor: Visitor, page: str) -> list[tuple[str, list[str], list[str]]]:
    """What is broken on each tab of a page, and what is wider than the window there."""
    visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    visitor.driver.set_script_timeout(60)
    visitor.open(f"/{page}")
    visitor.until("return !!document.querySelector('main')", f"the page {page}")
    if page == "backtest":
        visitor.press_run("backtest")
        visitor.sees("Max drawdown")
    visitor.driver.execute_cdp_cmd("Runtime.evaluate", {"expression": script()})
    found = []
    for tab in visitor.js("return [...document.querySelectorAll('[role=tab]')].map(tab => tab.id)") or [""]:
        if tab:
            visitor.click(id=tab)
            visitor.until("return document.getElementById(arguments[0]).ariaSelected === 'true'", tab, tab)
        faults = violations(visitor)
        visitor.click(id="theme-button")
        faults += violations(visitor, "color-contrast")
        visitor.click(id="theme-button")
        found.append((tab, faults, wider_than_window(visitor)))
    return found


def wider_than_window(visitor: Visitor) -> list[str]:
    found = []
    for width in WIDTHS:
        size = {"width": width, "height": 900, "deviceScaleFactor": 1, "mobile": False}
        visitor.driver.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        found += [f"{width} px: {item}" for item in visitor.js(WIDER)]
    visitor.driver.execute_cdp_cmd("Emulation.clearDeviceMetricsOverride", {})
    return found


def violations(visitor: Visitor, *only: str) -> list[str]:
    return list(visitor.driver.execute_async_script(RUN, list(only)))


def script() -> str:
    """axe-core, which a package of the test dependencies carries."""
    package = find_spec("axe_core_python")
    assert package is not None, "axe-core-python is one of the test dependencies"
    return (Path(str(package.origin)).parent / "axe.min.js").read_text(encoding="utf-8")


def main() -> None:
    with tempfile.TemporaryDirectory() as folder, chromium() as driver:
        driver.set_window_size(1440, 900)
        for row in rows(driver, Path(folder)):
            print(f"| {' | '.join(row)} |")


if __name__ == "__main__":
    main()
