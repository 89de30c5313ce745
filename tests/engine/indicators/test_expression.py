"""The indicator that is written as an expression, as a feature, in a rule and in a request."""

from __future__ import annotations

import numpy as np
import pytest

import engine
from engine.core.errors import SpecError
from engine.features.matrix import matrix
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.expression import Expression
from engine.jobs import requests
from engine.jobs.runner import run_key
from engine.market import catalog
from engine.market.spec import MarketSpec
from engine.strategies.operands.feature import Feature

MARKET = MarketSpec(symbols=("NVDA", "AAPL", "META"))


def test_an_expression_that_is_an_indicator_is_the_same_request() -> None:
    written = FeatureSpec.parse({"market": MARKET, "features": [{"kind": "expression", "text": " sma( close,50 )"}]})
    chosen = FeatureSpec(market=MARKET, features=(Sma(window=50),))
    assert written == chosen
    assert run_key(written) == run_key(chosen)


def test_texts_of_one_meaning_are_one_request() -> None:
    assert Expression(text="close/sma(50)") == Expression(text="close / sma(close, window=50)")
    assert Expression(text="close/sma(50)").label() == "close / sma(close, 50)"
    assert Expression(text="close/sma(50)", name=" stretch ").label() == "stretch"
    assert requests.load_spec(FeatureSpec(features=(Expression(),)).model_dump_json()).features == (Expression(),)  # type: ignore[attr-defined]


def test_a_fault_is_told_with_its_place_at_the_field() -> None:
    with pytest.raises(SpecError) as error:
        FeatureSpec.parse({"features": [{"kind": "expression", "text": "close / smaa(close, 5)"}]})
    (path, sentence), *_ = error.value.problems
    assert path == "features.0.text"
    assert "no function 'smaa'" in sentence
    assert "(character 9)" in sentence


def test_a_matrix_of_expressions_is_that_of_each_symbol() -> None:
    texts = ("rank(change(close, 20))", "zscore(volume, 50)", 'close / of("AAPL", close)')
    features = tuple(Expression(text=text) for text in texts)
    found = engine.run(FeatureSpec(market=MARKET, features=features))
    assert found.names == texts
    assert found.warm_up == (20, 49, 0)
    closes = {bars.series.symbol: bars for bars in catalog.load(MARKET).bars}
    own = found.values[found.rows("NVDA")]
    np.testing.assert_allclose(own[:, 2], closes["NVDA"].close / closes["AAPL"].close[-len(own) :])
    ranks = {symbol: found.values[found.rows(symbol), 0][-1] for symbol in MARKET.symbols}
    last = {symbol: bars.close[-1] / bars.close[-21] for symbol, bars in closes.items()}
    assert sorted(ranks, key=lambda symbol: ranks[symbol]) == sorted(last, key=lambda symbol: last[symbol])
    assert sorted(ranks.values()) == [0.0, 0.5, 1.0]
    single = matrix((features[1],), catalog.load(MarketSpec(symbols=("META",))))
    np.testing.assert_array_equal(found.values[found.rows("META"), 1], single.values[:, 0])


def test_a_rule_takes_an_expression_of_one_symbol() -> None:
    assert Feature(indicator=Expression(text="close / lag(close, 5) > 1.1")).name() == "close / lag(close, 5) > 1.1"
    for text in ("rank(close)", 'of("SPY", close)'):
        with pytest.raises(SpecError, match="needs other series"):
            Feature(indicator=Expression(text=text))
