"""Overfitting of a sweep: the returns that it looks at are those of the runs, and luck is told from skill."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

import engine
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.store import decode, encode
from engine.market.sources.stored import save
from engine.research.overfitting import cscv
from engine.research.sweep_overfitting.run import sampled
from engine.research.sweep_overfitting.spec import OverfittingSpec
from tests.support.market import make_bars, random_walk

pytestmark = pytest.mark.usefixtures("workspace")

AXES = [
    {"path": "strategy.fast", "low": 2, "high": 8, "step": 2},
    {"path": "strategy.slow", "low": 10, "high": 40, "step": 10},
]


def request(symbols: tuple[str, ...] = ("TEST",), **more: Any) -> OverfittingSpec:
    market = {"collection": "made-up", "symbols": symbols, "adjustment": "none"}
    base = {"market": market, "strategy": {"kind": "sma_cross"}, "costs": {"commission": 1, "slippage": 1}}
    return OverfittingSpec.parse({"sweep": {"base": base, "axes": AXES}, "samples": 100, **more})


def test_it_looks_at_the_returns_of_the_runs() -> None:
    save(random_walk(600, seed=5))
    spec = request(blocks=8)
    found = engine.run(spec)
    cells = engine.run(spec.sweep)
    columns = [engine.run(cells.spec_of(index)).returns() for index in range(len(cells))]
    own = cscv(np.column_stack(columns), engine.run(cells.spec_of(0)).periods_per_year, 8)
    assert found.columns == found.whole == len(cells) == 16
    np.testing.assert_allclose(found.in_sample, own.in_sample, rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.logit, own.logit)
    assert found.probability == own.probability
    assert 0 <= found.spa_zero <= 1
    assert 0 <= found.spa_hold <= 1
    assert set(found.superior) <= set(found.combinations)
    restored = decode(encode(found), type(found))
    np.testing.assert_array_equal(restored.logit, found.logit)


def test_an_edge_that_is_there_in_every_block_is_not_overfitted() -> None:
    """Waves of 40 bars: a short average follows them all through, a long one comes too late."""
    price = 100 * np.exp(
        0.2 * np.sin(np.arange(1600) * 2 * np.pi / 40) + 0.002 * np.random.default_rng(2).normal(0, 1, 1600)
    )
    save(make_bars(price))
    found = engine.run(request(blocks=8))
    assert found.probability < 0.05
    assert found.loss < 0.05
    assert found.spa_zero < 0.05


def test_several_symbols_are_one_account() -> None:
    for name, seed in (("ONE", 1), ("TWO", 2)):
        save(random_walk(400, seed=seed, symbol=name))
    found = engine.run(request(("ONE", "TWO"), blocks=4))
    assert len(found.logit) == 6


def test_what_is_drawn_follows_from_the_seed_alone() -> None:
    assert sampled(10, 20, 0).tolist() == list(range(10))
    first, again, other = sampled(1000, 50, 1), sampled(1000, 50, 1), sampled(1000, 50, 2)
    assert first.tolist() == again.tolist() != other.tolist()
    assert len(set(first.tolist())) == 50
    assert first.tolist() == sorted(first.tolist())


def test_odd_blocks_are_refused() -> None:
    with pytest.raises(engine.core.errors.SpecError, match="must be even, not 5"):
        request(blocks=5)


def test_the_sweep_is_counted_and_this_is_not() -> None:
    from engine.research import ledger

    save(random_walk(600, seed=5))
    engine.run(request(blocks=4))
    assert sum(trial.count for trial in ledger.trials("sma_cross")) == 16


def test_request_is_a_sweeps() -> None:
    assert isinstance(request().sweep, SweepSpec)
