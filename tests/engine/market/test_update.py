"""Updates of stored bars: only what is new is fetched, unless a provider has restated what it sent before."""

from __future__ import annotations

import numpy as np
import pytest

from engine.core.errors import Cancelled, DataError
from engine.market import download, symbols
from engine.market.bars import Bars
from engine.market.fetching import FetchRequest
from engine.market.sources.stored import Stored, save
from engine.market.update.run import perform
from engine.market.update.spec import Update
from tests.support.market import random_walk
from tests.support.workspace import Workspace
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
    bars, actions = yahoo.charts("A")
    last = yahoo.listed["A"].days()[298]
    assert bars["interval"] == "1d"
    assert 35 <= (yahoo.listed["A"].moment(last, 0, 0) - int(bars["period1"])) / 86_400 < 36
    assert actions["interval"] == "1mo"
    assert perform(Update()).summary()["series"] == {"unchanged": 2}


def test_a_restated_series_is_fetched_whole(yahoo: Yahoo) -> None:
    adjusted: list[float | None] = [None if value is None else value * 0.99 for value in CLOSES[:299]]
    yahoo.listed["A"].adjusted = [*adjusted, CLOSES[299]]
    report = perform(Update())
    assert (report.refetched, report.failed) == (1, ())
    assert stored("A").adj_close.tolist() == [*adjusted, CLOSES[299]]
    assert stored("B").adj_close.tolist() == CLOSES


def adjusted_before(ex: str, factor: float) -> list[float | None]:
    """The closes with those before ``ex`` multiplied, as a provider adjusts them."""
    days = np.array(Listed("2024-01-01", CLOSES).days(), dtype="M8[D]")
    return np.where(days < np.datetime64(ex), np.array(CLOSES, dtype=float) * factor, CLOSES).tolist()


@pytest.mark.parametrize(
    ("first", "told"),
    [(None, 1.5), (1.5, None), (1.5, 1.25)],
    ids=["added", "withdrawn", "corrected"],
)
def test_a_dividend_of_long_ago_is_noticed(yahoo: Yahoo, first: float | None, told: float | None) -> None:
    """Neither a price nor an adjusted close of the overlap changes with it."""
    ex = "2024-05-10"
    for item in yahoo.listed.values():
        item.closes = CLOSES[:299]
    if first:
        yahoo.listed["A"].dividends = {ex: first}
        yahoo.listed["A"].adjusted = adjusted_before(ex, 0.985)[:299]
        download.fetch(FetchRequest(source="yahoo", symbols=("A",)))
    restated = adjusted_before(ex, 0.9) if told else list(CLOSES)
    for item in yahoo.listed.values():
        item.closes = list(CLOSES)
    yahoo.listed["A"].dividends, yahoo.listed["A"].adjusted = {ex: told} if told else {}, restated
    report = perform(Update())
    assert report.summary() == {"series": {"stored": 2}, "bars_added": 2, "refetched": 1, "failed": {}}
    found = stored("A")
    assert found.adj_close.tolist() == restated
    assert found.dividend_per_share is not None
    assert found.dividend_per_share.sum() == (told or 0.0)
    assert perform(Update()).refetched == 0


def test_a_split_of_long_ago_is_noticed(yahoo: Yahoo) -> None:
    """Prices before it halve, and none of the overlap does."""
    ex = "2024-05-10"
    halved = adjusted_before(ex, 0.5)
    yahoo.listed["A"].closes, yahoo.listed["A"].splits = halved, {ex: (2, 1)}
    assert perform(Update()).refetched == 1
    assert stored("A").close.tolist() == halved
    assert stored("B").close.tolist() == CLOSES
    assert perform(Update()).refetched == 0


@pytest.mark.parametrize("interval", ["1w", "1mo"])
def test_longer_bars_are_fetched_whole(yahoo: Yahoo, interval: str) -> None:
    request = FetchRequest.parse({"source": "yahoo", "symbols": ["A"], "interval": interval, "collection": "long"})
    download.fetch(request)
    yahoo.listed["A"].dividends = {"2024-05-10": 1.5}
    perform(Update(collection="long"))
    series = Stored().find("long", "A", interval)
    assert series is not None
    paid = Stored().read(series).dividend_per_share
    assert paid is not None
    assert paid.sum() == 1.5


