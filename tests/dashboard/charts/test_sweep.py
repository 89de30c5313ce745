"""The numbers of a sweep's map, of its distribution and of its parallel coordinates."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboard.charts import parallel, sweep_distribution
from dashboard.charts import sweep as chart
from dashboard.charts.sweep_cells import CELLS, View
from dashboard.text.sweeps import AxisLabel
from engine.backtest.sweeps.result import SweepResult
from engine.core.errors import SpecError

FAST, SLOW, STOP, FILL = "strategy.fast", "strategy.slow", "stops.stop_loss", "fill"
SIDES = (
    AxisLabel(FAST, "Fast window", "bars"),
    AxisLabel(SLOW, "Slow window", "bars"),
    AxisLabel(STOP, "Stop loss", "%", True),
)
X, Y = View("sharpe", FAST), View("sharpe", FAST, SLOW)


def made(parameters: Any, sharpe: Any, symbols: tuple[str, ...] = ("A",), **more: Any) -> SweepResult:
    """A result with these Sharpe ratios, one row a symbol; other figures follow from them."""
    table, ratios = np.array(parameters, dtype=float), np.atleast_2d(np.array(sharpe, dtype=float))
    axes = (FAST, SLOW, STOP)[: table.shape[1]]
    names: dict[str, Any] = {
        "axes": axes, "titles": ("Fast window", "Slow window", "Stop loss")[: len(axes)],
        "units": ("bars", "bars", "")[: len(axes)],
        "whole": (True, True, False)[: len(axes)], "words": ((),) * len(axes),
        "values": tuple(tuple(np.unique(column).tolist()) for column in table.T),
    }  # fmt: skip
    base = {"strategy": {"kind": "sma_cross"}, "costs": {"commission": 5, "slippage": 3}}
    return SweepResult(
        label="SMA", family="sma_cross", symbols=symbols, zones=(), objective="sharpe", parameters=table, sharpe=ratios,
        total_return=ratios / 10, max_drawdown=-np.abs(ratios) / 20, trades=np.full(ratios.shape, 7, dtype=np.int32),
        observations=(100,) * len(symbols), periods_per_year=(252.0,) * len(symbols), years=(2.0,) * len(symbols),
        first="2020-01-01", warm_up=0, warm_up_in_range=0, left_out=0, warnings=(), base=json.dumps(base),
        **(names | more),
    )  # fmt: skip


def grid(width: int, height: int) -> SweepResult:
    """Sharpe = fast + slow / 1000 over the whole numbers from 1."""
    fast, slow = (side.ravel() for side in np.meshgrid(np.arange(1, width + 1), np.arange(1, height + 1)))
    return made(np.column_stack([fast, slow]), fast + slow / 1000)


def test_a_cell_is_a_combination() -> None:
    result = made([[1, 10], [2, 10], [1, 20]], [0.5, -0.25, 1.5])
    info = chart.info(result, Y, SIDES)
    assert (info.x.tolist(), info.y.tolist()) == ([1, 2], [10, 20])
    assert info.z[0].tolist() == [0.5, -0.25]
    assert info.z[1, 0] == 1.5
    assert np.isnan(info.z[1, 1])
    assert info.index.tolist() == [[0, 1], [2, -1]]
    assert not info.coarse


def test_a_cell_knows_every_figure() -> None:
    info = chart.info(made([[1, 10], [2, 10]], [0.5, -0.25]), Y, SIDES)
    assert info.details is not None
    by_name = dict(zip(chart.FORMATS, info.details[0, 1], strict=True))
    assert by_name["sharpe"] == -0.25
    assert by_name["total_return"] == -0.025
    assert by_name["trades"] == 7


def test_a_point_means_the_nearest_cell() -> None:
    result = made([[1, 10], [2, 10], [1, 20]], [0.5, -0.25, 1.5])
    assert chart.cell(result, Y, 1.4, 18) == 2
    assert chart.cell(result, Y, 9, -9) == 1
    assert chart.cell(result, Y, 2, 20) is None
    assert chart.cell(result, View("sharpe", SLOW), 12, 0) == 0


def test_the_best_over_the_rest_or_one_value_of_it() -> None:
    result = made([[1, 10, 0.05], [1, 10, 0.1], [2, 10, 0.05]], [0.5, 0.75, 0.25])
    assert chart.info(result, Y, SIDES).z.tolist() == [[0.75, 0.25]]
    fixed = chart.info(result, replace(Y, fixed=((STOP, 0.05),)), SIDES, [("best", 1), ("plateau", 0)])
    assert fixed.z.tolist() == [[0.5, 0.25]]
    assert [mark.name for mark in fixed.marks] == ["plateau"], "the best lies in another slice"
    assert (fixed.marks[0].x, fixed.marks[0].y, fixed.marks[0].value) == (1, 10, 0.5)


def test_a_large_grid_becomes_one_that_a_screen_shows() -> None:
    info = chart.info(grid(390, 350), Y, SIDES)
    assert info.coarse
    assert max(info.z.shape) <= CELLS
    assert info.z.max() == 390.35
    assert info.details is None, "the figures of so many cells would be megabytes"
    best = np.unravel_index(info.z.argmax(), info.z.shape)
    assert info.index[best] == 390 * 350 - 1


def test_drawn_combinations_are_not_dust() -> None:
    random = np.random.default_rng(0)
    result = made(
        np.column_stack([random.integers(1, 300, 500), random.integers(1, 300, 500)]), random.normal(size=500)
    )
    info = chart.info(result, Y, SIDES)
    assert info.coarse
    assert np.isfinite(info.z).mean() > 0.5
    place = np.unravel_index(int(np.nanargmax(info.z)), info.z.shape)
    assert info.index[place] == result.best(count=1)[0]
    x, y = info.x[place[1]], info.y[place[0]]
    assert chart.cell(result, Y, float(x), float(y)) == info.index[place], "a click opens what the cell shows"


def test_a_large_grid_of_which_half_is_invalid_keeps_its_fine_tiles() -> None:
    """Of fast below slow windows a third of the map is known: wider tiles are for what was drawn at random."""
    fast, slow = (side.ravel() for side in np.meshgrid(np.arange(1, 601), np.arange(1, 601)))
    valid = fast < slow
    sharpe = np.where(slow < 480, fast + slow / 1000, np.nan)[valid]
    result = replace(made(np.column_stack([fast, slow])[valid], sharpe), left_out=int((~valid).sum()))
    assert result.is_grid
    info = chart.info(result, Y, SIDES)
    assert info.z.shape == (300, 300)
    assert np.isfinite(info.z).mean() < 0.35
    assert info.each == 4
    near = chart.info(result, replace(Y, window=(100.5, 400.5, 200.5, 500.5)), SIDES)
    assert near.z.shape == (300, 300)
    assert (near.coarse, near.each) == (False, 1)
    assert chart.is_coarse(result, Y)
    forth = chart.info(result, replace(Y, window=(0.5, 400.5, 200.5, 600.5)), SIDES)
    assert forth.z.shape == (200, 200)
    assert result.best(count=1)[0] in info.index, "a tile opens the best of its combinations"
    assert forth.each == 4, "of those in sight, not of all"


def test_words_keep_a_cell_each() -> None:
    parameters = [[value, word] for value in range(0, 400, 7) for word in (0, 1)]
    known = made(parameters, np.arange(len(parameters)), words=((), ("open", "close")))
    assert len(chart.info(known, Y, SIDES).y) == 2


@pytest.mark.parametrize(
    ("metric", "values", "ends"),
    [
        ("sharpe", [-0.5, 0.0, 1.5], (-1.5, 1.5)),
        ("sharpe", [0.5, 1.5], (0.5, 1.5)),
        ("max_drawdown", [-0.5, -0.1], (-0.5, -0.1)),
        ("trades", [3.0, 3.0], (2.7, 3.3)),
        ("sharpe", [], (-1.0, 1.0)),
    ],
)
def test_colours_part_at_zero_where_there_are_both_sides(metric: str, values: list[float], ends: Any) -> None:
    low, high = chart.colour_ends(metric, np.array([[*values, np.nan]]))
    assert (low, high) == pytest.approx(ends, rel=0.05)


def test_one_parameter_is_a_line() -> None:
    info = chart.info(made([[1], [2], [4]], [0.5, np.nan, 1.0]), X, SIDES, [("best", 2)])
    drawn = chart.figure(info)
    assert [trace.name for trace in drawn.data] == ["Sharpe", *[chart.HERE] * 2, *["best"] * 2]
    assert drawn.data[0].x.tolist() == [1, 4]
    assert [trace.y for trace in drawn.data[1:]] == [(), (), (1.0,), (1.0,)]


def test_cells_or_contours() -> None:
    info = chart.info(grid(5, 4), Y, SIDES, [("plateau", 3), ("best", 19)])
    drawn = chart.figure(info).data
    assert drawn[0].type == "heatmap"
    assert [trace.name for trace in drawn if trace.showlegend] == ["plateau", "best"], "not what sets a ring off"
    assert chart.figure(info, contour=True).data[0].type == "contour"
    assert chart.figure(chart.info(grid(5, 1), Y, SIDES), contour=True).data[0].type == "heatmap", "one row has none"


def test_what_is_known_so_far() -> None:
    partial = {"x_axis": FAST, "y_axis": SLOW, "x": [1, 2], "y": [10], "z": [[0.5, None]]}
    info = chart.live(partial, "sharpe", SIDES)
    assert info.z[0, 0] == 0.5
    assert np.isnan(info.z[0, 1])
    assert (info.index == -1).all()
    line = {"x_axis": FAST, "y_axis": None, "x": [1, 2], "y": [], "z": [[0.5, None]]}
    assert chart.figure(chart.live(line, "sharpe", SIDES)).data[0].x.tolist() == [1]


@pytest.mark.parametrize(
    ("side", "value", "text"),
    [
        (AxisLabel("", "", "bars"), 1200.0, "1,200"),
        (AxisLabel("", "", "%", percent=True), 0.055, "5.5%"),
        (AxisLabel("", "", words=("open", "close")), 1.0, "close"),
        (AxisLabel("", "", "bp"), 2.718281828, "2.71828"),
    ],
)
def test_a_value_as_people_read_it(side: AxisLabel, value: float, text: str) -> None:
    assert side.text(value) == text


def test_every_combination_is_in_the_histogram() -> None:
    values = np.append(np.linspace(-1, 3, 1001), [np.nan, 50.0])
    info = sweep_distribution.info("sharpe", values, expected_maximum=2.0)
    assert info is not None
    assert info.counts.sum() == info.total == 1002
    assert 0.0 in np.round(info.edges, 12), "no bar is both gain and loss"
    assert info.median == pytest.approx(1.0, abs=0.01)
    assert info.best == 50.0
    assert sweep_distribution.info("sharpe", np.array([np.nan])) is None


@pytest.mark.parametrize("values", [[1.0], [0.0, 0.0], [-2.0, -2.0, -2.0]])
def test_one_value_has_a_histogram(values: list[float]) -> None:
    info = sweep_distribution.info("sharpe", np.array(values))
    assert info is not None
    assert info.counts.sum() == len(values)
    assert sweep_distribution.figure(info).data[0].type == "bar"


def test_what_lies_far_out_is_named_at_the_rim() -> None:
    info = sweep_distribution.info("sharpe", np.linspace(1.0, 1.1, 500), expected_maximum=0.1)
    assert info is not None
    drawn = sweep_distribution.figure(info)
    assert drawn.layout.xaxis.range[0] > 0.9
    assert any("expected max 0.10" in (words.text or "") for words in drawn.layout.annotations)


def test_lines_are_the_best_and_a_sample() -> None:
    values = np.append(np.random.default_rng(0).normal(size=5000), np.nan)
    parameters = np.column_stack([np.arange(5001), np.arange(5001) % 7])
    info = parallel.info(parameters, values, SIDES[:2], "sharpe")
    assert info is not None
    assert len(info.places) == parallel.LINES
    assert info.total == 5000
    assert set(info.index[-parallel.BEST :]) == set(np.argsort(values[:-1])[-parallel.BEST :])
    assert info.index[0] == np.nanargmin(values)
    assert info.places.min() >= 0
    assert info.places.max() == 1
    assert (np.diff(info.values[:, -1]) >= 0).all()


def test_a_parameter_with_one_value_stands_in_the_middle() -> None:
    info = parallel.info(np.array([[1.0, 5.0], [2.0, 5.0]]), np.array([0.5, 1.0]), SIDES[:2], "sharpe")
    assert info is not None
    assert info.places[:, 1].tolist() == [0.5, 0.5]
    assert len(parallel.figure(info).data) == 2
    assert parallel.info(np.array([[1.0]]), np.array([np.nan]), SIDES[:1], "sharpe") is None


def test_drawn_axes_are_shown_in_tiles_that_say_what_they_hold() -> None:
    random = np.random.default_rng(3)
    result = made(random.uniform(0, 100, (90_000, 2)), random.normal(size=90_000))
    info = chart.info(result, Y, SIDES)
    assert info.coarse
    assert info.z.shape == (150, 150)
    assert info.each == round(90_000 / np.isfinite(info.z).sum())
    assert info.each > 1
    shown = info.index[info.index >= 0]
    np.testing.assert_array_equal(result.sharpe[0][shown], info.z[info.index >= 0])


def test_few_values_have_a_tick_each_and_none_between() -> None:
    """A whole number of bars has no halves."""
    drawn = chart.figure(chart.info(made([[5, 10], [5, 20], [5, 30]], [0.5, -0.25, 1.5]), Y, SIDES)).layout
    assert list(drawn.xaxis.tickvals) == [5]
    assert list(drawn.yaxis.tickvals) == [10, 20, 30]
    assert chart.figure(chart.info(grid(40, 35), Y, SIDES)).layout.xaxis.tickvals is None


def test_contours_are_drawn_where_cells_have_neighbours() -> None:
    whole = chart.info(grid(6, 5), Y, SIDES)
    assert chart.has_contours(whole)
    assert chart.figure(whole, contour=True).data[0].type == "contour"
    for single in (chart.info(made([[1, 10], [2, 20], [3, 30], [4, 40]], [1.0, 2.0, 3.0, 4.0]), Y, SIDES),
                   chart.info(grid(1, 5), Y, SIDES)):  # fmt: skip
        if not single.coarse:
            assert not chart.has_contours(single)
            assert chart.figure(single, contour=True).data[0].type == "heatmap"


CELL = st.one_of(st.none(), st.floats(allow_nan=False, allow_infinity=False), st.integers(), st.text(max_size=3))


@given(
    st.fixed_dictionaries(
        {
            "x_axis": st.sampled_from([FAST, SLOW, "x"]),
            "y_axis": st.sampled_from([None, FAST, SLOW, ""]),
            "x": st.lists(CELL, max_size=3),
            "y": st.lists(CELL, max_size=3),
            "z": st.lists(st.lists(CELL, max_size=3), max_size=3),
        }
    )
)
def test_any_preview_is_drawn_or_refused(partial: Any) -> None:
    """It comes from the browser."""
    try:
        info = chart.live(partial, "sharpe", SIDES)
    except SpecError:
        return
    assert info.z.shape == (len(info.y), len(info.x))
    with np.errstate(over="ignore"):  # float32 on the way to the browser
        chart.figure(info)


@pytest.mark.parametrize(
    ("values", "named"),
    [
        ([5, 10, 15, 20, 25, 30, 35, 40], True),
        ([1, 2, 3, 4, 5, 6, 7, 8, 9, 10], True),
        ([0, 1, 2, 3, 4, 5, 10, 20], False),  # the first would lie on one another
        ([0.125, 0.25, 0.375, 0.5, 0.625, 0.75, 0.875, 1.0], False),
        ([1000, 1100, 1200, 1300, 1400, 1500, 1600, 1700], False),
        ([7], True),
    ],
)
def test_values_are_named_where_their_labels_do_not_touch_on_a_phone(values: list[float], named: bool) -> None:
    """Labels that touch are turned upright, and cannot be read."""
    axis = chart._axis(chart.AxisLabel("strategy.fast", "Fast", "bars"), np.array(values, dtype=np.float64), False)
    assert ("tickvals" in axis) == named
    upright = chart._axis(
        chart.AxisLabel("strategy.fast", "Fast", "bars"), np.array(values, dtype=np.float64), False, lies=False
    )
    assert "tickvals" in upright
