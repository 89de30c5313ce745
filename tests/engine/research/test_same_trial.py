"""Identity of trials: one for whatever was measured on the same bars, by whichever request."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.sweeps.spec import SweepSpec
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.stored import MADE_UP, pair, run, spec

pytestmark = pytest.mark.usefixtures("workspace")

CROSS: dict[str, Any] = {"kind": "sma_cross", "fast": 5, "slow": 40}
BOTH = MADE_UP | {"symbols": ["A", "B"]}


def counted(*requests: tuple[dict[str, Any], dict[str, Any]]) -> int:
    """Trials of ``requests``, each a market and fields of a backtest."""
    for market, fields in requests:
        run(market, **{"strategy": CROSS} | fields)
    return ledger.count()


@pytest.mark.parametrize(
    "market",
    [
        pytest.param({"start": "1990-01-01"}, id="before the data"),
        pytest.param({"start": "2020-01-20"}, id="within the warm-up"),
        pytest.param({"end": "2035-12-31"}, id="behind the data"),
        pytest.param({"start": "2020-02-01", "end": "2035-01-01"}, id="both"),
    ],
)
def test_other_range_of_the_same_bars_is_no_other_trial(market: dict[str, str]) -> None:
    """The data begin on the 1st of January 2020; 40 bars warm up."""
    save(random_walk(500))
    assert counted((MADE_UP, {}), (MADE_UP | market, {})) == 1
    assert ledger.trials("sma_cross")[0].count == 1


@pytest.mark.parametrize("market", [{"start": "2020-02-11"}, {"end": "2021-05-13"}])
def test_range_of_a_bar_less_is_another_trial(market: dict[str, str]) -> None:
    save(random_walk(500))
    assert counted((MADE_UP, {}), (MADE_UP | market, {})) == 2


def test_ranges_without_a_trade_are_counted_each() -> None:
    """Nothing tells them apart from those of other bars."""
    save(random_walk(500, kind="fx"))
    below = {"left": {"kind": "price"}, "comparison": "below", "right": {"kind": "number", "value": 0}}
    never = {"strategy": {"kind": "rules", "enter": [{"kind": "comparison"} | below], "leave": []}}
    assert counted((MADE_UP, never), (MADE_UP | {"start": "1990-01-01"}, never)) == 2


def test_sweeps_over_the_same_bars_are_counted_once() -> None:
    save(random_walk(500))
    axes = [{"path": "strategy.fast", "values": [5, 10]}]
    for market in (MADE_UP, MADE_UP | {"start": "1990-01-01"}, MADE_UP | {"end": "2035-01-01"}):
        engine.run(SweepSpec.parse({"base": spec(market, CROSS), "axes": axes}))
    assert ledger.count() == 2


def test_order_of_symbols_matters_only_to_those_who_see_all_at_once() -> None:
    pair(random_walk(500, symbol="A"), random_walk(500, seed=2, symbol="B"))
    turned = BOTH | {"symbols": ["B", "A"]}
    assert counted((BOTH, {}), (turned, {}), (BOTH, {"cash": "shared"}), (turned, {"cash": "shared"})) == 2
    pairs = {"strategy": {"kind": "pairs"}, "direction": "both"}
    assert counted((BOTH, pairs), (turned, pairs)) == 4


def test_a_run_of_symbols_in_another_order_is_a_combination_of_the_sweep() -> None:
    pair(random_walk(500, symbol="A"), random_walk(500, seed=2, symbol="B"))
    engine.run(SweepSpec.parse({"base": spec(BOTH, CROSS), "axes": [{"path": "strategy.fast", "values": [5, 10]}]}))
    assert counted((BOTH | {"symbols": ["B", "A"]}, {})) == 2


def test_cash_that_one_symbol_shares_with_nobody_is_its_own() -> None:
    save(random_walk(500))
    assert counted((MADE_UP, {}), (MADE_UP, {"cash": "shared"})) == 1
    assert counted((MADE_UP, {"cash": "shared", "rebalance": "week", "sizing": {"kind": "percent", "part": 0.5}})) == 2
    pair(random_walk(500, symbol="A"), random_walk(500, seed=2, symbol="B"))
    assert counted((BOTH, {}), (BOTH, {"cash": "shared"})) == 4


def test_combinations_that_could_not_be_run_are_no_trials() -> None:
    """Of the shorter symbol there are 100 bars: a slow window of 150 has no figure, and its run is refused."""
    market = pair(random_walk(500, symbol="A"), random_walk(100, seed=2, symbol="B"))
    axes = [{"path": "strategy.fast", "values": [5, 10]}, {"path": "strategy.slow", "values": [30, 60, 150]}]
    for number, more in enumerate(({}, {"sizing": {"kind": "percent", "part": 0.5}}), 1):
        found = engine.run(SweepSpec.parse({"base": spec(market, CROSS, **more), "axes": axes}))
        assert np.isnan(found.total_return[0]).tolist() == [False, False, True] * 2
        assert found.trial().count == 4
        assert ledger.count() == 4 * number
