"""Background callbacks as jobs: what Dash's polls see, what the shell sees, what outlives the server."""

from __future__ import annotations

import json
import logging
import os
import sqlite3
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from threading import BoundedSemaphore
from typing import Any

import pytest
from dash import Dash, Input, Output, dcc, html

from dashboard.jobs.manager import DaskManager
from dashboard.jobs.progress_store import ProgressStore
from engine.core.config import settings
from engine.core.errors import QueueFull, SpecError
from engine.core.spec import canonical_json
from engine.jobs.runner import run_key
from engine.market.spec import MarketSpec
from tests.support import background
from tests.support.managed import CALLBACKS, call, poll, sentence, status, until
from tests.support.outside import ROOT, outside_cluster
from tests.support.processes import is_gone
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("space")


def test_creating_a_manager_does_not_import_dask(space: Workspace) -> None:
    code = (
        "import sys; from dashboard.jobs.manager import DaskManager; from engine.core.config import settings\n"
        "DaskManager(settings()); sys.exit(any(name in sys.modules for name in ('distributed', 'dask', 'torch')))"
    )
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False).returncode == 0


def test_a_result_arrives_and_stays(manager: DaskManager) -> None:
    assert call(manager, "sum", "add", 1, 2) == "sum"
    assert [poll(manager, "sum") for _ in range(3)] == [3, 3, 3]  # several tabs ask
    assert manager.result_ready("sum")
    assert status(manager, "sum") == "done"
    assert manager.get_progress("sum") == [manager.progress("sum")]
    assert manager.progress("sum")["fraction"] == 1.0


