"""Bars of several symbols on one calendar."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.core.errors import DataError
from engine.market import catalog, panel, series_file
from engine.market.common_calendar import calendar, days_at
from engine.market.panel import align, close_panel
from engine.market.quality import edits, repairs
from engine.market.sources import stored
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from tests.support.market import days, make_bars, random_walk
from tests.support.workspace import Workspace


def test_each_symbol_has_its_column_and_what_it_lacks_is_missing() -> None:
    one = make_bars([1.0, 2.0], time=days(2))
    other = make_bars([3.0, 4.0], time=days(2, "2020-01-02"), symbol="OTHER")
    panel = align([other, one])
    assert panel.symbols == ("OTHER", "TEST")
    assert panel.time.tolist() == days(3).tolist() == calendar([one, other]).tolist()
    np.testing.assert_array_equal(panel.close, [[np.nan, 1], [3, 2], [4, np.nan]])


def test_shares_of_a_unit_are_the_last_known_and_what_is_traded_is_the_volume_where_nothing_else_is_said() -> None:
    plain = make_bars([1.0, 1.0, 1.0, 1.0, 1.0], symbol="PLAIN")
    known = {"shares": np.array([0.5, np.nan, 1.0]), "traded": np.array([7.0, np.nan, 9.0])}
    scaled = replace(make_bars([3.0, np.nan, 5.0], time=plain.time[[1, 2, 4]]), **known)
    panel = align([plain, scaled])
    np.testing.assert_array_equal(panel.shares, [[1, 1], [1, 0.5], [1, 0.5], [1, 0.5], [1, 1]])
    np.testing.assert_array_equal(panel.traded[:, 0], panel.volume[:, 0])
    np.testing.assert_array_equal(panel.traded[:, 1], [np.nan, 7, np.nan, np.nan, 9])


def test_same_bars_are_one_panel_that_nobody_can_change() -> None:
    one, other = make_bars([1.0, 2.0]), make_bars([1.0, 2.0])
    panel = align([one])
    assert align((one,)) is panel
    assert align([other]) is not panel
    for name in ("time", "open", "high", "low", "close", "volume", "traded", "shares", "dividends"):
        values = getattr(panel, name)
        with pytest.raises(ValueError, match="read-only"):
            values[0] = values[1]


# -- closes under the cache ------------------------------------------------------------------------------------------


@pytest.fixture
def two(workspace: Workspace) -> MarketSpec:
    """Two stored symbols that share some of their days."""
    save(random_walk(30, symbol="ONE"))
    save(random_walk(30, seed=1, symbol="TWO", time=days(30, "2020-01-11")))
    return MarketSpec(collection="made-up", symbols=("TWO", "ONE"))


@pytest.mark.parametrize("more", [{}, {"start": "2020-01-05", "end": "2020-02-01"}, {"adjustment": "splits"}])
def test_close_panel_has_the_closes_of_the_bars(two: MarketSpec, more: dict[str, str]) -> None:
    spec = MarketSpec.parse(two.model_dump() | more)
    for _ in range(2):  # built, then mapped
        found, wanted = close_panel(spec), align(catalog.load(spec).bars)
        assert found.symbols == ("TWO", "ONE")
        assert found.time.dtype == np.dtype("datetime64[ms]")
        np.testing.assert_array_equal(found.time, wanted.time)
        np.testing.assert_array_equal(found.close, wanted.close)
        with pytest.raises(ValueError, match="read-only"):
            found.close[0, 0] = 1


def test_close_panel_is_built_once_and_again_for_other_bars(two: MarketSpec, monkeypatch: pytest.MonkeyPatch) -> None:
    before = np.array(close_panel(two).close)
    with monkeypatch.context() as patch:
        patch.setattr(panel, "select_closes", None)
        np.testing.assert_array_equal(close_panel(two).close, before)
        with pytest.raises(TypeError):
            close_panel(MarketSpec.parse(two.model_dump() | {"symbols": ["ONE", "TWO"]}))
    save(random_walk(30, seed=2, symbol="ONE"))
    assert (close_panel(two).close[:5, 1] != before[:5, 1]).all()


def test_close_panel_reads_no_more_than_the_closes_of_series_that_are_known_to_be_sound(
    two: MarketSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stored, "read_bars", None)
    assert np.isfinite(close_panel(two).close).sum() == 60


def test_close_panel_refuses_what_the_bars_are_refused_for(two: MarketSpec) -> None:
    bars = random_walk(30, symbol="ONE")
    bars.open[4] = np.inf
    save(bars)
    with pytest.raises(DataError, match=r"ONE in made-up cannot be used: 1 of its 30 rows has infinite values \(open"):
        close_panel(two)


def test_close_panel_has_the_closes_after_repairs(two: MarketSpec) -> None:
    before = np.array(close_panel(two).close)
    supplied = catalog.read_supplied(catalog.find("made-up", "ONE", "1d"))
    repairs.add(supplied, edits.readjust(supplied, 10, 0.5))
    after = close_panel(two).close
    np.testing.assert_array_equal(after[:10, 1], before[:10, 1] * 0.5)
    np.testing.assert_array_equal(after[10:], before[10:])


def test_close_panel_leaves_out_rows_without_a_close_and_cuts_intraday_bars_by_their_days(workspace: Workspace) -> None:
    hours = np.arange("2020-01-01", "2020-01-11", dtype="datetime64[h]")
    for place, zone in enumerate(("America/New_York", "America/New_York", "Asia/Tokyo")):
        bars = random_walk(len(hours), place, time=hours, interval="1h", symbol=f"S{place}", timezone=zone)
        bars.adj_close[place :: 7 + place] = np.nan
        save(bars)
    for symbols in (("S0", "S1"), ("S0", "S1", "S2")):
        about = {"collection": "made-up", "symbols": symbols, "interval": "1h"}
        spec = MarketSpec.parse(about | {"start": "2020-01-03", "end": "2020-01-07"})
        found, wanted = close_panel(spec), align(catalog.load(spec).bars)
        np.testing.assert_array_equal(found.time, wanted.time)
        np.testing.assert_array_equal(found.close, wanted.close)
        np.testing.assert_array_equal(found.days, days_at(catalog.select(spec), found.time))


def test_close_panel_of_an_unknown_symbol_or_an_empty_range_is_refused(two: MarketSpec) -> None:
    with pytest.raises(DataError, match="'THREE' is not in the collection"):
        close_panel(MarketSpec(collection="made-up", symbols=("ONE", "THREE")))
    for _ in range(2):
        with pytest.raises(DataError, match="TWO has no bars"):
            close_panel(MarketSpec.parse(two.model_dump() | {"end": "2020-01-05"}))


def test_a_known_panel_asks_for_each_file_once_and_for_a_changed_one_again(
    two: MarketSpec, monkeypatch: pytest.MonkeyPatch
) -> None:
    close_panel(two)
    asked: list[str] = []
    version_of = series_file.version_of
    monkeypatch.setattr(series_file, "version_of", lambda path: asked.append(path) or version_of(path))
    known = close_panel(two).close.tolist()
    assert len(asked) == len(set(asked)) == 2
    save(random_walk(30, seed=2, symbol="ONE"))
    assert close_panel(two).close.tolist() != known
