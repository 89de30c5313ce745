"""The numbers behind the live charts."""

from __future__ import annotations

import json

import numpy as np
import plotly.graph_objects as go
import pytest

from dashboard.charts import hardware
from dashboard.charts.base import encoded

NAN = float("nan")


def checked(figure: hardware.Figure) -> go.Figure:
    """As Plotly checks it."""
    go.Figure(encoded(figure))  # as it travels
    return go.Figure(figure)


def ages(*seconds: float) -> np.ndarray:
    return np.array(seconds, dtype=float)


def test_readings_fall_on_whole_seconds_up_to_now() -> None:
    found = hardware.every_second(ages(2.0, 1.02, 0.0), np.array([10.0, 20.0, 30.0]), 5)
    np.testing.assert_array_equal(found, [NAN, NAN, 10, 20, 30])


def test_a_late_reading_is_held_and_a_pause_is_a_gap() -> None:
    found = hardware.every_second(ages(8.0, 6.0, 0.0), np.array([1.0, 2.0, 3.0]), 9)
    np.testing.assert_array_equal(found, [1, 1, 2, 2, 2, NAN, NAN, NAN, 3])


def test_readings_before_the_window_are_left_out() -> None:
    found = hardware.every_second(ages(*range(9, -1, -1)), np.arange(10.0), 3)
    np.testing.assert_array_equal(found, [7, 8, 9])


def test_nothing_read_is_nothing_known() -> None:
    assert np.isnan(hardware.every_second(ages(), np.empty((0, 2)), 4)).all()
    assert checked(hardware.cpu_figure(hardware.cpu_info(ages(), np.empty((0, 0)), 60))).layout.xaxis.range == (-59, 0)


def test_cpu_is_whole_percent_by_core_and_the_mean_over_the_cores() -> None:
    info = hardware.cpu_info(ages(1, 0), np.array([[10.2, 90.0], [20.0, 40.4]]), 3)
    np.testing.assert_array_equal(info.busy, [[NAN, 10, 20], [NAN, 90, 40]])
    np.testing.assert_array_equal(info.mean, [NAN, 50, 30])


def test_cores_are_lines_from_the_first_known_second_in_one_byte_a_number() -> None:
    info = hardware.cpu_info(ages(1, 0), np.array([[10.0, 90.0], [20.0, 40.0]]), 60)
    mean, first, second = checked(hardware.cpu_figure(info)).data
    assert (mean.name, first.name, second.name) == ("Mean", "Core 1", "Core 2")
    assert first.y.tolist() == [10, 20]
    assert second.y.tolist() == [90, 40]
    assert first.x.tolist() == [-1, 0]
    assert first.y.dtype == np.uint8
    assert first.x.dtype == np.int16
    assert mean.fill == "tozeroy"


def test_an_area_ends_where_its_line_does() -> None:
    """By the area under it as well, which Plotly would fill across a gap."""
    values = np.array([NAN, 10, 20, NAN, NAN, 30, NAN, 40, 40])
    area, line = checked(hardware.gpu_figure(hardware.GpuInfo(values))).data
    assert (line.fill, line.legendgroup, line.showlegend) == (None, "GPU", None)
    np.testing.assert_array_equal(line.y, values[1:])
    assert (area.fill, area.mode, area.line.width, area.hoverinfo, area.showlegend, area.legendgroup) == (
        "tozeroy", "lines", 0, "skip", False, "GPU",
    )  # fmt: skip
    assert area.x.tolist() == [-7, -7, -6, -6, -3, -3, -3, -1, -1, 0, 0]
    assert area.y.tolist() == [0, 10, 20, 0, 0, 30, 0, 0, 40, 40, 0]
    assert np.trapezoid(area.y.astype(float), area.x) == 15 + 40


@pytest.mark.parametrize(("cores", "in_legend"), [(6, 7), (7, 1), (8, 1)])
def test_up_to_eight_cores_are_lines_and_few_are_named_in_the_legend(cores: int, in_legend: int) -> None:
    drawn = checked(hardware.cpu_figure(hardware.cpu_info(ages(0), np.full((1, cores), 50.0), 60)))
    assert len(drawn.data) == cores + 1
    assert sum(trace.showlegend is not False for trace in drawn.data) == in_legend


def test_more_cores_are_rows_of_a_heatmap() -> None:
    cores = np.arange(200.0).reshape(2, 100)
    (heatmap,) = checked(hardware.cpu_figure(hardware.cpu_info(ages(1, 0), np.minimum(cores, 100), 60))).data
    assert heatmap.type == "heatmap"
    assert heatmap.z.shape == (100, 2)
    assert heatmap.z[7].tolist() == [7, 100]
    assert (heatmap.y[0], heatmap.y[-1]) == (1, 100)
    assert (heatmap.zmin, heatmap.zmax) == (0, 100)


