"""Accounts on a device against the kernels: the same bits by torch in float64, and within a bound in float32."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as some
from torch.overrides import TorchFunctionMode

from engine.backtest.accelerator import on_grid
from engine.backtest.accelerator.on_grid import ERROR, TorchAccelerator
from engine.backtest.sweeps import device
from engine.backtest.sweeps.device import ON_CPU
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.errors import Cancelled, DataError, DeviceError
from engine.core.progress import silent
from engine.features.device import Choice
from engine.market.bars import Bars, Market
from tests.support.market import random_walk
from tests.support.sweeping import axis, series, spec, sweep

METRICS = ("total_return", "sharpe", "max_drawdown", "trades")
ON_TORCH = Choice("torch:cpu", "Computed on torch CPU in float64, as asked for.")
SMA: dict[str, Any] = {"kind": "sma_cross", "fast": 5, "slow": 20}
FAST, SLOW = axis("strategy.fast", 2, 9), axis("strategy.slow", 4, 30, 2)
STRATEGIES: list[tuple[dict[str, Any], list[dict[str, Any]]]] = [
    (SMA, [FAST, SLOW]),
    ({"kind": "ema_cross", "fast": 3, "slow": 8}, [axis("strategy.fast", 2, 9)]),
    ({"kind": "macd", "slow": 12, "fast": 5, "signal": 4}, [axis("strategy.signal", 3, 6)]),
    (
        {"kind": "rsi_reversion", "window": 5},
        [
            axis("strategy.window", 3, 6),
            axis("strategy.enter_below", 20, 50, 10),
            axis("strategy.leave_above", 50, 80, 15),
        ],
    ),
    ({"kind": "donchian_breakout", "enter": 20, "leave": 10}, [axis("strategy.enter", 12, 20, 2)]),
]
STOPS: list[dict[str, Any]] = [
    axis("stops.stop_loss", 0.01, 0.1, 0.03),
    axis("stops.take_profit", 0.02, 0.2, 0.06),
    axis("stops.trailing_stop", 0.01, 0.1, 0.03),
    axis("stops.time_stop", 1, 9, 4),
]
COSTS: list[dict[str, Any]] = [axis("costs.slippage", 0, 20, 10), axis("costs.commission", 0, 10, 5)]


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """As in a worker."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def on(choice: Choice, request: SweepSpec, bars: Bars) -> SweepResult:
    return run_sweep(request, {"market": Market((bars,))}, silent, choice=choice)


def same(request: SweepSpec, bars: Bars) -> SweepResult:
    """The result on torch, which is that of the kernels to the bit."""
    expected, found = on(ON_CPU, request, bars), on(ON_TORCH, request, bars)
    for name in METRICS:
        np.testing.assert_array_equal(getattr(found, name), getattr(expected, name), err_msg=name)
    return found


@pytest.mark.parametrize("axes", [[], *([item] for item in (*STOPS, *COSTS)), STOPS[:3], [STOPS[3], COSTS[0]]])
@pytest.mark.parametrize(("strategy", "own"), STRATEGIES)
def test_figures_are_those_of_the_kernels_to_the_bit(
    strategy: dict[str, Any], own: list[dict[str, Any]], axes: list[dict[str, Any]]
) -> None:
    found = same(sweep(spec(strategy), [*own, *axes]), random_walk(500, seed=3))
    assert found.trades.max() > 1
    assert found.computed.endswith("Operation by operation as on the CPU.")


def test_the_device_is_that_of_the_request(monkeypatch: pytest.MonkeyPatch) -> None:
    request, given_ = sweep(spec(SMA), [FAST]), {"market": Market((random_walk(300, seed=3),))}
    assert run_sweep(request, given_, silent).computed == ""
    monkeypatch.setattr(SweepSpec, "choice", lambda _: ON_TORCH)
    assert run_sweep(request, given_, silent).computed.startswith(ON_TORCH.reason)


