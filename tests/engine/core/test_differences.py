"""Differences of specs: only those, in the order and the words of the form."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backtest.spec import BacktestSpec
from engine.core.differences import ABSENT, differences
from engine.features.spec import FeatureSpec
from engine.market.spec import MarketSpec

SMA: dict[str, Any] = {"kind": "sma_cross", "fast": 20, "slow": 50}
COSTS: dict[str, Any] = {"commission": 5, "slippage": 3}


def spec(**changes: Any) -> BacktestSpec:
    return BacktestSpec.parse({"strategy": SMA, "costs": COSTS} | changes)


def rows(*specs: Any) -> list[tuple[str, ...]]:
    return [(item.title, *item.values) for item in differences(specs)]


@pytest.mark.parametrize("count", [0, 1, 3])
def test_equal_specs_do_not_differ(count: int) -> None:
    assert differences([spec()] * count) == ()


def test_only_what_differs_is_named_in_the_words_of_the_form() -> None:
    other = spec(strategy=SMA | {"fast": 30}, costs=COSTS | {"commission": 7.5}, fill="next_close", capital=250_000)
    assert rows(spec(), other) == [
        ("Fast window", "20 bars", "30 bars"),
        ("Commission", "5 bp", "7.5 bp"),
        ("Fill", "Next open", "Next close"),
        ("Capital", "100,000", "250,000"),
    ]


def test_another_plugin_is_one_difference_with_its_settings_in_it() -> None:
    hold = spec(strategy={"kind": "buy_and_hold"})
    assert rows(spec(), hold, spec(strategy=SMA | {"fast": 5})) == [
        ("Strategy", "SMA 20/50", "Buy and hold", "SMA 5/50"),
    ]


def test_a_plugin_without_a_label_of_its_own_is_its_title_and_values() -> None:
    found = differences([spec(), spec(sizing={"kind": "units", "units": 1500})])
    assert [(item.path, item.values) for item in found] == [
        ("sizing", ("Part of equity, 100%", "Fixed units, 1,500")),
    ]


def test_fields_that_one_lacks_are_marked() -> None:
    by_path = {item.path: item.values for item in differences([spec(), MarketSpec()])}
    assert by_path["capital"] == ("100,000", ABSENT)
    assert by_path["symbols"] == (ABSENT, "NVDA")


def test_lists_and_missing_values_read_as_text() -> None:
    other = spec(market={"symbols": ["AAPL", "NVDA"], "start": "2020-01-01"})
    assert rows(spec(), other) == [("Symbols", "NVDA", "AAPL, NVDA"), ("From", "none", "2020-01-01")]


def test_fractions_are_given_in_percent_where_the_form_does() -> None:
    found = differences([spec(), spec(stops={"stop_loss": 0.055}), spec(stops={"stop_loss": 0.07})])
    assert [item.values for item in found] == [("none", "5.5%", "7%")]


def test_sections_are_those_of_the_form() -> None:
    found = differences([spec(), spec(costs=COSTS | {"slippage": 9}, market={"symbols": ["AAPL"]})])
    assert [item.section for item in found] == ["Universe", "Costs"]


def test_lists_of_plugins_are_compared_item_by_item() -> None:
    one = FeatureSpec.parse({"features": [{"kind": "rsi", "window": 14}]})
    two = FeatureSpec.parse({"features": [{"kind": "rsi", "window": 21}, {"kind": "rsi", "window": 5}]})
    texts = {item.path: item.values for item in differences([one, two])}
    assert texts["features.0.window"] == ("14 bars", "21 bars")
    assert texts["features.1"] == (ABSENT, "RSI 5")


def test_three_specs_give_three_values_each() -> None:
    first, second, third = spec(), spec(capital=5), spec(capital=5)
    assert rows(first, second, third) == [("Capital", "100,000", "5", "5")]
