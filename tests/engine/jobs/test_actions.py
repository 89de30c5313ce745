"""Actions: done each time they are asked for, with a report that is kept."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pytest
import yaml

import engine
from dashboard.cli import main
from dashboard.jobs.exchange import spec_in
from dashboard.jobs.manager import DaskManager
from engine.core.config import settings
from engine.core.errors import Cancelled, ConfigError, DataError, SpecError, StoreError
from engine.core.progress import silent
from engine.core.spec import Action, Resources, canonical_json, to_yaml
from engine.core.store import decode, encode
from engine.jobs import actions, executors, reports, requests, runner
from engine.market.fetch.spec import Fetch
from engine.market.fetching import FetchReport
from tests.support.workspace import Workspace

ROWS = ["date,close", *(f"2024-01-{day:02d},{100 + day}" for day in range(2, 20))]


@pytest.fixture(autouse=True)
def prices(workspace: Workspace) -> Path:
    """A folder with the files of one good and one bad series."""
    workspace.configure("cache: cache\nmarket: {files: {folders: [prices]}}\n")
    folder = workspace.folder / "prices"
    folder.mkdir()
    (folder / "GOOD.csv").write_text("\n".join(ROWS), encoding="utf-8")
    (folder / "BAD.csv").write_text("date,close\nyesterday,1\n", encoding="utf-8")
    return folder


ACTION = Fetch(source="files", symbols=("GOOD", "BAD"))


def test_what_was_done_is_kept_with_its_report_newest_first() -> None:
    seen: list[float] = []
    first = actions.perform(ACTION, lambda fraction, *_: seen.append(fraction))
    second = actions.perform(Fetch(source="files", symbols=("GOOD",)))
    assert seen
    assert [item.id for item in actions.performed("fetch")] == [second.id, first.id]
    found = actions.find(first.id)
    assert found is not None
    assert (found.action, found.label, found.report) == (ACTION, ACTION.label(), first.report)
    assert isinstance(found.report, FetchReport)
    assert [item.status for item in found.report.outcomes] == ["stored", "invalid"]
    assert (
        len(engine.run(engine.load_spec({"kind": "market", "collection": "files", "symbols": ["GOOD"]})).bars[0]) == 18
    )
    actions.forget(first.id)
    assert [item.id for item in actions.performed("fetch")] == [second.id]
    assert actions.find(first.id) is None


def test_asking_twice_does_it_twice(prices: Path) -> None:
    actions.perform(ACTION)
    (prices / "GOOD.csv").write_text("\n".join([*ROWS, "2024-01-22,130"]), encoding="utf-8")
    again = actions.perform(ACTION)
    assert again.report.outcomes[0].added == 1
    assert len(actions.performed("fetch")) == 2
    latest = actions.latest(actions.job_key(ACTION))
    assert latest is not None
    assert latest.id == again.id


def test_the_newest_reports_are_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reports, "MAXIMUM_REPORTS", 2)
    done = [actions.perform(ACTION) for _ in range(3)]
    assert [item.id for item in actions.performed("fetch")] == [done[2].id, done[1].id]
    assert actions.find(done[0].id) is None


def test_a_report_that_cannot_be_kept_is_the_answer_all_the_same(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def full(*_: object) -> None:
        raise StoreError("The database failed: database or disk is full.")

    monkeypatch.setattr(reports, "enter", full)
    with caplog.at_level(logging.WARNING, "stratoscope"):
        done = actions.perform(ACTION)
    assert caplog.messages == [
        "The database failed: database or disk is full. The report is kept in memory until the program ends."
    ]
    assert actions.performed("fetch") == []
    found = actions.find(done.id)
    assert found is not None
    assert (found.action, found.label, found.job) == (ACTION, ACTION.label(), actions.job_key(ACTION))
    assert encode(found.report) == encode(done.report)
    runner.store().hold("ab" * 32, encode(done.report))
    assert actions.find("ab" * 32) is None, "a result is no report"


def test_what_was_cancelled_or_failed_has_no_report() -> None:
    def cancelled(*_: object) -> None:
        raise Cancelled("The job was cancelled.")

    with pytest.raises(Cancelled):
        actions.perform(ACTION, cancelled)
    with pytest.raises(DataError):
        actions.perform(Fetch(source="sample", symbols=("GOOD",)))
    assert actions.performed("fetch") == []


def test_actions_and_runs_are_told_apart() -> None:
    assert "fetch" in requests.action_kinds()
    assert "fetch" not in requests.run_kinds()
    values = ACTION.model_dump(mode="json")
    assert requests.load_request(to_yaml(ACTION)) == requests.load_action(values) == ACTION
    assert requests.load_request({"kind": "market"}).kind == "market"
    with pytest.raises(SpecError, match="'fetch' cannot be run"):
        engine.load_spec(values)
    with pytest.raises(SpecError, match="'market' cannot be run"):
        requests.load_action({"kind": "market"})


def test_an_action_without_a_function_says_so() -> None:
    class Idle(Action):
        kind: Literal["idle"] = "idle"

    with pytest.raises(ConfigError, match=r"Nothing performs Idle: register a function with @performs\(Idle\)"):
        actions.perform(Idle())
    assert (Idle().resources(), Idle().estimate().seconds > 0) == (Resources(), True)


@pytest.mark.parametrize("kind", sorted(requests.action_kinds()))
def test_each_kind_of_action_has_its_function_beside_it(kind: str) -> None:
    cls = requests.action_kinds()[kind]
    assert executors.executor(cls).__module__ == cls.__module__.removesuffix("spec") + "run"
    assert executors.result_type(cls.model_construct()).__dataclass_params__.frozen


def test_equal_actions_are_one_job_while_one_runs_and_anew_later() -> None:
    """The key of the job is that of the request; nothing is ever stored under it."""
    text = canonical_json(ACTION)
    assert spec_in([text]) == ACTION
    manager = DaskManager(settings(), warm=())
    try:
        key = manager.build_cache_key(None, [text], None, None)
    finally:
        manager.close()
    assert key == actions.job_key(Fetch(source="files", symbols=("GOOD", "BAD")))
    assert key != actions.job_key(Fetch(source="files", symbols=("GOOD",)))


def test_the_command_takes_an_action(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "fetch.yaml"
    path.write_text(to_yaml(ACTION), encoding="utf-8")
    assert main(["run", str(path), "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["summary"]["symbols"] == {"stored": 1, "invalid": 1}
    (kept,) = actions.performed("fetch")
    assert told["id"] == kept.id
    assert main(["run", str(path)]) == 0
    head, _, rest = capsys.readouterr().out.partition("\n")
    assert head.startswith(f"{ACTION.label()}: done in ")
    assert yaml.safe_load(rest)["symbols"] == {"unchanged": 1, "invalid": 1}
    assert main(["run", str(path), "--equity-csv", str(tmp_path / "x.csv")]) == 2
    assert "is an action ('fetch')" in capsys.readouterr().err


@dataclass(frozen=True)
class Inner:
    name: str
    sizes: tuple[int, ...] = ()


@dataclass(frozen=True, eq=False)
class Outer:
    values: np.ndarray
    parts: tuple[Inner, ...]

    def summary(self) -> dict[str, object]:
        return {}


def test_reports_may_hold_frozen_dataclasses() -> None:
    found = decode(encode(Outer(np.arange(3), (Inner("a", (1, 2)), Inner("b")))), Outer)
    assert found.parts == (Inner("a", (1, 2)), Inner("b"))
    assert found.values.tolist() == [0, 1, 2]
    assert silent(0.0, "") is None
