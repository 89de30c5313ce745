"""The numbers that the chart of indicators draws."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise
from typing import ClassVar, Literal

import numpy as np
import plotly.graph_objects as go
import pytest
from scipy.stats import rankdata, spearmanr

from dashboard.charts import base, candles, features
from dashboard.charts.indicator_lines import Line, points
from engine.core.progress import silent
from engine.core.stored_values import ReadsValues
from engine.features.matrix import FeatureMatrix
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS, ContextIndicator, Indicator, Output, PanelIndicator
from engine.indicators.averages import Sma
from engine.indicators.channels import Bollinger
from engine.indicators.expression import Expression
from engine.indicators.momentum import Macd, Rsi
from engine.jobs import executors
from engine.market.bars import Bars, Floats, Market
from tests.support.market import random_walk


class Twin(Indicator):
    """Two outputs on one axis."""

    kind: Literal["twin"] = "twin"
    outputs: ClassVar[tuple[Output, ...]] = (Output("up"), Output("down"))

    def label(self) -> str:
        return "Twin"

    def warm_up(self) -> int:
        return 0

    def compute(self, bars: Bars) -> dict[str, Floats]:
        return {"up": bars.close, "down": -bars.close}


def matrix_of(chosen: tuple[Indicator, ...], *bars: Bars) -> FeatureMatrix:
    """The features of ``bars`` as the engine computes them."""
    spec = FeatureSpec.model_construct(features=chosen)
    return executors.compute(spec, {"market": Market(bars)}, silent)


def drawn(info: features.FeaturesInfo) -> go.Figure:
    """The figure, checked by Plotly as the page's own is not."""
    return go.Figure(features.figure(info))


def test_overlays_lie_on_the_price_and_others_have_panes() -> None:
    bars, chosen = random_walk(300), (Sma(window=20), Rsi(window=14), Twin())
    matrix = matrix_of(chosen, bars)
    info = features.info(bars, matrix, chosen)
    assert [line.label for line in info.over.lines] == ["SMA 20"]
    assert [[line.label for line in pane.lines] for pane in info.panes] == [["RSI 14"], ["Twin up", "Twin down"]]
    assert [pane.levels for pane in info.panes] == [(30.0, 70.0), ()]
    np.testing.assert_array_equal(info.over.lines[0].value, matrix.values[:, 0])
    np.testing.assert_array_equal(info.panes[1].lines[1].value, -bars.close)
    np.testing.assert_array_equal(info.panes[0].lines[0].time, base.times(bars.time))
    assert not info.price.is_line()


def test_warm_up_is_marked_to_the_first_value() -> None:
    bars, chosen = random_walk(300), (Sma(window=20), Sma(window=50), Rsi(window=14))
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    times = base.times(bars.time)
    assert info.over.warm_up == (times[0], times[49])
    assert info.panes[0].warm_up == (times[0], times[105])
    assert np.isfinite(info.over.lines[1].value[49])
    assert np.isnan(info.over.lines[1].value[48])


def test_a_window_behind_the_warm_up_marks_none() -> None:
    bars, chosen = random_walk(300), (Sma(window=20), Rsi(window=14))
    times = base.times(bars.time)
    matrix = matrix_of(chosen, bars)
    info = features.info(bars, matrix, chosen, (times[200], times[249]))
    assert info.over.warm_up is None
    assert info.panes[0].warm_up is None
    np.testing.assert_array_equal(info.panes[0].lines[0].value, matrix.values[200:250, 1])
    inside = features.info(bars, matrix, chosen, (times[50], times[249]))
    assert inside.panes[0].warm_up == (times[50], times[105])


def test_a_history_shorter_than_the_warm_up_is_marked_whole() -> None:
    bars, chosen = random_walk(30), (Sma(window=50),)
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    assert info.over.warm_up == (base.times(bars.time)[0], base.times(bars.time)[-1])
    assert np.isnan(info.over.lines[0].value).all()


def test_the_second_symbol_has_its_own_rows() -> None:
    first, second = random_walk(60, seed=1, symbol="ONE"), random_walk(80, seed=2, symbol="TWO")
    chosen = (Sma(window=5),)
    matrix = matrix_of(chosen, first, second)
    info = features.info(second, matrix, chosen)
    np.testing.assert_array_equal(info.over.lines[0].value, matrix.values[60:, 0])


def test_many_bars_are_drawn_as_closes_never_as_longer_candles() -> None:
    bars, chosen = random_walk(candles.CANDLES + 1), (Sma(window=5),)
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    assert info.price.is_line()
    assert info.price.step == "day"
    assert len(info.over.lines[0].time) == len(bars)


def test_long_lines_keep_their_gap_and_their_extremes() -> None:
    bars, chosen = random_walk(9_000), (Sma(window=1000),)
    matrix = matrix_of(chosen, bars)
    line = features.info(bars, matrix, chosen).over.lines[0]
    assert len(line.time) <= 3_002
    assert np.nanmax(line.value) == np.nanmax(matrix.values)
    assert np.nanmin(line.value) == np.nanmin(matrix.values)
    assert np.isnan(line.value[0])


