"""Trained models in a real browser: ticked, compared, registered, renamed, deleted and brought back."""

from __future__ import annotations

import pytest
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.keys import Keys

from engine.core.config import PATH_VARIABLE
from engine.market.sources.stored import save
from engine.models.service import registered
from engine.research.service import rules
from tests.e2e.visitor import Visitor
from tests.support.market import random_walk
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
        visitor.tick(f"#models-library .ag-row[row-id='{key}']", f"a box at {key}")
    visitor.press("#models-compare-ticked", "Compare")
    visitor.until(
        "return document.querySelectorAll('#models-compared thead th').length === 3", "two models side by side"
    )
    visitor.tick(f"#models-library .ag-row[row-id='{keys[1]}']", "a box once more", on=False)
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


def test_a_model_is_refitted_and_saved_as_a_graph(
    own_workbench: tuple[Visitor, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, running = own_workbench
    monkeypatch.setenv(PATH_VARIABLE, str(running.config))
    forget()
    key, result = trained("ONE")
    visitor.open("/models")
    visitor.press("#models-trained", "the tab of trained models")
    visitor.tick(f"#models-library .ag-row[row-id='{key}']", "the box of the run")
    visitor.driver.find_element("id", "models-register-name").send_keys("whole")
    visitor.press("#models-refit", "Refit on all rows")
    visitor.press("#models-register", "Register")
    visitor.until(
        "return document.querySelector('#models-library').innerText.includes('whole@1')", "its name in the list"
    )
    visitor.press("#models-registry", "the tab of the registry")
    visitor.choose_row("#models-registered", "the version")
    visitor.until("return document.querySelector('.model-card')?.innerText.includes(', refitted')", "its card")
    visitor.press("#models-export-graph", "Export ONNX")
    visitor.until("return document.querySelector('#models-save-graph')?.hidden === false", "its certificate")
    said = visitor.js("return document.getElementById('models-certificate').innerText")
    assert f"whole@1: on {result.n_test:,} rows from" in said
    assert "no prediction differs by more than" in said
    forget()


def test_a_promoted_model_is_scored_and_its_alert_acknowledged(
    own_workbench: tuple[Visitor, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    visitor, running = own_workbench
    monkeypatch.setenv(PATH_VARIABLE, str(running.config))
    forget()
    registered.register(trained("ONE")[0], "mine")
    rules.keep("mine", {"ic_below": 1.0, "least_labels": 20, "input_drift": 100.0, "output_drift": 100.0})
    save(random_walk(460, 0, symbol="ONE"))
    visitor.open("/models")
    visitor.press("#models-registry", "the tab of the registry")
    visitor.choose_row("#models-registered", "the version")
    visitor.press("#models-promote-champion", "Champion")
    visitor.until("return document.querySelector('#models-registered').innerText.includes('champion')", "its role")
    visitor.press("#models-service", "the tab of models in service")
    visitor.press("#models-rescore", "Score now")
    visitor.until(
        "return document.querySelector('#models-alerts')?.innerText.includes('The rank IC of mine@1')", "alert"
    )
    visitor.until("return document.getElementById('models-service').innerText === 'In service (1)'", "their number")
    visitor.until("return document.querySelector('#models-service-drift')?.innerText.includes('RSI 14')", "the drift")
    visitor.press("#models-acknowledge", "Acknowledge")
    visitor.until("return document.querySelector('#models-alerts-box').hidden", "no alert")
    assert not visitor.complaints()
    forget()
