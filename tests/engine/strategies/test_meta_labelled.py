"""Trades that a model of meta-labels chooses: by hand, and through the engine on a planted pattern."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

import engine
from engine.backtest.reports import frames
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.market.bars import Bars
from engine.market.sources.stored import save
from engine.models.spec import ModelSpec
from engine.strategies import Signals, Strategy
from engine.strategies.kinds.meta_labelled import MetaLabelled
from engine.strategies.labels.meta_label import MetaLabel
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

NAN = float("nan")


class Asked(Strategy):
    """Asks for what the text of each side says."""

    kind: Literal["asked"] = "asked"
    enter: str
    leave: str
    short: str

    def label(self) -> str:
        return "Asked"

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        enter, leave, short = (
            np.array([mark == "x" for mark in text]) for text in (self.enter, self.leave, self.short)
        )
        return Signals(enter, leave, short, leave)


@dataclass(frozen=True)
class Predicted:
    probability: list[float]

    def usable(self, bars: Bars) -> np.ndarray:
        return np.array(self.probability)


def decide(enter: str, probability: list[float], leave: str = "", short: str = "") -> tuple[str, str]:
    count = len(enter)
    asked = Asked(enter=enter, leave=leave or "." * count, short=short or "." * count)
    target = MetaLabel.model_construct(strategy=asked)
    strategy = MetaLabelled.model_construct(model=ModelSpec.model_construct(target=target), take_above=0.5)
    found = strategy.signals(make_bars(np.ones(count)), {"model": Predicted(probability)})
    assert found.short_entries is not None
    assert "".join("x" if flag else "." for flag in found.exits) == (leave or "." * count)
    return tuple("".join("x" if flag else "." for flag in flags) for flags in (found.entries, found.short_entries))  # type: ignore[return-value]


def test_a_trade_is_taken_or_left_by_the_prediction_at_its_first_bar() -> None:
    assert decide(".xxx.xx.", [0.9, 0.5, 0.1, 0.1, 0.9, 0.4, 0.9, 0.9]) == (".xxx....", "........")
    assert decide("........", [0.9] * 8, short="xx..x...") == ("........", "xx..x...")
    assert decide("x.x", [0.9, 0.9, 0.1], short=".xx") == ("x..", ".xx")


def test_what_is_not_predicted_is_not_taken() -> None:
    assert decide("xxx.x", [NAN, 0.9, 0.9, 0.9, NAN]) == (".....", ".....")


def test_an_exit_at_the_same_close_ends_the_trade() -> None:
    """The bar after it asks anew, and is judged by its own prediction."""
    assert decide("xxxx", [0.9, 0.9, 0.1, 0.9], leave=".x..") == ("xx..", "....")


@given(some.lists(some.tuples(some.booleans(), some.booleans(), some.sampled_from([0.2, 0.8, NAN])), min_size=1))
def test_against_a_loop(bars: list[tuple[bool, bool, float]]) -> None:
    """What can enter, an entry without its exit, is what a loop takes that remembers whether the trade is on."""
    marks = ["".join("x" if bar[side] else "." for bar in bars) for side in (0, 1)]
    found, _ = decide(marks[0], [bar[2] for bar in bars], leave=marks[1])
    asked, taken = False, False
    for mark, (enter, leave, probability) in zip(found, bars, strict=True):
        asks = enter and not leave
        taken = (taken if asked else probability >= 0.5) if asks else taken
        asked = asks
        if asks:
            assert (mark == "x") == taken


def test_only_a_model_of_meta_labels_judges_trades() -> None:
    with pytest.raises(SpecError, match="does not predict which trades of a strategy earn"):
        MetaLabelled.parse({"model": {"kind": "model"}})


def test_through_the_engine_it_takes_trades_of_the_test_part_alone(workspace: Workspace) -> None:
    save(random_walk(900, 2, symbol="WALK"))
    market = {"collection": "made-up", "symbols": ["WALK"]}
    base = {"kind": "bollinger_reversion", "width": 1.0}
    model = {
        "kind": "model",
        "market": market,
        "features": [{"kind": "rsi", "window": 5}],
        "target": {"kind": "meta_label", "strategy": base},
        "model": {"kind": "linear"},
        "null_fits": 0,
    }
    trained = engine.run(ModelSpec.parse(model))
    middle = float(np.median(trained.prediction[np.isfinite(trained.outcome)]))
    rest = {"market": market, "costs": {"commission": 0, "slippage": 0}, "direction": "both"}
    judged, all_of_them = (
        frames.trades(engine.run(BacktestSpec.parse({"strategy": strategy, **rest})))
        for strategy in ({"kind": "meta_labelled", "model": model, "take_above": middle}, base)
    )
    decided = np.asarray(judged["entry_time"]) - np.timedelta64(1, "D")  # filled at the next open
    row = np.searchsorted(trained.time, decided)
    np.testing.assert_array_equal(trained.time[row], decided)
    assert (trained.prediction[row] >= middle).all()
    later = all_of_them[all_of_them["entry_time"] > np.datetime64(trained.test_start)]
    assert 5 < len(judged) < len(later)
