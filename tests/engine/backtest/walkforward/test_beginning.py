"""Beginning of the first training: once every combination could trade, by the same count as a run and a sweep."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.progress import silent
from engine.market.bars import Bars, Market
from tests.support.backtests import simulated
from tests.support.market import days, random_walk
from tests.support.walks import base, run

HALF_YEARS = {"train": 6, "test": 6}


def momentum(lookback: int, anchoring: str = "rolling") -> WalkForwardSpec:
    """Two lookbacks of momentum, of which the longer one is ``lookback``."""
    return WalkForwardSpec.parse(
        {
            "base": base({"kind": "time_series_momentum", "lookback": 20}),
            "axes": [{"path": "strategy.lookback", "values": [20, lookback]}],
            "windows": HALF_YEARS | {"anchoring": anchoring},
            "minimum_trades": 0,
        }
    )


@pytest.mark.parametrize("anchoring", ["rolling", "anchored"])
@pytest.mark.parametrize(("lookback", "first"), [(244, "2020-09-01"), (250, "2020-09-07"), (252, "2020-10-01")])
def test_no_training_begins_before_every_combination_could_trade(lookback: int, first: str, anchoring: str) -> None:
    """A month of which up to a week is missing is begun with, but not before it: bar 250 is the 7th of September."""
    bars = random_walk(880)
    found = run(momentum(lookback, anchoring), bars)
    assert str(found.train_first[0])[:10] == first
    assert int((bars.time < found.train_first[0]).sum()) >= found.warm_up == lookback
    inside = (bars.time >= found.train_first[0]) & (bars.time <= found.train_last[0])
    assert found.train_bars[0] == inside.sum()
    if anchoring == "anchored":
        assert (found.train_first == found.train_first[0]).all()


def late(count: int, first: str, seed: int, symbol: str) -> Bars:
    """A walk of ``count`` days whose first is ``first``."""
    return random_walk(count, seed=seed, symbol=symbol, time=days(count, first))


def rotation(*symbols: str) -> dict[str, Any]:
    strategy = {"kind": "rotation", "lookback": 60, "skip": 5, "top": 1, "every": 21}
    return {
        "base": base(strategy, symbols=symbols),
        "axes": [{"path": "strategy.lookback", "values": [60, 100]}],
    }


def test_walk_forward_of_an_allocation_begins_with_its_run_and_its_sweep() -> None:
    """They count bars of the common calendar, and wait for no symbol that was listed later."""
    one, two, third = (late(*about) for about in ((1100, "2020-01-01", 1, "A"), (1100, "2020-01-01", 2, "B"),
                                                  (450, "2021-11-08", 3, "C")))  # fmt: skip
    request = rotation("A", "B", "C")
    swept = run_sweep(SweepSpec.parse(request), {"market": Market((one, two, third))}, silent)
    slowest = simulated(swept.spec_of(1), one, two, third)
    assert swept.first == str(slowest.time[0])
    walked = WalkForwardSpec.parse(request | {"windows": HALF_YEARS, "minimum_trades": 0})
    found = run(walked, one, two, third)
    assert str(slowest.time[0])[:10] == "2020-04-15"
    assert str(found.train_first[0])[:10] == "2020-05-01"
    assert found.warm_up_in_range == slowest.warm_up_in_range
    assert not any("The windows begin where" in text for text in found.warnings)
    without = run(
        WalkForwardSpec.parse(walked.model_dump(mode="json") | {"base": rotation("A", "B")["base"]}), one, two
    )
    before = found.test_last < third.time[0]
    assert before.sum() == 2
    np.testing.assert_array_equal(found.parameters[before], without.parameters[: before.sum()])
    np.testing.assert_allclose(found.out_return[before], without.out_return[: before.sum()], rtol=1e-12)
    after = found.test_first > third.time[0] + np.timedelta64(150, "D")
    assert after.any()
    assert not np.isclose(found.out_return[after], without.out_return[after]).all()
