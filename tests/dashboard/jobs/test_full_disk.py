"""Jobs while nothing can be written: what is computed arrives all the same."""

from __future__ import annotations

import sqlite3
from pathlib import Path
from typing import Any

import pytest

from dashboard import runs
from dashboard.jobs import call, exchange, manager
from dashboard.jobs.progress_store import ProgressStore
from dashboard.jobs.requested import fulfil
from engine.core.errors import StoreError
from engine.core.progress import silent
from engine.jobs import actions, reports, runner
from engine.market.fetch.spec import Fetch
from tests.support.workspace import Workspace, forget


def test_a_result_that_a_worker_could_not_store_is_kept_by_the_server(workspace: Workspace) -> None:
    runner.store().hold("ab" * 32, b"encoded")
    outcome = call._with_unstored({"key": "ab" * 32, "spec": "{}"})
    assert call._with_unstored({"key": "cd" * 32}) == {"key": "cd" * 32}
    forget()  # the server is another process
    assert runner.store().held("ab" * 32) is None
    assert exchange.value_of(outcome) == {"key": "ab" * 32, "spec": "{}", "warning": call.UNSTORED}
    assert runner.store().held("ab" * 32) == b"encoded"
    assert runs.warning("ab" * 32) == {"warning": call.UNSTORED}
    assert runs.warning("cd" * 32) == {}
    assert exchange.value_of(7) == 7


def test_a_report_that_a_worker_could_not_store_is_kept_by_the_server(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise StoreError("The database failed: database or disk is full.")

    action = Fetch(source="files", symbols=("NONE",))
    with monkeypatch.context() as patch:
        patch.setattr(reports, "enter", full)
        made = fulfil(action, silent)
    outcome = call._with_unstored(made)
    forget()  # the server is another process
    assert actions.find(made["report"]) is None
    answer = exchange.value_of(outcome)
    assert answer == {**made, "warning": call.UNSTORED}
    shown = runs.report(answer, Fetch)
    assert shown.report.outcomes[0].symbol == "NONE"
    assert runs.warning(made["report"]) == {"warning": call.UNSTORED}


@pytest.mark.parametrize("opens", [True, False])
def test_live_state_does_without_a_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, opens: bool) -> None:
    def full(*_: Any, **__: Any) -> None:
        raise sqlite3.OperationalError("database or disk is full")

    live = ProgressStore(tmp_path / "live")
    live.set_progress("one", {"fraction": 0.1})
    live.close()
    for name in ("set", "add", "delete", *([] if opens else ["__init__"])):
        monkeypatch.setattr(f"dashboard.jobs.progress_store.Cache.{name}", full)
    live = ProgressStore(tmp_path / "live")
    assert live.progress("one") == ({"fraction": 0.1} if opens else None)
    live.set_progress("one", {"fraction": 0.5})
    live.set_outcome("one", {"result": 1})
    assert (live.progress("one"), live.outcome("one")) == ({"fraction": 0.5}, {"result": 1})
    assert live.secret("name", "first") == live.secret("name", "second") == "first"
    live.clear("one")
    assert (live.progress("one"), live.outcome("one")) == (None, None)
    live.close()


def test_a_list_of_jobs_that_cannot_be_written_stops_no_job(caplog: pytest.LogCaptureFixture) -> None:
    def full(*_: Any) -> None:
        raise StoreError("The database failed: database or disk is full.")

    assert manager._unless_full(full, 1) is None
    assert caplog.messages == ["The list of jobs is incomplete: The database failed: database or disk is full."]
