"""Explanations of single values: the numbers that went in give the value again."""

from __future__ import annotations

import numpy as np
import pytest

from engine.features.evaluation import FeatureInputs
from engine.features.explanation.explain import LISTED, explain
from engine.indicators import Indicator
from engine.indicators.averages import Ema, Sma
from engine.indicators.channels import Bollinger
from engine.indicators.cross_section import ReturnRank
from engine.indicators.expression import Expression
from engine.market.bars import Market
from tests.support.market import random_walk

BARS = random_walk(300)
ALONE = FeatureInputs(Market((BARS,)), {})


def test_the_mean_of_the_bars_listed_is_the_average() -> None:
    found = explain(Sma(window=20), "sma", BARS, ALONE, 150)
    assert (found.column, found.formula, found.bars, found.fades) == ("SMA 20", "sma(close, 20)", 20, False)
    assert list(found.times) == list(BARS.time[131:151])
    assert found.read[:, 0].mean() == pytest.approx(found.value)
    assert found.again == pytest.approx(found.value)
    assert "mean close of the last window bars" in found.definition


def test_of_a_long_window_the_last_bars_are_listed() -> None:
    found = explain(Sma(window=100), "sma", BARS, ALONE, 150)
    assert (found.bars, len(found.times)) == (100, LISTED)
    assert found.again == pytest.approx(BARS.close[51:151].mean())


def test_one_output_of_several() -> None:
    found = explain(Bollinger(window=10, width=2), "upper", BARS, ALONE, 60)
    close = BARS.close[51:61]
    assert found.column == "Bollinger 10, 2σ upper"
    assert found.value == pytest.approx(close.mean() + 2 * close.std())


def test_older_bars_fade_from_a_recursive_average() -> None:
    found = explain(Ema(window=10), "ema", BARS, ALONE, 200)
    assert found.fades
    assert found.again == pytest.approx(found.value, rel=1e-3)
    assert found.again != found.value


def test_an_expression_is_taken_apart() -> None:
    found = explain(Expression(text="close / sma(close, 5) - 1"), "value", BARS, ALONE, 40)
    close, mean = BARS.close[40], BARS.close[36:41].mean()
    texts = ["close / sma(close, 5) - 1", "close / sma(close, 5)", "close", "sma(close, 5)"]
    assert [part.text for part in found.parts] == texts
    assert [part.depth for part in found.parts] == [0, 1, 2, 2]
    assert [part.value for part in found.parts] == pytest.approx([close / mean - 1, close / mean, close, mean])
    assert found.value == pytest.approx(close / mean - 1)


def test_parts_of_other_series_are_not_taken_from_ones_own() -> None:
    other = random_walk(300, symbol="SPY", seed=3)
    feature = Expression(text='close / of("SPY", close)')
    names = feature.context()
    inputs = FeatureInputs(Market((BARS,)), {f"context - {name.symbol} -": Market((other,)) for name in names.values()})
    found = explain(feature, "value", BARS, inputs, 100)
    assert [part.text for part in found.parts] == ['close / of("SPY", close)', "close", 'of("SPY", close)']
    assert found.parts[2].value == pytest.approx(other.close[100])
    assert np.isnan(found.again)


def test_a_rank_among_symbols_is_of_the_whole_market() -> None:
    other = random_walk(300, symbol="B", seed=3)
    inputs = FeatureInputs(Market((BARS, other)), {})
    found = explain(Expression(text="rank(close)"), "value", other, inputs, 100)
    assert found.parts[0].value == found.value == float(other.close[100] > BARS.close[100])
    plain = explain(ReturnRank(), ReturnRank.outputs[0].name, other, inputs, 200)
    assert (plain.formula, plain.parts) == ("", ())


@pytest.mark.parametrize("feature", [Sma(window=20), Ema(window=20), Expression(text="lag(close, 30)")])
def test_a_value_in_the_warm_up_is_unknown(feature: Indicator) -> None:
    found = explain(feature, feature.outputs[0].name, BARS, ALONE, 3)
    assert np.isnan(found.value)
    assert found.bars == 4
