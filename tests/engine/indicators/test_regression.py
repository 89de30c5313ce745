"""Rolling least squares against numpy's, window by window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.indicators.regression import rolling_line


def by_numpy(x: np.ndarray, y: np.ndarray, at: int, window: int) -> tuple[float, float, float, float]:
    part = slice(at - window + 1, at + 1)
    design = np.column_stack([x[part], np.ones(window)])
    (slope, intercept), *_ = np.linalg.lstsq(design, y[part], rcond=None)
    residuals = y[part] - slope * x[part] - intercept
    return slope, intercept, residuals[-1], residuals.std()


@pytest.mark.parametrize("window", [10, 60, 299, 300])
@pytest.mark.parametrize("offset", [0.0, 4.0, 1000.0])
def test_agrees_with_numpy(window: int, offset: float) -> None:
    random = np.random.default_rng(window)
    x = offset + np.cumsum(random.normal(0, 0.01, 300))
    y = 0.7 * x + np.cumsum(random.normal(0, 0.005, 300))
    line = rolling_line(x, y, window)
    assert np.isnan(line.slope[: window - 1]).all()
    for at in range(window - 1, 300, 7):
        slope, intercept, residual, deviation = by_numpy(x, y, at, window)
        assert line.slope[at] == pytest.approx(slope, rel=1e-7)
        assert line.intercept[at] == pytest.approx(intercept, rel=1e-7, abs=1e-6)
        assert line.residual[at] == pytest.approx(residual, rel=1e-6, abs=1e-10)
        assert line.deviation[at] == pytest.approx(deviation, rel=1e-6, abs=1e-10)


def test_long_series_loses_nothing_to_rounding() -> None:
    """A million bars, prices a thousand units from zero: the last window as if it were alone."""
    random = np.random.default_rng(1)
    x = 1000 + np.cumsum(random.normal(0, 0.001, 1_000_000))
    y = 2 * x + random.normal(0, 0.001, 1_000_000)
    whole, alone = rolling_line(x, y, 60), rolling_line(x[-60:], y[-60:], 60)
    assert whole.slope[-1] == pytest.approx(alone.slope[-1], rel=1e-8)
    assert whole.deviation[-1] == pytest.approx(alone.deviation[-1], rel=1e-8)


@given(some.integers(0, 200), some.integers(2, 30))
def test_what_comes_later_changes_nothing(count: int, window: int) -> None:
    random = np.random.default_rng(7)
    x, y = random.normal(size=(2, 200))
    whole, part = rolling_line(x, y, window), rolling_line(x[:count], y[:count], window)
    for name in ("slope", "intercept", "residual", "deviation"):
        np.testing.assert_array_equal(getattr(part, name), getattr(whole, name)[:count])


def test_a_line_that_stands_still_has_no_slope() -> None:
    line = rolling_line(np.full(50, 3.3), np.arange(50.0), 10)
    assert np.isnan(line.slope).all()
    assert np.isnan(line.deviation).all()
