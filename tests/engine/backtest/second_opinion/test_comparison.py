"""The second opinion: what it refuses, how trades find each other, and that it agrees."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.result import REASONS
from engine.backtest.second_opinion.backtrader_run import Repeated, RepeatedTrade
from engine.backtest.second_opinion.comparison import (
    BOTH,
    OURS,
    THEIRS,
    SecondOpinion,
    SecondOpinionSpec,
    compare,
    obstacles,
)
from engine.backtest.spec import BacktestSpec
from engine.errors import SpecError
from engine.market.bars import Market
from engine.market.sources.stored import save
from engine.store import decode, encode
from tests.support.market import days, make_bars, random_walk
from tests.support.results import make_result, trade
from tests.support.workspace import Workspace

COSTS: dict[str, Any] = {"commission": 5, "slippage": 3}
MARKET: dict[str, Any] = {"collection": "made-up", "symbols": ["ONE", "TWO"]}


def backtest(**changes: Any) -> BacktestSpec:
    base = {"market": MARKET, "strategy": {"kind": "sma_cross", "fast": 3, "slow": 10}, "costs": COSTS}
    return BacktestSpec.parse(base | changes)


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"stops": {"stop_loss": 0.1}}, "stops"),
        ({"cash": "shared"}, "cash that several symbols share"),
        ({"fill": "limit"}, "limit orders"),
        ({"sizing": {"kind": "kelly"}}, "Kelly"),
        ({"costs": COSTS | {"volume_impact": 0.1}}, "share of the volume"),
        ({"financing": {"leverage": 2}}, "leverage"),
    ],
)
def test_what_cannot_be_repeated_is_refused_in_a_sentence(changes: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=f"Backtrader cannot repeat this run.*{words}"):
        SecondOpinionSpec.parse({"backtest": backtest(**changes).model_dump(mode="json")})


def test_several_reasons_stand_in_one_sentence() -> None:
    spec = backtest(fill="limit", stops={"time_stop": 3})
    assert len(obstacles(spec)) == 2
    with pytest.raises(SpecError, match="stops, which it does not check on the entry bar; nor limit orders"):
        SecondOpinionSpec.parse({"backtest": spec})


def test_shared_cash_of_one_symbol_is_its_own() -> None:
    assert obstacles(backtest(market=MARKET | {"symbols": ["ONE"]}, cash="shared")) == ()


def opinion(trades: list[dict[str, Any]], repeated: list[RepeatedTrade]) -> SecondOpinion:
    result = make_result(np.full(40, 1000.0), trades, symbols=("ONE",))
    bars = make_bars(np.full(40, 100.0), symbol="ONE")
    return compare("Made up", result, Market((bars,)), [Repeated(tuple(repeated), 1010.0)], "1.0")


def test_trades_find_each_other_by_symbol_side_and_entry() -> None:
    ours = [
        trade("2020-01-02", "2020-01-07", 10.0),
        trade("2020-01-11", "2020-01-16", 20.0),
        trade("2020-01-21", "2020-01-26", 30.0, side=-1),
    ]
    theirs = [
        RepeatedTrade(1, 1, 6, 100.0, 101.0, 10.0, 10.0),
        RepeatedTrade(1, 10, 15, 100.0, 102.5, 10.0, 25.0),
        RepeatedTrade(1, 20, 25, 100.0, 103.0, 10.0, 30.0),
    ]
    found = opinion(ours, theirs)
    assert found.found.tolist() == [BOTH, BOTH, OURS, THEIRS]
    assert found.agrees().tolist() == [True, False, False, False]
    assert np.isnan(found.other_pnl[2])
    assert np.isnat(found.exit_time[3])
    assert found.entry_time[3] == days(40)[20]
    assert found.sentence() == "Backtrader agrees on 1 of 4 trades, 1 only here, 1 only there."
    assert found.difference() == pytest.approx(0.01)


def test_no_trades_on_either_side_is_said() -> None:
    assert opinion([], []).sentence() == "Neither of the two traded."


def test_a_margin_call_is_named_among_what_cannot_agree() -> None:
    called = trade("2020-01-02", "2020-01-07", -10.0, side=-1, reason=REASONS[REASONS.index("liquidation")])
    assert "margin call" in opinion([called], []).notes[0]


def test_it_survives_the_store() -> None:
    found = opinion([trade("2020-01-02", "2020-01-07", 10.0)], [])
    again = decode(encode(found), SecondOpinion)
    assert again.summary() == found.summary()
    assert again.found.tolist() == found.found.tolist()


@pytest.mark.parametrize("fill", ["next_open", "next_close"])
@pytest.mark.parametrize("direction", ["long", "both"])
def test_a_run_and_its_second_opinion_agree(workspace: Workspace, fill: str, direction: str) -> None:
    save(random_walk(400, seed=1, symbol="ONE"))
    save(random_walk(300, seed=2, symbol="TWO"))
    spec = SecondOpinionSpec(backtest=backtest(fill=fill, direction=direction))
    found = engine.run(engine.load_spec(spec.model_dump(mode="json")))
    assert found.agrees().all()
    assert len(found.found) > 10
    assert found.difference() == pytest.approx(0.0, abs=1e-9)
    assert found.sentence().startswith("Backtrader agrees: all ")
    assert set(found.symbol.tolist()) == {0, 1}
