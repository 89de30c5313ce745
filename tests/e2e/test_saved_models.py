"""Trained models in a real browser: ticked, compared, registered, renamed, deleted and brought back."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from engine.core.config import PATH_VARIABLE
from tests.e2e.visitor import Visitor
from tests.support.served import trained
from tests.support.workbench import Server
from tests.support.workspace import forget

pytestmark = pytest.mark.e2e


def test_models_are_compared_registered_and_kept_in_order(
    own_workbench: tuple[Visitor, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, running = own_workbench
    monkeypatch.setenv(PATH_VARIABLE, str(running.config))
    forget()
    keys = [trained("ONE")[0], trained("ONE", model={"kind": "linear"})[0]]
    visitor.open("/models")
    visitor.press("#models-trained", "the tab of trained models")
    for key in keys:
        visitor.press(f"#models-library .ag-row[row-id='{key}'] input[type=checkbox]", f"a box at {key}")
    visitor.press("#models-compare-ticked", "Compare")
    visitor.until(
        "return document.querySelectorAll('#models-compared thead th').length === 3", "two models side by side"
    )
    visitor.press(f"#models-library .ag-row[row-id='{keys[1]}'] input[type=checkbox]", "a box once more")
    visitor.driver.find_element("id", "models-register-name").send_keys("mine")
    visitor.press("#models-register", "Register")
    visitor.until(
        "return document.querySelector('#models-library').innerText.includes('mine@1')", "its name in the list"
    )
    visitor.press("#models-registry", "the tab of the registry")
    row = "#models-registered .ag-row[row-id='{}'] [col-id='{}']"
    visitor.until("return !!document.querySelector(arguments[0])", "the version", row.format("mine@1", "name"))
    visitor.driver.find_element("css selector", row.format("mine@1", "name")).click()
    visitor.until("return document.activeElement.closest('.ag-cell-inline-editing')", "the editor of the name")
    ActionChains(visitor.driver).key_down(Keys.CONTROL).send_keys("a").key_up(Keys.CONTROL).send_keys(
        "other", Keys.ENTER
    ).perform()
    visitor.press(row.format("other@1", "bin") + " button", "the bin of the renamed one")
    visitor.press("#models-registry-undo", "Undo")
    visitor.press(row.format("other@1", "run"), "the row that came back")
    visitor.until("return document.querySelector('.model-card')?.innerText.includes('null models')", "its card")
    forget()
