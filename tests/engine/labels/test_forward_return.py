"""The direction of the forward return, by hand and by a plain loop."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from engine.labels.forward_return import ForwardReturn
from tests.support.market import days, make_bars

NAN = np.nan


def test_two_bars_ahead_by_hand() -> None:
    labels = ForwardReturn(horizon=2).compute(make_bars([10, 11, 12, 11, 9, 12]))
    np.testing.assert_array_equal(labels.value, [1, 0, 0, 1, NAN, NAN])
    np.testing.assert_array_equal(labels.end[:4], days(6)[2:])
    assert np.isnat(labels.end[4:]).all()


def test_a_return_equal_to_the_threshold_is_not_over_it() -> None:
    close = [100, 101, 103.03, 103.03]
    np.testing.assert_array_equal(
        ForwardReturn(horizon=1, threshold=1.5).compute(make_bars(close)).value, [0, 1, 0, NAN]
    )
    np.testing.assert_array_equal(ForwardReturn(horizon=1).compute(make_bars([5, 5, 6])).value, [0, 1, NAN])


def test_a_split_and_a_dividend_are_no_fall() -> None:
    bars = make_bars([100, 50, 49], adj_close=[50, 50.5, 51])
    np.testing.assert_array_equal(ForwardReturn(horizon=1).compute(bars).value, [1, 1, NAN])


def test_a_price_that_is_none_gives_no_answer() -> None:
    labels = ForwardReturn(horizon=1).compute(make_bars([1, 0, -3, NAN, 2, 3]))
    np.testing.assert_array_equal(labels.value, [NAN, NAN, NAN, NAN, 1, NAN])


def test_labels_in_words() -> None:
    assert ForwardReturn(horizon=1).label() == "up in 1 bar"
    assert ForwardReturn(horizon=20, threshold=2.5).label() == "up over 2.5% in 20 bars"


@given(
    arrays(np.float64, some.integers(0, 60), elements=some.floats(1, 1000)),
    some.integers(1, 70),
    some.floats(-5, 5),
)
def test_against_a_plain_loop(close: np.ndarray, horizon: int, threshold: float) -> None:
    bars = make_bars(close)
    labels = ForwardReturn(horizon=horizon, threshold=threshold).compute(bars)
    for bar in range(len(close)):
        if bar + horizon < len(close):
            assert labels.value[bar] == float(close[bar + horizon] / close[bar] - 1 > threshold / 100)
            assert labels.end[bar] == bars.time[bar + horizon]
        else:
            assert np.isnan(labels.value[bar])
