"""Following a model: its probabilities become positions, out of sample alone."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.jobs import executors
from engine.market.availability import align_known, known_at
from engine.market.bars import Bars
from engine.market.catalog import load
from engine.market.spec import MarketSpec
from engine.models.result import NOT_IN_TIME
from engine.models.spec import ModelSpec
from engine.research.verification.spec import VerificationSpec
from engine.strategies import Strategy
from engine.strategies.kinds.buy_and_hold import BuyAndHold
from engine.strategies.kinds.follow_model import FollowModel
from tests.support.market import days, make_bars

NAN = float("nan")


@dataclass(frozen=True)
class Predicted:
    """A model's result that predicts what the test says, of bars that had ended when they were ``known``."""

    known: np.ndarray
    probability: np.ndarray

    def usable(self, bars: Bars, path: int = 0) -> np.ndarray:
        assert bars.series.symbol == "TEST"
        return align_known(self.probability, self.known, bars)


def predicted(probability: np.ndarray, first: str = "2020-01-01") -> Predicted:
    """Predictions of days like those of ``make_bars``."""
    return Predicted(known_at(make_bars(probability, time=days(len(probability), first))), probability)


def decide(
    probability: list[float], enter: float = 0.55, leave: float = 0.5, first: str = "2020-01-01", bars: int = 6
) -> tuple[str, str]:
    model = predicted(np.array(probability), first)
    strategy = FollowModel(model=ModelSpec(), enter_above=enter, exit_below=leave)
    signals = strategy.signals(make_bars(np.ones(bars)), {"model": model})
    return tuple("".join("x" if flag else "." for flag in flags) for flags in (signals.entries, signals.exits))  # type: ignore[return-value]


def test_thresholds_by_hand() -> None:
    assert decide([0.4, 0.5, 0.52, 0.55, 0.9, 0.49]) == ("...xx.", "x....x")


def test_bars_without_a_prediction_decide_nothing() -> None:
    assert decide([0.9, 0.1], first="2020-01-03") == ("..x...", "...x..")
    assert decide([NAN, 0.9, NAN, 0.1, NAN, NAN]) == (".x....", "...x..")


def test_predictions_of_bars_that_are_not_asked_for_are_left_out() -> None:
    assert decide([0.9] * 10, first="2019-12-30", bars=3) == ("xxx", "...")
    assert decide([0.9], first="2021-01-01") == ("......", "......")


def test_equal_thresholds_leave_no_gap() -> None:
    assert decide([0.5, 0.49, 0.5, 0.51, 0.1, 0.0], enter=0.5, leave=0.5) == ("x.xx..", ".x..xx")


def test_thresholds_are_in_order() -> None:
    with pytest.raises(SpecError, match=r"Exit below \(0\.6\) must not exceed enter above \(0\.55\)\."):
        FollowModel.parse({"kind": "follow_model", "model": {"kind": "model"}, "exit_below": 0.6})


@pytest.mark.usefixtures("workspace")
def test_nothing_is_held_before_the_test_part_of_the_model() -> None:
    model = ModelSpec(null_fits=0)
    values = {"strategy": FollowModel(model=model), "costs": {"commission": 5, "slippage": 3}}
    request = BacktestSpec.parse(values)
    result, trained = engine.run(request), engine.run(model)
    start = np.datetime64(trained.test_start)
    assert result.time[0] == start, "while the model learns nobody is idle"
    assert result.equity[0] == result.benchmark[0] == 100_000
    (bars,) = load(request.market).bars
    first = int(np.searchsorted(bars.time, start)) + 1
    bought = bars.open[first] * 1.0003 * 1.0005
    assert result.benchmark[-1] == pytest.approx(100_000 * bars.close[-1] / bought)
    assert result.metrics["trades"]
    assert (result.trade_entry_time > start).all()
    assert np.datetime64(trained.newest.train_end) < start


@pytest.mark.usefixtures("workspace")
def test_predictions_that_are_not_in_time_are_never_passed_silently() -> None:
    """A path of a combinatorial split is traded, says that nobody could have, and fails the look-ahead check."""
    split = {"kind": "combinatorial_purged", "n_groups": 4, "test_groups": 2}
    quick = {"kind": "lightgbm", "rounds": 60, "early_stopping": 0}
    model = ModelSpec.parse({"null_fits": 0, "validation": split, "model": quick})
    requests = [
        BacktestSpec.parse({"strategy": FollowModel(model=model, path=path), "costs": {"commission": 5, "slippage": 3}})
        for path in (1, 3)
    ]
    first, third = (engine.run(request) for request in requests)
    assert NOT_IN_TIME in first.warnings
    assert not np.array_equal(first.equity, third.equity)
    checked = engine.run(VerificationSpec(backtest=requests[0], samples=100))
    assert checked.look_ahead == NOT_IN_TIME
    with pytest.raises(SpecError, match="3 out-of-sample paths, and path 4 is none of them"):
        FollowModel(model=model, path=4)


@pytest.mark.usefixtures("workspace")
def test_model_and_backtest_are_computed_once_and_both_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.research import ledger

    calls: list[ModelSpec] = []
    compute = executors.compute

    def counted(spec: Any, *arguments: Any) -> Any:
        calls.extend([spec] * isinstance(spec, ModelSpec))
        return compute(spec, *arguments)

    monkeypatch.setattr(executors, "compute", counted)
    model = ModelSpec(null_fits=0)
    engine.run(model)
    for enter in (0.5, 0.55, 0.6):
        strategy = FollowModel(model=model, enter_above=enter)
        engine.run(BacktestSpec.parse({"strategy": strategy, "costs": {"commission": 5, "slippage": 3}}))
    assert calls == [model]
    assert len(ledger.trials("follow_model")) == 3
    assert len(ledger.trials("model:lightgbm")) == 1


def test_the_short_side_mirrors_the_long_one() -> None:
    probability = np.array([0.4, 0.44, 0.5, 0.51, 0.6, NAN])
    model = predicted(probability)
    signals = FollowModel(model=ModelSpec(), enter_above=0.55).signals(make_bars(np.ones(6)), {"model": model})
    assert signals.short_entries is not None
    assert signals.short_exits is not None
    assert signals.short_entries.tolist() == [True, True, False, False, False, False]
    assert signals.short_exits.tolist() == [False, False, False, True, True, False]


def test_a_day_is_followed_from_the_hour_that_ends_it() -> None:
    coarse = make_bars(np.array([0.9, 0.1]), time=days(2), timezone="UTC")
    finer = make_bars(np.ones(60), time=np.datetime64("2020-01-01", "h") + np.arange(60), interval="1h", timezone="UTC")
    model = Predicted(known_at(coarse), coarse.close)
    signals = FollowModel(model=ModelSpec()).signals(finer, {"model": model})
    assert np.flatnonzero(signals.entries).tolist() == [23]
    assert np.flatnonzero(signals.exits).tolist() == [47]


def test_the_runs_that_a_strategy_follows_are_among_its_fields() -> None:
    class Second(FollowModel):
        other: MarketSpec = MarketSpec()
        settings: Strategy = BuyAndHold()

    assert FollowModel.followed_runs() == {"model": ModelSpec}
    assert Second.followed_runs() == {"model": ModelSpec, "other": MarketSpec}
    assert Strategy.followed_runs() == {}
