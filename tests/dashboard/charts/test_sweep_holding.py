"""A sweep's map against holding, with enough trades, in parts; which parameter matters."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from dashboard.charts import base
from dashboard.charts import sweep as chart
from dashboard.charts import sweep_importance as by_axis
from dashboard.charts.sweep_cells import binned
from engine.backtest.sweeps.importance import Importance, Slice
from tests.dashboard.charts.test_sweep import SIDES, X, Y, grid, made

HELD = {"holding": np.array([[0.1, 1.0, -0.2, 1.0, 0.5]])}
OVER = replace(Y, over="holding")


def test_excess_over_holding_parts_the_colours_at_zero_and_is_outlined() -> None:
    result = replace(made([[1, 10], [2, 10], [1, 20], [2, 20]], [0.5, 1.5, 1.25, 3.0]), **HELD)
    info = chart.info(result, OVER, SIDES, [("best", 3)])
    assert info.z.tolist() == [[-0.5, 0.5], [0.25, 2.0]]
    assert info.low == -info.high
    drawn = chart.figure(info)
    assert drawn.data[0].colorscale[1][1] == base.diverging()[1][1]
    assert "over holding" in drawn.data[0].hovertemplate
    outline = next(trace for trace in drawn.data if trace.name == "= holding")
    sides = np.column_stack([outline.x, outline.y]).reshape(-1, 3, 2)[:, :2].tolist()
    assert sides == [[[1.5, 5.0], [1.5, 15.0]], [[0.5, 15.0], [1.5, 15.0]]], "around the one cell that is below"
    plain = chart.info(result, Y, SIDES)
    assert plain.z.tolist() == [[0.5, 1.5], [1.25, 3.0]]
    assert [trace.name for trace in chart.figure(plain).data].count("= holding") == 1, "the same line at the value"


def test_of_trades_there_is_no_excess_and_without_holding_none() -> None:
    result = made([[1, 10], [2, 20]], [0.5, 1.5])
    assert chart.info(result, OVER, SIDES).z[0, 0] == 0.5
    counted = chart.info(replace(result, **HELD), replace(OVER, metric="trades"), SIDES)
    assert counted.z[0, 0] == 7
    assert "= holding" not in {trace.name for trace in chart.figure(counted).data}


def test_one_parameter_has_holding_as_a_line() -> None:
    info = chart.info(replace(made([[1], [2]], [0.5, 1.5]), **HELD), replace(X, over="holding"), SIDES, [("best", 1)])
    drawn = chart.figure(info)
    assert drawn.data[0].y.tolist() == [-0.5, 0.5]
    assert drawn.layout.shapes[0].y0 == 0
    assert info.marks[0].value == 0.5


def test_too_few_trades_are_pale_and_leave_tiles_to_others() -> None:
    trades = np.array([[7, 2, 7, 7]], dtype=np.int32)
    result = replace(made([[1, 10], [2, 10], [1, 20], [2, 20]], [0.5, 9.0, 1.25, 3.0]), trades=trades).demanding(5)
    info = chart.info(result, Y, SIDES)
    assert info.faint is not None
    assert info.faint.tolist() == [[False, True], [False, False]]
    veil = next(trace for trace in chart.figure(info).data if trace.name == "too few trades")
    assert veil.z.tolist() == [[0, 1], [0, 0]]
    assert veil.hoverinfo == "skip", "hover and clicks go to the cell below"
    cells = np.array([1.0, 2]), np.array([10.0, 20]), info.z, info.index
    assert binned(cells, 1, 1, ~info.faint)[3].tolist() == [[3]], "the best of those with enough trades"
    assert chart.info(result.demanding(0), Y, SIDES).faint is None


def test_a_part_of_a_large_map_has_single_combinations() -> None:
    result = grid(390, 350)
    part = replace(Y, window=(100.5, 140.2, 200.0, 230.0))
    info = chart.info(result, part, SIDES, [("best", 390 * 350 - 1), ("plateau", 209 * 390 + 119)])
    assert [mark.name for mark in info.marks] == ["plateau"], "the best is out of sight"
    assert chart.is_coarse(result, part)
    assert not info.coarse
    assert (info.x[0], info.x[-1], info.y[0], info.y[-1]) == (101, 140, 200, 230)
    assert info.z[0, 0] == 101.2
    assert chart.cell(result, part, 120, 210) == 209 * 390 + 119
    assert not chart.is_coarse(grid(20, 20), Y)


def test_shares_name_axes_pairs_and_the_rest() -> None:
    found = Importance(np.array([0.2, 0.6]), {(0, 1): 0.15}, 0.05, True)
    info = by_axis.shares(found, SIDES[:2])
    assert info.names == ("Slow window", "Fast window", "Fast window \u00d7 Slow window", "Three and more together")
    assert info.share.tolist() == [0.6, 0.2, 0.15, 0.05]
    assert by_axis.shares_figure(info).data[0].x.tolist() == [0.05, 0.15, 0.2, 0.6]


def test_a_slice_has_its_spread_and_holding() -> None:
    found = Slice(np.array([1.0, 2]), np.array([np.nan, 3]), np.array([1.0, 2]), np.array([0.5, 1]), np.array([2.0, 3]))
    drawn = by_axis.slice_figure(found, SIDES[0], "sharpe", 1.5)
    assert {trace.name: trace.y.tolist() for trace in drawn.data} == {
        "Lower quartile": [0.5, 1], "Middle half": [2, 3], "Mean": [1, 2], "At the best": [3],
    }  # fmt: skip
    assert drawn.layout.shapes[0].y0 == 1.5
    assert not by_axis.slice_figure(found, SIDES[0], "sharpe", float("nan")).layout.shapes


def test_a_map_ends_with_its_cells_and_tells_the_middle_of_a_tile_in_few_digits() -> None:
    """A mark at the edge would else lengthen the axis by room for it."""
    single = chart.figure(chart.info(grid(4, 3), Y, SIDES)).to_plotly_json()["layout"]
    assert single["xaxis"]["autorangeoptions"] == {"clipmin": 0.5, "clipmax": 4.5}
    assert single["yaxis"]["autorangeoptions"] == {"clipmin": 0.5, "clipmax": 3.5}
    info = chart.info(grid(500, 400), Y, SIDES)
    assert info.coarse
    hover = chart.figure(info).data[0].hovertemplate
    assert hover.startswith("Fast window about %{x:,.4~g} bars, Slow window about %{y:,.4~g} bars")
