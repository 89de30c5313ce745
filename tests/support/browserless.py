"""Callbacks called over HTTP without a browser: as a page does, or as someone who forges its requests."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

from dash import Dash, _callback

HOST = {"Host": "127.0.0.1"}


@contextmanager
def callbacks_restored() -> Iterator[None]:
    """A Dash that is made within takes all callbacks that modules have registered, for they register once a process:
    they are there again afterwards.
    """
    known, listed = dict(_callback.GLOBAL_CALLBACK_MAP), list(_callback.GLOBAL_CALLBACK_LIST)
    yield
    there = {id(item) for item in _callback.GLOBAL_CALLBACK_LIST}
    _callback.GLOBAL_CALLBACK_LIST.extend(item for item in listed if id(item) not in there)
    _callback.GLOBAL_CALLBACK_MAP.update(known)


class Client:
    """A client of one app's callback route."""

    def __init__(self, app: Dash) -> None:
        self.http = app.server.test_client()
        self.dependencies = self.http.get("/_dash-dependencies", headers=HOST).get_json()

    def callback(self, output: str, trigger: str) -> dict[str, Any]:
        """The callback whose outputs contain the text ``output`` and whose inputs contain ``trigger``."""
        found = [
            item
            for item in self.dependencies
            if output in item["output"] and any(trigger in each["id"] for each in item["inputs"])
        ]
        assert len(found) == 1, f"{len(found)} callbacks have the output {output} and the input {trigger}"
        return dict(found[0])

    def call(self, dependency: Mapping[str, Any], values: Mapping[str, Any], trigger: str) -> Any:
        """POST the callback. ``values`` holds the value of each input and state whose id contains the key; a list of
        (id, value) pairs stands for a pattern. What is not named is None, or no component at all for a pattern.
        """

        def part(item: Mapping[str, Any]) -> Any:
            id_ = json.loads(item["id"]) if item["id"].startswith("{") else item["id"]
            named = next((value for key, value in values.items() if key in f"{item['id']}.{item['property']}"), None)
            if isinstance(id_, dict) and any(isinstance(value, list) for value in id_.values()):
                return [{"id": i, "property": item["property"], "value": v} for i, v in named or []]
            return {"id": id_, "property": item["property"], "value": named}

        outputs = []
        for text in dependency["output"].strip(".").split("..."):
            id_, prop = text.rsplit(".", 1)
            outputs.append({"id": json.loads(id_) if id_.startswith("{") else id_, "property": prop})
        changed = next(f"{each['id']}.{each['property']}" for each in dependency["inputs"] if trigger in each["id"])
        body = {
            "output": dependency["output"],
            "outputs": outputs if dependency["output"].startswith("..") else outputs[0],
            "inputs": [part(item) for item in dependency["inputs"]],
            "state": [part(item) for item in dependency["state"]],
            "changedPropIds": [changed],
        }
        return self.http.post("/_dash-update-component", json=body, headers=HOST)
