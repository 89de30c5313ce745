"""Several runs on one chart: the numbers that are drawn."""

from __future__ import annotations

import numpy as np

from dashboard.charts import correlation, overlay
from tests.support.market import days

RUNS = [(f"Run {index}", days(50), np.linspace(1000, 1000 + 100 * index, 50), 1000.0) for index in range(8)]


def test_each_run_begins_at_one_and_keeps_its_order() -> None:
    found = overlay.info(RUNS)
    assert [curve.label for curve in found.curves] == [name for name, *_ in RUNS]
    assert all(curve.growth[0] == 1.0 for curve in found.curves)
    assert found.curves[7].growth[-1] == 1.7
    assert found.combined is None
    assert found.log


def test_eight_runs_look_different() -> None:
    assert len({overlay.style(index) for index in range(8)}) == 8


def test_the_portfolio_is_drawn_last_and_a_lost_account_on_a_linear_axis() -> None:
    lost = ("Lost", days(50), np.concatenate((np.linspace(1000, 10, 30), np.zeros(20))), 1000.0)
    found = overlay.info([*RUNS[:2], lost], ("Combined", days(50), np.ones(50), 1.0))
    drawn = overlay.figure(found)
    assert [trace.name for trace in drawn.data][-2:] == ["Combined", "Combined drawdown"]
    assert drawn.layout.yaxis.type == "linear"
    assert overlay.figure(overlay.info(RUNS)).layout.yaxis.type == "log"


def test_holding_is_drawn_under_the_runs_in_a_colour_of_its_own() -> None:
    found = overlay.info(RUNS, held=("Buy and hold, AAA", days(60), np.linspace(500, 5000, 60), 500.0))
    drawn = overlay.figure(found)
    assert [trace.name for trace in drawn.data][:2] == ["Buy and hold, AAA", "Buy and hold, AAA drawdown"]
    assert found.held is not None
    assert (found.held.growth[0], found.held.growth[-1]) == (1.0, 10.0)
    assert drawn.data[0].line.color not in {overlay.style(index)[0] for index in range(8)}
    assert drawn.layout.yaxis.dtick == "D2", "the steps of the axis count the line of holding"
    lost = ("Lost", days(50), np.concatenate((np.linspace(1000, 10, 30), np.zeros(20))), 1000.0)
    assert overlay.figure(overlay.info(RUNS, held=lost)).layout.yaxis.type == "linear"


def test_a_correlation_is_printed_where_there_is_one() -> None:
    values = np.array([[1.0, -0.254, np.nan], [-0.254, 1.0, np.nan], [np.nan, np.nan, np.nan]])
    found = correlation.info(["A", "B", "A name that is far too long for an axis"], values)
    drawn = correlation.figure(found)
    assert next(list(row) for row in drawn.data[0].text) == ["1.00", "\N{MINUS SIGN}0.25", ""]
    assert drawn.layout.xaxis.ticktext[2] == "A name that is fa…"
    assert drawn.data[0].zmin == -1
    assert drawn.data[0].zmax == 1
