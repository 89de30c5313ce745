"""Features by the kernels of a device: their values, and which device is chosen and why."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import pytest

import engine
from engine import devices, routing
from engine.benchmarks import run as benchmarks
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.rolling_features import RollingFeatures
from engine.core.errors import DataError, DeviceError
from engine.core.progress import silent
from engine.core.spec import Resources
from engine.features.choice import WORKLOAD, choose
from engine.features.device import CPU, Choice
from engine.features.matrix import matrix
from engine.features.on_device import calls, formulas, on_device
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS, Indicator
from engine.indicators.averages import Ema, Sma, VolumeAverage
from engine.indicators.expression import Expression
from engine.indicators.expressions.parser import parse
from engine.indicators.momentum import Rsi
from engine.market.bars import Bars, Market
from engine.market.spec import MarketSpec
from tests.support.market import random_walk

HERE = [name for name in devices.expected() if name != "numpy:cpu"]


def bars(seed: int, count: int) -> Bars:
    made = random_walk(count, seed, symbol=f"S{seed}")
    return replace(made, volume=np.random.default_rng(seed).integers(500, 5_000, count).astype(np.float64))


MARKET = Market((bars(1, 260), bars(2, 190)))


def with_formulas() -> list[Indicator]:
    """Every indicator of the library that says by which expressions it can be computed."""
    found = [cls() for cls in INDICATORS.available().values()]
    return [item for item in found if not isinstance(item, Expression) and item.formulas()]


@pytest.mark.parametrize("feature", with_formulas(), ids=lambda feature: feature.kind)
def test_formulas_have_the_values_of_their_indicator(feature: Indicator) -> None:
    """In float64, by NumPy's kernels where there are any."""
    own = feature.compute(MARKET.bars[0])
    assert len(feature.formulas()) == len(feature.outputs)
    for output, text in zip(feature.outputs, feature.formulas(), strict=True):
        found = Expression(text=text).compute(MARKET.bars[0])["value"]
        warm_up = feature.warm_up()
        np.testing.assert_allclose(found[warm_up:], own[output.name][warm_up:], rtol=1e-9, atol=1e-9)


def test_what_kernels_compute_is_known() -> None:
    assert {item.kind for item in with_formulas()} >= {"sma", "ema", "bollinger", "donchian", "talib_stddev"}
    assert [call.kernel for call, _ in calls(parse("zscore(close, 20) + sma(volume, 5)"))] == [
        "rolling_mean",
        "rolling_std",
    ]
    assert formulas(Expression(text="close - open")) == (), "nothing in it is worth a transfer"
    assert formulas(Rsi()) == ()


FEATURES: tuple[Indicator, ...] = (
    Sma(window=5), Sma(window=30), Ema(window=10), VolumeAverage(window=12), Rsi(window=7),
    Expression(text="zscore(close / mean(close, 5), 20)"), Expression(text="correlation(close, volume, 25)"),
    Expression(text="slope(close, 14) + var(close, 14)"), Expression(text="rank(ts_rank(volume, 10))"),
    Expression(text="quantile(close, 9, 0.25) - ts_min(low, 9)"), Expression(text="ema(close - open, 8)"),
)  # fmt: skip


@pytest.mark.parametrize("name", HERE)
def test_a_device_gives_the_values_of_the_cpu(name: str) -> None:
    expected = matrix(FEATURES, MARKET)
    found = matrix(FEATURES, MARKET, choice=Choice(name, "Computed there, as asked for."))
    np.testing.assert_array_equal(np.isnan(found.values), np.isnan(expected.values))
    scale = np.nanstd(expected.values, axis=0)
    assert np.nanmax(np.abs(found.values - expected.values) / scale) < 2e-3
    assert (found.values[:, 0] != expected.values[:, 0]).any(), "float32 is not float64"
    own = [place for place, item in enumerate(FEATURES) if isinstance(item, Rsi)]
    np.testing.assert_array_equal(found.values[:, own], expected.values[:, own])
    assert found.computed.startswith("Computed there, as asked for. Within these bounds of float64: ")
    assert "rolling std 1e-04 of the deviation itself" in found.computed
    assert found.computed.endswith(" On the CPU in float64: RSI 7.")
    assert expected.computed == ""


