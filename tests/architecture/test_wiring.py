"""Every id that a callback names exists: in a page's layout, or among what a form makes when asked."""

from __future__ import annotations

import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
from dash import Dash
from dash.development.base_component import Component

from dashboard.app import create_app
from engine.core.config import settings

MADE_ON_DEMAND = ("cancel-job", "remove", "add", "list", "choice", "group")
"""Roles of components that appear with a job, or with the plug-in or the list that a form has just been given."""


@cache
def app() -> Dash:
    return create_app(settings())


def dependencies() -> list[dict[str, Any]]:
    answer = app().server.test_client().get("/_dash-dependencies", headers={"Host": "127.0.0.1"})
    assert answer.status_code == 200
    return list(answer.get_json())


def named(dependency: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """(id, property) of every output, input and state."""
    for part in dependency["output"].strip(".").split("..."):
        if "." not in part:
            continue  # a callback without outputs has a hash in their place
        id_, prop = part.rsplit(".", 1)
        yield id_.replace("\\.", "."), prop.split("@")[0]
    for item in [*dependency["inputs"], *dependency["state"]]:
        yield item["id"], item["property"]


def components() -> list[Component]:
    layout = app().validation_layout
    return [layout, *layout._traverse()]


def is_there(wanted: str, found: list[Any]) -> bool:
    if not wanted.startswith("{"):
        return wanted in found
    pattern = json.loads(wanted)
    if pattern.get("role") in MADE_ON_DEMAND:
        return True
    fixed = {key: value for key, value in pattern.items() if not isinstance(value, list)}
    return any(isinstance(id_, dict) and set(id_) == set(pattern) and fixed.items() <= id_.items() for id_ in found)


def test_every_id_of_a_callback_is_in_a_layout() -> None:
    found = [item.id for item in components() if isinstance(item, Component) and getattr(item, "id", None)]
    missing = {id_ for dependency in dependencies() for id_, _ in named(dependency) if not is_there(id_, found)}
    assert not missing


def test_every_property_of_a_callback_exists() -> None:
    """A mistyped property of a component with a fixed id would be silently ignored in the browser."""
    by_id = {item.id: item for item in components() if isinstance(getattr(item, "id", None), str)}
    wrong = {
        f"{id_}.{prop}"
        for dependency in dependencies()
        for id_, prop in named(dependency)
        if id_ in by_id and prop not in by_id[id_].available_properties
    }
    assert not wrong


def test_no_output_has_a_dot_in_its_id() -> None:
    """Dash escapes the dot, and its renderer then fails to parse the id: the page stays blank."""
    assert [item["output"] for item in dependencies() if "\\." in item["output"]] == []


def test_the_check_finds_a_mistyped_id() -> None:
    assert not is_there("backtest-eqity", ["backtest-equity"])
    assert not is_there('{"graph":"backtest-eqity","role":"figure"}', [{"graph": "backtest-equity", "role": "figure"}])
    assert is_there('{"graph":["MATCH"],"role":"figure"}', [{"graph": "backtest-equity", "role": "figure"}])


@pytest.mark.parametrize("page", ["data", "features", "models", "backtest", "hardware"])
def test_every_page_of_the_design_is_registered(page: str) -> None:
    import dash

    app()
    assert f"/{page}" in {item["path"] for item in dash.page_registry.values()}


def test_what_the_frame_alone_triggers_writes_to_the_frame_alone_or_to_the_page_alone() -> None:
    """A job that ends after its page was left changes stores of the frame; Dash then refuses a callback of whose
    outputs some are gone with the page.
    """
    layout = app().layout
    frame = [item.id for item in [layout, *layout._traverse()] if getattr(item, "id", None)]
    torn = []
    for dependency in dependencies():
        outputs = [id_ for id_, _ in named({**dependency, "inputs": [], "state": []})]
        kept = [is_there(id_, frame) for id_ in outputs]
        if all(is_there(item["id"], frame) for item in dependency["inputs"]) and any(kept) and not all(kept):
            torn.append((dependency["output"], [item["id"] for item in dependency["inputs"]]))
    assert not torn