def test_minutes_of_three_weeks_ago_are_updated(yahoo: Yahoo) -> None:
    """With the usual overlap Yahoo would be asked for days that it has no longer."""
    today = np.datetime64("today", "D")
    yahoo.listed["A"] = Listed(str(np.busday_offset(today - 27, 0, roll="forward")), CLOSES[:15])
    request = {"source": "yahoo", "symbols": ["A"], "interval": "1m", "collection": "short"}
    download.fetch(FetchRequest.parse({**request, "start": str(today - 27), "end": str(today - 20)}))
    report = perform(Update(collection="short"))
    (item,) = report.series
    assert item.outcome.status == "stored", item.outcome.sentence
    assert item.outcome.added >= 390


def test_minutes_that_yahoo_cannot_continue_name_the_way_out(yahoo: Yahoo) -> None:
    today = np.datetime64("today", "D")
    yahoo.listed["A"] = Listed(str(np.busday_offset(today - 10, 0, roll="forward")), CLOSES[:5])
    time = (today - 60).astype("datetime64[ms]") + np.arange(50) * np.timedelta64(1, "m")
    save(random_walk(50, time=time, symbol="A", collection="short", interval="1m", provider="yahoo"))
    report = perform(Update(collection="short"))
    (item,) = report.series
    assert (item.outcome.status, report.refetched) == ("restated", 0)
    assert item.outcome.sentence.endswith("or these bars into another collection.")


def test_what_neither_splits_nor_pays_is_not_asked_for_it(yahoo: Yahoo) -> None:
    yahoo.listed["EURUSD=X"] = Listed("2024-01-01", CLOSES[:299], kind="CURRENCY")
    download.fetch(FetchRequest(source="yahoo", symbols=("EURUSD=X",)))
    yahoo.listed["EURUSD=X"].closes = list(CLOSES)
    yahoo.asked.clear()
    perform(Update(symbols=("EURUSD=X",)))
    assert [query["interval"] for query in yahoo.charts("EURUSD=X")] == ["1d"]


def test_actions_that_cannot_be_compared_are_said_and_cost_no_bar(yahoo: Yahoo) -> None:
    yahoo.fail("A", "none", *[500] * 4)
    report = perform(Update())
    assert report.failed == ()
    assert report.unchecked.startswith("Yahoo's service has trouble at the moment")
    assert (len(stored("A")), len(stored("B"))) == (300, 300)


def test_files_are_compared_whole(workspace: Workspace) -> None:
    """Each is read to its end anyway: an adjusted close of any day may have changed."""
    workspace.configure("cache: cache\nmarket: {files: {folders: [prices]}}\n")
    path = workspace.folder / "prices" / "A.csv"
    path.parent.mkdir()
    days = Listed("2024-01-01", CLOSES).days()

    def write(count: int, adjusted: list[float | None]) -> None:
        rows = [f"{day},{close!r},{other!r}" for day, close, other in zip(days, CLOSES, adjusted, strict=True)]
        path.write_text("\n".join(["Date,Close,Adj Close", *rows[:count]]))

    write(299, CLOSES)
    download.fetch(FetchRequest(source="files", symbols=("A",), collection="yahoo"))
    restated = adjusted_before("2024-05-10", 0.9)
    write(300, restated)
    assert perform(Update()).summary()["bars_added"] == 1
    assert stored("A").adj_close.tolist() == restated


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


def test_more_series_than_a_request_may_name_are_updated(yahoo: Yahoo, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(symbols, "MAXIMUM_SYMBOLS", 1)
    report = perform(Update())
    assert (report.summary()["series"], report.unchecked) == ({"stored": 2}, "")
    assert (len(stored("A")), len(stored("B"))) == (300, 300)


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
