"""The jobs tray: every job with what can be done about it."""

from __future__ import annotations

import sys
import time
import typing
from dataclasses import replace
from typing import Any

import pytest
from dash._callback_context import context_value
from dash._utils import AttributeDict
from dash.exceptions import PreventUpdate
from flask import Flask

from dashboard.callbacks import import_callbacks
from dashboard.components.form import Form
from dashboard.jobs import elsewhere, tray
from dashboard.jobs import listing as job_list
from dashboard.jobs.access import MANAGER
from dashboard.jobs.elsewhere import listed
from dashboard.jobs.listing import Job
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.core.errors import DataError
from engine.core.spec import Spec, canonical_json
from engine.jobs.requests import action_kinds, run_kinds
from engine.market.quality.universe.spec import CheckQuality
from engine.market.spec import MarketSpec
from engine.research.cost_curve.spec import CostCurveSpec
from engine.strategies.kinds.sma_cross import SmaCross
from tests.support.shown import words

pytestmark = pytest.mark.usefixtures("workspace")
JOB = Job("a" * 64, "data", "market", "NVDA", canonical_json(MarketSpec()), "running", "Reading", 0.25)


class Jobs:
    """What a manager answers, without one."""

    def __init__(self, *jobs: Job) -> None:
        self.jobs, self.cancelled = jobs, list[str]()

    def active(self) -> list[Job]:
        return [job for job in self.jobs if job.is_active]

    def recent(self, limit: int) -> list[Job]:
        return list(self.jobs)[:limit]

    def cancel(self, key: str, within: float = 0.0) -> bool:
        self.cancelled.append(key)
        return True


def polled(*jobs: Job, run: Any = None, result: Any = None, before: dict[str, Any] | None = None) -> tuple[Any, ...]:
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": "jobs-poll.n_intervals", "value": 1}]))
    server = Flask("test")
    server.extensions[MANAGER] = Jobs(*jobs)
    with server.app_context():
        return tray.poll(1, [], [None, run], [None, result], before)


def text(component: Any) -> str:
    return " ".join(words(component))


def test_no_job_says_what_the_tray_is_for() -> None:
    data, shown, now, count, interval = polled()
    assert data["jobs"] == []
    assert "No jobs yet" in text(shown)
    assert (now, count, interval) == ([], "0 jobs", tray.IDLE_MS)


def test_a_running_job_is_shown_with_its_progress_and_polled_often() -> None:
    data, shown, now, count, interval = polled(JOB)
    assert data["jobs"][0]["fraction"] == 0.25
    assert all(word in text(shown) for word in ("NVDA", "Reading", "Cancel"))
    assert "25%" in text(now)
    assert (count, interval) == ("1 job", tray.ACTIVE_MS)


@pytest.mark.parametrize(
    ("status", "words", "action"),
    [
        ("done", "Finished", "Open"),
        ("failed", "No bars.", "Run again"),
        ("interrupted", "No bars.", "Run again"),
        ("cancelled", "No bars.", "Run again"),
    ],
)
def test_what_has_ended_can_be_opened_or_run_again(status: Any, words: str, action: str) -> None:
    _, shown, _, count, _ = polled(replace(JOB, status=status, message="No bars."))
    assert words in text(shown)
    assert action in text(shown)
    assert count == "0 jobs"


def test_a_finished_job_says_how_long_it_took() -> None:
    _, shown, *_ = polled(replace(JOB, status="done", started=100.0, finished=103.2))
    assert "Finished in 3.2 s" in text(shown)


def test_the_link_is_the_permalink() -> None:
    row = polled(replace(JOB, status="done"))[0]["jobs"][0]
    assert row["href"].startswith("/data?spec=")


def test_what_a_job_opens_is_a_request_that_a_page_has_a_form_for() -> None:
    import_callbacks()
    modules = [module for name, module in sys.modules.items() if name.startswith("dashboard.")]
    names = [item for module in modules for item in vars(module).values()]
    shown = {item.spec for item in names if isinstance(item, Form)}
    for kind, cls in {**run_kinds(), **action_kinds()}.items():
        if not any(item is cls for item in names):
            continue  # no page asks for it
        hints = typing.get_type_hints(cls.shown_with)
        opens = cls if cls.shown_with is Spec.shown_with else hints["return"]
        assert opens is type(None) or opens in shown, kind


def test_the_link_of_what_has_no_request_of_its_own_is_the_page() -> None:
    job = replace(JOB, status="done", spec=canonical_json(CheckQuality()))
    assert polled(job)[0]["jobs"][0]["href"] == "/data"


def test_a_job_of_another_version_has_no_link() -> None:
    row = polled(replace(JOB, status="failed", spec='{"kind": "gone"}'))[0]["jobs"][0]
    assert row["href"] == ""


