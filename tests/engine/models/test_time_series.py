"""Time-series baselines against statsmodels, and on what they must not know."""

from __future__ import annotations

import numpy as np
import pytest

from engine.models.time_series import ar1, arma, expected, forecasts, innovations, standardised

COUNT, TRAIN = 4000, 3000


def simulated(phi: float, theta: float, seed: int, count: int = COUNT) -> np.ndarray:
    """Closes whose log returns are ARMA(1,1) with a mean."""
    noise = np.random.default_rng(seed).normal(0, 0.01, count)
    change = np.zeros(count)
    for at in range(1, count):
        change[at] = phi * change[at - 1] + noise[at] + theta * noise[at - 1]
    return np.asarray(100 * np.exp(np.cumsum(change + 0.0002)))


def bars(*closes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return np.concatenate(closes), np.concatenate([np.arange(len(close)) for close in closes]).astype(np.int32)


def first(count: int, total: int = COUNT) -> np.ndarray:
    return np.arange(total) < count


@pytest.mark.parametrize(("phi", "theta"), [(0.5, 0.3), (-0.4, 0.6), (0.7, -0.3)])
def test_arima_and_its_forecasts_are_those_of_statsmodels(phi: float, theta: float) -> None:
    from statsmodels.tsa.arima.model import ARIMA

    close, bar = bars(simulated(phi, theta, 1))
    train = first(TRAIN)
    returns = standardised(close, bar, train)
    found = arma(returns, train, ar1(returns, train))
    # The mean is the sample's here, not the most likely one; unscaled, its optimiser stops short of the maximum.
    change = 100 * (np.diff(np.log(close)) - returns.mean[0])
    theirs = ARIMA(change[: TRAIN - 1], order=(1, 0, 1), trend="n").fit()
    assert found == pytest.approx(tuple(theirs.params[:2]), abs=0.01)
    ahead = expected(returns, *found, horizon=5)
    for at in (TRAIN, TRAIN + 200, COUNT - 1):
        summed = theirs.apply(change[:at]).forecast(5).sum() / 100
        assert ahead[at] - 5 * returns.mean[0] == pytest.approx(summed, rel=0.02, abs=2e-5)


def test_ar1_is_the_regression_of_returns_on_the_one_before() -> None:
    close, bar = bars(simulated(0.3, 0.0, 2), simulated(0.3, 0.0, 3))
    train = np.tile(first(TRAIN), 2)
    returns = standardised(close, bar, train)
    value = returns.value.reshape(2, -1)[:, :TRAIN]
    slope = np.linalg.lstsq(value[:, :-1].reshape(-1, 1), value[:, 1:].ravel(), rcond=None)[0][0]
    assert ar1(returns, train) == pytest.approx(slope)
    assert slope == pytest.approx(0.3, abs=0.03)


def test_innovations_by_hand_start_anew_with_each_symbol() -> None:
    close, bar = bars(np.exp([0.0, 0.1, 0.0]), np.exp([1.0, 1.2, 1.0]))
    returns = standardised(close, bar, np.zeros(6, dtype=bool))
    one, two = 0.1, 0.2  # nothing to train on: neither mean nor deviation is known
    by_hand = [0, one, -one - 0.5 * one - 0.25 * one, 0, two, -two - 0.5 * two - 0.25 * two]
    np.testing.assert_allclose(innovations(returns, 0.5, 0.25), by_hand, atol=1e-15)


def test_a_forecast_knows_the_training_bars_and_its_own_past_alone() -> None:
    close, bar = bars(simulated(0.4, 0.2, 4), simulated(0.4, 0.2, 5))
    train = np.flatnonzero(np.tile(first(TRAIN), 2))
    place = np.array([TRAIN + 10, COUNT + TRAIN + 50])
    fold = np.zeros(2, dtype=np.int64)
    before = forecasts(close, bar, {0: train}, place, fold, 3)
    changed = close.copy()
    changed[TRAIN + 11 : COUNT] *= np.linspace(2, 0.5, COUNT - TRAIN - 11)
    changed[COUNT + TRAIN + 51 :] = np.nan
    after = forecasts(changed, bar, {0: train}, place, fold, 3)
    assert list(before) == ["AR(1)", "ARIMA(1,1,1)"]
    for name, values in before.items():
        np.testing.assert_array_equal(after[name], values)
        assert np.isfinite(values).all()


def test_prices_that_do_not_move_or_are_unknown_have_a_forecast_of_nothing() -> None:
    for close in (np.full(50, 7.0), np.full(50, np.nan)):
        found = forecasts(close, np.arange(50, dtype=np.int32), {0: np.arange(30)}, np.array([40]), np.zeros(1, int), 2)
        assert {name: value.tolist() for name, value in found.items()} == {"AR(1)": [0.0], "ARIMA(1,1,1)": [0.0]}
