"""The warm-up compiles what real work needs: nobody waits for a compiler afterwards."""

from __future__ import annotations

import os
import time
from pathlib import Path
from types import ModuleType

import pytest

from engine.backtest.fast_metrics import fast_metrics
from engine.backtest.precompile import UNUSED_DAYS, load_kernels, prune
from tests.support.market import random_walk
from tests.support.sweeping import axis, run, spec, sweep


def compiled(*modules: ModuleType) -> dict[str, int]:
    """Versions of each kernel, by argument types."""
    found = {}
    for module in modules:
        for name, value in vars(module).items():
            if hasattr(value, "signatures") and value.__module__ == module.__name__:
                found[f"{module.__name__}.{name}"] = len(value.signatures)
    return found


def test_nothing_is_compiled_after_the_warm_up() -> None:
    from engine.backtest.kernels import account, calm, conditions, crossing, holdings, multi_symbol, orders, weights

    load_kernels()
    kernels = account, calm, conditions, crossing, holdings, orders, multi_symbol, weights
    before = compiled(*kernels)
    assert before["engine.backtest.kernels.conditions.sweep"] == 1
    assert before["engine.backtest.kernels.conditions.sweep_symbols"] == 1
    assert before["engine.backtest.kernels.crossing.sweep"] == 1
    assert before["engine.backtest.kernels.multi_symbol.sweep_symbols"] == 1
    assert before["engine.backtest.kernels.weights.follow"] == 1
    bars, other = random_walk(300), random_walk(200, seed=2, symbol="TWO")
    sma, rsi = {"kind": "sma_cross", "fast": 3, "slow": 9}, {"kind": "rsi_reversion"}
    fast, window = axis("strategy.fast", 2, 8), axis("strategy.window", 5, 9)
    run(sweep(spec(sma, stops={"trailing_stop": 0.1}), [fast]), bars)
    run(sweep(spec(sma), [fast, axis("costs.slippage", 1, 5)], drawdown=False), bars)
    run(sweep(spec(rsi), [window, axis("stops.take_profit", 0.1, 0.2)], sample="random", count=9), bars)
    run(sweep(spec(sma, direction="both"), [fast]), bars)
    fast_metrics(spec(rsi), [bars], {})
    two = ("TEST", "TWO")
    run(sweep(spec(sma, two, stops={"trailing_stop": 0.1}), [fast, axis("costs.slippage", 1, 5)]), bars, other)
    run(sweep(spec(sma, two), [fast], drawdown=False), bars, other)
    run(sweep(spec(rsi, two), [window, axis("stops.take_profit", 0.1, 0.2)], sample="random", count=9), bars, other)
    fast_metrics(spec(rsi, two), [bars, other], {})
    pairs, target = {"kind": "pairs", "window": 20}, {"kind": "volatility_target"}
    run(sweep(spec(pairs, two, direction="both"), [axis("strategy.window", 10, 20)]), bars, other)
    run(
        sweep(
            spec(target, costs={"commission": 5, "slippage": 3, "per_order": 1}),
            [axis("strategy.band", 0, 0.5, 0.25)],
            drawdown=False,
        ),
        bars,
    )
    assert compiled(*kernels) == before


def test_kernels_of_versions_that_nobody_loads_any_more_are_removed(tmp_path: Path) -> None:
    old, new = time.time() - (UNUSED_DAYS + 1) * 86_400, time.time() - (UNUSED_DAYS - 1) * 86_400
    own, unused, other, foreign = (tmp_path / name for name in ("0" * 16, "1" * 16, "2" * 16, "notes"))
    for folder, age in ((own, old), (unused, old), (other, new), (foreign, old)):
        (folder / "kernels").mkdir(parents=True)
        (folder / "kernels" / "sweep.nbc").touch()
        os.utime(folder, (age, age))
    prune(own)
    assert {item.name for item in tmp_path.iterdir()} == {own.name, other.name, foreign.name}
    assert own.stat().st_mtime > new, "it is in use now"
    prune(tmp_path / "nowhere" / own.name)


def test_the_warm_up_prunes_beside_what_it_has_loaded(monkeypatch: pytest.MonkeyPatch) -> None:
    pruned: list[Path] = []
    monkeypatch.setattr("engine.backtest.precompile.prune", pruned.append)
    load_kernels()
    assert [len(folder.name) for folder in pruned] == [16, 16]
    assert list(pruned[0].glob("*/crossing.sweep*.nbi"))
    assert list(pruned[1].glob("*/moments.rolling_mean*.nbi"))
