"""Faults of a series: each is found, counted and placed; a clean series has none."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.quality import check
from tests.support.market import make_bars, random_walk


def broken(name: str, at: int | slice | list[int], value: float, count: int = 100) -> Bars:
    """A clean series with one column spoilt."""
    bars = random_walk(count)
    values = getattr(bars, name).copy()
    values[at] = value
    return replace(bars, **{name: values})


def found(bars: Bars) -> dict[str, tuple[int, int]]:
    return {finding.name: (finding.count, finding.first) for finding in check(bars)}


def test_clean_series_has_no_findings() -> None:
    assert check(random_walk(500)) == ()


@pytest.mark.parametrize(
    ("name", "at", "value", "expected"),
    [
        ("close", 7, np.nan, {"close": (1, 7)}),
        ("close", [7, 9], 0.0, {"close": (2, 7), "range": (2, 7)}),
        ("close", 7, -37.63, {"close": (1, 7), "range": (1, 7)}),
        ("open", [3, 4, 50], np.nan, {"gap in prices": (3, 3)}),
        ("high", 5, np.nan, {"gap in prices": (1, 5)}),
        ("high", 5, 1.0, {"range": (1, 5)}),
        ("low", 5, 1e6, {"range": (1, 5)}),
        ("open", 5, 1e6, {"range": (1, 5)}),
        ("volume", 0, -1.0, {"volume": (1, 0)}),
        ("volume", 99, np.nan, {"volume": (1, 99)}),
        ("adj_close", slice(60, None), 1e9, {"jump": (1, 60)}),
    ],
)
def test_fault_is_found_counted_and_placed(
    name: str, at: int | slice | list[int], value: float, expected: dict[str, tuple[int, int]]
) -> None:
    assert found(broken(name, at, value)) == expected


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_adjusted_close_that_cannot_be_is_no_warning_of_numpy(value: float) -> None:
    check(broken("adj_close", 50, value))


def test_time_that_stands_still_or_runs_back_is_found() -> None:
    bars = random_walk(10)
    time = bars.time.copy()
    time[4] = time[3]
    time[8] = time[0]
    assert found(replace(bars, time=time)) == {"order": (1, 8), "twice": (1, 4)}


def test_what_a_series_is_refused_for_comes_first_and_alone_where_nothing_else_can_be_looked_for() -> None:
    bars = broken("close", [2, 3], np.inf, 10)
    assert found(bars)["infinite"] == (2, 2)
    assert check(bars)[0].sentence.startswith("2 of its 10 rows have infinite values (close): row 3 (2020-01-03), row ")
    time = bars.time.copy()
    time[4] = "NaT"
    assert found(replace(bars, time=time)) == {"time": (1, 4)}
    assert found(replace(bars, close=bars.close[:-1])) == {"columns": (10, 0)}


def test_unadjusted_split_is_a_jump_and_an_adjusted_one_is_none() -> None:
    close = np.concatenate([np.full(10, 100.0), np.full(10, 50.0)])
    assert found(make_bars(close, open=close * 1.001)) == {"jump": (1, 10)}
    assert found(make_bars(close, open=close * 1.001, adj_close=np.full(20, 50.0))) == {}


@pytest.mark.parametrize(("move", "jumps"), [(1.39, 0), (1.41, 1), (0.61, 0), (0.59, 1)])
def test_jump_is_forty_percent_either_way(move: float, jumps: int) -> None:
    close = np.array([100.0, 100.0, 100.0 * move])
    assert found(make_bars(close, open=close * 1.001)) == ({"jump": (1, 2)} if jumps else {})


def test_opens_at_the_last_close_are_found_where_they_are_the_rule() -> None:
    bars = random_walk(100)
    stale = np.concatenate(([bars.close[0]], bars.close[:-1]))
    lined = replace(bars, open=stale, high=np.maximum(stale, bars.close), low=np.minimum(stale, bars.close))
    assert found(lined) == {"stale open": (99, 1)}
    assert found(replace(lined, series=replace(lined.series, interval="1h"))) == {}


def test_what_a_series_does_not_have_is_no_fault() -> None:
    bars = random_walk(20, has_ohlc=False, has_volume=False)
    nothing = np.full(20, np.nan)
    assert check(replace(bars, open=nothing, high=nothing, low=nothing, volume=nothing)) == ()


@pytest.mark.parametrize("count", [0, 1, 2])
def test_shortest_series_can_be_checked(count: int) -> None:
    assert check(random_walk(count)) == ()


def test_sentences_count_in_words() -> None:
    assert [finding.sentence for finding in check(broken("open", 5, np.nan))] == ["1 bar without open, high or low."]
    many = check(broken("volume", slice(None), np.nan, count=2000))
    assert [finding.sentence for finding in many] == ["2,000 bars without a volume."]
