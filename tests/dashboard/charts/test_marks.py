"""Marks as one outline, and the fills of a backtest on candles."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as some

from dashboard.charts import base, candles, marks, price, run_fills
from tests.support.market import days, make_bars, random_walk
from tests.support.results import make_result, trade


def area(x: np.ndarray, y: np.ndarray) -> float:
    """That inside a closed line, by the shoelace formula."""
    return float(abs(np.dot(x, np.roll(y, -1)) - np.dot(y, np.roll(x, -1))) / 2)


@given(
    some.lists(some.floats(-5, 5), min_size=1, max_size=20), some.sampled_from([marks.UP, marks.DOWN, marks.DIAMOND])
)
def test_the_outline_holds_the_marks_and_nothing_between_them(heights: list[float], corners: marks.Corners) -> None:
    x, y = np.arange(len(heights)) * 10.0, np.array(heights)
    xs, ys = marks.outline(x, y, corners, 2.0, 0.5)
    one = area(*(np.array(part) for part in zip(*corners, strict=True)))
    assert area(xs, ys) == pytest.approx(len(heights) * one * 2.0 * 0.5)
    assert (xs[0], ys[0]) == (xs[-1], ys[-1])


def test_fills_of_one_candle_share_a_mark() -> None:
    bars = make_bars(np.arange(10.0, 410.0), symbol="AAA")
    trades = [trade("2020-01-06", "2020-01-08", 5.0), trade("2020-01-09", "2020-06-01", 5.0, open=True)]
    trades.append(trade("2020-01-07", "2020-01-08", 5.0, symbol=1))
    result = make_result(np.full(400, 100.0), trades)
    weekly = candles.info(bars, most=100)
    assert weekly.step == "week"
    bought, sold = run_fills.info(weekly, bars, result)
    assert (bought.name, bought.words) == ("Bought", ("2 fills, bought 10 at 100, 10 at 100",))
    assert (sold.name, sold.words) == ("Sold", ("Sold 10 at 100.5",))
    week = int(np.searchsorted(weekly.time, base.times(np.array(["2020-01-06"], "datetime64[ms]"))[0]))
    assert (bought.time[0], bought.edge[0]) == (weekly.time[week], weekly.low[week])
    assert sold.edge[0] == weekly.high[week]


def test_a_short_trade_is_sold_first() -> None:
    bars = make_bars(np.arange(10.0, 30.0), symbol="AAA")
    result = make_result(np.full(20, 100.0), [trade("2020-01-03", "2020-01-05", 5.0, side=-1)])
    bought, sold = run_fills.info(candles.info(bars), bars, result)
    assert (sold.time[0], bought.time[0]) == tuple(base.times(days(5)[[2, 4]]))


def test_what_is_out_of_sight_or_of_another_symbol_has_no_mark() -> None:
    bars = make_bars(np.arange(10.0, 30.0), symbol="AAA")
    result = make_result(np.full(20, 100.0), [trade("2019-06-03", "2019-06-05", 5.0)])
    assert run_fills.info(candles.info(bars), bars, result) == ()
    other = make_bars(np.arange(10.0, 30.0), symbol="CCC")
    assert run_fills.info(candles.info(other), other, result) == ()
    within = make_result(np.full(20, 100.0), [trade("2020-01-03", "2020-01-19", 5.0)])
    part = candles.info(bars, tuple(base.times(days(20)[[8, 19]])))  # type: ignore[arg-type]
    assert [item.name for item in run_fills.info(part, bars, within)] == ["Sold"]


def test_a_day_is_its_first_bar_a_moment_its_own() -> None:
    hours = (days(3)[:, None] + np.arange(14, 20) * np.timedelta64(1, "h")).ravel()
    bars = random_walk(18, time=hours, interval="1h", symbol="AAA")
    daily = make_result(np.full(3, 100.0), [trade("2020-01-02", "2020-01-03", 5.0)])
    np.testing.assert_array_equal(run_fills.bars_of(bars, daily, daily.trade_entry_time), [6])
    inside = make_result(np.full(18, 100.0), [trade("2020-01-02T15:30", "2020-01-03", 5.0)], time=hours)
    np.testing.assert_array_equal(run_fills.bars_of(bars, inside, inside.trade_entry_time), [7])
    weekly = random_walk(3, time=np.array(["2020-01-06", "2020-01-13", "2020-01-20"]), interval="1w", symbol="AAA")
    time = np.array(["2020-01-03", "2020-01-08", "2020-01-19", "2020-01-20"], "datetime64[ms]")
    np.testing.assert_array_equal(run_fills.bars_of(weekly, daily, time), [-1, 0, 1, 2])


@pytest.mark.parametrize("log", [True, False])
def test_arrows_are_some_pixels_from_their_candles(log: bool) -> None:
    bars = make_bars(np.linspace(10.0, 30.0, 60), symbol="AAA")
    result = make_result(np.full(60, 100.0), [trade("2020-01-10", "2020-02-10", 5.0)])
    drawn = candles.info(bars, log=log, room=0.2)
    shown = price.info(drawn, fills=run_fills.info(drawn, bars, result), width=500)
    figure = price.figure(shown)
    traces = {item["name"]: item for item in figure["data"] if item.get("fill") == "toself"}
    axis, (first, last) = figure["layout"]["yaxis"], drawn.view or (0.0, 0.0)
    pixels = (shown.height() - 34) * np.diff(axis["domain"])[0] / np.diff(axis["range"])[0]
    height = {name: np.log10(item["y"]) if log else item["y"] for name, item in traces.items()}
    bought, sold = (np.log10(value) if log else value for value in (bars.low[9], bars.high[40]))
    assert (bought - height["Bought"].max()) * pixels == pytest.approx(3, abs=0.05)
    assert (height["Sold"].min() - sold) * pixels == pytest.approx(3, abs=0.05)
    assert np.ptp(traces["Sold"]["x"]) / (last - first) * 500 == pytest.approx(10)


def test_arrows_are_smaller_where_they_crowd() -> None:
    bars = make_bars(np.linspace(10.0, 30.0, 60), symbol="AAA")
    trades = [trade(f"2020-01-{day:02}", f"2020-01-{day + 1:02}", 5.0) for day in range(2, 28, 2)]
    drawn = candles.info(bars, log=False, room=0.2)
    fills = run_fills.info(drawn, bars, make_result(np.full(60, 100.0), trades))
    first, last = drawn.view or (0.0, 0.0)
    for width, pixels in ((500, 10.0), (52, 8.0), (20, 5.0)):  # 13 marks
        figure = price.figure(price.info(drawn, fills=fills, width=width))
        x = next(item["x"] for item in figure["data"] if item["name"] == "Bought" and item.get("fill") == "toself")
        assert np.ptp(x[: len(marks.UP) + 1]) / (last - first) * width == pytest.approx(pixels)
