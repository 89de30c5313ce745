"""The forward return as a number and in three classes, by hand and by a plain loop."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some
from hypothesis.extra.numpy import arrays

from engine.labels.forward_return import ForwardReturn
from engine.labels.forward_return_classes import ForwardReturnClasses
from engine.labels.forward_return_value import ForwardReturnValue
from tests.support.market import days, make_bars

NAN = np.nan


def test_returns_two_bars_ahead_by_hand() -> None:
    labels = ForwardReturnValue(horizon=2).compute(make_bars([10, 11, 12, 9.9]))
    np.testing.assert_allclose(labels.value, [0.2, -0.1, NAN, NAN])
    np.testing.assert_array_equal(labels.end[:2], days(4)[2:])
    assert np.isnat(labels.end[2:]).all()


def test_classes_by_hand_their_limits_being_flat() -> None:
    close = [100, 100.5, 99, 99.1, 99.1, 0, 5]
    labels = ForwardReturnClasses(horizon=1, threshold=1).compute(make_bars(close))
    np.testing.assert_array_equal(labels.value, [1, 0, 1, 1, NAN, NAN, NAN])
    exact = ForwardReturnClasses(horizon=1, threshold=50).compute(make_bars([2, 3, 1.5, 3]))
    np.testing.assert_array_equal(exact.value, [1, 1, 2, NAN])


def test_a_split_and_a_dividend_are_no_fall() -> None:
    bars = make_bars([100, 50, 49], adj_close=[50, 50.5, 51])
    assert ForwardReturnValue(horizon=1).compute(bars).value[:2] == pytest.approx([0.01, 51 / 50.5 - 1])
    np.testing.assert_array_equal(ForwardReturnClasses(horizon=1, threshold=0.5).compute(bars).value, [2, 2, NAN])


def test_labels_in_words() -> None:
    assert ForwardReturnValue(horizon=1).label() == "return over 1 bar"
    assert ForwardReturnClasses(horizon=20, threshold=2.5).label() == "down, flat or up by 2.5% in 20 bars"


@given(arrays(np.float64, some.integers(0, 60), elements=some.floats(1, 1000)), some.integers(1, 70))
def test_the_three_labels_agree_with_a_plain_loop(close: np.ndarray, horizon: int) -> None:
    bars = make_bars(close)
    value, classes, up = (
        label.compute(bars)
        for label in (
            ForwardReturnValue(horizon=horizon),
            ForwardReturnClasses(horizon=horizon, threshold=2),
            ForwardReturn(horizon=horizon, threshold=2),
        )
    )
    np.testing.assert_array_equal(value.end, classes.end)
    for bar in range(len(close)):
        if bar + horizon >= len(close):
            assert np.isnan([value.value[bar], classes.value[bar]]).all()
            continue
        grown = float(close[bar + horizon] / close[bar] - 1)
        assert value.value[bar] == grown
        assert classes.value[bar] == (2 if grown > 0.02 else 0 if grown < -0.02 else 1)
        assert (classes.value[bar] == 2) == (up.value[bar] == 1)
