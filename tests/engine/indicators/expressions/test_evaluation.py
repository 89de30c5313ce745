"""Expressions computed on bars: columns, indicators on any series, other symbols, and the cross-section."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.features.leakage import look_ahead
from engine.indicators import Indicator
from engine.indicators.averages import Sma
from engine.indicators.expressions import evaluation
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.parser import parse
from engine.indicators.momentum import Macd, Rsi
from engine.market.bars import Bars, Floats
from tests.support.market import make_bars, random_walk


@pytest.fixture(scope="module")
def bars() -> Bars:
    walk = random_walk(400)
    return replace(walk, volume=np.random.default_rng(5).integers(500, 5_000, 400).astype(np.float64))


def value(text: str, *bars: Bars, place: int = 0) -> Floats:
    return Evaluation(bars).row(parse(text), place)


def test_operators_are_those_of_numpy(bars: Bars) -> None:
    close, open = bars.close, bars.open
    np.testing.assert_array_equal(value("(close - open) / open * 100", bars), (close - open) / open * 100)
    np.testing.assert_array_equal(value("close % 7 + -open", bars), close % 7 - open)
    np.testing.assert_array_equal(value("1 if close > open else -1", bars), np.where(close > open, 1, -1))
    np.testing.assert_array_equal(value("open < close < high", bars), (open < close) & (close < bars.high))
    np.testing.assert_allclose(value("log(close) ** 2", bars), np.log(close) ** 2, rtol=1e-14)
    np.testing.assert_array_equal(value("max(close, open, low)", bars), np.maximum(close, open))


def test_what_has_no_value_is_unknown(bars: Bars) -> None:
    volume = bars.volume.copy()
    volume[5] = 0.0
    dry = replace(bars, volume=volume)
    assert np.isnan(value("close / volume", dry)[5])
    assert np.isfinite(np.delete(value("close / volume", dry), 5)).all()
    for text in ("log(-close)", "sqrt(-close)", "exp(close ** 9)", "(-close) ** 0.5", "0 * exp(1e5 * close)"):
        assert np.isnan(value(text, bars)).all(), text
    np.testing.assert_array_equal(value("if_unknown(close / volume, -1)", dry)[5], -1)


def test_conditions_on_what_is_unknown_are_unknown_unless_the_rest_decides(bars: Bars) -> None:
    early = "lag(close, 3) > 0"  # unknown on the first three bars
    assert np.isnan(value(early, bars)[:3]).all()
    assert np.isnan(value(f"not {early}", bars)[:3]).all()
    assert (value(f"{early} and close < 0", bars) == 0).all()
    assert (value(f"{early} or close > 0", bars) == 1).all()
    assert np.isnan(value(f"{early} and close > 0", bars)[:3]).all()
    assert np.isnan(value(f"1 if {early} else 2", bars)[:3]).all()


@pytest.mark.parametrize(
    ("text", "indicator"),
    [("sma(20)", Sma(window=20)), ("rsi(close, 9)", Rsi(window=9)), ("macd(5, 9).signal", Macd(fast=5, slow=9))],
)
def test_an_indicator_is_a_function(text: str, indicator: Indicator, bars: Bars) -> None:
    output = "signal" if "signal" in text else indicator.outputs[0].name
    np.testing.assert_array_equal(value(text, bars), indicator.compute(bars)[output])


def test_an_indicator_of_any_series(bars: Bars) -> None:
    expected = pd.Series(bars.volume).rolling(20).mean().to_numpy()
    np.testing.assert_allclose(value("sma(volume, 20)", bars), expected, rtol=1e-12)
    twice = value("sma(sma(close, 5), 7)", bars)
    expected = pd.Series(bars.close).rolling(5).mean().rolling(7).mean().to_numpy()
    np.testing.assert_allclose(twice, expected, rtol=1e-12)
    assert evaluation.warm_up(parse("sma(sma(close, 5), 7)")) == np.isnan(twice).sum() == 10


def test_each_symbol_has_its_own_bars() -> None:
    long, short = random_walk(300, 1, symbol="LONG"), random_walk(120, 2, symbol="SHORT")
    for place, own in enumerate((long, short)):
        np.testing.assert_array_equal(
            value("zscore(close, 30)", long, short, place=place), value("zscore(close, 30)", own)
        )


def test_a_rank_among_symbols_counts_those_that_have_a_bar() -> None:
    symbols = [random_walk(60, seed, symbol=f"S{seed}") for seed in range(4)]
    symbols[3] = replace(symbols[3].slice(20, 60), time=symbols[3].time[20:])  # listed later
    closes = pd.DataFrame({item.series.symbol: pd.Series(item.close, index=item.time) for item in symbols})
    expected = closes.rank(axis=1).sub(1).div(closes.notna().sum(axis=1) - 1, axis=0)
    apart = closes.sub(closes.mean(axis=1), axis=0)
    for place, item in enumerate(symbols):
        own = expected[item.series.symbol].reindex(item.time)
        np.testing.assert_allclose(value("rank(close)", *symbols, place=place), own)
        np.testing.assert_allclose(
            value("demean(close)", *symbols, place=place), apart[item.series.symbol].reindex(item.time)
        )
        share = closes[item.series.symbol].div(closes.abs().sum(axis=1)).reindex(item.time)
        np.testing.assert_allclose(value("scale(close)", *symbols, place=place), share)
        scores = apart.div(closes.std(axis=1), axis=0)[item.series.symbol].reindex(item.time)
        np.testing.assert_allclose(value("standardize(close)", *symbols, place=place), scores)
    with pytest.raises(DataError, match="choose two or more"):
        value("rank(close)", symbols[0])


def test_winsorised_values_are_cut_to_the_quantiles_of_the_bar() -> None:
    symbols = [make_bars(np.full(3, price), symbol=f"S{price}") for price in (1.0, 2.0, 3.0, 4.0, 100.0)]
    low, high = np.quantile([1, 2, 3, 4, 100], [0.25, 0.75])
    found = [value("winsorize(close, 0.25)", *symbols, place=place)[0] for place in range(5)]
    assert found == [low, 2.0, 3.0, high, high]


def test_another_symbol_counts_from_the_end_of_its_bar() -> None:
    own = random_walk(30, 1, symbol="OWN")
    other = replace(random_walk(29, 2, symbol="OTHER"), time=np.delete(own.time, 7))
    found = Evaluation((own,), {"OTHER": other}).row(parse('close / of("OTHER", close)'), 0)
    assert np.isnan(found[7])
    np.testing.assert_array_equal(np.delete(found, 7), np.delete(own.close, 7) / other.close)
    with pytest.raises(DataError, match="needs OTHER"):
        value('of("OTHER", close)', own)


def test_a_part_that_several_expressions_have_is_computed_once(bars: Bars, monkeypatch: pytest.MonkeyPatch) -> None:
    computed: list[str] = []
    compute = Evaluation._computed
    monkeypatch.setattr(Evaluation, "_computed", lambda self, node: computed.append(repr(node)) or compute(self, node))
    shared = Evaluation((bars,))
    shared.row(parse("zscore(close / sma(close, 50), 20)"), 0)
    before = len(computed)
    shared.row(parse("close / sma(close, 50) - 1"), 0)
    assert len(computed) == before + 2  # the difference and its constant


def test_what_nothing_asked_for_needs_any_more_is_let_go_of(bars: Bars) -> None:
    texts = ("zscore(close / sma(close, 50), 20)", "close / sma(close, 50) - 1", "close")
    nodes = [parse(text) for text in texts]
    frugal, kept = Evaluation((bars,), nodes=nodes), Evaluation((bars,))
    for _ in range(2):  # what was let go of can be asked for all the same
        for node in (*nodes, parse("close / sma(close, 50)")):
            np.testing.assert_array_equal(frugal.values(node), kept.values(node))
    frugal = Evaluation((bars,), nodes=nodes)
    for node in nodes:
        frugal.values(node)
    assert set(frugal._known) == set(nodes)


def test_a_column_that_the_bars_lack_is_named(bars: Bars) -> None:
    closes = replace(bars, series=replace(bars.series, has_ohlc=False))
    with pytest.raises(DataError, match="closing prices only"):
        value("high - low", closes)
    with pytest.raises(DataError, match="closing prices only"):
        value("atr(14)", closes)
    np.testing.assert_array_equal(value("close", closes), bars.close)


LANGUAGE = (
    "zscore(close / sma(close, 50), 60)",
    "ts_rank(volume, 10) * sign(delta(close, 5))",
    "correlation(close, volume, 15)",
    "decay_linear(change(close), 8)",
    "quantile(high - low, 20, 0.9)",
    "slope(log(close), 30)",
    "macd(5, 9).histogram",
    "ema(volume / mean(volume, 20), 10)",
    "bars_since_max(high, 30) - bars_since_min(low, 30)",
    "kurt(change(close), 25)",
)


@pytest.mark.parametrize("text", LANGUAGE)
def test_no_expression_looks_ahead(text: str, bars: Bars) -> None:
    gapped = replace(bars, close=np.where(np.arange(400) % 97 == 60, np.nan, bars.close))
    for series in (bars, gapped):
        assert look_ahead(lambda part: {"value": value(text, part)}, series) == ()


@pytest.mark.parametrize("text", LANGUAGE)
def test_values_begin_right_after_the_warm_up(text: str, bars: Bars) -> None:
    found, warm_up = value(text, bars), evaluation.warm_up(parse(text))
    assert np.isnan(found[:warm_up]).all()
    assert np.isfinite(found[warm_up:]).all()


def test_on_bars_that_end_at_different_moments_a_rank_waits_for_all() -> None:
    west = random_walk(20, 1, symbol="WEST", timezone="America/New_York")
    east = random_walk(20, 2, symbol="EAST", timezone="Asia/Tokyo")
    ranked = value("rank(close)", west, east, place=1)
    later = value("rank(close)", west, replace(east, close=np.append(east.close[:-1], 1e9)), place=1)
    np.testing.assert_array_equal(ranked[:-1], later[:-1])
    only = Evaluation((west, east)).row(parse("rank(close)"), 1)
    assert np.isnan(only[0])  # New York's first day had not ended when Tokyo's had


def test_on_several_threads_the_values_are_the_same_and_a_failure_is_told_where_it_is_asked_for(bars: Bars) -> None:
    texts = ("sma(close / open, 5)", "rank(zscore(close, 20)) * zscore(close, 20)", "zscore(close, 20) - volume")
    market = (bars, replace(bars, close=bars.open, series=replace(bars.series, has_volume=False)))
    nodes = [parse(text) for text in texts]
    together = Evaluation(market, nodes=nodes, threads=4)
    for node in nodes[:2]:
        np.testing.assert_array_equal(together.values(node), Evaluation(market).values(node))
    for _ in range(2):
        with pytest.raises(DataError, match="has no volume"):
            together.values(nodes[2])


def test_a_symbol_without_a_common_calendar_is_told_and_not_unknown_throughout(bars: Bars) -> None:
    other = replace(bars, time=bars.time - np.timedelta64(9_000, "D"), series=replace(bars.series, symbol="OLD"))
    node = parse("volume * of('OLD', volume)")
    with pytest.raises(DataError, match=r"OLD has bars from .* and TEST from .*: they have no time in common"):
        Evaluation((bars,), {"OLD": other}).values(node)
    both = Evaluation((bars, replace(other, series=bars.series)), {"OLD": other}).values(node)
    assert np.isnan(both[0]).all(), "where another symbol of the market meets it, it is unknown on this one alone"
    np.testing.assert_array_equal(both[1], bars.volume**2)
    early = parse("volume * sma(of('OLD', volume), 399)")
    assert np.isnan(Evaluation((bars.slice(0, 300),), {"OLD": replace(bars, series=other.series)}).values(early)).all()