@settings(max_examples=50, deadline=None)
@given(some.data())
def test_they_are_on_any_series_with_any_stops(data: some.DataObject) -> None:
    bars = data.draw(series(least=45))
    strategy, own = data.draw(some.sampled_from(STRATEGIES[:4]))
    fixed = data.draw(
        some.fixed_dictionaries(
            {},
            optional={"stop_loss": some.sampled_from([0.001, 0.02]), "trailing_stop": some.sampled_from([0.01, 0.2])},
        )
    )
    axes = data.draw(some.lists(some.sampled_from([*STOPS[1:2], *STOPS[3:], *COSTS]), max_size=2, unique_by=str))
    request = sweep(spec(strategy, stops=fixed), [*own[:1], *axes], drawdown=data.draw(some.booleans()))
    try:
        found = same(request, bars)
    except DataError:
        return
    whole = np.isfinite(bars.open).all() and np.isfinite(bars.close).all()
    if whole and strategy is SMA:  # others may still warm up among the measured bars
        assert "as on the CPU" in found.computed


def test_combinations_that_do_not_fit_into_memory_at_once_are_taken_in_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.backtest.accelerator.batches._HOST", 1e5)
    heard: list[int] = []
    seen: list[Any] = []
    request = sweep(spec(SMA), [FAST, SLOW, STOPS[0]])
    bars = random_walk(300, seed=5)
    expected = on(ON_CPU, request, bars)
    monkeypatch.setattr(on_grid, "evaluate", _heard(heard, seen, on_grid.evaluate))
    found = on(ON_TORCH, request, bars)
    known = found.sharpe[np.isfinite(found.sharpe)]
    for count, sharpe in zip(np.cumsum([count for count in heard if count]), seen, strict=True):  # annualised at once
        assert np.isin(sharpe, known).sum() >= count - (len(found) - len(known))
    np.testing.assert_array_equal(found.sharpe, expected.sharpe)
    assert len([count for count in heard if count]) > 2
    assert sum(heard) == len(found)


def _heard(heard: list[int], seen: list[Any], evaluate: Any) -> Any:
    """``evaluate`` that keeps its steps, and the Sharpe ratios that are there after each."""

    def listening(*work: Any) -> Any:
        *rest, out, step, yearly = work

        def told(count: int) -> None:
            heard.append(count)
            if count:
                seen.append(out[1].copy())
            step(count)

        return evaluate(*rest, out, told, yearly)

    return listening


