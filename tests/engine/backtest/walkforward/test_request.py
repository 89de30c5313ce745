"""Asking for a walk-forward: its trials, its progress, what is refused and why."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.walkforward.result import WalkForwardResult
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.errors import Cancelled, DataError, SpecError
from engine.jobs import executors
from engine.market.bars import Market
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.walks import AXES, base, run, walk_spec
from tests.support.workspace import Workspace


def test_every_combination_of_every_training_is_a_trial(workspace: Workspace) -> None:
    save(random_walk(880))
    result = engine.run(walk_spec())
    assert isinstance(result, WalkForwardResult)
    assert result.combinations.tolist() == [15] * 4
    assert ledger.count() == 15 * 5
    engine.run(walk_spec())
    assert ledger.count() == 15 * 5
    (trial,) = ledger.trials("sma_cross")
    assert trial.ratios <= 75
    assert trial.sharpe is not None


def test_stored_result_and_permalink(workspace: Workspace) -> None:
    save(random_walk(880))
    asked = walk_spec()
    result = engine.run(asked)
    assert engine.load_spec(asked.model_dump(mode="json")) == asked
    again = engine.run(asked)
    np.testing.assert_array_equal(again.equity, result.equity)
    assert again.summary() == result.summary()


def test_progress_names_the_window_and_shows_what_is_done() -> None:
    seen: list[tuple[float, str, Any]] = []
    executors.compute(walk_spec(), {"market": Market((random_walk(880),))}, lambda *call: seen.append(call))
    fractions = [call[0] for call in seen]
    assert fractions == sorted(fractions)
    assert fractions[0] >= 0
    assert fractions[-1] <= 1
    assert any(text.startswith("Window 3 of 4, 2020-10 to 2022-01: ") for _, text, _ in seen)
    last = seen[-1][2]
    assert [row["window"] for row in last["windows"]] == [1, 2, 3, 4]
    assert len(last["time"]) == len(last["growth"]) <= 700


def test_cancelling_stops_between_combinations() -> None:
    def progress(fraction: float, message: str, partial: Any = None) -> None:
        if message.startswith("Window 2"):
            raise Cancelled("Stopped.")

    with pytest.raises(Cancelled):
        executors.compute(walk_spec(), {"market": Market((random_walk(880),))}, progress)


def test_a_range_without_room_says_what_to_change() -> None:
    with pytest.raises(DataError, match="Choose shorter windows or a longer range"):
        run(walk_spec(windows={"train": 36, "test": 12}), random_walk(880))


@pytest.mark.parametrize(
    ("wrong", "path"),
    [
        ({"axes": []}, "axes"),
        ({"axes": [{"path": "strategy.fats", "low": 2, "high": 4}]}, "axes.0.path"),
        ({"axes": [AXES[0], AXES[0]]}, "axes.1.path"),
        ({"axes": [{"path": "strategy.fast", "low": 1, "high": 4}]}, "axes.0.low"),
        ({"windows": {"train": 0}}, "windows.train"),
        ({"minimum_trades": -1}, "minimum_trades"),
        ({"choice": "ridge"}, "choice"),
        ({"axes": [{"path": "costs.slippage", "low": 0, "high": 100, "step": 0.00001}]}, "axes.0.step"),
        ({"axes": [{"path": "costs.slippage", "low": 0, "high": 100, "step": 0.00002}]}, "axes"),
    ],
)
def test_a_wrong_request_is_told_at_its_field(wrong: dict[str, Any], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        walk_spec(**wrong)
    assert caught.value.problems[0][0] == path


def test_more_backtests_than_anyone_waits_for_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backtest.walkforward.run.LIMIT", 50)
    with pytest.raises(SpecError, match="15 combinations in each of 4 windows are 60 backtests"):
        run(walk_spec(), random_walk(880))


def test_the_estimate_grows_with_the_windows_and_what_is_tried_in_each(workspace: Workspace) -> None:
    save(random_walk(3000))
    few, many = walk_spec(windows={"train": 12, "test": 12}), walk_spec(windows={"train": 12, "test": 1})
    assert few.estimate().seconds < many.estimate().seconds
    fixed = many.sweep().estimate().seconds - many.sweep().backtest_seconds()
    assert many.estimate().seconds < fixed + 0.1 * len(many.expected_windows()), (
        "bars are read once, not in each window"
    )
    assert walk_spec(base(symbols=("NONE",))).estimate().seconds > 0


def trying(asked: WalkForwardSpec) -> float:
    """Seconds beyond those of no backtests at all."""
    sweep = asked.sweep()
    return asked.estimate().seconds - (sweep.estimate().seconds - sweep.backtest_seconds())


@pytest.mark.parametrize("strategy", ["sma_cross", "donchian_breakout", "rules"])
def test_the_estimate_is_that_of_the_sweeps_in_it(workspace: Workspace, strategy: str) -> None:
    save(random_walk(3000))
    path = {"sma_cross": "strategy.slow", "donchian_breakout": "strategy.enter"}.get(
        strategy, "strategy.enter.0.right.window"
    )
    axis = {"path": path, "low": 100, "high": 399}
    dear = base({"kind": strategy}, sizing={"kind": "value"})
    asked = [walk_spec(of, [axis], agreement=False) for of in (base({"kind": strategy}), dear)]
    for one in asked:
        windows, whole = len(one.expected_windows()), one.sweep().backtest_seconds()
        assert whole < trying(one) < (windows + 1) * whole + 0.1 * windows, "hindsight, and a part of all bars in each"
        compared = one.model_copy(update={"agreement": True})
        assert trying(one) < trying(compared) < 2.5 * trying(one)
        wider = one.model_copy(update={"axes": (one.axes[0].model_copy(update={"step": 2.0}),)})
        assert trying(wider) < trying(one)
    assert trying(asked[1]) > trying(asked[0]), "an account of its own takes longer than a kernel"
