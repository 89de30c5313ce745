"""Requests that cannot be traded are refused with a sentence."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import DataError, NotTradeable, SpecError
from engine.market.sources.stored import save
from tests.support.market import make_bars, random_walk
from tests.support.stored import MADE_UP, pair, run, spec

pytestmark = pytest.mark.usefixtures("workspace")


def test_index_is_refused() -> None:
    with pytest.raises(NotTradeable, match=r"\^GSPC is an index level"):
        run({"collection": "arch", "symbols": ["^GSPC"]})


def test_one_index_among_shares_is_refused() -> None:
    market = pair(random_walk(50, symbol="A"), random_walk(50, symbol="B", tradeable=False))
    with pytest.raises(NotTradeable, match="B is an index level"):
        run(market)


def test_closes_only_are_refused_at_the_open_and_run_at_the_close() -> None:
    market = {"collection": "fred", "symbols": ["WTI"]}
    with pytest.raises(DataError, match=r"WTI has closing prices only.*'Next close'"):
        run(market)
    result = run(market, fill="next_close")
    assert result.metrics["trades"] == 1


@pytest.mark.parametrize("price", [-36.98, 0.0])
@pytest.mark.parametrize("fill", ["next_close", "same_close"])
@pytest.mark.parametrize("adjustment", ["none", "total_return"])
def test_price_that_no_account_survives_is_refused(price: float, fill: str, adjustment: str) -> None:
    """As crude oil's close of 20 April 2020; here a series of closes alone."""
    closes = np.array([20.1, 18.3, price, 10.0, 13.8])
    bars = make_bars(closes, has_ohlc=False)
    save(replace(bars, **dict.fromkeys(("open", "high", "low"), np.full(5, math.nan))))
    with pytest.raises(DataError, match=f"TEST has a price of {price:g} on 2020-01-03.*Choose a range without it"):
        run(MADE_UP | {"adjustment": adjustment}, fill=fill)
    assert run(MADE_UP | {"start": "2020-01-04"}, fill=fill).metrics["trades"] == 1


@pytest.mark.parametrize(
    "more",
    [{"stops": {"stop_loss": 0.5}}, {"direction": "both"}, {"financing": {"leverage": 2}}],
)
def test_low_of_nothing_is_refused_where_somebody_looks_at_it(more: dict[str, Any]) -> None:
    bars = make_bars([10.0, 10.0, 10.0])
    save(replace(bars, low=np.array([10.0, 0.0, 10.0])))
    assert run(fill="next_close").metrics["trades"] == 1
    with pytest.raises(DataError, match="TEST has a price of 0 on 2020-01-02"):
        run(fill="next_close", **more)


def test_currencies_cannot_be_added_up() -> None:
    market = pair(random_walk(50, symbol="A"), random_walk(50, symbol="B", currency="EUR"))
    with pytest.raises(DataError) as caught:
        run(market)
    assert str(caught.value) == (
        "The symbols are priced in EUR and USD, which cannot be added up: choose one currency."
    )


@pytest.mark.parametrize(
    ("count", "strategy", "needs"),
    [(1, "buy_and_hold", 2), (9, {"kind": "sma_cross", "fast": 3, "slow": 8}, 10)],
)
def test_too_short_a_range_is_refused(count: int, strategy: Any, needs: int) -> None:
    save(random_walk(count))
    with pytest.raises(DataError, match=rf"TEST has {count} bars? in this range, and .* needs {needs}: choose"):
        run(MADE_UP, strategy)


def test_shortest_range_that_is_admitted_runs() -> None:
    save(random_walk(10))
    result = run(MADE_UP, {"kind": "sma_cross", "fast": 3, "slow": 8})
    assert len(result.equity) == 10 - 8


def test_pairs_need_both_sides_and_no_allocation_is_followed_short_alone() -> None:
    market = {"symbols": ["NVDA", "AAPL"]}
    for strategy, side, words in [
        ("pairs", "long", "sells short as well: choose Both"),
        ({"kind": "rotation", "top": 1, "sides": "both"}, "long", "sells short as well: choose Both"),
        ("volatility_target", "short", "cannot be followed on its short side alone"),
    ]:
        with pytest.raises(SpecError) as caught:
            spec(market, strategy, direction=side)
        ((path, problem),) = caught.value.problems
        assert (path, words in problem) == ("direction", True)
    assert run(market, "pairs", direction="both").metrics["trades"]
    assert run(market, "volatility_target").metrics["trades"]


def test_long_side_of_an_allocation_holds_nothing_short() -> None:
    both = {"kind": "rotation", "top": 1, "sides": "both", "lookback": 50}
    market = {"symbols": ["NVDA", "AAPL", "META"]}
    request = spec(market, both, direction="both")
    two_sided = engine.run(request)
    one_sided = engine.run(request.model_copy(update={"direction": "long"}))  # as a sweep over its sides may ask for
    assert set(two_sided.trade_side.tolist()) == {-1, 1}
    assert set(one_sided.trade_side.tolist()) == {1}


def test_failed_run_is_neither_stored_nor_counted() -> None:
    from engine.research import ledger

    with pytest.raises(NotTradeable):
        run({"collection": "arch", "symbols": ["^GSPC"]})
    assert ledger.count() == 0


def test_model_that_lacks_a_symbol_is_refused_in_words() -> None:
    strategy = {"kind": "follow_model", "model": {"kind": "model", "null_fits": 0, "market": {"symbols": ["AAPL"]}}}
    with pytest.raises(DataError, match="NVDA"):
        run({}, strategy)


def test_number_of_symbols_that_a_strategy_needs_is_asked_for_in_every_request() -> None:
    save(random_walk(200))
    for strategy, words in (
        ({"kind": "pairs"}, "Pairs needs 2 symbols: add 1 more."),
        ({"kind": "rotation", "top": 2}, "needs at least 2 symbols: add 1 more."),
    ):
        with pytest.raises(SpecError) as caught:
            run(strategy=strategy, direction="both")
        ((path, said),) = caught.value.problems
        assert path == "market.symbols"
        assert said.endswith(words)


@pytest.mark.parametrize(
    ("sizing", "words"),
    [
        ({"kind": "volatility", "target": 2}, "Target must be at most 100%, not 200%."),
        ({"kind": "kelly", "first": 10}, "At first must be at most 200%, not 1,000%."),
        ({"kind": "kelly", "cap": 10}, "Largest part must be at most 200%, not 1,000%."),
    ],
)
def test_parts_that_were_meant_as_percent_numbers_are_refused(sizing: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError) as caught:
        spec(MADE_UP, sizing=sizing)
    assert [text for _, text in caught.value.problems] == [words]