def test_one_look_waits_for_the_end_and_brings_the_result(
    manager: DaskManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody asks twice: with no limit to its wait, a look that were not woken would hang."""
    monkeypatch.setattr("dashboard.jobs.manager._POLL", None)
    for number in range(20):
        call(manager, f"trip-{number}", "add", number, 1)
        assert manager.get_result(f"trip-{number}", None) == number + 1


def test_equal_requests_share_a_job(manager: DaskManager, tmp_path: Path, gate: Path) -> None:
    file = tmp_path / "runs"
    with ThreadPoolExecutor(8) as tabs:
        list(tabs.map(lambda _: call(manager, "shared", "note", str(file), str(gate)), range(8)))
        gate.touch()
        assert set(tabs.map(lambda _: poll(manager, "shared"), range(8))) == {str(file)}
    assert file.read_text().count("ran") == 1
    call(manager, "shared", "note", str(file), str(gate))  # one that has ended runs again
    poll(manager, "shared")
    assert file.read_text().count("ran") == 2


def test_no_job_of_many_clients_is_lost(manager: DaskManager) -> None:
    def client(number: int) -> list[int]:
        keys = [f"client-{number}-{n}" for n in range(15)]
        return [poll(manager, call(manager, key, "add", number, n)) for n, key in enumerate(keys)]

    with ThreadPoolExecutor(8) as clients:
        assert list(clients.map(client, range(8))) == [[number + n for n in range(15)] for number in range(8)]
    assert not manager.active()


def test_progress_is_seen_by_all_and_in_the_tray(manager: DaskManager, gate: Path) -> None:
    page = {"outputs_list": {"id": {"role": "result", "page": "models"}}}
    call(manager, "report", "report", 20, str(gate), context=page)
    until(lambda: (manager.progress("report") or {}).get("fraction", 0) > 0.3)
    first, second = manager.get_progress("report"), manager.get_progress("report")
    assert first
    assert second
    assert second[0]["fraction"] >= first[0]["fraction"] > 0
    assert first[0]["status"] == "running"
    assert first[0]["partial"]["loss"]
    (job,) = manager.active()
    assert (job.key, job.page, job.kind, job.label, job.status) == ("report", "models", "report", "report", "running")
    assert job.message.startswith("step")
    assert job.created <= (job.started or 0)
    assert manager.at_work() == {first[0]["pid"]: ("report",)}
    gate.touch()
    assert poll(manager, "report")["pid"] == first[0]["pid"] != os.getpid()
    assert manager.at_work() == {}
    assert not manager.active()
    assert manager.recent(1)[0].key == "report"


def test_errors_arrive_as_a_sentence(manager: DaskManager, caplog: pytest.LogCaptureFixture) -> None:
    call(manager, "no-bars", "no_bars", "NOPE")
    assert sentence(poll(manager, "no-bars")) == "There are no bars of NOPE."
    assert manager.recent(1)[0].message == "There are no bars of NOPE."
    with caplog.at_level(logging.ERROR, "stratoscope"):
        call(manager, "mistaken", "mistaken", "x")
        assert sentence(poll(manager, "mistaken")) == "The job failed: ZeroDivisionError: division by zero."
    assert "background.py" in caplog.text
    call(manager, "not-json", "not_json", "x")
    assert "not JSON serializable" in sentence(poll(manager, "not-json"))
    assert status(manager, "not-json") == "failed"


@pytest.mark.parametrize("how", ["raise", "return"])
def test_no_update_is_an_answer(manager: DaskManager, how: str) -> None:
    call(manager, f"no-news-{how}", "no_news", how)
    assert poll(manager, f"no-news-{how}") == {"_dash_no_update": "_dash_no_update"}


def test_a_result_is_there_once_its_key_is_free_again(manager: DaskManager, monkeypatch: pytest.MonkeyPatch) -> None:
    """Who has seen the end and asks anew would else join the job that has ended, and get its result again."""
    seen: list[Any] = []
    keep = manager._live.set_outcome

    def looked_at(key: str, outcome: Any) -> None:
        keep(key, outcome)
        seen.append(manager.get_result(key, key))

    monkeypatch.setattr(manager._live, "set_outcome", looked_at)
    call(manager, "ending", "add", 1, 1)
    assert poll(manager, "ending") == 2
    assert seen == [manager.UNDEFINED]


def test_a_lost_worker_fails_one_job(manager: DaskManager, gate: Path) -> None:
    call(manager, "dying", "dying", str(gate))
    until(lambda: (manager.progress("dying") or {}).get("fraction", 0) > 0)
    gate.touch()
    keys = [call(manager, f"beside-{n}", "add", n, n) for n in range(5)]
    assert "worker process that ran this job died" in sentence(poll(manager, "dying"))
    assert [poll(manager, key) for key in keys] == [0, 2, 4, 6, 8]


def test_the_queue_has_a_limit(manager: DaskManager, tmp_path: Path) -> None:
    running = [call(manager, f"full-{n}", "deaf", str(tmp_path / f"full-{n}")) for n in range(2)]
    until(lambda: [job.status for job in manager.active()] == ["running"] * 2)
    waiting = [call(manager, f"wait-{n}", "add", n, n) for n in range(12)]
    with pytest.raises(QueueFull, match=r"The queue is full \(12 jobs waiting\)"):
        call(manager, "too-much", "add", 1, 1)
    assert call(manager, "wait-0", "add", 0, 0) == "wait-0"  # to join one is no new job
    for key in running:
        manager.cancel(key)
    assert [poll(manager, key) for key in waiting] == [2 * n for n in range(12)]
    call(manager, "too-much", "add", 1, 1)
    assert poll(manager, "too-much") == 2


def test_polls_never_take_every_thread(manager: DaskManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Two of six looks wait for the end of a job, however long that takes; the others return at once."""
    monkeypatch.setattr("dashboard.jobs.manager._POLL", None)
    monkeypatch.setattr(manager, "_waiters", BoundedSemaphore(2))
    call(manager, "long", "deaf", str(tmp_path / "long"))
    with ThreadPoolExecutor(6) as tabs:
        looks = [tabs.submit(manager.get_result, "long", "long") for _ in range(6)]
        until(lambda: sum(look.done() for look in looks) == 4)
        assert all(look.result() is manager.UNDEFINED for look in looks if look.done())
        manager.cancel("long")
        assert sorted(look.result() is manager.UNDEFINED for look in looks) == [False] * 2 + [True] * 4


def test_a_job_that_nobody_knows(manager: DaskManager) -> None:
    assert (
        sentence(manager.get_result("unheard-of", None)) == "The result of this job is no longer stored: run it again."
    )


def test_a_specs_run_key_is_the_jobs(manager: DaskManager) -> None:
    spec = MarketSpec(symbols=("NVDA",))
    text = canonical_json(spec)
    assert manager.build_cache_key(background.add, [text], [], None) == run_key(spec)
    assert manager.build_cache_key(background.add, {"text": text}, [], None) == run_key(spec)
    assert manager.build_cache_key(background.add, [1, 2], [], None) != run_key(spec)
    with pytest.raises(SpecError, match="nonsense"):
        manager.build_cache_key(background.add, ['{"kind": "nonsense"}'], [], None)
    manager.call_job_fn(run_key(spec), manager.func_registry[background.JOBS["nothing"]], [text], {})
    assert poll(manager, run_key(spec)) == 1
    assert (manager.recent(1)[0].label, manager.recent(1)[0].spec) == (spec.label(), text)


def test_through_dash_itself(manager: DaskManager) -> None:
    errors: list[str] = []
    app = Dash(__name__, background_callback_manager=manager, on_error=lambda error: errors.append(str(error)))
    app.layout = html.Div(
        [dcc.Store(id=f"{name}-{end}") for name in ("add", "no_bars") for end in ("in", "in2", "out")]
    )
    for function, inputs in ((background.add, ("in", "in2")), (background.no_bars, ("in",))):
        name = function.__name__
        app.callback(
            Output(f"{name}-out", "data"), *[Input(f"{name}-{end}", "data") for end in inputs], background=True
        )(function)
    client = app.server.test_client()
    end_id = json.loads(
        client.get("/").text.partition('id="_dash-config" type="application/json">')[2].partition("<")[0]
    )["end_id"]

    def ask(name: str, values: list[Any], **query: str) -> Any:
        inputs = [
            {"id": f"{name}-{end}", "property": "data", "value": value}
            for end, value in zip(("in", "in2"), values, strict=False)
        ]
        body = {
            "output": f"{name}-out.data",
            "outputs": {"id": f"{name}-out", "property": "data"},
            "inputs": inputs,
            "changedPropIds": [f"{name}-in.data"],
        }
        return client.post("/_dash-update-component", json=body, query_string={"endId": end_id, **query})

    def result(name: str, *values: Any) -> Any:
        handles = ask(name, list(values)).get_json()
        while True:
            answer = ask(name, list(values), cacheKey=handles["cacheKey"], job=handles["job"])
            if answer.status_code != 200 or "response" in answer.get_json():
                return answer

    assert result("add", 20, 22).get_json()["response"] == {"add-out": {"data": 42}}
    result("no_bars", "NOPE")
    assert errors == ["An error occurred inside a background callback: There are no bars of NOPE."]
    forged = ask("add", [20, 22], cacheKey="trip-1~00", job="trip-1~00")
    assert forged.status_code == 204  # nothing is read for a handle that was not signed


def test_nothing_but_json_is_kept_and_nobody_else_reads_it(space: Workspace, manager: DaskManager) -> None:
    folder = space.cache / "live"
    assert folder.stat().st_mode & 0o777 == 0o700
    live = ProgressStore(folder)
    secret = manager.get_or_create_signing_secret(lambda: b"first")
    assert live.secret(manager.SIGNING_SECRET_KEY, "second").encode() == secret
    live.set_outcome("forged", {"result": 1})
    with sqlite3.connect(folder / "cache.db") as database:
        database.execute("UPDATE Cache SET mode = 4 WHERE rowid = (SELECT max(rowid) FROM Cache)")
    database.close()
    with pytest.raises(ValueError, match="not JSON"):
        live.outcome("forged")
    live.clear("forged")


def test_a_killed_server_leaves_interrupted_jobs_and_no_worker(workspace: Workspace) -> None:
    workspace.configure("cache: cache\ncompute: {workers: 1}\n")
    command = [sys.executable, "-m", "tests.support.crash", str(workspace.folder)]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as server:
        try:
            assert server.stdout is not None
            assert server.stdout.readline() == "ready\n"
        finally:
            server.kill()
    worker = int((workspace.folder / "pid").read_text())
    until(lambda: is_gone(worker))
    manager = DaskManager(settings(), CALLBACKS, warm=())
    try:
        manager.start()
        assert not manager.active()
        jobs = {job.key: job for job in manager.recent(10)}
        assert {key: job.status for key, job in jobs.items()} == {
            "sum": "done",
            "running": "interrupted",
            "queued": "interrupted",
        }
        assert jobs["running"].fraction == 0.25
        assert sentence(manager.get_result("running", "running")) == jobs["running"].message
        assert manager.get_result("sum", "sum") == 3  # what had ended is not lost
        call(manager, "running", "add", 2, 2)
        assert poll(manager, "running") == 4
        call(manager, "left", "deaf", str(workspace.folder / "left"))
    finally:
        manager.close()
    assert {job.key: job.status for job in manager.recent(10)}["left"] == "interrupted"


def test_a_scheduler_elsewhere_runs_the_same_job_by_configuration_alone(workspace: Workspace, tmp_path: Path) -> None:
    spec = MarketSpec(symbols=("NVDA",))
    with outside_cluster(tmp_path) as address:
        workspace.configure(f"cache: cache\ncompute: {{scheduler: '{address}'}}\n")
        manager = DaskManager(settings(), CALLBACKS, warm=())
        try:
            key = manager.build_cache_key(background.nothing, [canonical_json(spec)], [], None)
            assert key == run_key(spec)
            call(manager, key, "report", 3, str(workspace.config))
            assert poll(manager, key)["pid"] not in {os.getpid(), None}
            assert status(manager, key) == "done"
        finally:
            manager.close()
