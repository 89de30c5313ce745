"""Axes that all charts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dashboard.charts import base


@pytest.mark.parametrize(
    ("growth", "expected"),
    [
        ([1.0, 1.1, 0.9], {"dtick": None, "nticks": 6}),
        ([1.0, 20.0], {"dtick": "D2"}),
        ([0.0, 1.0, 20.0], {"dtick": "D2"}),
        ([1.0, 5_000.0], {"dtick": 1}),
        ([0.0, 0.0], {"dtick": None, "nticks": 6}),
    ],
)
def test_a_log_axis_of_growth_steps_by_its_decades(growth: list[float], expected: dict[str, Any]) -> None:
    axis = base.growth_axis(np.array(growth), log=True)
    assert axis == {"fixedrange": True, "type": "log", "tickformat": ",.4~r", **expected}


def test_a_linear_axis_of_growth_leaves_its_steps_to_plotly() -> None:
    axis = base.growth_axis(np.array([1.0, 20.0]), log=False)
    assert axis == {"fixedrange": True, "type": "linear", "tickformat": ",.4~r"}


def test_a_log_axis_writes_its_numbers_in_full() -> None:
    assert base.value_axis("of 1", log=True)["tickformat"] == base.PLAIN
    assert base.value_axis(tickformat=",.6~g", log=True)["tickformat"] == ",.6~g"


def test_cells_that_print_their_numbers_are_pale_and_name_the_colour_of_the_text() -> None:
    look = base.printed(10)
    assert look["colorscale"] == [[0.0, "var(--loss / 50%)"], [0.5, "var(--surface-2)"], [1.0, "var(--gain / 50%)"]]
    assert look["textfont"] == {"size": 10, "color": "var(--text)"}
