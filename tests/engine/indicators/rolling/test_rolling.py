"""Compiled loops over windows against pandas and NumPy, on gaps, still prices and numbers far from zero."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.indicators.expressions.functions import FUNCTIONS
from engine.market.bars import Floats

Rolled = pd.core.window.Rolling


def computed(name: str, *series: Floats, constants: tuple[float, ...]) -> Floats:
    return FUNCTIONS[name].compute(*[np.atleast_2d(values).copy() for values in series], *constants)[0]


def rolled(function: Callable[[Floats], float]) -> Callable[[Rolled], pd.Series]:
    return lambda windows: windows.apply(function, raw=True)


REFERENCES: dict[str, Callable[[Rolled], pd.Series]] = {
    "sum": lambda windows: windows.sum(),
    "mean": lambda windows: windows.mean(),
    "std": rolled(lambda x: np.std(x, ddof=1)),
    "var": rolled(lambda x: np.var(x, ddof=1)),
    "skew": rolled(lambda x: pd.Series(x).skew()),
    "kurt": rolled(lambda x: pd.Series(x).kurt()),
    "product": rolled(np.prod),
    "ts_max": rolled(np.max),
    "ts_min": rolled(np.min),
    "bars_since_max": rolled(lambda x: float(np.argmax(x[::-1]))),
    "bars_since_min": rolled(lambda x: float(np.argmin(x[::-1]))),
    "ts_rank": lambda windows: (windows.rank() - 1) / (windows.window - 1),
    "quantile": rolled(lambda x: np.quantile(x, 0.5)),
    "decay_linear": rolled(lambda x: np.average(x, weights=np.arange(1, len(x) + 1))),
    "slope": rolled(lambda x: np.polyfit(np.arange(len(x)), x, 1)[0]),
    "residual": rolled(lambda x: x[-1] - np.polyval(np.polyfit(np.arange(len(x)), x, 1), len(x) - 1)),
    "r_squared": rolled(lambda x: np.corrcoef(np.arange(len(x)), x)[0, 1] ** 2),
}
WINDOWS = (4, 5, 17)


def series(count: int = 160, seed: int = 3) -> Floats:
    random = np.random.default_rng(seed)
    values = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    values[[40, 41, 90]] = np.nan
    return values


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("name", REFERENCES)
def test_windows_have_the_values_of_pandas_and_numpy(name: str, window: int) -> None:
    values = series()
    constants = (window, 0.5) if name == "quantile" else (window,)
    expected = REFERENCES[name](pd.Series(values).rolling(window)).to_numpy()
    found = computed(name, values, constants=constants)
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("window", [40, 41, 600])
@pytest.mark.parametrize("name", ["ts_max", "ts_min", "ts_rank"])
def test_windows_of_any_length_reach_across_blocks_of_bars(name: str, window: int) -> None:
    """Short windows and long ones are computed in different ways; with equal values and gaps in both."""
    values = np.random.default_rng(5).integers(-30, 30, 2_000) / 4.0
    values[[7, 700, 701]] = np.nan
    expected = REFERENCES[name](pd.Series(values).rolling(window)).to_numpy()
    np.testing.assert_allclose(computed(name, values, constants=(window,)), expected, rtol=1e-14)


@pytest.mark.parametrize("name", ["correlation", "covariance", "regression_slope", "regression_residual"])
def test_pairs_have_the_values_of_numpy(name: str) -> None:
    x, y, window = series(), series(seed=4), 12
    expected = np.full(len(x), np.nan)
    for at in range(window - 1, len(x)):
        a, b = x[at - window + 1 : at + 1], y[at - window + 1 : at + 1]
        if np.isfinite(a + b).all():
            slope, intercept = np.polyfit(a, b, 1)
            expected[at] = {
                "correlation": np.corrcoef(a, b)[0, 1],
                "covariance": np.cov(a, b)[0, 1],
                "regression_slope": slope,
                "regression_residual": b[-1] - intercept - slope * a[-1],
            }[name]
    found = computed(name, x, y, constants=(window,))
    np.testing.assert_allclose(found, expected, rtol=1e-8, atol=1e-9 * np.nanmax(np.abs(expected)))


@pytest.mark.parametrize("name", REFERENCES)
def test_large_numbers_with_small_differences_keep_their_digits(name: str) -> None:
    """A plain running sum of squares of 1e8 and its noise has no digit of the variance left."""
    noise = np.random.default_rng(1).normal(0, 1, 400)
    if name == "product":
        return
    constants = (20, 0.5) if name == "quantile" else (20,)
    moved = {"sum": 20e8, "mean": 1e8, "quantile": 1e8, "decay_linear": 1e8, "ts_max": 1e8, "ts_min": 1e8}.get(
        name, 0.0
    )
    near, far = (computed(name, noise + offset, constants=constants) for offset in (0.0, 1e8))
    np.testing.assert_allclose(far - moved, near, atol=2e-6 * np.nanmax(np.abs(near)) + 2e-16 * abs(moved) * 20)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("mean", 0.1), ("std", 0.0), ("var", 0.0), ("zscore", np.nan), ("ts_rank", 0.5), ("slope", 0.0),
        ("skew", np.nan), ("kurt", np.nan), ("r_squared", np.nan), ("correlation", np.nan),
        ("regression_slope", np.nan),
    ],
)  # fmt: skip
def test_a_price_that_stands_still_after_it_moved_is_exact(name: str, value: float) -> None:
    values = np.concatenate([np.random.default_rng(2).normal(50, 3, 33), np.full(30, 0.1)])
    inputs = [values] * len(FUNCTIONS[name].series)
    np.testing.assert_array_equal(computed(name, *inputs, constants=(7,))[-23:], np.full(23, value))


@given(
    st.lists(st.one_of(st.floats(-1e6, 1e6), st.just(float("nan"))), min_size=1, max_size=40),
    st.integers(2, 12),
    st.integers(1, 39),
)
def test_a_value_follows_from_its_window_alone(values: list[float], window: int, first: int) -> None:
    """Each window has the value that it would have as a series of its own: nothing of what came before is left."""
    whole = np.array(values)
    for name in ("sum", "mean", "std", "ts_max", "bars_since_min", "ts_rank", "decay_linear", "slope", "quantile"):
        constants = (window, 0.3) if name == "quantile" else (window,)
        found = computed(name, whole, constants=constants)
        assert np.isnan(found[: window - 1]).all()
        for at in range(max(window - 1, min(first, len(whole))), len(whole)):
            alone = computed(name, whole[at - window + 1 : at + 1], constants=constants)[-1]
            np.testing.assert_allclose(found[at], alone, rtol=1e-6, atol=1e-4)


@pytest.mark.parametrize("name", [name for name, item in FUNCTIONS.items() if item.kind == "window"])
@pytest.mark.parametrize("length", [1, 2, 5])
def test_a_window_longer_than_the_series_has_no_value(name: str, length: int) -> None:
    function = FUNCTIONS[name]
    constants = tuple(float(item.default or 0) if not item.whole else 6 for item in function.constants)
    found = computed(name, *[np.arange(1.0, length + 1)] * len(function.series), constants=constants)
    assert np.isnan(found).all()
