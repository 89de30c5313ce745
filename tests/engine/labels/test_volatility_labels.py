"""Labels in units of volatility, against pandas and a plain loop over the definition."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as some

from engine.labels.forward_return_scaled import ForwardReturnScaled
from engine.labels.triple_barrier import TripleBarrier
from engine.labels.volatility import volatility
from engine.market.bars import Bars
from tests.support.market import make_bars, random_walk

NAN = np.nan
CALM = [100.0, 101, 100, 101]  # three returns of about 1%: the volatility at the last is about 1.15%
UNIT = float(np.std(np.diff(CALM) / CALM[:-1], ddof=1))


def ranged(close: list[float], high: dict[int, float], low: dict[int, float], open: dict[int, float]) -> Bars:
    """Bars with these closes, that open at the close before and reach further where they are told to."""
    closes = np.array(close)
    opens = np.append(closes[0], closes[:-1])
    for place, price in open.items():
        opens[place] = price
    bars = make_bars(closes, open=opens)
    highs, lows = bars.high.copy(), bars.low.copy()
    for place, price in high.items():
        highs[place] = price
    for place, price in low.items():
        lows[place] = price
    return replace(bars, high=highs, low=lows)


def test_the_volatility_is_that_of_pandas() -> None:
    walk = random_walk(300)
    closes = walk.adj_close.copy()
    closes[[50, 120]] = NAN, 0.0
    known = pd.Series(np.where(closes > 0, closes, NAN))
    expected = known.pct_change(fill_method=None).rolling(20).std().to_numpy()
    np.testing.assert_allclose(volatility(replace(walk, adj_close=closes), 20), expected, rtol=1e-9)
    assert np.isfinite(expected).sum() > 200


def test_tiny_moves_have_a_volatility_and_none_has_none() -> None:
    returns = np.tile([1e-8, -1e-8, 3e-8], 20)
    closes = 100 * np.cumprod(1 + returns)
    np.testing.assert_allclose(volatility(make_bars(closes), 30)[-1], np.std(returns[-30:], ddof=1), rtol=1e-4)
    assert np.isnan(volatility(make_bars(np.full(50, 7.0)), 10)).all()


def test_a_scaled_return_by_hand() -> None:
    labels = ForwardReturnScaled(horizon=2, window=3).compute(make_bars([*CALM, 103, 105.04]))
    assert np.isnan(labels.value[[0, 1, 2, 4, 5]]).all()
    assert labels.value[3] == pytest.approx(0.04 / (UNIT * np.sqrt(2)))
    assert labels.end[3] == make_bars([*CALM, 103, 105.04]).time[5]


@pytest.mark.parametrize(
    ("close", "high", "low", "open", "expected", "after"),
    [
        pytest.param([102, 103, 104], {}, {}, {}, 2, 2, id="closes rise through the upper barrier"),
        pytest.param([100, 99, 98], {}, {}, {}, 0, 2, id="closes fall through the lower one"),
        pytest.param([102, 100, 101], {}, {}, {}, 1, 3, id="neither"),
        pytest.param([101, 101, 101], {5: 104}, {}, {}, 2, 2, id="a high touches"),
        pytest.param([101, 101, 101], {}, {6: 90}, {}, 0, 3, id="a low touches on the last bar"),
        pytest.param([101, 101, 101], {4: 110}, {4: 90}, {}, 0, 1, id="both in one bar count as a fall"),
        pytest.param([101, 101, 101], {4: 110}, {4: 90}, {4: 105}, 2, 1, id="but for one that opens above"),
        pytest.param([101, 101, 101], {4: 110}, {4: 90}, {4: 95}, 0, 1, id="or below"),
    ],
)
def test_barriers_by_hand(close: list[float], high: dict[int, float], low: dict[int, float], open: dict[int, float],
                          expected: int, after: int) -> None:  # fmt: skip
    """Barriers at 101 x (1 +- 1.7 x 1.15%): 103.0 and 99.0."""
    bars = ranged([*CALM, *close], high, low, open)
    labels = TripleBarrier(horizon=3, upper=1.7, lower=1.7, window=3).compute(bars)
    assert labels.value[3] == expected
    assert labels.end[3] == bars.time[3 + after]


def test_a_barrier_is_touched_where_it_stands() -> None:
    """Also by closes alone, whose highs and lows are unknown."""
    for factor, expected in ((1 - 1e-9, 1.0), (1 + 1e-9, 2.0)):
        closes = [*CALM, 101 * (1 + 2 * UNIT * factor), 101]
        walk = make_bars(closes)
        nothing = np.full(len(closes), NAN)
        bars = replace(walk, open=nothing, high=nothing, low=nothing)
        assert TripleBarrier(horizon=2, upper=2, lower=2, window=3).compute(bars).value[3] == expected


def test_a_split_and_a_dividend_touch_no_barrier() -> None:
    closes = np.array([*CALM, 101, 101, 101])
    bars = make_bars(closes)
    halved = np.append(np.ones(5), [0.5, 0.5])
    split = make_bars(closes * halved, open=bars.open * halved, adj_close=closes * 0.9)
    assert TripleBarrier(horizon=3, window=3).compute(split).value[3] == 1


def test_an_open_outcome_at_the_end_of_the_data_is_unknown_and_a_decided_one_is_known() -> None:
    label = TripleBarrier(horizon=5, upper=2, lower=2, window=3)
    assert np.isnan(label.compute(make_bars([*CALM, 101, 101])).value[3])
    assert label.compute(make_bars([*CALM, 101, 120])).value[3] == 2


def touched(bars: Bars, place: int, label: TripleBarrier) -> tuple[float, int]:
    """By the definition, bar after bar: the class and the bars that it took, NaN and 0 where it is unknown."""
    scale = bars.adj_close / bars.close
    if place < label.window:
        return NAN, 0
    past = bars.adj_close[place - label.window : place + 1]
    unit = np.std(past[1:] / past[:-1] - 1, ddof=1)
    close = bars.adj_close[place]
    for ahead in range(1, label.horizon + 1):
        at = place + ahead
        if at >= len(bars):
            return NAN, 0
        if bars.open[at] * scale[at] >= close * (1 + label.upper * unit):
            return 2.0, ahead
        if bars.low[at] * scale[at] <= close * (1 - label.lower * unit):
            return 0.0, ahead
        if bars.high[at] * scale[at] >= close * (1 + label.upper * unit):
            return 2.0, ahead
    return 1.0, label.horizon


@given(some.integers(0, 10**6), some.integers(1, 15), some.floats(0.3, 6), some.floats(0.3, 6), some.integers(2, 20))
@settings(max_examples=30)
def test_barriers_against_a_plain_loop(seed: int, horizon: int, upper: float, lower: float, window: int) -> None:
    walk = random_walk(80, seed)
    bars = replace(walk, adj_close=walk.adj_close * np.linspace(0.5, 1, 80))
    label = TripleBarrier(horizon=horizon, upper=upper, lower=lower, window=window)
    found = label.compute(bars)
    for place in range(80):
        value, ahead = touched(bars, place, label)
        np.testing.assert_equal(found.value[place], value)
        if ahead:
            assert found.end[place] == bars.time[place + ahead]


def test_labels_in_words() -> None:
    assert TripleBarrier(horizon=1, upper=2.5).label() == "up 2.5 or down 3 volatilities in 1 bar"
    assert ForwardReturnScaled(horizon=3).label() == "return over 3 bars in volatilities"
