"""Rules and alerts: what breaks them, told once, cleared and acknowledged; and posted to a server of the test's own."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.config import Rules
from engine.core.errors import DataError
from engine.jobs import actions
from engine.market import download
from engine.market.fetching import FetchRequest
from engine.market.sources.stored import save
from engine.models.service import promoted, registered
from engine.models.service.registered import Registered
from engine.models.spec import ModelSpec
from engine.research.service import alerts, webhook
from engine.research.service.drift import Drift
from engine.research.service.monitoring.result import MonitorResult
from engine.research.service.requests import monitor
from engine.research.service.rescoring.spec import Refresh, Rescore
from engine.research.service.rules import Breach, breaches, costs_of, has_own, keep, reset, rules_of
from tests.support.market import random_walk
from tests.support.served import QUICK, trained
from tests.support.workspace import Workspace, in_force
from tests.support.yahoo import Listed, Yahoo

ITEM = Registered("mine", 2, "", "", "", 0.0)
BROKEN = Breach("ic_below", "The rank IC is low.", -0.1, 0.0)


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> MonitorResult:
    with in_force(tmp_path_factory.mktemp("watched")):
        item = registered.register(trained("ONE")[0], "mine")
        save(random_walk(500, 0, symbol="ONE"))
        return engine.run(monitor(item, costs_of(Rules())))


def moved(name: str, by: float, null: float) -> Drift:
    return Drift(name, 100, 0.0, wasserstein=by, wasserstein_null=null)


def test_drift_is_told_where_it_is_large_and_beyond_chance(watched: MonitorResult) -> None:
    inputs = (
        moved("far", 0.9, 0.4),
        moved("farther", 1.2, 0.4),
        moved("by chance", 2.0, 2.5),
        moved("small", 0.3, 0.1),
    )
    calm = replace(watched, inputs=(), output=moved("Prediction", 0.9, 1.0), newest=replace(watched.newest, scores={}))
    assert breaches(calm, Rules()) == ()
    (found,) = breaches(replace(calm, inputs=inputs), Rules())
    assert found.rule == "input_drift"
    assert found.sentence == (
        "2 of 4 inputs of mine@1 have drifted by more than 0.5 σ: farther by 1.20 σ, far by 0.90 σ."
    )
    assert breaches(replace(calm, inputs=inputs), Rules(input_drift=1.5)) == ()
    (found,) = breaches(replace(calm, output=moved("Prediction", 0.9, 0.4)), Rules())
    assert (found.rule, found.value) == ("output_drift", 0.9)


def test_a_low_ic_counts_from_enough_labels_on(watched: MonitorResult) -> None:
    newest = replace(watched.newest, scores={"rank_ic": -0.02}, scored=60)
    calm = replace(watched, inputs=(), output=moved("Prediction", 0.0, 1.0), newest=newest)
    assert [item.rule for item in breaches(calm, Rules())] == ["ic_below"]
    assert breaches(calm, Rules(ic_below=-0.05)) == ()
    assert breaches(calm, Rules(least_labels=61)) == ()
    unknown = replace(newest, scores={"rank_ic": np.nan})
    assert breaches(replace(calm, newest=unknown), Rules()) == ()


def test_an_alert_is_told_once_until_the_rule_was_kept_again(workspace: Workspace) -> None:
    assert [item.sentence for item in alerts.note(ITEM, [BROKEN])] == ["The rank IC is low."]
    assert alerts.note(ITEM, [replace(BROKEN, sentence="It is lower.", value=-0.2)]) == ()
    (shown,) = alerts.unseen()
    assert (shown.sentence, shown.value, shown.model) == ("It is lower.", -0.2, "mine@2")
    assert alerts.acknowledge([shown.id, 999]) == 1
    assert alerts.note(ITEM, [BROKEN]) == ()  # still broken, and known
    assert alerts.unseen() == ()
    assert alerts.note(ITEM, []) == ()
    assert alerts.recent()[0].cleared is not None
    assert len(alerts.note(ITEM, [BROKEN])) == 1


def test_rules_come_from_the_configuration_until_a_model_has_its_own(workspace: Workspace) -> None:
    workspace.configure("cache: cache\nservice: {rules: {input_drift: 0.8, ic_below: 0.01}}\n")
    registered.register(trained("ONE")[0], "mine")
    assert rules_of("mine").input_drift == 0.8
    assert keep("mine", {"input_drift": 0.3}) == Rules(input_drift=0.3, ic_below=0.01)
    assert has_own("mine")
    with pytest.raises(DataError, match="rule 'ic below' cannot be used"):
        keep("mine", {"ic_below": 7})
    with pytest.raises(DataError, match="rule 'input drift' cannot be used"):
        keep("mine", {"input_drift": "much"})
    registered.rename("mine", "ours")
    assert rules_of("ours").input_drift == 0.3
    reset("ours")
    assert rules_of("ours").input_drift == 0.8


@contextmanager
def listening(answer: int = 200, headers: dict[str, str] | None = None) -> Iterator[tuple[str, list[Any]]]:
    """A server of the loopback interface, and what was posted to it."""
    taken: list[Any] = []

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            taken.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
            self.send_response(answer)
            for name, value in (headers or {}).items():
                self.send_header(name, value)
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            return

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/secret", taken
        finally:
            server.shutdown()
            thread.join()


def test_alerts_are_posted_as_json(workspace: Workspace) -> None:
    told = alerts.note(ITEM, [BROKEN])
    with listening() as (address, taken):
        assert webhook.post(address, told) == ""
    (found,) = taken
    assert found["source"] == "stratoscope"
    assert found["text"] == "The rank IC is low."
    assert found["alerts"][0] | {"time": ""} == {
        "model": "mine@2", "rule": "ic_below", "sentence": "The rank IC is low.", "value": -0.1, "threshold": 0.0,
        "time": "",
    }  # fmt: skip


def test_a_webhook_that_fails_is_a_sentence_without_its_secret(workspace: Workspace) -> None:
    told = alerts.note(ITEM, [BROKEN])
    with listening() as (elsewhere, strayed):
        with listening(302, {"Location": elsewhere}) as (address, taken):
            assert "HTTP status 302" in webhook.post(address, told)
        assert taken
        assert not strayed
    with listening(500) as (address, _):
        assert "HTTP status 500" in webhook.post(address, told)
    sentence = webhook.post(address, told, timeout=0.5)  # nobody listens any more
    assert sentence.startswith("The webhook at 127.0.0.1 could not be reached")
    assert "secret" not in sentence


def drifting(workspace: Workspace, address: str) -> None:
    """A promoted model, whose bars are ten times as volatile after its training."""
    workspace.configure(f"cache: cache\nservice: {{webhook: '{address}', rules: {{ic_below: -1}}}}\n")
    registered.register(trained("ONE", count=600)[0], "mine")
    promoted.promote("mine", "champion")
    wild = random_walk(900, 0, symbol="ONE")
    factor = np.ones(900)
    factor[600:] = np.exp(np.random.default_rng(1).normal(0, 0.15, 300).cumsum())
    columns = {name: getattr(wild, name) * factor for name in ("open", "high", "low", "close", "adj_close")}
    save(replace(wild, **columns))


def test_scoring_raises_an_alert_and_posts_it(workspace: Workspace) -> None:
    with listening() as (address, taken):
        drifting(workspace, address)
        report = actions.perform(Rescore()).report
        assert report.models[0].model == "mine@1"
        assert "inputs of mine@1 have drifted" in report.models[0].sentences[0]
        assert report.webhook == ""
        assert len(taken) == 1
        assert actions.perform(Rescore()).report.models[0].sentences == ()
        assert len(taken) == 1
    (shown,) = [item for item in alerts.unseen() if item.rule == "input_drift"]
    assert shown.value > 0.5


def test_a_failed_webhook_or_model_fails_no_score(workspace: Workspace) -> None:
    drifting(workspace, "http://127.0.0.1:9/secret")
    registered.register(trained("GONE", count=400)[0], "other")
    promoted.promote("other", "challenger")
    for seed in range(1):
        save(random_walk(200, seed, symbol="GONE"))  # too few for a bar after the training
    report = actions.perform(Rescore()).report
    assert report.models[0].sentences
    assert "No bar of GONE is stored after" in report.models[1].failed
    assert "could not be reached" in report.webhook
    assert report.summary()["not_scored"] == {"other@1": report.models[1].failed}


def test_an_update_of_bars_scores_what_is_in_service(workspace: Workspace, yahoo: Yahoo) -> None:
    closes: list[float | None] = random_walk(460, 3).close.tolist()
    yahoo.listed = {"A": Listed("2023-01-02", closes[:400])}
    download.fetch(FetchRequest(source="yahoo", symbols=("A",)))
    spec = ModelSpec.parse({"market": {"collection": "yahoo", "symbols": ["A"]}, "model": QUICK, "null_fits": 0})
    engine.run(spec)
    registered.register(engine.run_key(spec), "mine")
    yahoo.listed["A"].closes = closes
    workspace.configure("cache: cache\nservice: {rules: {ic_below: 1, least_labels: 20}}\n")
    assert actions.perform(Refresh(symbols=("A",))).report.models == ()  # none is in service
    promoted.promote("mine", "champion")
    done = actions.perform(Refresh(symbols=("A",)))
    report = done.report
    assert (read := actions.find(done.id)) is not None
    assert read.report == report  # as the page reads it
    assert [item.outcome.status for item in report.series] == ["unchanged"]
    assert "The rank IC of mine@1 on 55 new labels" in report.models[0].sentences[-1]
    assert report.summary()["service"]["scored"] == 1


def test_nothing_in_service_is_said(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="No model is in service"):
        actions.perform(Rescore())
    with pytest.raises(DataError, match="nothing to update"):
        actions.perform(Refresh())
