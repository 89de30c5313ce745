"""Requests for predictions: each gets its answer, whatever the others of the batch are."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.models.service import registered
from engine.models.service.forecast import predict, predict_rows
from engine.models.service.requests import Loaded, Reply, answers
from tests.support.market import random_walk
from tests.support.served import served, trained
from tests.support.workspace import in_force


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Loaded]:
    """Models under the names ``up`` (two features) and ``other``, in force for the module."""
    with in_force(tmp_path_factory.mktemp("service")):
        registered.add(served("ONE"), "up")
        registered.add(served("ONE", seed=1), "other")
        yield Loaded()


def asked(loaded: Loaded, *requests: object) -> list[tuple[int, Any]]:
    """The status and the plain answer of each of these requests, sent together."""
    found = answers([item if isinstance(item, bytes) else json.dumps(item).encode() for item in requests], loaded)
    assert all(isinstance(reply, Reply) for reply in found)
    return [(reply.status, json.loads(reply.body)) for reply in found]


def features(loaded: Loaded, *rows: list[float | None], model: str = "up") -> dict[str, Any]:
    columns = loaded.get(model)[1].columns
    return {"model": model, "features": [dict(zip(columns, row, strict=True)) for row in rows]}


def test_requests_sent_together_are_answered_as_alone(loaded: Loaded) -> None:
    rows = np.random.default_rng(0).normal(size=(6, 2))
    requests = [
        features(loaded, *rows[:2].tolist()),
        features(loaded, *rows[2:3].tolist(), model="other"),
        {"model": "nobody", "features": [{}]},
        features(loaded, *rows[3:].tolist()),
    ]
    together = asked(loaded, *requests)
    assert together == [asked(loaded, request)[0] for request in requests]
    assert [status for status, _ in together] == [200, 200, 404, 200]
    whole = predict_rows(loaded.get("up")[1], rows)
    got = [item["prediction"] for at in (0, 3) for item in together[at][1]["predictions"]]
    assert got == whole[[0, 1, 3, 4, 5]].tolist()


def test_a_version_that_came_between_name_and_file_is_not_taken_for_it(
    loaded: Loaded, monkeypatch: pytest.MonkeyPatch
) -> None:
    older, newer = registered.load("up"), registered.load("other")
    registered.add(older, "racing")
    resolved = registered.resolved

    def overtaken(reference: str) -> registered.Registered | str:
        found = resolved(reference)
        registered.add(newer, "racing")
        return found

    monkeypatch.setattr(registered, "resolved", overtaken)
    fresh = Loaded()
    assert fresh.get("racing")[1].card.run == older.card.run
    assert fresh.get("racing@1")[1].card.run == older.card.run
    assert fresh.get("racing")[1].card.run == newer.card.run


def test_a_symbol_of_digits_may_be_a_number(loaded: Loaded) -> None:
    bars = random_walk(200, 0, symbol="ONE")
    known = zip(bars.time, bars.close, strict=True)
    rows = [{"time": str(time)[:10], "close": close, "symbol": 7203} for time, close in known]
    ((status, answer),) = asked(loaded, {"model": "up", "bars": rows})
    assert (status, answer["predictions"][0]["symbol"]) == (200, "7203")


def test_bars_are_predicted_as_by_the_engine(loaded: Loaded) -> None:
    bars = random_walk(200, 0, symbol="ONE")
    names = ("open", "high", "low", "close", "volume")
    columns = [getattr(bars, name).tolist() for name in names]
    rows = [
        {"time": str(time)[:10], "symbol": "ONE", **dict(zip(names, row, strict=True))}
        for time, row in zip(bars.time, zip(*columns, strict=True), strict=True)
    ]
    ((status, found),) = asked(loaded, {"model": "up", "bars": rows, "last": 3})
    assert status == 200
    expected = predict(loaded.get("up")[1], [bars], last=3)
    assert [row["prediction"] for row in found["predictions"]] == expected.prediction.tolist()
    assert found["predictions"][-1]["time"] == str(bars.time[-1])[:10]
    assert found["classes"] == ["down", "up"]


def test_an_unknown_feature_is_null_and_its_prediction_too(loaded: Loaded) -> None:
    ((status, found),) = asked(loaded, features(loaded, [0.1, None], [0.1, 0.2]))
    assert status == 200
    assert found["predictions"][0]["prediction"] is None
    assert found["predictions"][1]["prediction"] is not None


def test_a_name_follows_its_newest_version(loaded: Loaded) -> None:
    before = loaded.get("other")[0]
    registered.register(trained("ONE", seed=2)[0], "other")
    assert loaded.get("other")[0] != before
    assert loaded.get("other@1")[0] == before


@pytest.mark.parametrize(
    ("request_", "status", "said"),
    [
        (b"", 400, "not JSON"),
        (b"{", 400, "not JSON"),
        (b"\xff\xfe", 400, "not JSON"),
        (b'{"model": "up", "features": [{"a": NaN}]}', 400, "features"),
        (b"[" * 10_000, 400, "not JSON"),
        ([], 400, "cannot be used"),
        ({}, 400, "no field 'model'"),
        ({"model": "up"}, 400, "either 'bars' or 'features'"),
        ({"model": "up", "bars": [{}], "features": [{}]}, 400, "either 'bars' or 'features'"),
        ({"model": "up", "features": []}, 400, "'features'"),
        ({"model": "up", "features": [{"a": "x"}]}, 400, "'features.0.a'"),
        ({"model": "up", "bars": [{"time": "2020-01-01", "close": True}]}, 400, "'bars.0.close"),
        ({"model": "up", "bars": [{}], "last": 0}, 400, "'last'"),
        ({"model": "up", "rows": [{}]}, 400, "no field 'rows'. Available: model, bars"),
        ({"model": "x" * 100, "bars": [{}]}, 400, "'model'"),
        ({"model": "../../etc", "bars": [{}]}, 404, "no model '../../etc'"),
        ({"model": "up", "features": [{}]}, 422, "Row 1 of the request has no"),
        ({"model": "up", "bars": [{"time": "2020-01-01", "close": 1.0}]}, 422, "has 1 bars, and the model needs"),
        ({"model": "up", "bars": [{"time": "x", "close": 1.0, "extra": 1.0}]}, 422, "no column 'extra'"),
        ({"model": "up", "bars": [{"time": "2020-01-01", "close": 1.0}], "timezone": "Mars"}, 422, ""),
    ],
)
def test_what_cannot_be_answered_is_a_sentence(loaded: Loaded, request_: object, status: int, said: str) -> None:
    ((actual, found),) = asked(loaded, request_)
    assert (actual, said in found["error"]) == (status, True), found


def test_a_column_too_many_is_named(loaded: Loaded) -> None:
    request = features(loaded, [0.1, 0.2])
    request["features"][0]["moon"] = 1.0
    ((status, found),) = asked(loaded, request)
    assert status == 422
    assert found["error"].startswith("The model has no feature 'moon'. Available: ")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
FIELDS = {"model": st.just("up") | JSON, "bars": JSON, "features": JSON, "last": JSON, "timezone": JSON, "x": JSON}


@given(request=JSON | st.fixed_dictionaries({}, optional=FIELDS) | st.binary(max_size=30))
def test_whatever_comes_is_answered_and_never_a_failure(loaded: Loaded, request: object) -> None:
    ((status, found),) = asked(loaded, request)
    assert status in (200, 400, 404, 422)
    assert status == 200 or found["error"].endswith((".", "?"))


BAR = st.dictionaries(
    st.sampled_from(["time", "symbol", "open", "close", "volume", "splits", "x"]),
    st.none() | st.floats(allow_nan=False, allow_infinity=False) | st.text(max_size=12) | st.dates().map(str),
    max_size=6,
)


@given(bars=st.lists(BAR, min_size=1, max_size=4))
def test_whatever_bars_come_are_answered_and_never_a_failure(loaded: Loaded, bars: list[dict[str, Any]]) -> None:
    ((status, found),) = asked(loaded, {"model": "up", "bars": bars})
    assert status in (400, 422)  # too few of them at best
    assert found["error"]