def test_the_figure_has_an_axis_a_pane_and_grows_with_them() -> None:
    bars, chosen = random_walk(300), (Sma(window=20), Rsi(window=14), Twin())
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    figure = drawn(info)
    assert [trace.yaxis for trace in figure.data[1:]] == ["y", "y2", "y3", "y3"]
    assert figure.layout.xaxis.anchor == "y3"
    assert info.height() == features.PRICE_HEIGHT + 2 * features.PANE_HEIGHT
    assert [shape.type for shape in figure.layout.shapes] == ["rect", "rect", "line", "line"]
    assert list(figure.layout.yaxis2.tickvals) == [30, 70]
    domains = [figure.layout[name].domain for name in ("yaxis", "yaxis2", "yaxis3")]
    assert all(above[0] > below[1] for above, below in pairwise(domains))
    assert domains[-1][0] == pytest.approx(0, abs=1e-9)


def test_correlation_is_that_of_usable_rows() -> None:
    bars, chosen = random_walk(300), (Sma(window=20), Rsi(window=14))
    matrix = matrix_of(chosen, bars)
    info = features.correlation_info(matrix, "TEST")
    assert info.rows == 300 - 105
    expected = spearmanr(matrix.values[105:, 0], matrix.values[105:, 1]).statistic
    assert info.value[0, 1] == pytest.approx(expected)
    np.testing.assert_allclose(np.diag(info.value), 1)
    heatmap = features.correlation_figure(info).data[0]
    assert list(heatmap.x) == ["SMA 20", "RSI 14"]
    assert list(heatmap.y) == ["RSI 14", "SMA 20"]
    assert heatmap.text[1][1].startswith(("+", "\u2212"))


def test_equal_values_share_the_mean_of_their_ranks() -> None:
    values = np.random.default_rng(3).integers(0, 5, 200).astype(np.float64)
    np.testing.assert_array_equal(features._ranks(values), rankdata(values))


def test_a_column_without_a_value_takes_nothing_from_the_others() -> None:
    bars = random_walk(300)
    unknown = Expression(text="log(0 - close)")
    info = features.correlation_info(matrix_of((Sma(window=20), unknown, Rsi(window=14)), bars), "TEST")
    alone = features.correlation_info(matrix_of((Sma(window=20), Rsi(window=14)), bars), "TEST")
    assert (info.names, info.rows, info.without_value) == (("SMA 20", "RSI 14"), alone.rows, 1)
    np.testing.assert_array_equal(info.value, alone.value)


def test_too_few_rows_have_no_correlation() -> None:
    bars, chosen = random_walk(106), (Sma(window=20), Rsi(window=14))
    info = features.correlation_info(matrix_of(chosen, bars), "TEST")
    assert info.rows == 1
    assert np.isnan(info.value).all()


def test_one_feature_has_a_square_of_one() -> None:
    bars, chosen = random_walk(60), (Sma(window=20),)
    info = features.correlation_info(matrix_of(chosen, bars), "TEST")
    assert info.value.shape == (1, 1)


def kinds(figure: object) -> list[tuple[str, str, str]]:
    """Type, axis and fill of each trace but the price."""
    return [(trace.type, trace.yaxis, trace.fill or "" if trace.type == "scatter" else "") for trace in figure.data[1:]]  # type: ignore[attr-defined]


def test_a_band_is_filled_between_its_edges_whatever_their_order() -> None:
    bars = random_walk(300)
    for chosen in (Bollinger(window=20), INDICATORS.get("talib_accbands")()):
        info = features.info(bars, matrix_of((chosen,), bars), (chosen,))
        figure = drawn(info)
        assert kinds(figure).count(("scatter", "y", "tonexty")) == 1
        assert len(figure.data) == 4
        upper = next(at for at, trace in enumerate(figure.data) if "tonexty" in str(trace)) - 1
        assert figure.data[upper].name.endswith(("upper", "upperband"))
        assert figure.data[upper].line.color == figure.data[upper + 1].line.color


def test_a_histogram_is_drawn_as_bars_on_its_own_axis() -> None:
    bars, chosen = random_walk(400), (Macd(),)
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    assert kinds(drawn(info)) == [("scatter", "y2", ""), ("scatter", "y2", ""), ("bar", "y2", "")]
    assert [pane.name for pane in info.panes] == ["MACD 12/26/9"]


def test_a_histogram_of_many_bars_is_one_area_of_the_same_values() -> None:
    bars, chosen = random_walk(401), (Macd(),)
    matrix = matrix_of(chosen, bars)
    area = drawn(features.info(bars, matrix, chosen)).data[-1]
    assert (area.type, area.fill, area.line.shape, area.line.width) == ("scatter", "tozeroy", "hvh", 0)
    assert area.name == "MACD 12/26/9 histogram"
    np.testing.assert_allclose(area.y, matrix.values[:, 2], rtol=1e-6)


@pytest.mark.parametrize(("lines", "each"), [(1, 3_000), (10, 3_000), (16, 2_000), (32, 1_000), (200, 1_000)])
def test_many_lines_have_fewer_points_each(lines: int, each: int) -> None:
    assert points(lines) == each


