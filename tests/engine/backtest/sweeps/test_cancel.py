"""A cancelled sweep stops soon: how much work there is between two looks at whether anybody still wants it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from scipy.stats import spearmanr

from engine.backtest.sweeps import parallel, rows, views
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.choice import agreement, choose
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.errors import Cancelled
from engine.jobs import executors
from engine.market.bars import Bars, Market
from tests.support.market import random_walk
from tests.support.sweeping import axis, run, spec, sweep

SMA = {"kind": "sma_cross", "fast": 5, "slow": 20}
RSI = {"kind": "rsi_reversion"}
FAST, SLOW = axis("strategy.fast", 2, 700), axis("strategy.slow", 3, 700)
STOP = axis("stops.stop_loss", 0.01, 0.2)
LINES = [axis("strategy.fast", 2, 40), axis("strategy.slow", 41, 100, 2), axis("strategy.signal", 3, 30)]
BANDS = [axis("strategy.window", 2, 60), axis("strategy.enter_below", 5, 45), axis("strategy.leave_above", 46, 80)]
AT_MOST = 0.4  # of all the work


class Looks:
    """A progress that keeps the fractions it hears, which rise from call to call."""

    def __init__(self) -> None:
        self.heard = [0.0]

    def __call__(self, fraction: float, message: str, partial: object = None) -> None:
        self.heard.append(fraction)

    def most(self) -> float:
        """The largest share of the work between two calls."""
        return max(later - earlier for earlier, later in pairwise([*self.heard, 1.0]))


@pytest.fixture(autouse=True)
def pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that no machine makes larger for being fast: how many looks there are is then the work's own."""
    monkeypatch.setattr(parallel, "_LARGEST", 20_000)


@pytest.fixture(scope="module")
def bars() -> Bars:
    return random_walk(5000, seed=1)


@pytest.mark.parametrize(
    "request_",
    [
        sweep(spec(SMA), [FAST, SLOW, axis("costs.slippage", 0, 2, 1)]),
        sweep(spec(SMA), [FAST, SLOW, STOP], sample="latin_hypercube", count=300_000),
        sweep(spec(SMA), [FAST, SLOW, STOP], sample="random", count=300_000),
        sweep(spec(SMA), [FAST, SLOW], sample="tpe", count=600),
        sweep(spec({"kind": "macd"}), LINES),
    ],
    ids=["grid", "latin_hypercube", "random", "tpe", "lines"],
)
def test_sweep_looks_often(request_: SweepSpec, bars: Bars) -> None:
    looks = Looks()
    run(request_, bars, progress=looks)
    assert looks.most() < AT_MOST
    assert len(looks.heard) > 40


def test_combinations_that_are_judged_one_by_one_are_watched(bars: Bars) -> None:
    looks = Looks()

    def until_it_runs(fraction: float, message: str, partial: object = None) -> None:
        looks(fraction, message)
        if fraction > 0:
            raise Cancelled("enough")

    with pytest.raises(Cancelled):
        run(sweep(spec(RSI, direction="both"), BANDS), bars, progress=until_it_runs)
    assert 0 < looks.heard[-1] < 0.01


def test_walk_forward_looks_often(bars: Bars) -> None:
    looks, base = Looks(), spec(SMA).model_dump(mode="json")
    axes: list[dict[str, Any]] = [axis("strategy.fast", 2, 120), axis("strategy.slow", 3, 200)]
    asked = WalkForwardSpec.parse({"base": base, "axes": axes, "minimum_trades": 0})
    executors.compute(asked, {"market": Market((bars,))}, looks)
    assert looks.most() < AT_MOST
    assert len(looks.heard) > 40


def test_the_choice_among_many_combinations_looks_between_its_blocks(
    bars: Bars, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = run(sweep(spec(SMA), [axis("strategy.fast", 2, 31), axis("strategy.slow", 32, 61)]), bars)
    calls: list[None] = []
    whole = choose(found, "sharpe", 0, plateau=True)
    monkeypatch.setattr(views, "_BLOCK", 9 * 30)  # 30 of 900 cells with their neighbours
    assert choose(found, "sharpe", 0, plateau=True, check_cancelled=lambda: calls.append(None)) == whole
    assert len(calls) > 2 * 900 / 30
    monkeypatch.setattr(rows, "_PIECE", 100)
    calls.clear()
    assert agreement(found.metric("sharpe"), found.metric("trades"), lambda: calls.append(None)) == pytest.approx(
        spearmanr(found.metric("sharpe"), found.metric("trades")).statistic
    )
    assert len(calls) >= 900 / 100


def test_large_whole_numbers_are_told_apart_in_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "_PIECE", 100)
    values = np.random.default_rng(3).integers(0, 400, 1000) * 10_000_019
    known, place = rows.unique_inverse(values)
    expected, inverse = np.unique(values, return_inverse=True)
    np.testing.assert_array_equal(known, expected)
    np.testing.assert_array_equal(place, inverse)
