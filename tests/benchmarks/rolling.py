"""Rolling means, deviations and extremes of two hundred windows at once, against TA-Lib called for each.

``python -m tests.benchmarks.rolling`` prints its rows. All 500 x 200 x 5,000 values of a function are 4 GB, so either
side computes symbol after symbol, on a thread for each core: ours into memory that it uses again, TA-Lib into arrays
that are dropped. torch and MLX compute some of the symbols, in float32, and their time is scaled up to all.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import local

import numpy as np

from engine import devices
from engine.features.kernels import kernels_for
from engine.features.kernels.series import compute as on_series
from engine.indicators.reference import talib
from engine.indicators.rolling import rolling
from engine.market.bars import Floats

SYMBOLS, BARS = 500, 5_000
WINDOWS = np.arange(5, 205)
KERNELS = ("rolling_mean", "rolling_std", "rolling_min", "rolling_max")
SCALED = {"torch:cpu": 25, "mlx:cpu": 2}
"""Symbols of the 500 that a library computes."""
COMPARED = (5, 20, 50, 200)
"""Windows whose figures are compared."""
Compute = Callable[[str, Floats], Floats]


def main() -> None:
    for row in rows(5):
        print(f"| {' | '.join(row)} |")


def rows(runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    prices, compute = walk(), ours()
    check(compute, prices[:1])
    own, theirs = zip(*[(taken(compute, prices), taken(by_talib, prices)) for _ in range(runs)], strict=True)
    ratio = statistics.median(theirs) / statistics.median(own)
    others = [f"{devices.NAMES[name]} {on_device(name, prices):.0f} s" for name in SCALED if name in devices.expected()]
    told = f"{statistics.median(own):.2f} s against {statistics.median(theirs):.2f} s; {', '.join(others)}"
    what = f"rolling mean, std, min and max of {len(WINDOWS)} windows, {SYMBOLS} symbols x {BARS:,} bars"
    spread = f"{min(theirs) / max(own):.1f} to {max(theirs) / min(own):.1f} x"
    return [(f"{what}: TA-Lib for each window / ours", "3 x", f"{ratio:.1f} x ({told})", spread), *errors(prices)]


def errors(prices: Floats) -> list[tuple[str, ...]]:
    """How far float32 is from float64 on each device, as a part of the figure, at most."""
    names = [name for name in SCALED if name in devices.expected()]
    rows = []
    for what, kernel, limit, exact in (
        ("rolling mean", "rolling_mean", "1e-5", lambda row, window: talib().SMA(row, window)),
        ("the same of exponential means", "exponential_mean", "1e-5", lambda row, window: talib().EMA(row, window)),
        ("the same of standard deviations", "rolling_std", "1e-4", deviations),
    ):
        reference = np.array([[exact(row, window) for window in COMPARED] for row in prices[:2]])
        found = {
            devices.NAMES[name]: on_series(kernels_for(devices.get(name)), kernel, [prices[:2]], COMPARED, "float32")
            for name in names
        }
        worst = {name: np.nanmax(np.abs(values / reference - 1)) for name, values in found.items()}
        where = f", 2 symbols x {BARS:,} bars, float32 against float64, worst" if kernel == "rolling_mean" else ""
        told = ", ".join(f"{name} {error:.0e}" for name, error in worst.items())
        rows.append((what + where, limit, told, ""))
    return rows


def deviations(row: Floats, window: int) -> Floats:
    """Two passes over each window, in float64."""
    found = np.full(len(row), np.nan)
    found[window - 1 :] = np.lib.stride_tricks.sliding_window_view(row, window).std(axis=1, ddof=1)
    return found


def walk() -> Floats:
    steps = np.random.default_rng(1).standard_normal((SYMBOLS, BARS))
    return np.asarray(100 * np.exp(np.cumsum(0.01 * steps, axis=1)))


def taken(compute: Compute, prices: Floats) -> float:
    """Seconds of all four, of all symbols on all cores."""
    began = time.perf_counter()
    with ThreadPoolExecutor(devices.physical_cores()) as pool:
        for name in KERNELS:
            for _ in pool.map(lambda row, name=name: bool(len(compute(name, row))), prices):  # type: ignore[misc]
                pass
    return time.perf_counter() - began


def ours() -> Compute:
    """The loops, which fill the same memory again and again, a piece of it for each thread."""
    windows, own = rolling().windows, local()
    loops = {
        "rolling_mean": lambda row, out: windows.means(row, WINDOWS, out),
        "rolling_std": lambda row, out: windows.deviations(row, WINDOWS, 0, out),
        "rolling_min": lambda row, out: windows.extremes(row, WINDOWS, -1.0, out),
        "rolling_max": lambda row, out: windows.extremes(row, WINDOWS, 1.0, out),
    }

    def compute(name: str, row: Floats) -> Floats:
        if not hasattr(own, "out"):
            own.out = np.empty((1, len(WINDOWS), BARS))
        loops[name](row[None, :], own.out)
        found: Floats = own.out[0]
        return found

    return compute


def by_talib(name: str, row: Floats) -> Floats:
    """Each window's, without the wrapper that looks for pandas, 2 microseconds a call; returns the last one's."""
    library = talib()
    function = {
        "rolling_mean": library.SMA,
        "rolling_std": library.STDDEV,
        "rolling_min": library.MIN,
        "rolling_max": library.MAX,
    }[name]
    found = row
    for window in WINDOWS:
        found = function(row, int(window))
    return found


def check(compute: Compute, prices: Floats) -> None:
    for name in KERNELS:
        np.testing.assert_allclose(compute(name, prices[0])[-1], by_talib(name, prices[0]), rtol=1e-9)


def on_device(name: str, prices: Floats) -> float:
    """Seconds of all four on another device, scaled up to all symbols."""
    kernels, windows, count = kernels_for(devices.get(name)), tuple(map(int, WINDOWS)), SCALED[name]
    with kernels.threads(devices.physical_cores()):
        placed = kernels.to_device(prices[:count], "float32")
        kernels.synchronize(kernels.rolling_mean(placed, windows))
        began = time.perf_counter()
        for kernel in KERNELS:
            kernels.synchronize(getattr(kernels, kernel)(placed, windows))
        return (time.perf_counter() - began) * len(prices) / count


if __name__ == "__main__":
    main()
