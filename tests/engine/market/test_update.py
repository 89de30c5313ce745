"""Updates of stored bars: only what is new is fetched, unless a provider has restated what it sent before."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError
from engine.market import download
from engine.market.bars import Bars
from engine.market.fetching import FetchRequest
from engine.market.sources.stored import Stored, save
from engine.market.update.run import perform
from engine.market.update.spec import Update
from tests.support.market import random_walk
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.usefixtures("workspace")

CLOSES: list[float | None] = (100 * np.exp(np.cumsum(np.random.default_rng(6).normal(0, 0.01, 300)))).tolist()


@pytest.fixture
def yahoo(yahoo: Yahoo) -> Yahoo:
    """The stand-in with A and B, both fetched without their last day."""
    yahoo.listed = {name: Listed("2024-01-01", CLOSES[:299]) for name in "AB"}
    download.fetch(FetchRequest(source="yahoo", symbols=("A", "B")))
    for item in yahoo.listed.values():
        item.closes = list(CLOSES)
    yahoo.asked.clear()
    return yahoo


def stored(name: str) -> Bars:
    series = Stored().find("yahoo", name, "1d")
    assert series is not None
    return Stored().read(series)


def test_only_what_is_new_is_fetched(yahoo: Yahoo) -> None:
    report = perform(Update())
    assert report.summary() == {"series": {"stored": 2}, "bars_added": 2, "refetched": 0, "failed": {}}
    assert stored("A").close.tolist() == CLOSES
    (query,) = yahoo.charts("A")
    last = yahoo.listed["A"].days()[298]
    assert 14 <= (yahoo.listed["A"].moment(last, 0, 0) - int(query["period1"])) / 86_400 < 15
    assert perform(Update()).summary()["series"] == {"unchanged": 2}


def test_a_restated_series_is_fetched_whole(yahoo: Yahoo) -> None:
    adjusted: list[float | None] = [None if value is None else value * 0.99 for value in CLOSES[:299]]
    yahoo.listed["A"].adjusted = [*adjusted, CLOSES[299]]
    report = perform(Update())
    assert (report.refetched, report.failed) == (1, ())
    assert stored("A").adj_close.tolist() == [*adjusted, CLOSES[299]]
    assert stored("B").adj_close.tolist() == CLOSES


def test_a_series_that_fails_keeps_its_bars_and_costs_no_other(yahoo: Yahoo) -> None:
    yahoo.fail("A", *[500] * 4)
    report = perform(Update())
    assert [(item.outcome.symbol, item.outcome.status) for item in report.series] == [
        ("A", "source failed"),
        ("B", "stored"),
    ]
    assert list(report.summary()["failed"]) == ["yahoo: A, 1d"]  # type: ignore[call-overload]
    assert (len(stored("A")), len(stored("B"))) == (299, 300)


def test_symbols_and_collections_are_chosen(yahoo: Yahoo) -> None:
    assert [item.outcome.symbol for item in perform(Update(symbols=("B",))).series] == ["B"]
    with pytest.raises(DataError, match="None of the stored bars in the collection mine were fetched"):
        perform(Update(collection="mine"))


def test_bars_of_a_source_that_is_gone_are_named(yahoo: Yahoo) -> None:
    save(random_walk(50, collection="lost", symbol="X", source="stored", provider="a_plug_in"))
    report = perform(Update())
    (lost,) = report.failed
    assert (lost.collection, lost.outcome.symbol, lost.outcome.status) == ("lost", "X", "not reached")
    assert "There is no source 'a_plug_in'." in lost.outcome.sentence
    assert len(stored("A")) == 300


def test_bars_that_nobody_fetched_are_left_alone(yahoo: Yahoo) -> None:
    save(random_walk(50, collection="own", symbol="X"))
    assert {item.collection for item in perform(Update()).series} == {"yahoo"}


def test_an_update_can_be_cancelled(yahoo: Yahoo) -> None:
    def cancel(*_: object) -> None:
        raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        perform(Update(), cancel)


def test_labels_name_what_is_updated() -> None:
    assert Update().label() == "Update of all symbols"
    assert Update(symbols=("A", "B"), collection="mine").label() == "Update of A, B in mine"
