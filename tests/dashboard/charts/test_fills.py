"""A trade on its candles: what is in sight, every fill, and the prices that would have ended it."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.charts import base, fills
from engine.backtest.stops import Stops
from tests.support.market import make_bars, random_walk
from tests.support.results import make_result, trade

BARS = random_walk(400)


def day(index: int) -> str:
    return str(BARS.time[index])


def result() -> Any:
    trades = [
        trade(day(10), day(20), 5, entry_price=101.0, exit_price=102.0),
        trade(day(100), day(140), -5, entry_price=90.0, exit_price=88.0, side=1),
        trade(day(140), day(150), 3, entry_price=88.0, exit_price=80.0, side=-1),
        trade(day(120), day(130), 3, symbol=1),
        trade(day(390), day(399), 3, open=True, side=1),
    ]
    return make_result(np.linspace(100, 120, 400), trades, time=BARS.time)


def marks(info: fills.FillsInfo) -> list[tuple[str, float]]:
    return [pair for item in info.marks for pair in zip(item.words, item.price.tolist(), strict=True)]


def test_a_trade_is_seen_with_room_before_and_after_it() -> None:
    info = fills.info(BARS, result(), 1)
    assert info.candles.time[0] == base.times(BARS.time[100 - 25 : 76])[0]
    assert info.candles.time[-1] == base.times(BARS.time)[140 + 25]
    assert info.time.tolist() == base.times(BARS.time[[100, 140]]).tolist()
    assert info.price.tolist() == [90.0, 88.0]
    assert not info.won


def test_every_fill_of_the_symbol_in_sight_is_marked_and_no_other() -> None:
    info = fills.info(BARS, result(), 1)
    assert marks(info) == [("buy", 90.0), ("sell short", 88.0), ("sell", 88.0), ("buy back", 80.0)]
    assert marks(fills.info(BARS, result(), 0)) == [("buy", 101.0), ("sell", 102.0)]


def test_an_open_trade_has_no_exit() -> None:
    info = fills.info(BARS, result(), 4)
    assert info.is_open
    assert marks(info) == [("buy", 100.0)]


@pytest.mark.parametrize(("index", "stop", "target"), [(1, 90 * 0.95, 90 * 1.1), (2, 88 * 1.05, 88 * 0.9)])
def test_stop_and_target_lie_on_their_sides(index: int, stop: float, target: float) -> None:
    levels = fills.info(BARS, result(), index, Stops(stop_loss=0.05, take_profit=0.1)).levels
    assert [level.name for level in levels] == ["Stop loss", "Take profit"]
    assert levels[0].price == pytest.approx([stop, stop])
    assert levels[1].price == pytest.approx([target, target])


def test_a_trailing_stop_follows_the_bars_before() -> None:
    bars = make_bars([10.0, 12.0, 11.0, 15.0, 14.0])
    made = make_result(
        [1.0, 1.0, 1.0, 1.0, 1.0],
        [trade(str(bars.time[1]), str(bars.time[4]), 1, entry_price=11.0)],
        time=bars.time,
    )
    (level,) = fills.info(bars, made, 0, Stops(trailing_stop=0.1)).levels
    assert level.price == pytest.approx(0.9 * np.array([11.0, 12.0, 12.0, 15.0]))
    assert level.time.tolist() == base.times(bars.time[1:]).tolist()


def test_a_short_trailing_stop_follows_the_lows() -> None:
    bars = make_bars([10.0, 9.0, 8.0, 9.0])
    made = make_result(
        [1.0] * 4, [trade(str(bars.time[0]), str(bars.time[3]), 1, entry_price=10.0, side=-1)], time=bars.time
    )
    (level,) = fills.info(bars, made, 0, Stops(trailing_stop=0.1)).levels
    assert level.price == pytest.approx(1.1 * np.array([10.0, 10.0, 9.0, 8.0]))


def test_the_figure_names_the_levels_beside_them() -> None:
    figure: Any = fills.figure(fills.info(BARS, result(), 1, Stops(stop_loss=0.05)))
    assert [note.text for note in figure.layout.annotations] == ["stop loss"]
    arrows = {item.name: item.marker.symbol for item in figure.data[1:] if item.mode == "markers"}
    assert arrows == {"Entry": ("triangle-up", "triangle-down"), "Exit": ("triangle-down", "triangle-up")}


def test_closes_alone_are_drawn_as_a_line() -> None:
    bars = random_walk(60, has_ohlc=False, has_volume=False)
    made = make_result(np.linspace(1, 2, 60), [trade(str(bars.time[20]), str(bars.time[30]), 1)], time=bars.time)
    assert fills.info(bars, made, 0).candles.is_line()
