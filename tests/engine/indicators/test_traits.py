"""Columns that the library's indicators read, and their costs."""

from __future__ import annotations

import pytest

from engine.indicators import INDICATORS, MarketIndicator
from engine.indicators.traits import Traits, traits

INFOS = {info.name: info for info in INDICATORS.infos()}


@pytest.mark.parametrize(
    ("name", "reads"),
    [
        ("sma", {"close"}),
        ("talib_dema", {"close"}),
        ("atr", {"ranges"}),
        ("talib_cci", {"ranges"}),
        ("talib_beta", {"ranges"}),
        ("amihud", {"volume"}),
        ("vwap_distance", {"ranges", "volume"}),
        ("return_rank", {"close", "symbols"}),
        ("beta", {"close", "series"}),
        ("my_values", {"values"}),
        ("expression", {"close", "ranges", "volume", "symbols", "series"}),
    ],
)
def test_an_indicator_reads_what_it_needs(name: str, reads: set[str]) -> None:
    assert traits(INFOS[name]).reads == reads


def test_the_table_of_talib_says_what_the_classes_read() -> None:
    """Without making them: two hundred classes take a tenth of a second."""
    wanted = {"close": {"close"}, "open": {"ranges"}, "high": {"ranges"}, "low": {"ranges"}, "volume": {"volume"}}
    for info in INDICATORS.infos():
        made = INDICATORS.parse({"kind": info.name})
        if not info.name.startswith("talib_") or isinstance(made, MarketIndicator):
            continue
        needs = set().union(*(wanted[column] for column in made.inputs()))
        assert traits(info).reads == (needs if needs == {"close"} else needs - {"close"}), info.name
        assert traits(info).nanoseconds == made.nanoseconds, info.name


@pytest.mark.parametrize(
    ("nanoseconds", "cost"), [(99.0, "fast"), (100.0, "medium"), (999.0, "medium"), (1000.0, "slow")]
)
def test_costs_are_classed(nanoseconds: float, cost: str) -> None:
    assert Traits(frozenset(), nanoseconds).cost == cost
    assert {item.cost for item in map(traits, INFOS.values())} == {"fast", "medium", "slow"}
