"""The process that predicts: many ask at once, it is started again where it was lost, and ends with its server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from engine.models.service import registered
from engine.models.service.latency import Latencies
from engine.models.service.predictor import UNAVAILABLE, Predictor
from tests.support.served import served
from tests.support.workspace import Workspace


@pytest.fixture
def predictor(workspace: Workspace) -> Iterator[Predictor]:
    registered.add(served("ONE"), "mine")
    found = Predictor()
    yield found
    found.close()


def body(value: float) -> bytes:
    columns = registered.load("mine").columns
    return json.dumps({"model": "mine", "features": [dict.fromkeys(columns, value)]}).encode()


def children() -> list[psutil.Process]:
    """The processes that predict for this one."""
    return [item for item in psutil.Process().children() if "engine.models.service.process" in item.cmdline()]


def test_many_ask_at_once_and_each_gets_its_own(predictor: Predictor) -> None:
    bodies = [body(value) for value in (-50.0, 0.0, 50.0)] + [b"nonsense"]
    alone = [predictor.ask(item) for item in bodies]
    assert [reply.status for reply in alone] == [200, 200, 200, 400]
    with ThreadPoolExecutor(8) as pool:
        together = list(pool.map(predictor.ask, bodies * 20))
    assert together == alone * 20
    assert len(children()) == 1


def test_a_process_that_is_lost_costs_one_answer_and_is_started_again(predictor: Predictor) -> None:
    assert predictor.ask(body(0.0)).status == 200
    (process,) = children()
    process.kill()
    lost = predictor.ask(body(0.0))
    assert lost.status == UNAVAILABLE
    assert "Send it again" in json.loads(lost.body)["error"]
    assert predictor.ask(body(0.0)).status == 200


def test_it_ends_when_it_is_closed(predictor: Predictor) -> None:
    predictor.start()
    (process,) = children()
    predictor.close()
    assert not process.is_running()
    predictor.close()  # twice is no harm


def test_what_takes_too_long_is_ended(workspace: Workspace) -> None:
    hasty = Predictor(timeout=0.001)
    assert hasty.ask(b"").status == UNAVAILABLE  # no process starts as quickly
    hasty.close()
    assert children() == []


def test_latencies_are_percentiles_of_what_was_answered() -> None:
    found = Latencies()
    assert found.summary()["median_ms"] is None
    for place in range(1, 101):
        found.note(place / 1000, is_answered=True)
    found.note(5.0, is_answered=False)
    summary = found.summary()
    assert (summary["median_ms"], summary["p99_ms"]) == (50.0, 99.0)
    assert (summary["answered"], summary["refused"]) == (100, 1)
