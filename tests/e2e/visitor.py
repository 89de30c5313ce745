"""Actions of a visitor of the workbench, in the words of the pages."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from selenium.common.exceptions import JavascriptException, StaleElementReferenceException


def dom_id(**parts: str) -> str:
    """The element's id in the page for a component whose id is a mapping."""
    return json.dumps(dict(sorted(parts.items())), separators=(",", ":"))


RECORD = """
const ask = window.fetch, asked = window.asked = [];
window.fetch = async (...given) => {
  const entry = {at: Math.round(performance.now())};
  try {
    const body = JSON.parse(given[1].body);
    entry.changed = body.changedPropIds;
    const parts = [body.inputs, body.state].flat(2).filter((item) => item && item.value !== undefined);
    entry.values = parts.map((item) => JSON.stringify(item.value).slice(0, 20)).join(" ");
    asked.push(entry);
    if (asked.length > 40) asked.shift();
  } catch (error) { /* what is no callback */ }
  const answer = await ask(...given);
  Object.assign(entry, {status: answer.status, answered: Math.round(performance.now())});
  return answer;
};
"""
"""Remembers the last callbacks that a page has asked for, so that what never came can be explained."""


def _unless_redrawn(look: Callable[[], Any]) -> Any:
    """What ``look`` finds; None where the element is no longer there, or not yet."""
    try:
        return look()
    except StaleElementReferenceException:
        return None
    except JavascriptException as error:
        if "Cannot read properties of" not in str(error.msg):
            raise
        return None


