"""Groups of symbols: how they are read, and values less the mean of their group against pandas."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.core.errors import DataError, SpecError
from engine.features.evaluation import FeatureInputs
from engine.indicators import INDICATORS, Indicator, groups
from engine.indicators.cross_section import GroupReturn
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.parser import ExpressionError, parse
from engine.indicators.expressions.writer import written
from engine.market.bars import Bars, Market
from tests.support.market import make_bars, random_walk

SECTORS = "tech: A B; banks: C D; rest: E"


def market() -> list[Bars]:
    """Five symbols of 60 bars, one of which begins later, and one without a group."""
    bars = [random_walk(60, seed, symbol=name) for seed, name in enumerate("ABCDEF")]
    bars[1] = bars[1].slice(25, 60)
    return bars


def closes(bars: list[Bars]) -> pd.DataFrame:
    return pd.DataFrame({item.series.symbol: pd.Series(item.close, item.time) for item in bars})


def by_pandas(values: pd.DataFrame) -> pd.DataFrame:
    owner = {"A": "tech", "B": "tech", "C": "banks", "D": "banks", "E": "rest"}
    grouped = values[list(owner)].T.groupby(owner)
    apart = values[list(owner)] - grouped.transform("mean").T
    return apart.where(grouped.transform("count").T > 1).reindex(columns=values.columns)


def test_an_expression_is_the_distance_from_the_mean_of_the_group() -> None:
    bars = market()
    expected = by_pandas(closes(bars))
    found = Evaluation(bars)
    for place, item in enumerate(bars):
        values = found.row(parse(f'group_demean(close, "{SECTORS}")'), place)
        np.testing.assert_allclose(values, expected[item.series.symbol].reindex(item.time), rtol=1e-9, atol=1e-9)
    assert expected["A"].isna().sum() == 25  # alone until B begins
    assert expected["E"].isna().all()
    assert expected["F"].isna().all()


def test_by_hand() -> None:
    values = np.array([[1.0, 3.0, 10.0, 20.0, 7.0], [1.0, np.nan, 10.0, np.inf, 7.0]])
    found = groups.demeaned(values, np.array([0, 0, 1, 1, groups.NONE]))
    np.testing.assert_array_equal(found, [[-1, 1, -5, 5, np.nan], [np.nan] * 5])


def test_the_indicator_compares_returns() -> None:
    bars = market()
    expected = by_pandas(100 * closes(bars).apply(lambda one: one.dropna().pct_change(5)))
    indicator = GroupReturn(window=5, groups=SECTORS)
    for item in bars:
        values = FeatureInputs(Market(tuple(bars)), {}).compute(indicator, item)["difference"]
        np.testing.assert_allclose(values, expected[item.series.symbol].reindex(item.time), rtol=1e-9, atol=1e-9)


def test_without_groups_all_symbols_are_one() -> None:
    bars = [make_bars([100.0, 110.0], symbol="A"), make_bars([100.0, 130.0], symbol="B")]
    inputs = FeatureInputs(Market(tuple(bars)), {})
    np.testing.assert_allclose(inputs.compute(GroupReturn(window=1), bars[0])["difference"], [np.nan, -10])


@pytest.mark.parametrize(
    "feature", [{"kind": "group_return"}, {"kind": "expression", "text": "group_demean(close, 'X: Y')"}]
)
def test_one_symbol_or_no_group_of_the_market_is_refused(feature: dict[str, str]) -> None:
    indicator: Indicator = INDICATORS.parse(feature)
    one = random_walk(100, symbol="A")
    with pytest.raises(DataError, match="choose two or more"):
        FeatureInputs(Market((one,)), {}).compute(indicator, one)
    if indicator.kind == "group_return":
        indicator = INDICATORS.parse(feature | {"groups": "X: Y"})
    both = (one, replace(one, series=replace(one.series, symbol="B")))
    with pytest.raises(DataError, match="None of the symbols is in the groups X: Y"):
        FeatureInputs(Market(both), {}).compute(indicator, one)


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("", "No group is named"),
        ("A B C", "is not a group"),
        ("tech:", "is not a group"),
        ("'tech': A", "is not a group"),
        ("tech: A; tech: B", "two groups 'tech'"),
        ("tech: A B; banks: B C", "B is in tech and again in banks"),
        ("tech: A/../B A", "A/../B"),
    ],
)
def test_what_is_wrong_with_groups_is_said(text: str, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        groups.read(text)
    if text:
        with pytest.raises(SpecError, match=told):
            GroupReturn.parse({"kind": "group_return", "groups": text})
    with pytest.raises(ExpressionError, match=told) as error:
        parse(f'close - group_demean(close, "{text}")')
    assert error.value.start == len("close - group_demean(close, ")


def test_equal_groups_are_one_text() -> None:
    assert groups.written(" tech : A,B ;\n banks: C  D;") == "tech: A B; banks: C D"
    assert written(parse("group_demean( close,'t:A,B')")) == 'group_demean(close, "t: A B")'


@given(
    some.dictionaries(
        some.text("abcdef ", min_size=1, max_size=6).map(str.strip).filter(bool),
        some.lists(some.integers(0, 9), min_size=1, max_size=4, unique=True),
        min_size=1,
        max_size=5,
    )
)
def test_what_is_written_is_read_as_it_was(chosen: dict[str, list[int]]) -> None:
    expected = {name: tuple(f"S{at}.{item}" for item in items) for at, (name, items) in enumerate(chosen.items())}
    text = "; ".join(f"{name}: {' '.join(items)}" for name, items in expected.items())
    assert dict(groups.read(text)) == expected
    assert groups.written(text) == text