def test_thinned_lines_keep_their_highest_and_lowest_values() -> None:
    bars, chosen = random_walk(2_500), tuple(Rsi(window=window) for window in range(5, 36))
    matrix = matrix_of(chosen, bars)
    panes = features.info(bars, matrix, chosen).panes
    for column, pane in enumerate(panes):
        (line,), whole = pane.lines, matrix.values[:, column]
        assert len(line.time) <= points(len(panes)) + 2
        assert (np.nanmin(line.value), np.nanmax(line.value)) == (np.nanmin(whole), np.nanmax(whole))


def test_markers_lie_under_the_bar_where_positive_and_over_it_where_negative() -> None:
    bars, chosen = random_walk(600), (INDICATORS.get("talib_cdlengulfing")(),)
    matrix = matrix_of(chosen, bars)
    (line,) = features.info(bars, matrix, chosen).over.lines
    found = np.flatnonzero(np.isfinite(matrix.values[:, 0]) & (matrix.values[:, 0] != 0))
    assert len(found) > 5
    np.testing.assert_array_equal(line.time, base.times(bars.time)[found])
    expected = np.where(matrix.values[found, 0] > 0, bars.low[found], bars.high[found])
    np.testing.assert_array_equal(line.place, expected)
    trace = drawn(features.info(bars, matrix, chosen)).data[1]
    assert set(zip(trace.marker.symbol, trace.marker.color, strict=True)) == {(5, 1), (6, 0)}
    assert trace.marker.colorscale == ((0, base.LOSS), (1, base.GAIN))


def test_what_is_no_price_leaves_the_axis_of_the_price() -> None:
    bars, chosen = random_walk(300), (INDICATORS.get("talib_supertrend")(),)
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    assert [line.label for line in info.over.lines] == ["SUPERTREND(10, 3) supertrend"]
    assert [line.label for line in info.panes[0].lines] == ["SUPERTREND(10, 3) trend"]


OF_ONE_SERIES = [
    kind for kind in INDICATORS.available() if not issubclass(INDICATORS.get(kind), ContextIndicator | PanelIndicator)
]


@pytest.mark.parametrize("kind", OF_ONE_SERIES)
def test_every_indicator_of_one_series_can_be_drawn(kind: str, request: pytest.FixtureRequest) -> None:
    chosen = INDICATORS.get(kind)()
    if isinstance(chosen, ReadsValues):
        request.getfixturevalue("external_values")
    bars = random_walk(400)
    figure = drawn(features.info(bars, matrix_of((chosen,), bars), (chosen,)))
    assert len(figure.data) == 1 + len(chosen.outputs)


def test_each_axis_spans_what_is_drawn_on_it() -> None:
    bars, chosen = random_walk(300), (Bollinger(window=20, width=6), Rsi(window=14), Macd())
    info = features.info(bars, matrix_of(chosen, bars), chosen)
    layout = features.figure(info)["layout"]
    price = np.concatenate([info.price.low, info.price.high, *(line.value for line in info.over.lines)])
    low, high = layout["yaxis"]["range"]
    assert (low + 0.05 / 1.1 * (high - low), high - 0.05 / 1.1 * (high - low)) == pytest.approx(
        (np.nanmin(price), np.nanmax(price))
    )
    rsi, (low, high) = info.panes[0].lines[0].value, layout["yaxis2"]["range"]
    assert low < min(30.0, np.nanmin(rsi))
    assert high > max(70.0, np.nanmax(rsi))
    for line in info.panes[1].lines:
        assert (
            layout["yaxis3"]["range"][0] < np.nanmin(line.value) < np.nanmax(line.value) < layout["yaxis3"]["range"][1]
        )


def test_bars_stand_on_zero() -> None:
    rising = features.Pane(
        "", (Line("volume", "", np.arange(3.0), np.array([2.0, 5.0, np.nan]), "histogram"),), (), None
    )
    assert features._axis(rising)["range"] == [0.0, pytest.approx(5.25)]
    nothing = replace(rising, lines=(replace(rising.lines[0], value=np.full(3, np.nan), style="line"),))
    assert features._axis(nothing)["range"] is None


def test_of_very_many_features_the_first_are_drawn() -> None:
    bars, chosen = random_walk(60), tuple(Rsi(window=window) for window in range(2, 47))
    matrix = matrix_of(chosen, bars)
    info = features.info(bars, matrix, chosen)
    assert (info.drawn, info.features, len(info.panes)) == (features.DRAWN, 45, features.DRAWN)
    square = features.correlation_info(matrix, bars.series.symbol)
    assert square.names == matrix.names[: features.CORRELATED]
    assert square.value.shape == (features.CORRELATED, features.CORRELATED)


def test_numbers_are_printed_where_cells_have_room() -> None:
    for size, is_printed in ((12, True), (13, False)):
        square = features.CorrelationInfo(tuple(map(str, range(size))), np.eye(size), 100)
        assert bool(features.correlation_figure(square).data[0].texttemplate) is is_printed
