"""The warm-up compiles what real work needs: nobody waits for a compiler afterwards."""

from __future__ import annotations

from types import ModuleType

from engine.backtest.headline import headline
from engine.backtest.warming import load_kernels
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
    from engine.backtest.kernels import account, crossing, holdings, orders

    load_kernels()
    before = compiled(account, crossing, holdings, orders)
    assert before["engine.backtest.kernels.crossing.sweep"] == 1
    bars = random_walk(300)
    sma, rsi = {"kind": "sma_cross", "fast": 3, "slow": 9}, {"kind": "rsi_reversion"}
    fast, window = axis("strategy.fast", 2, 8), axis("strategy.window", 5, 9)
    run(sweep(spec(sma, stops={"trailing_stop": 0.1}), [fast]), bars)
    run(sweep(spec(sma), [fast, axis("costs.slippage", 1, 5)], drawdown=False), bars)
    run(sweep(spec(rsi), [window, axis("stops.take_profit", 0.1, 0.2)], sample="random", count=9), bars)
    run(sweep(spec(sma, direction="both"), [fast]), bars)
    headline(spec(rsi), [bars], {})
    assert compiled(account, crossing, holdings, orders) == before