def test_memory_is_in_gigabytes_of_two_to_the_thirty() -> None:
    giga = 2**30
    info = hardware.memory_info(
        ages(1, 0),
        used=np.array([3.0, 4.0]) * giga,
        own=np.array([0.5, 0.25]) * giga,
        swap=np.zeros(2),
        total=16 * giga,
        swap_total=0,
        seconds=2,
    )
    assert info.used.tolist() == [3, 4]
    assert info.own.tolist() == [0.5, 0.25]
    assert info.swap is None
    assert info.total == 16
    drawn = checked(hardware.memory_figure(info))
    assert [trace.name for trace in drawn.data] == ["In use", "Stratoscope"]
    assert drawn.layout.yaxis.range == (0, 16)


def test_swap_is_drawn_where_there_is_some() -> None:
    one = np.array([2.0**30])
    info = hardware.memory_info(ages(0), used=one, own=one, swap=one, total=2**31, swap_total=2**30, seconds=1)
    assert [trace.name for trace in checked(hardware.memory_figure(info)).data][-1] == "Swap"
    assert info.swap is not None
    assert info.swap.tolist() == [1]


def test_the_gpu_is_percent_with_gaps_where_it_was_not_told() -> None:
    info = hardware.gpu_info(ages(1, 0), np.array([NAN, 37.0]), 3)
    np.testing.assert_array_equal(info.busy, [NAN, NAN, 37])
    assert checked(hardware.gpu_figure(info)).data[0].y.tolist() == [37]


@pytest.mark.parametrize(("seconds", "step"), [(60, 10), (600, 100)])
def test_the_window_ends_now_and_cannot_be_zoomed(seconds: int, step: int) -> None:
    axis = checked(hardware.cpu_figure(hardware.cpu_info(ages(0), np.array([[5.0]]), seconds))).layout.xaxis
    assert (axis.range, axis.dtick, axis.fixedrange) == ((1 - seconds, 0), step, True)


def test_a_second_of_ten_minutes_of_two_cores_is_small() -> None:
    busy = np.random.default_rng(0).uniform(0, 100, (600, 2))
    info = hardware.cpu_info(ages(*range(599, -1, -1)), busy, 600)
    assert len(json.dumps(encoded(hardware.cpu_figure(info)))) < 20_000


def test_an_hour_is_drawn_by_the_means_of_six_seconds() -> None:
    ages = np.arange(3599.0, -1.0, -1.0)
    busy = np.column_stack([np.repeat(np.arange(600.0) % 100, 6), np.full(3600, 50.0)])
    info = hardware.cpu_info(ages, busy, 3600)
    assert info.step == 6
    np.testing.assert_array_equal(info.busy[0], np.arange(600.0) % 100)
    figure = checked(hardware.cpu_figure(info))
    assert figure.data[1].x[-1] == 0
    assert figure.data[1].x[0] == -3594
    assert figure.layout.xaxis.ticktext[-2:] == ("\N{MINUS SIGN}20 min", "0 min")
    assert [hardware.last_point(moment, 3600) for moment in (5999.9, 6000.0, 6005.9, 6006.1)] == [
        5994,
        6000,
        6000,
        6006,
    ]
    assert hardware.last_point(17.25, 600) == 17.25
    gap = np.concatenate([ages[:1800], ages[2400:]])
    memory = hardware.gpu_info(gap, np.full(len(gap), 7.0), 3600)
    assert np.isnan(memory.busy[310:390]).all()
    assert np.nanmax(memory.busy) == np.nanmin(memory.busy) == 7


def test_traffic_is_in_megabytes_and_what_is_not_told_is_left_out() -> None:
    rates = np.column_stack([np.full(5, 2e6), np.zeros(5), np.full(5, np.nan), np.full(5, 3e6)])
    figure = checked(hardware.traffic_figure(hardware.traffic_info(np.arange(4.0, -1, -1), rates, 60)))
    assert [trace.name for trace in figure.data] == ["Disk read", "Disk written", "Sent"]
    assert figure.data[0].y.tolist() == [2] * 5
    assert figure.layout.yaxis.range == (0, 5)
    nothing = hardware.traffic_info(np.arange(4.0, -1, -1), np.full((5, 4), np.nan), 60)
    assert not checked(hardware.traffic_figure(nothing)).data


@pytest.mark.parametrize(("highest", "roof"), [(0, 1), (0.9, 1), (1.9, 2), (2, 5), (9.9, 20), (470, 500), (990, 2000)])
def test_the_traffic_s_axis_ends_at_a_round_figure_with_room(highest: float, roof: float) -> None:
    assert hardware._roof(highest) == roof