@pytest.mark.parametrize("axes", [[FAST, SLOW], [FAST, *STOPS[:2]], [FAST, STOPS[2], STOPS[3]]])
@pytest.mark.parametrize("bars", [700, 5_000])
def test_float32_stays_within_its_bound_and_misses_no_stop(
    axes: list[dict[str, Any]], bars: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    halved(monkeypatch, verified=0)
    request, prices = sweep(spec(SMA), axes), random_walk(bars, seed=7)
    expected, found = on(ON_CPU, request, prices), on(ON_TORCH, request, prices)
    assert 0 < far(found, expected) < ERROR
    np.testing.assert_array_equal(found.trades, expected.trades)
    assert f"Within {ERROR:.0e} of float64" in found.computed


class NoDouble(TorchFunctionMode):
    """Fails as a device without float64 does, when a tensor of it is made there."""

    def __torch_function__(self, function: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        found = function(*args, **(kwargs or {}))
        assert not isinstance(found, torch.Tensor) or found.dtype != torch.float64, function
        return found


def test_a_device_without_float64_is_given_none(monkeypatch: pytest.MonkeyPatch) -> None:
    halved(monkeypatch, verified=5)
    with NoDouble():
        for axes in ([FAST, SLOW], [FAST, *STOPS[:2]], [FAST, *STOPS[2:]]):
            on(ON_TORCH, sweep(spec(SMA), axes), random_walk(300, seed=7))
        with pytest.raises(AssertionError):
            torch.zeros(3, dtype=torch.float64)


def far(found: SweepResult, expected: SweepResult) -> float:
    """The largest error, as ``ERROR`` counts it."""
    capital = 1 + expected.total_return
    return float(
        max(
            np.nanmax(np.abs(found.total_return - expected.total_return) / capital),
            np.nanmax(np.abs(found.sharpe - expected.sharpe)),
            np.nanmax(np.abs(found.max_drawdown - expected.max_drawdown)),
        )
    )


def halved(monkeypatch: pytest.MonkeyPatch, verified: int) -> None:
    """torch's CPU computes in float32 alone, as MPS does; the best so many are verified."""

    class Halved(TorchAccelerator):
        def __init__(self, name: str) -> None:
            super().__init__(name)
            self.device = replace(self.device, float64=False)

    Halved.verified = verified
    monkeypatch.setattr(device, "accelerator", Halved)
    monkeypatch.setattr("engine.backtest.sweeps.run.accelerator", Halved)


def test_what_is_shown_first_is_computed_again_in_float64(monkeypatch: pytest.MonkeyPatch) -> None:
    halved(monkeypatch, verified=20)
    request, bars = sweep(spec(SMA), [FAST, SLOW, STOPS[0]]), random_walk(900, seed=9)
    expected, found = on(ON_CPU, request, bars), on(ON_TORCH, request, bars)
    for name in ("sharpe", "total_return", "calmar"):
        best = found.best(name, count=20)
        np.testing.assert_array_equal(best, expected.best(name, count=20))
        for metric in METRICS:
            np.testing.assert_array_equal(found.metric(metric)[best], expected.metric(metric)[best])
    assert (found.sharpe != expected.sharpe).any()


def test_float32_is_not_used_on_series_for_which_nothing_is_known_of_its_error(monkeypatch: pytest.MonkeyPatch) -> None:
    halved(monkeypatch, verified=0)
    monkeypatch.setattr("engine.backtest.accelerator.series.MEASURED", 200)
    assert same(sweep(spec(SMA), [FAST]), random_walk(300, seed=2)).computed.startswith("Computed on the CPU")


def test_prices_that_miss_a_bar_are_left_to_the_kernels_and_it_is_said() -> None:
    bars = random_walk(300, seed=2)
    open = bars.open.copy()
    open[150] = np.nan
    found = same(sweep(spec(SMA), [FAST]), replace(bars, open=open))
    assert found.computed.startswith(
        "Computed on the CPU in float64: torch CPU follows accounts with a price on every bar"
    )


def test_returns_too_small_to_be_told_from_sums_are_taken_from_the_kernels() -> None:
    bars = random_walk(400, seed=4)
    flat = {name: 100 + 1e-7 * (getattr(bars, name) - 100) for name in ("open", "high", "low", "close")}
    same(sweep(spec(SMA, costs={"commission": 0, "slippage": 0}), [FAST, SLOW]), replace(bars, **flat))


def test_a_sweep_on_a_device_is_cancelled() -> None:
    calls = 0

    def cancelled(*_: Any) -> None:
        nonlocal calls
        calls += 1
        if calls > 3:
            raise Cancelled

    with pytest.raises(Cancelled):
        run_sweep(
            sweep(spec(SMA), [FAST, SLOW]), {"market": Market((random_walk(400, seed=1),))}, cancelled, choice=ON_TORCH
        )


def test_a_device_that_this_machine_lacks_is_refused_with_the_reason() -> None:
    if torch.cuda.is_available():
        pytest.skip("this machine has it")
    with pytest.raises(DeviceError, match="torch:cuda is not on this machine"):
        on(Choice("torch:cuda", ""), sweep(spec(SMA), [FAST]), random_walk(100, seed=1))


@pytest.mark.parametrize("error", [torch.OutOfMemoryError("CUDA out of memory."), RuntimeError("MPS out of memory")])
def test_a_device_without_the_memory_says_what_to_do(error: RuntimeError, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_: Any) -> None:
        raise error

    monkeypatch.setattr(on_grid, "evaluate", full)
    with pytest.raises(DeviceError, match="torch CPU has too little memory free: choose the CPU"):
        on(ON_TORCH, sweep(spec(SMA), [FAST]), random_walk(100, seed=1))
