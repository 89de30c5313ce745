"""Requests that are kept for their links: each once, the newest, and those of runs for good."""

from __future__ import annotations

import pytest

from engine.core import permalinks
from engine.core.database import connect

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture(autouse=True)
def few(monkeypatch: pytest.MonkeyPatch) -> None:
    """No more than two are kept, and time passes."""
    monkeypatch.setattr(permalinks, "MAXIMUM_LINKS", 2)
    moments = iter(range(1, 99))
    monkeypatch.setattr(permalinks.time, "time", lambda: float(next(moments)))


def test_the_newest_are_kept_and_the_same_text_counts_as_new() -> None:
    one, two = permalinks.store("one"), permalinks.store("two")
    assert permalinks.store("one") == one
    three = permalinks.store("three")
    assert [permalinks.find(key) for key in (one, two, three)] == ["one", None, "three"]


def test_those_of_runs_stay_and_take_no_others_place() -> None:
    with connect() as database:
        database.execute("INSERT INTO runs VALUES ('key', 'backtest', 'A run', 'one', 0, 0)")
    keys = [permalinks.store(text) for text in ("one", "two", "three", "four")]
    assert [permalinks.find(key) for key in keys] == ["one", None, "three", "four"]
