"""Checks of bars alone: each planted fault is found, counted and placed; a clean series is silent."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from engine.market.bars import Bars
from engine.market.quality import checks
from engine.market.quality.check import ABOUT, FAMILIES, check
from engine.market.quality.edits import apply
from engine.market.quality.finding import SEVERITIES, Finding
from tests.support.market import days, make_bars, random_walk


def changed(bars: Bars, name: str, at: object, value: object) -> Bars:
    """``bars`` with one column spoilt."""
    values = getattr(bars, name).copy()
    values[at] = value
    return replace(bars, **{name: values})


def broken(name: str, at: object, value: float, count: int = 100) -> Bars:
    return changed(random_walk(count), name, at, value)


def found(bars: Bars) -> dict[str, tuple[int, int | None]]:
    return {finding.name: (finding.count, finding.first) for finding in check(bars)}


def only(bars: Bars) -> Finding:
    (finding,) = check(bars)
    return finding


def mended(bars: Bars) -> Bars:
    """``bars`` after every repair that is proposed."""
    return apply(bars, [edit for finding in check(bars) for edit in finding.repairs])


def test_every_family_is_listed() -> None:
    files = {path.stem for path in Path(str(checks.__file__)).parent.glob("*.py")} - {"__init__"}
    assert files == {family.search.__module__.rpartition(".")[2] for family in FAMILIES}


@pytest.mark.parametrize("seed", range(10))
def test_clean_series_has_no_findings(seed: int) -> None:
    assert check(random_walk(2000, seed)) == ()


@pytest.mark.parametrize(
    ("name", "at", "value", "expected"),
    [
        ("close", 7, np.nan, {"no close": (1, 7)}),
        ("open", [3, 4, 50], np.nan, {"gap in prices": (3, 3)}),
        ("high", 5, np.nan, {"gap in prices": (1, 5)}),
        ("high", 5, 1.0, {"low above high": (1, 5)}),
        ("low", 5, 1e6, {"low above high": (1, 5)}),
        ("open", 5, 1e6, {"range": (1, 5)}),
        ("volume", 0, -1.0, {"volume": (1, 0)}),
        ("volume", 99, np.nan, {"volume": (1, 99)}),
        ("volume", [4, 9], 0.0, {"zero volume": (2, 4)}),
        ("volume", slice(None), 0.0, {"zero volume": (100, 0)}),
    ],
)
def test_fault_is_found_counted_and_placed(
    name: str, at: object, value: float, expected: dict[str, tuple[int, int]]
) -> None:
    assert found(broken(name, at, value)) == expected


@pytest.mark.parametrize("value", [0.0, -37.63])
def test_close_without_a_price_is_grave(value: float) -> None:
    finding = next(item for item in check(broken("close", [7, 9], value)) if item.name == "close")
    assert (finding.count, finding.first, finding.severity) == (2, 7, "grave")


@pytest.mark.parametrize("value", [0.0, -1.0, np.nan])
def test_adjusted_close_that_cannot_be_is_no_warning_of_numpy(value: float) -> None:
    check(broken("adj_close", 50, value))


def test_range_is_grave_where_prices_are_far_from_it_or_many() -> None:
    bars = random_walk(1000)
    near, far = (changed(bars, "open", 5, bars.high[5] * step) for step in (1.01, 1.1))
    assert (only(near).name, only(near).severity) == ("range", "warning")
    assert (only(far).name, only(far).severity) == ("range", "grave")
    many = changed(bars, "open", slice(0, 20), bars.high[:20] * 1.001)
    assert (only(many).count, only(many).severity) == (20, "grave")


def test_low_and_high_that_are_exchanged_are_swapped_back() -> None:
    bars = random_walk(100)
    low, high = bars.low.copy(), bars.high.copy()
    low[40], high[40] = bars.high[40] * 1.01, bars.low[40] * 0.99
    swapped = replace(bars, low=low, high=high)
    assert found(swapped) == {"low above high": (1, 40)}
    assert check(mended(swapped)) == ()


def test_time_that_stands_still_or_runs_back_is_found_alone() -> None:
    bars = random_walk(10)
    time = bars.time.copy()
    time[4], time[8] = time[3], time[0]
    assert found(replace(bars, time=time)) == {"order": (1, 8), "twice": (1, 4)}


def test_copies_of_a_bar_are_dropped_and_contradictions_are_not() -> None:
    bars = random_walk(20)
    rows = np.array([*range(10), 9, *range(10, 20), 19])
    twice = replace(bars, **{name: values[rows] for name, values in bars._columns().items()})
    assert found(twice) == {"twice": (2, 10)}
    assert mended(twice).digest() == bars.digest()
    other = changed(twice, "close", 10, 1.0)
    assert len(mended(other)) == 21


def test_what_a_series_is_refused_for_comes_first() -> None:
    bars = broken("close", [2, 3], np.inf, 10)
    assert found(bars)["infinite"] == (2, 2)
    assert check(bars)[0].sentence.startswith("2 of its 10 rows have infinite values (close): row 3 (2020-01-03), row ")
    time = bars.time.copy()
    time[4] = "NaT"
    assert found(replace(bars, time=time)) == {"time": (1, 4)}
    assert found(replace(bars, close=bars.close[:-1])) == {"columns": (10, 0)}


# -- moves -----------------------------------------------------------------------------------------------------------


def with_split(bars: Bars, at: int, ratio: float, *, adjusted: bool) -> Bars:
    """``bars``, whose prices show a split; the adjusted close follows it, or not."""
    factor = np.where(np.arange(len(bars)) < at, 1.0, 1 / ratio)
    prices = {name: getattr(bars, name) * factor for name in ("open", "high", "low", "close")}
    adj_close = bars.close / ratio if adjusted else prices["close"].copy()
    return replace(bars, **prices, adj_close=adj_close)


def calm(count: int = 400, seed: int = 1) -> Bars:
    """A walk of 1% a bar whose opens are near the last close."""
    random = np.random.default_rng(seed)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.01, count)))
    return make_bars(close, open=np.concatenate([close[:1], close[:-1]]) * np.exp(random.normal(0, 0.001, count)))


@pytest.mark.parametrize("ratio", [2.0, 3.0, 1.5, 7.0, 20.0, 0.1])
def test_split_is_found_where_the_adjusted_close_does_not_follow(ratio: float) -> None:
    bars = calm()
    assert check(with_split(bars, 200, ratio, adjusted=True)) == ()
    missing = with_split(bars, 200, ratio, adjusted=False)
    finding = only(missing)
    assert (finding.name, finding.severity, finding.rows.tolist()) == ("missing split", "grave", [200])
    whole = mended(missing)
    assert check(whole) == ()
    np.testing.assert_allclose(whole.adj_close, bars.close / ratio)


def test_split_that_is_adjusted_for_twice_is_found_and_undone() -> None:
    bars = calm()
    adj_close = np.where(np.arange(400) < 200, bars.close / 4, bars.close)
    finding = only(replace(bars, adj_close=adj_close))
    assert (finding.name, finding.severity, finding.rows.tolist()) == ("doubled split", "grave", [200])
    np.testing.assert_allclose(mended(replace(bars, adj_close=adj_close)).adj_close, bars.close, rtol=0.02)


def test_reported_split_is_none_that_is_missing() -> None:
    split = with_split(calm(), 200, 2.0, adjusted=True)
    reported = replace(split, splits=np.ones(400), dividend_per_share=np.zeros(400))
    assert "missing split" not in found(reported)
    known = replace(reported, splits=np.where(np.arange(400) == 200, 2.0, 1.0))
    assert check(known) == ()


def test_crash_to_a_half_is_a_jump_and_no_split() -> None:
    """Its fall lies in the bar, and its volume is a multiple of the usual."""
    bars = calm()
    factor = np.where(np.arange(400) < 200, 1.0, 0.5)
    close = bars.close * factor
    open = np.concatenate([close[:1], close[:-1]])
    crash = replace(bars, open=open, high=np.maximum(open, close), low=np.minimum(open, close), close=close)
    crash = replace(crash, adj_close=close.copy())
    assert found(replace(crash, open=open * 1.0001))["jump"] == (1, 200)
    assert "missing split" not in found(crash)
    gap = replace(with_split(bars, 200, 2.0, adjusted=False), volume=np.where(np.arange(400) == 200, 2e4, 1e3))
    assert found(gap) == {"jump": (1, 200)}


@pytest.mark.parametrize(("move", "jumps"), [(1.35, 0), (1.45, 1), (0.63, 0), (0.55, 1)])
def test_jump_is_forty_percent_either_way(move: float, jumps: int) -> None:
    close = calm().close * np.where(np.arange(400) < 200, 1.0, move)
    news = np.where(np.arange(400) == 200, 1e4, 1e3)
    moved = replace(make_bars(close, open=close * 1.001), volume=news)
    assert [item.name for item in check(moved)] == ["jump"] * jumps


def test_volatile_series_has_no_jumps() -> None:
    random = np.random.default_rng(3)
    assert check(make_bars(np.exp(np.cumsum(random.normal(0, 0.3, 500))), has_ohlc=False, kind="index"))[0].name == (
        "closes only"
    )
    assert "jump" not in found(make_bars(np.exp(np.cumsum(random.normal(0, 0.3, 500)))))


@pytest.mark.parametrize("length", [1, 2, 3])
@pytest.mark.parametrize("factor", [2.2, 0.45])
def test_bad_print_is_a_spike(length: int, factor: float) -> None:
    bars = calm()
    close = bars.close.copy()
    close[100 : 100 + length] *= factor
    finding = only(make_bars(close, open=close * 1.0001))
    assert (finding.name, finding.severity, finding.rows.tolist()) == ("spike", "grave", list(range(100, 100 + length)))


@pytest.mark.parametrize("blocks", [[(50, 60)], [(0, 30)], [(380, 400)], [(50, 60), (200, 201)]])
@pytest.mark.parametrize("factor", [100.0, 0.01])
def test_hundredfold_blocks_are_found_and_divided(blocks: list[tuple[int, int]], factor: float) -> None:
    bars = replace(calm(), series=replace(calm().series, currency="GBP", timezone="Europe/London"))
    scale = np.ones(400)
    for first, stop in blocks:
        scale[first:stop] = factor
    columns = {name: getattr(bars, name) * scale for name in ("open", "high", "low", "close", "adj_close")}
    mixed = replace(bars, **columns)
    finding = only(mixed)
    assert (finding.name, finding.severity) == ("hundredfold", "grave")
    assert finding.rows.tolist() == np.flatnonzero(scale != 1).tolist()
    assert len(finding.repairs) == len(blocks)
    assert "pounds and pence" in finding.sentence
    assert check(mended(mixed)) == ()
    np.testing.assert_allclose(mended(mixed).close, bars.close, rtol=1e-12)


def test_only_columns_of_the_wrong_unit_are_divided() -> None:
    bars = calm()
    close = bars.close.copy()
    close[50:60] *= 100
    mixed = replace(bars, close=close, high=np.maximum(bars.high, close))
    (finding,) = (item for item in check(mixed) if item.name == "hundredfold")
    assert finding.repairs[0].columns == ("high", "close")
    np.testing.assert_allclose(mended(mixed).adj_close, bars.adj_close)
    np.testing.assert_allclose(mended(mixed).open, bars.open)


def test_symbol_of_another_company_is_found_by_its_gap_and_level() -> None:
    close = np.concatenate([calm(200).close, 8 * calm(200, 2).close])
    time = np.concatenate([days(200, "2010-01-01"), days(200, "2014-01-01")])
    findings = {item.name: item for item in check(make_bars(close, open=close * 1.001, time=time))}
    assert set(findings) == {"another company", "hole"}
    assert findings["another company"].severity == "grave"
    assert findings["another company"].rows.tolist() == list(range(200))
    same = np.concatenate([calm(200).close, calm(200).close])
    assert set(found(make_bars(same, open=same * 1.001, time=time))) == {"hole"}


# -- adjustments -----------------------------------------------------------------------------------------------------


def paying(times: tuple[int, ...] = (100, 200, 300), *, follow: dict[int, int] | None = None) -> Bars:
    """A series with reported dividends of 1%, of which the adjusted close follows each ``follow`` times, once by
    default.
    """
    bars = calm()
    cash = np.zeros(400)
    ratio = np.ones(400)
    for at in times:
        cash[at] = 0.01 * bars.close[at - 1]
        ratio[:at] *= 0.99 ** (follow or {}).get(at, 1)
    return replace(bars, adj_close=bars.close * ratio, splits=np.ones(400), dividend_per_share=cash)


def test_dividends_that_the_adjusted_close_follows_are_no_finding() -> None:
    assert check(paying()) == ()


def test_missing_and_doubled_dividends_are_told_apart() -> None:
    findings = {item.name: item for item in check(paying(follow={100: 0, 300: 2}))}
    assert {name: item.rows.tolist() for name, item in findings.items()} == {
        "missing adjustment": [100],
        "doubled adjustment": [300],
    }
    assert "1.00% of the price" in findings["missing adjustment"].effect
    assert findings["doubled adjustment"].severity == "grave"


def test_step_of_the_adjusted_close_without_an_event_is_found() -> None:
    bars = paying()
    adj_close = bars.adj_close.copy()
    adj_close[:250] *= 1.05
    assert found(replace(bars, adj_close=adj_close)) == {"adjustment": (1, 250)}


# -- trading ---------------------------------------------------------------------------------------------------------


def test_run_of_one_close_is_stale() -> None:
    close = calm().close.copy()
    close[100:120] = close[100]
    finding = only(make_bars(close, open=close * 1.0001))
    assert (finding.name, finding.rows.tolist()) == ("stale", list(range(101, 120)))


def test_cheap_stock_with_many_equal_closes_is_not_stale() -> None:
    close = np.round(0.05 + 0.01 * np.sin(np.arange(2000) / 9) + np.random.default_rng(1).normal(0, 0.003, 2000), 2)
    assert (close[1:] == close[:-1]).mean() > 0.5
    assert set(found(make_bars(close, open=close * 1.001))) <= {"jump", "spike"}


def test_flat_bars_are_a_note_and_a_whole_series_of_them_has_closes_only() -> None:
    bars = random_walk(300)
    columns = {name: getattr(bars, name).copy() for name in ("open", "high", "low")}
    for values in columns.values():
        values[40:42] = bars.close[40:42]
    assert {item.name: item.severity for item in check(replace(bars, **columns))} == {"flat": "note"}
    assert {item.name: item.severity for item in check(make_bars(bars.close))} == {"closes only": "warning"}


def test_opens_at_the_last_close_are_found_where_they_are_the_rule() -> None:
    bars = random_walk(100)
    stale = np.concatenate(([bars.close[0]], bars.close[:-1]))
    lined = replace(bars, open=stale, high=np.maximum(stale, bars.close), low=np.minimum(stale, bars.close))
    assert found(lined) == {"stale open": (99, 1), "flat": (1, 0)}
    assert found(replace(lined, series=replace(lined.series, interval="1h"))) == {"flat": (1, 0)}


def test_months_without_a_bar_are_a_hole_but_not_between_months() -> None:
    bars = random_walk(100)
    time = bars.time.copy()
    time[60:] += np.timedelta64(40, "D")
    assert found(replace(bars, time=time)) == {"hole": (1, 60)}
    months = (np.datetime64("2010-01", "M") + np.arange(100)).astype("datetime64[ms]")
    assert found(replace(bars, time=months, series=replace(bars.series, interval="1mo"))) == {}


def test_bars_after_their_fetch_are_from_the_future() -> None:
    bars = random_walk(100)
    fetched = replace(bars, series=replace(bars.series, fetched="2020-04-05T12:00:00"))
    finding = only(fetched)
    assert (finding.name, finding.severity, finding.count) == ("future", "grave", 3)
    assert check(replace(bars, series=replace(bars.series, fetched="2020-04-09T12:00:00"))) == ()


@pytest.mark.parametrize("level", [5.0, -5.0])
def test_an_economic_series_was_published_later_and_may_be_negative(level: float) -> None:
    bars = random_walk(100)
    values = level + bars.close / 1000
    series = replace(bars.series, kind="economic", has_ohlc=False, has_volume=False)
    nothing = np.full(100, np.nan)
    columns = dict.fromkeys(("open", "high", "low", "volume"), nothing) | {"close": values, "adj_close": values}
    assert found(replace(bars, series=series, **columns)) == {"release dates": (100, 0), "closes only": (100, 0)}


# -- what all have in common -----------------------------------------------------------------------------------------


def test_what_a_series_does_not_have_is_no_fault() -> None:
    bars = random_walk(20, has_ohlc=False, has_volume=False)
    nothing = np.full(20, np.nan)
    assert found(replace(bars, open=nothing, high=nothing, low=nothing, volume=nothing)) == {"closes only": (20, 0)}


@pytest.mark.parametrize("count", [0, 1, 2])
def test_shortest_series_can_be_checked(count: int) -> None:
    assert check(random_walk(count)) == ()


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "adj_close", "volume"])
@pytest.mark.parametrize("value", [np.nan, 0.0, -1.0, 1e300])
def test_no_values_stop_a_check(column: str, value: float) -> None:
    for at in (0, 50, 99, slice(None)):
        for finding in check(broken(column, at, value)):
            assert finding.name in ABOUT
            assert finding.severity in SEVERITIES
            assert finding.count
            assert finding.sentence.endswith(".")
            assert finding.effect.endswith(".")
            assert (np.diff(finding.rows) > 0).all()


def test_grave_findings_come_first() -> None:
    bars = changed(broken("volume", slice(50), 0.0), "close", 3, -1.0)
    severities = [SEVERITIES.index(item.severity) for item in check(bars)]
    assert severities == sorted(severities)
    assert severities[0] == 0


def test_sentences_count_in_words() -> None:
    assert only(broken("open", 5, np.nan)).sentence == "1 bar without open, high or low."
    many = broken("volume", slice(None), np.nan, count=2000)
    assert only(many).sentence == "2,000 bars without a volume, or with a negative one."
