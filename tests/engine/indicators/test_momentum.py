"""The relative strength index against Wilder's recipe, worked by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from engine.indicators.momentum import Macd, Rsi
from engine.market import catalog
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk

prices = arrays(np.float64, some.integers(2, 150), elements=some.floats(1, 1e4))


def wilder(close: np.ndarray, window: int) -> np.ndarray:
    """New Concepts in Technical Trading Systems (1978), section VI: the first averages are plain means, the later
    ones take the last value as 1/window.
    """
    result = np.full(len(close), np.nan)
    gain = loss = 0.0
    for bar in range(1, len(close)):
        up, down = max(close[bar] - close[bar - 1], 0.0), max(close[bar - 1] - close[bar], 0.0)
        if bar <= window:
            gain, loss = gain + up / window, loss + down / window
        else:
            gain, loss = (gain * (window - 1) + up) / window, (loss * (window - 1) + down) / window
        if bar >= window and gain + loss > 0:
            result[bar] = 100 - 100 / (1 + gain / loss) if loss > 0 else 100.0
    return result


@pytest.mark.parametrize("window", [2, 9, 14, 50])
def test_rsi_is_wilders(window: int) -> None:
    bars = catalog.load(MarketSpec(symbols=("META",))).bars[0]
    rsi = Rsi(window=window)
    settled = slice(rsi.warm_up(), None)
    np.testing.assert_allclose(rsi.compute(bars)["rsi"][settled], wilder(bars.close, window)[settled], rtol=1e-9)


def test_warm_up_is_seven_and_a_half_windows_rounded_up() -> None:
    assert Rsi(window=14).warm_up() == 105
    assert Rsi(window=9).warm_up() == 68


@pytest.mark.parametrize("window", [9, 14, 50, 100])
def test_warm_up_leaves_a_hundredth_of_a_percent(window: int) -> None:
    """What the docstring of ``warm_up`` claims, on every sample series of equities."""
    errors = []
    for bars in catalog.load(MarketSpec(symbols=("AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"))).bars:
        rsi, long_run = Rsi(window=window), wilder(bars.close, window)
        for start in range(8 * window, len(bars) - rsi.warm_up() - 1, 211):
            at = start + rsi.warm_up()
            later = wilder(bars.close[start : at + 1], window)[-1]
            errors.append(abs(later - long_run[at]) / long_run[at])
    assert np.median(errors) < 1.5e-4
    assert np.max(errors) < 1.5e-3


def test_only_gains_and_only_losses() -> None:
    rising = np.arange(1.0, 60.0)
    assert Rsi(window=5).compute(make_bars(rising))["rsi"][-1] == 100
    assert Rsi(window=5).compute(make_bars(rising[::-1].copy()))["rsi"][-1] == 0


WALK = random_walk(300, 3).close.tolist()
STILL = {
    "at the start": [WALK[0]] * 250 + WALK,
    "in the middle": WALK[:150] + [WALK[149]] * 900 + WALK[150:],
    "at the end": WALK + [WALK[-1]] * 900,
    "once between": [5.0] * 40 + [6.0] + [6.0] * 600,
}


@pytest.mark.parametrize("place", STILL)
@pytest.mark.parametrize("window", [2, 5, 14])
@pytest.mark.parametrize("price", [1.0, 1e-9])
def test_where_the_price_stands_still_the_index_is_wilders(place: str, window: int, price: float) -> None:
    """Unknown until the first move; then each average shrinks alike, where TA-Lib falls to 0 in the end."""
    close, rsi = np.array(STILL[place]) * price, Rsi(window=window)
    found, expected = rsi.compute(make_bars(close))["rsi"], wilder(close, window)
    expected[: rsi.warm_up()] = np.nan
    np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-6)


def test_a_price_that_never_moved_has_no_index() -> None:
    assert np.isnan(Rsi(window=3).compute(make_bars(np.full(400, 7.0)))["rsi"]).all()


@given(prices, some.integers(2, 12))
def test_rsi_lies_between_0_and_100(close: np.ndarray, window: int) -> None:
    values = Rsi(window=window).compute(make_bars(close))["rsi"]
    known = values[~np.isnan(values)]
    moved = np.flatnonzero(np.diff(close)) + 1
    first = max(Rsi(window=window).warm_up(), int(moved[0]) if len(moved) else len(close))
    assert len(known) == max(len(close) - first, 0)
    assert ((known >= 0) & (known <= 100)).all()


@pytest.mark.parametrize("seed", range(5))
def test_mirrored_prices_have_the_mirrored_index(seed: int) -> None:
    close = random_walk(400, seed).close
    mirrored = Rsi().compute(make_bars(close.max() + 1 - close))["rsi"]
    np.testing.assert_allclose(mirrored, 100 - Rsi().compute(make_bars(close))["rsi"], rtol=1e-9)


@pytest.mark.parametrize("window", [2, 3, 14])
def test_rsi_stays_what_it_was_while_the_price_stands_still(window: int) -> None:
    """For as long as it does: both averages shrink alike, down to numbers that a float64 no longer tells apart."""
    moving = random_walk(200, seed=1).close
    found = Rsi(window=window).compute(make_bars(np.append(moving, np.full(12_000, moving[-1]))))["rsi"]
    np.testing.assert_allclose(found[200:], wilder(moving, window)[-1], rtol=1e-11)


def test_distance_of_the_macd_from_its_signal_is_zero_but_for_rounding() -> None:
    """On a straight line both averages of the MACD are the distance of their windows' centres, (26 - 12) / 2."""
    found = Macd().compute(make_bars(100 + np.arange(2000.0)))
    np.testing.assert_allclose(found["macd"][500:], 7.0)
    assert (found["histogram"][1000:] == 0).all()
