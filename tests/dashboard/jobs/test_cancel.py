"""A cancel of background callbacks: for all who wait, and whenever it comes."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import pytest

from dashboard.jobs.manager import DaskManager
from tests.support.managed import TIMEOUT, call, poll, sentence, status, until
from tests.support.processes import is_gone


def test_cancel_is_for_everybody_and_the_key_is_free_again(manager: DaskManager, tmp_path: Path) -> None:
    call(manager, "deaf", "deaf", str(tmp_path / "pid"))
    until(lambda: (manager.progress("deaf") or {}).get("fraction", 0) == 0.25)
    manager.terminate_job("deaf")  # what Dash says when a tab has asked for something else
    assert status(manager, "deaf") == "running"
    assert manager.cancel("deaf")
    assert sentence(manager.get_result("deaf", "deaf")) == "The job was cancelled."
    assert status(manager, "deaf") == "cancelled"
    assert not manager.cancel("deaf")
    call(manager, "deaf", "add", 1, 1)
    assert poll(manager, "deaf") == 2
    pid = int((tmp_path / "pid").read_text())
    until(lambda: is_gone(pid))
    assert status(manager, "deaf") == "done"


def test_what_a_job_says_as_it_is_cancelled_is_not_heard(
    manager: DaskManager, gate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The cluster tells of a start and of a cancel on two threads. Heard in the wrong order, a start would hold its key
    for good, or be that of the next job.
    """
    heard: list[Callable[[dict[str, Any]], None]] = []
    submit = manager._cluster.submit

    def overheard(*args: Any, listen: Any, **more: Any) -> Any:
        heard.append(listen)
        return submit(*args, listen=listen, **more)

    monkeypatch.setattr(manager._cluster, "submit", overheard)
    call(manager, "late", "report", 2, str(gate))
    until(lambda: status(manager, "late") == "running")
    assert manager.cancel("late")
    late = {"event": "started", "pid": 1}
    heard[0](late)
    manager._recorder.submit(int).result()
    assert sentence(manager.get_result("late", "late")) == "The job was cancelled."
    call(manager, "late", "report", 2, str(gate))
    before = manager.progress("late")
    heard[0](late)
    heard[0]({"event": "progress", "fraction": 0.9, "message": "old", "partial": None})
    until(lambda: status(manager, "late") == "running")
    after = manager.progress("late") or {}
    assert before
    assert after["pid"] != 1
    assert after["fraction"] < 0.9
    gate.touch()
    poll(manager, "late")


def test_a_cancel_finds_a_job_that_is_on_its_way_to_the_cluster(
    manager: DaskManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    submit = manager._cluster.submit
    with ThreadPoolExecutor(1) as tab:
        cancels: list[Future[bool]] = []

        def hesitating(*args: Any, **more: Any) -> Any:
            cancels.append(tab.submit(manager.cancel, "on-its-way"))
            wait(cancels, timeout=0.3)  # the list of jobs shows this one already
            return submit(*args, **more)

        monkeypatch.setattr(manager._cluster, "submit", hesitating)
        call(manager, "on-its-way", "add", 1, 1)
        assert cancels[0].result(TIMEOUT)
    assert sentence(poll(manager, "on-its-way")) == "The job was cancelled."


def test_a_cancel_that_comes_first_holds_nobody_and_stops_the_job_when_it_comes(
    manager: DaskManager, monkeypatch: pytest.MonkeyPatch
) -> None:
    here, sleep = threading.get_ident(), time.sleep
    monkeypatch.setattr(
        "time.sleep",
        lambda seconds: (
            pytest.fail("a thread of the server waits") if threading.get_ident() == here else sleep(seconds)
        ),
    )
    assert not manager.cancel("early", within=1e6)
    for n in range(1000):
        manager.cancel(f"forged-{n}", within=1e6)
    assert len(manager._unwanted) <= 101
    assert not manager.cancel("early", within=1e6)
    monkeypatch.undo()
    call(manager, "early", "add", 1, 1)
    assert sentence(poll(manager, "early")) == "The job was cancelled."
    call(manager, "early", "add", 1, 1)
    assert poll(manager, "early") == 2  # once