class Visitor:
    """A browser at one address, where it has never been. ``js`` runs a script in the page; what is waited for comes
    within ``TIMEOUT``.
    """

    TIMEOUT = 240.0  # seconds: a busy machine begins the first job after one minute

    def __init__(self, browser: Any, address: str) -> None:
        self.browser, self.address, self.driver = browser, address, browser.driver
        self.driver.execute_cdp_cmd("Storage.clearDataForOrigin", {"origin": address, "storageTypes": "all"})
        self.driver.execute_cdp_cmd("Page.addScriptToEvaluateOnNewDocument", {"source": RECORD})

    def open(self, path: str) -> None:
        self.driver.get(path if path.startswith("http") else f"{self.address}{path}")
        self.until("return document.readyState === 'complete' && !!document.getElementById('page-title')", path)

    def js(self, script: str, *arguments: object) -> Any:
        return self.driver.execute_script(script, *arguments)

    def until(self, script: str, what: str, *arguments: object, seconds: float = TIMEOUT) -> Any:
        """The first true value that ``script`` returns; fails after ``seconds``, naming ``what`` was awaited."""
        return self.wait_for(lambda: self.js(script, *arguments), what, seconds)

    def wait_for(self, look: Callable[[], Any], what: str, seconds: float = TIMEOUT) -> Any:
        """The first true value of ``look``; where what it looks at is drawn anew meanwhile, it looks again."""
        limit = time.monotonic() + seconds
        while not (found := _unless_redrawn(look)):
            assert time.monotonic() < limit, f"Never came: {what}. The page says: {self.text()[:1500]}\n{self.asked()}"
            time.sleep(0.02)
        return found

    def asked(self) -> str:
        """The last callbacks of the page: when they were asked for and answered, why, and with what."""
        lines = self.js("return (window.asked || []).map((entry) => JSON.stringify(entry))")
        return "\n".join(line[:400] for line in lines)

    def settled(self, look: Callable[[], Any], what: str) -> Any:
        """The first true value of ``look`` that is the same half a second later: a table appears in pieces."""

        def same() -> Any:
            found = look()
            time.sleep(0.5)
            return found and look() == found and found

        return self.wait_for(same, what)

    def press(self, selector: str, what: str) -> None:
        """Click the first element that ``selector`` finds, once it is there and can be pressed."""
        script = "const found = document.querySelector(arguments[0]); if (!found || found.disabled) return false;"
        self.until(f"{script} found.click(); return true;", what, selector)

    def choose_row(self, grid: str, what: str) -> None:
        """Click the first row of a grid that ``grid`` finds, until it is selected: a grid that has only just drawn its
        rows does not listen to them yet.
        """

        def is_selected() -> bool:
            self.press(f"{grid} .ag-row .ag-cell", what)
            time.sleep(0.2)
            return bool(self.js("return !!document.querySelector(arguments[0])", f"{grid} .ag-row-selected"))

        self.wait_for(is_selected, f"{what}, selected")

    def tick(self, row: str, what: str, *, on: bool = True) -> None:
        """Click the box of a grid's ``row`` until it is ticked, or is not: see ``choose_row``."""

        def is_so() -> bool:
            ticked = (
                "return document.querySelector(arguments[0])?.classList.contains('ag-row-selected') === arguments[1]"
            )
            if self.js(ticked, row, on):
                return True
            self.press(f"{row} input[type=checkbox]", what)
            time.sleep(0.2)
            return bool(self.js(ticked, row, on))

        self.wait_for(is_so, f"{what}, ticked")

    def link(self, other_than: str = "") -> str:
        """The page's permalink, once it is in the address bar."""
        return str(
            self.wait_for(
                lambda: "spec=" in (url := self.driver.current_url) and url != other_than and url, "the permalink"
            )
        )

    def text(self) -> str:
        return str(self.js("return document.body.innerText"))

    def sees(self, words: str, seconds: float = TIMEOUT) -> None:
        """Wait until the page shows ``words``."""
        self.until("return document.body.innerText.includes(arguments[0])", words, words, seconds=seconds)

    def click(self, **parts: str) -> None:
        """Click the component with that id: ``id="x"`` or the parts of a mapping."""
        wanted = parts["id"] if set(parts) == {"id"} else dom_id(**parts)
        self.until("return !!document.getElementById(arguments[0])", wanted, wanted)
        self.js("document.getElementById(arguments[0]).click()", wanted)

    def open_tab(self, title: str) -> None:
        self.until(
            """
            const tab = [...document.querySelectorAll('[role=tab]')].find(item => item.textContent === arguments[0]);
            if (tab) tab.click();
            return !!tab && tab.getAttribute('aria-selected') === 'true';
            """,
            f"the tab {title}",
            title,
        )

    def value(self, page: str, path: str) -> str:
        """What a control of a form says."""
        wanted = dom_id(role="field", page=page, path=path)
        return str(self.js("return (document.getElementById(arguments[0]) || {}).value", wanted) or "")

    def press_run(self, page: str) -> None:
        self.click(role="run-button", page=page)

    def fill(self, page: str, path: str, value: object) -> None:
        """Type ``value`` into a field of the page's form."""
        wanted = dom_id(role="field", page=page, path=path)
        self.until("return !!document.getElementById(arguments[0])", wanted, wanted)
        self.js(
            """
            const input = document.getElementById(arguments[0]);
            const kind = input.tagName === 'SELECT' ? HTMLSelectElement : HTMLInputElement;
            Object.getOwnPropertyDescriptor(kind.prototype, 'value').set.call(input, arguments[1]);
            input.dispatchEvent(new Event('input', {bubbles: true}));
            input.dispatchEvent(new Event('change', {bubbles: true}));
            input.blur();
            """,
            wanted,
            str(value),
        )

    def choose(self, page: str, path: str, kind: str) -> None:
        """Choose the plug-in ``kind`` at ``path``."""
        wanted = dom_id(role="choice", page=page, path=path)
        self.until("return !!document.getElementById(arguments[0])", wanted, wanted)
        self.js(
            """
            const input = document.getElementById(arguments[0]);
            Object.getOwnPropertyDescriptor(HTMLSelectElement.prototype, 'value').set.call(input, arguments[1]);
            input.dispatchEvent(new Event('change', {bubbles: true}));
            """,
            wanted,
            kind,
        )

    def traces(self, graph: str) -> list[str]:
        """Names of what a graph has drawn."""
        found = self.js(
            """
            const box = document.getElementById(arguments[0]);
            const plot = box && (box.matches('.js-plotly-plot') ? box : box.querySelector('.js-plotly-plot'));
            return plot && plot.data ? plot.data.map(trace => trace.name || '') : [];
            """,
            dom_id(role="graph", graph=graph),
        )
        return list(found or [])

    def sees_trace(self, graph: str, name: str, seconds: float = TIMEOUT) -> None:
        """Wait until ``graph`` has a trace whose name starts with ``name``."""
        self.wait_for(
            lambda: any(trace.startswith(name) for trace in self.traces(graph)), f"{name} in {graph}", seconds
        )

    def complaints(self) -> list[str]:
        """Errors in the browser's console since the last call."""
        return [entry["message"] for entry in self.driver.get_log("browser") if entry["level"] == "SEVERE"]
