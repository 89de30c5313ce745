"""The numbers behind the charts of a walk-forward."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dashboard.charts import base
from dashboard.charts.walkforward import curve, parameters, promise, windows
from dashboard.text.sweeps import AxisLabel
from engine.backtest.walkforward.result import WalkForwardResult
from tests.support.walks import walk

SIDES = (AxisLabel("strategy.fast", "Fast window", "bars"), AxisLabel("strategy.slow", "Slow window", "bars"))


@pytest.fixture(scope="module")
def made() -> WalkForwardResult:
    return walk()


def test_curves_begin_at_one_and_every_second_test_is_shaded(made: WalkForwardResult) -> None:
    info = curve.info(made)
    assert [line.name for line in info.lines] == ["Out of sample", "Buy and hold", "Best in hindsight"]
    account = info.lines[0]
    assert account.growth[0] == made.equity[0] / 100_000
    assert account.growth[-1] == made.equity[-1] / 100_000
    assert account.drawdown.min() == pytest.approx(made.metrics["max_drawdown"])
    assert info.tests == tuple(
        (float(base.times(made.test_first)[at]), float(base.times(made.test_last)[at])) for at in (1, 3)
    )
    drawn = curve.figure(info)
    assert [trace.name for trace in drawn.data if trace.showlegend is not False] == [
        "Best in hindsight", "Buy and hold", "Out of sample",
    ]  # fmt: skip
    assert len(drawn.layout.shapes) == 2


def test_an_account_at_zero_has_no_logarithm(made: WalkForwardResult) -> None:
    nothing = made.equity.copy()
    nothing[-3:] = 0.0
    info = curve.info(replace(made, equity=nothing))
    assert not info.log
    assert curve.figure(info).layout.yaxis.type == "linear"


def test_the_account_so_far() -> None:
    assert curve.live(curve.Partial.parse({"time": [], "growth": []})) is None
    info = curve.live(curve.Partial.parse({"time": [0, 86_400_000, 172_800_000], "growth": [1.0, 1.2, 0.9]}))
    assert info is not None
    np.testing.assert_allclose(info.lines[0].drawdown, [0, 0, -0.25])
    curve.figure(info)


def test_plan_has_a_training_and_a_test_for_each_window(made: WalkForwardResult) -> None:
    idle = made.out_trades.copy()
    idle[2] = 0
    info = windows.info(replace(made, out_trades=idle))
    assert info.lanes == 4
    training = [part for part in info.parts if part.kind == windows.TRAINING]
    tests = [part for part in info.parts if part.kind != windows.TRAINING]
    assert [part.lane for part in training] == [part.lane for part in tests] == [0, 1, 2, 3]
    assert all(one.stop == other.start for one, other in zip(training, tests, strict=True))
    wanted = [windows.GAIN if gained > 0 else windows.LOSS for gained in made.out_return]
    wanted[2] = windows.IDLE
    assert [part.kind for part in tests] == wanted
    assert "15 combinations, 15 eligible" in training[0].words
    assert windows.figure(info).layout.yaxis.autorange == "reversed"


def test_paths_of_the_chosen_values(made: WalkForwardResult) -> None:
    chosen = made.parameters.copy()
    chosen[1] = np.nan
    info = parameters.info(replace(made, parameters=chosen), SIDES)
    np.testing.assert_array_equal(info.paths[0].chosen, chosen[:, 0])
    assert (info.paths[1].low, info.paths[1].high) == (10, 30)
    drawn = parameters.figure(info)
    assert {trace.yaxis for trace in drawn.data} == {"y", "y2"}
    lines = [trace for trace in drawn.data if trace.name == "Chosen"]
    assert lines[0].customdata[3][1] == "none"
    assert lines[1].customdata[0][1] == f"{chosen[0, 1]:g}"


def test_words_are_named_on_their_axis(made: WalkForwardResult) -> None:
    side = AxisLabel("fill", "Fill", words=("Next open", "Next close"))
    only = replace(
        made, parameters=np.array([[0.0], [1.0], [1.0], [0.0]]), values=((0.0, 1.0),), hindsight_parameters=np.ones(1)
    )
    drawn = parameters.figure(parameters.info(only, (side,)))
    assert drawn.layout.yaxis.ticktext == ("Next open", "Next close")


def test_promise_and_result(made: WalkForwardResult) -> None:
    info = promise.info(made)
    assert info is not None
    np.testing.assert_array_equal(info.chosen, [made.in_sharpe, made.out_sharpe])
    assert info.cloud.shape == (2, len(made.cloud_in))
    assert (info.ends[:, 0] <= 0).all()
    assert (info.ends[:, 1] >= 0).all()
    drawn = promise.figure(info)
    assert [trace.name for trace in drawn.data[1:]] == ["All combinations", "Chosen"]
    assert promise.words(np.array([np.nan, -0.5, 0.1])) == "rank correlation −0.20"


def test_nothing_to_compare_is_none(made: WalkForwardResult) -> None:
    none = np.full(4, np.nan)
    bare = replace(made, out_sharpe=none, cloud_in=np.empty(0), cloud_out=np.empty(0))
    assert promise.info(bare) is None
    assert promise.words(none) == "Sharpe of the chosen parameters"
    alone = promise.info(replace(made, cloud_in=np.empty(0), cloud_out=np.empty(0)))
    assert alone is not None
    assert len(promise.figure(alone).data) == 2
