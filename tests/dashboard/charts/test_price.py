"""The price chart: overlays, panes, volume, events, and what the browser gets of it."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts import base, candles, price
from dashboard.charts.window import UTC_CLOCK, Clock
from engine.features.evaluation import FeatureInputs
from engine.indicators import Indicator
from engine.indicators.averages import Sma
from engine.indicators.momentum import Macd, Rsi
from engine.market.actions import Actions
from engine.market.bars import Bars, Market
from tests.support.market import days, make_bars, random_walk

DAY = 86_400_000.0


def minutes(count: int, first: str = "2024-03-04T14:30", **about: object) -> Bars:
    return random_walk(count, time=np.datetime64(first, "m") + np.arange(count), interval="1m", **about)


def values(bars: Bars, *indicators: Indicator) -> list[price.Values]:
    inputs = FeatureInputs(Market((bars,)), {})
    return [(indicator, inputs.compute(indicator, bars)) for indicator in indicators]


def actions(count: int, splits: dict[int, float], cash: dict[int, float]) -> Actions:
    found = Actions(np.ones(count), np.zeros(count), np.zeros(count, dtype=np.bool_))
    for at, factor in splits.items():
        found.splits[at] = factor
    for at, paid in cash.items():
        found.cash[at] = paid
    return found


def checked(info: price.PriceInfo) -> go.Figure:
    """The figure, each of whose properties Plotly knows."""
    return go.Figure(price.figure(info))


def test_an_average_lies_on_the_price_and_an_oscillator_below() -> None:
    bars = random_walk(120)
    info = price.info(candles.info(bars, room=0.2), values(bars, Sma(window=5), Rsi(window=14)))
    assert [line.label for line in info.over] == ["SMA 5"]
    assert [pane.name for pane in info.panes] == ["RSI 14"]
    assert info.panes[0].levels
    figure = checked(info)
    axes = {trace.name: trace.yaxis for trace in figure.data}
    assert axes == {"TEST": None, "SMA 5": "y", "Volume": "y2", "RSI 14": "y3"}
    assert info.height() == price.PRICE_HEIGHT + price.VOLUME_HEIGHT + price.PANE_HEIGHT


def test_of_a_longer_candle_the_indicator_at_its_last_bar_is_drawn() -> None:
    bars = random_walk(1600)
    drawn = candles.info(bars, most=300, room=0.2)
    assert drawn.step == "week"
    (average,) = values(bars, Sma(window=5))
    line = price.info(drawn, [average]).over[0]
    last = [*(np.flatnonzero(np.diff((bars.time.astype("datetime64[D]").astype(int) + 3) // 7))), len(bars) - 1]
    np.testing.assert_array_equal(line.value, average[1]["sma"][last])
    np.testing.assert_array_equal(line.time, drawn.time)


def test_the_axes_span_what_is_in_sight() -> None:
    bars = random_walk(300)
    window = (float(days(1, "2020-02-01")[0].astype(int)), float(days(1, "2020-03-01")[0].astype(int)))
    info = candles.info(bars, window, most=700, room=0.5)
    part = info.in_view()
    np.testing.assert_array_equal(info.time[part], bars.time[31:61].astype(float))
    assert len(info.time) == 60  # half as many again on either side
    layout = checked(price.info(info)).layout
    assert tuple(layout.xaxis.range) == window
    low, high = layout.yaxis.range
    room = 0.05 * (info.high[part].max() - info.low[part].min())
    assert (low, high) == pytest.approx((info.low[part].min() - room, info.high[part].max() + room))
    assert layout.xaxis.minallowed < info.time[0]
    assert layout.xaxis.maxallowed > info.time[-1]


def test_events_of_one_candle_are_one_mark() -> None:
    bars = random_walk(1600)
    drawn = candles.info(bars, most=300, room=0.2)
    found = price.events(drawn, actions(1600, {700: 4.0}, {10: 0.5, 11: 0.25, 900: 1.0}))
    by_name = {item.name: item for item in found}
    assert by_name["Splits"].words == ("4 for 1 split",)
    assert by_name["Dividends"].words == ("2: 0.5 USD dividend, 0.25 USD dividend", "1 USD dividend")
    assert all(np.isin(item.time, drawn.time).all() for item in found)
    week = drawn.time[np.searchsorted(drawn.index, 700)]
    assert by_name["Splits"].time[0] == week
    figure = checked(price.info(drawn, (), actions(1600, {700: 4.0}, {})))
    assert figure.layout.yaxis3.overlaying == "y"
    assert figure.data[-1].text == ("4 for 1 split",)


def test_events_out_of_sight_are_left_out() -> None:
    bars = random_walk(300)
    window = (float(bars.time[100].astype(int)), float(bars.time[110].astype(int)))
    drawn = candles.info(bars, window, room=0.2)
    assert price.events(drawn, actions(300, {}, {5: 1.0, 250: 1.0})) == ()


def test_heikin_ashi_is_by_its_definition_wherever_one_looks() -> None:
    bars = random_walk(400)
    close = (bars.open + bars.high + bars.low + bars.close) / 4
    opens = [(bars.open[0] + bars.close[0]) / 2]
    for at in range(1, 400):
        opens.append((opens[-1] + close[at - 1]) / 2)
    whole = candles.info(bars, style="heikin_ashi")
    np.testing.assert_allclose(whole.open, opens, rtol=1e-12)
    np.testing.assert_allclose(whole.close, close)
    np.testing.assert_array_equal(whole.high, np.maximum(bars.high, np.maximum(opens, close)))
    window = (float(bars.time[300].astype(int)), float(bars.time[320].astype(int)))
    np.testing.assert_allclose(candles.info(bars, window, style="heikin_ashi").open, opens[300:321], rtol=1e-12)


@pytest.mark.parametrize(
    ("style", "type_"),
    [("candle", "candlestick"), ("bar", "ohlc"), ("heikin_ashi", "candlestick"), ("line", "scatter")],
)
def test_a_style_is_drawn_as_what_it_is(style: candles.Style, type_: str) -> None:
    info = candles.info(random_walk(50), style=style, room=0.2)
    assert checked(price.info(info)).data[0].type == type_
    closes = candles.info(make_bars([1.0, 2.0], has_ohlc=False), style=style, room=0.2)
    assert checked(price.info(closes)).data[0].type == "scatter"


def test_intraday_bars_are_drawn_by_the_chosen_clock() -> None:
    bars = minutes(100)
    utc = candles.info(bars, room=0.2)
    york = candles.info(bars, room=0.2, clock=Clock("America/New_York"))
    np.testing.assert_array_equal(utc.time - york.time, np.full(100, 5 * 3_600_000.0))
    assert (utc.first, york.first) == ("2024-03-04 14:30 UTC", "2024-03-04 09:30 New York")
    layout = checked(price.info(york)).layout
    assert layout.xaxis.hoverformat.endswith("New York")
    assert layout.meta == {"zone": "America/New_York"}
    assert checked(price.info(candles.info(random_walk(9), room=0.2))).layout.meta == {"zone": UTC_CLOCK.zone}


def test_a_gap_between_sessions_stays_in_sight_with_what_is_beside_it() -> None:
    bars = minutes(60)
    later = minutes(60, "2024-03-05T14:30")
    both = replace(
        bars,
        **{name: np.concatenate([getattr(bars, name), getattr(later, name)])
           for name in ("time", "open", "high", "low", "close", "volume", "adj_close")},
    )  # fmt: skip
    night = [float(np.datetime64(text, "ms").astype(int)) for text in ("2024-03-04T20:00", "2024-03-05T04:00")]
    info = candles.info(both, (night[0], night[1]), most=700, room=0.2)
    assert info.bars == 0
    assert list(info.view or ()) == night
    assert len(info.time)


def test_the_figure_sends_numbers_and_tokens_only() -> None:
    bars = random_walk(1600)
    info = price.info(candles.info(bars, most=500, room=0.2), values(bars, Macd()), actions(1600, {}, {9: 1.0}))
    figure = base.encoded(price.figure(info))
    drawn = figure["data"][0]
    assert drawn["type"] == "candlestick"
    assert drawn["x"]["dtype"] == "f8"
    assert drawn["close"]["dtype"] == "f4"
    assert next(trace for trace in figure["data"] if trace.get("name") == "Volume")["yaxis"] == "y2"
    text = json.dumps(figure["layout"])
    assert "#" not in text
    assert "rangebreaks" not in text


def test_without_volume_there_is_no_pane_for_it() -> None:
    closes = make_bars([1.0, 2.0, 3.0], has_ohlc=False, has_volume=False)
    figure = checked(price.info(candles.info(closes, room=0.2)))
    assert [trace.type for trace in figure.data] == ["scatter"]
    assert "yaxis2" not in figure.to_plotly_json()["layout"]
    hidden = price.info(candles.info(random_walk(9), room=0.2), volume=False)
    assert not hidden.has_volume()
    assert len(checked(hidden).data) == 1


def test_a_single_candle_does_not_fill_the_chart() -> None:
    axis = checked(price.info(candles.info(make_bars([1.0]), room=0.2))).layout.xaxis
    assert axis.range[1] - axis.range[0] == 20 * DAY