def test_the_same_again_is_not_sent() -> None:
    data = polled(JOB)[0]
    with pytest.raises(PreventUpdate):
        polled(JOB, before=data)


def test_a_page_that_waits_hears_even_the_same_again() -> None:
    data = polled(JOB)[0]
    run = {"at": time.time()}
    assert polled(JOB, run=run, before=data)[0]["jobs"] == data["jobs"]
    for result in ({"key": "k", "spec": "{}"}, {"error": "No."}):
        with pytest.raises(PreventUpdate):
            polled(JOB, run=run, result=result, before=data)


def test_cancel_reaches_the_job_whose_button_was_pressed() -> None:
    server, jobs = Flask("test"), Jobs(JOB)
    server.extensions[MANAGER] = jobs
    prop = f'{{"key":"{JOB.key}","role":"cancel-job"}}.n_clicks'
    context_value.set(AttributeDict(triggered_inputs=[{"prop_id": prop, "value": 1}]))
    with server.app_context():
        tray.cancel_job([None])
        assert jobs.cancelled == []
        tray.cancel_job([1])
    assert jobs.cancelled == [JOB.key]


def test_a_job_without_a_request_is_not_listed() -> None:
    searching, ended = Job("b" * 64, "data", "search", "search", ""), Job("c" * 64, "data", "s", "s", "", "done")
    data, _, _, count, _ = polled(JOB, searching, ended)
    assert [row["key"] for row in data["jobs"]] == [JOB.key]
    assert count == "1 job"


BACKTEST = BacktestSpec(
    market=MarketSpec(symbols=("AAPL",)), strategy=SmaCross(), costs=Costs(commission=5, slippage=3)
)
RUN = Job("d" * 64, "backtest", "backtest", BACKTEST.label(), canonical_json(BACKTEST), "done")
COSTS = CostCurveSpec(backtest=BACKTEST)
BESIDE = Job("e" * 64, "backtest", COSTS.kind, COSTS.label(), canonical_json(COSTS), "done")


def test_a_job_beside_a_run_is_a_line_under_it() -> None:
    data, shown, *_ = polled(BESIDE, JOB, RUN)
    assert [row["of"] for row in data["jobs"]] == ["", BACKTEST.label(), ""]
    told = text(shown)
    assert told.count(BACKTEST.label()) == 1
    assert told.index(BACKTEST.label()) < told.index("Costs")
    assert "Costs of" not in told


def test_a_job_beside_a_run_that_was_read_names_that_run() -> None:
    _, shown, *_ = polled(BESIDE)
    assert "Costs" in text(shown)
    assert BACKTEST.label() in text(shown)


def test_jobs_beside_runs_leave_room_for_the_others() -> None:
    others = [replace(RUN, key=f"{place:064x}", kind="market", spec=canonical_json(MarketSpec(symbols=(f"S{place}",))))
              for place in range(tray.SHOWN)]  # fmt: skip
    beside = [replace(BESIDE, key=f"{100 + place:064x}") for place in range(5)]
    assert len(polled(*beside, RUN, *others)[0]["jobs"]) == len(beside) + 1 + tray.SHOWN - 1


def test_what_ran_on_the_command_line_is_listed() -> None:
    request = MarketSpec()
    with listed(request):
        assert job_list.ended(1) == []
    assert job_list.ended(1) == []  # it was computed at once: no job
    with listed(CheckQuality()):
        pass
    with pytest.raises(DataError), listed(CheckQuality()):
        raise DataError("No bars.")
    (job,) = job_list.ended(5)  # an action has one key
    assert (job.status, job.message, job.kind) == ("failed", "No bars.", CheckQuality().kind)
    assert job.started is not None
    assert job.finished is not None
    assert job.finished >= job.started


def told(request: Any) -> Job:
    """The job of ``request`` as others hear of it, once they have."""
    limit = time.monotonic() + 10
    while not (found := elsewhere.active()) or not found[0].message.endswith("Reading"):
        assert time.monotonic() < limit, "nobody heard of the job"
        time.sleep(0.01)
    return found[0]


def test_what_runs_on_the_command_line_is_listed_while_it_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(elsewhere, "EVERY", 0.01)
    request = CheckQuality()
    with listed(request) as progress:
        progress(0.25, "Reading")
        job = told(request)
        assert (job.status, job.fraction, job.label) == ("running", 0.25, request.label())
        data, shown, *_ = polled(job)
        assert data["jobs"][0]["cancels"] is False
        assert "On the command line: Reading" in text(shown)
        assert "Cancel" not in text(shown), "the server cannot stop it"
        assert "Cancel" in text(polled(JOB)[1])
        monkeypatch.setattr(elsewhere, "LOST", -1.0)
        assert elsewhere.active() == [], "whose process was killed says no more"
        monkeypatch.undo()
    assert elsewhere.active() == []
    assert job_list.ended(1)[0].status == "done"