@pytest.mark.parametrize("name", HERE)
def test_a_symbol_is_not_changed_by_the_others(name: str) -> None:
    alone = on_device((Sma(window=9),), Market((MARKET.bars[1],)), name)[Sma(window=9)][0]
    among = on_device((Sma(window=9),), MARKET, name)[Sma(window=9)][1]
    np.testing.assert_array_equal(alone, among)


def test_missing_columns_and_devices_are_refused() -> None:
    closes = Market((replace(MARKET.bars[0], series=replace(MARKET.bars[0].series, has_volume=False)),))
    with pytest.raises(DataError, match="has no volume"):
        on_device((VolumeAverage(),), closes, HERE[0])
    absent = next(name for name in devices.NAMES if name not in devices.expected())
    with pytest.raises(DeviceError, match="is not on this machine"):
        on_device((Sma(),), MARKET, absent)


def test_a_run_says_where_it_was_computed() -> None:
    spec = FeatureSpec(market=MarketSpec(symbols=("AAPL",)), features=(Sma(window=20),), device="mlx")
    found = engine.run(spec)
    assert "MLX" in found.computed
    assert found.summary()["computed"] == found.computed
    plain = engine.run(spec.model_copy(update={"device": "cpu"}))
    np.testing.assert_allclose(found.values[19:], plain.values[19:], rtol=1e-6)


def test_the_key_follows_the_device_and_not_the_word() -> None:
    plain, auto, mlx = (FeatureSpec(device=word) for word in ("cpu", "auto", "mlx"))
    assert engine.run_key(plain) == engine.run_key(FeatureSpec())
    if not any(name for name in HERE if not name.endswith(":cpu")):
        assert engine.run_key(auto) == engine.run_key(plain)
    assert engine.run_key(mlx) != engine.run_key(plain)
    assert mlx.estimate().seconds > plain.estimate().seconds + 1, "a library that is loaded is a job"


def test_a_gpu_is_asked_of_the_worker() -> None:
    assert FeatureSpec().resources() == Resources()
    assert FeatureSpec(device="cuda").resources() == Resources(gpus=1)


TIMES = {1: {"numpy:cpu": 0.001, "torch:cuda": 0.003}, 100: {"numpy:cpu": 0.1, "torch:cuda": 0.01, "mlx:cpu": 0.001}}


@pytest.mark.parametrize(
    ("symbols", "device", "told"),
    [
        (1, CPU, "1 symbols take 1 ms on NumPy CPU, 3 ms on torch CUDA"),
        (10, "torch:cuda", "10 symbols take 10 ms on NumPy CPU, 5.48 ms on torch CUDA"),
        (4_000, "torch:cuda", "100 ms on NumPy CPU, 10 ms on torch CUDA"),
    ],
)
def test_auto_follows_the_measured_crossover(
    monkeypatch: pytest.MonkeyPatch, symbols: int, device: str, told: str
) -> None:
    monkeypatch.setattr(devices, "expected", lambda: ("numpy:cpu", "torch:cuda", "mlx:cpu"))
    routing.keep(WORKLOAD, TIMES, {})
    found = choose("auto", symbols)
    assert found.device == device
    assert told in found.reason


@pytest.mark.parametrize(
    ("here", "times", "told"),
    [
        (("numpy:cpu", "mlx:cpu"), TIMES, "no GPU that torch or MLX can use"),
        (("numpy:cpu", "torch:cuda"), {}, "Nothing is measured here."),
        (("numpy:cpu", "torch:cuda"), {1: {"numpy:cpu": 1.0}}, "10 symbols take 1e+03 ms on NumPy CPU."),
    ],
)
def test_auto_stays_on_the_cpu_where_nothing_speaks_for_another(
    monkeypatch: pytest.MonkeyPatch, here: tuple[str, ...], times: Mapping[int, Mapping[str, float]], told: str
) -> None:
    monkeypatch.setattr(devices, "expected", lambda: here)
    routing.keep(WORKLOAD, times, {})
    found = choose("auto", 10)
    assert found.device == CPU
    assert told in found.reason


def test_the_benchmark_keeps_what_auto_follows() -> None:
    workload = RollingFeatures(symbols=2, bars=260)
    action = BenchmarkSpec(workload=workload, sizes=(1, 2), variants=("numpy:cpu", "torch:cpu"), repetitions=3)
    result = benchmarks.perform(action, silent)
    assert result.results[0].usable.all()
    kept = routing.measured(WORKLOAD).seconds
    assert [sorted(kept[size]) for size in (1, 2)] == [["numpy:cpu", "torch:cpu"]] * 2
