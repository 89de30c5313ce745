"""Axes that all charts share."""

from __future__ import annotations

from typing import Any

import numpy as np
import plotly.graph_objects as go
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


def test_an_encoded_figure_is_what_plotly_makes_of_the_checked_one() -> None:
    trace = {
        "type": "scatter", "x": np.arange(3.0), "y": base.values(np.array([1.5, np.nan, -2.0])), "name": "one",
        "marker": {"symbol": np.array([5, 6, 5], dtype=np.int32), "colorscale": [[0.0, "red"], [1.0, "blue"]]},
    }  # fmt: skip
    empty = {"type": "scatter", "x": np.empty(0), "y": np.empty(0)}
    cells = {"type": "heatmap", "z": np.eye(2, 3, dtype=np.float32), "customdata": np.ones((2, 3), np.uint16)}
    plain = base.plain_figure(
        [trace, empty, cells], y=base.growth_axis(np.ones(2), log=True), panes=[({"nticks": 4}, 0.3)]
    )
    checked = go.Figure(data=plain["data"], layout={"template": go.layout.Template(), **plain["layout"]})
    checked.layout.template = None
    expected, found = checked.to_dict(), base.encoded(plain)
    symbols = expected["data"][0]["marker"].pop("symbol"), found["data"][0]["marker"].pop("symbol")
    assert [item["dtype"] for item in symbols] == ["i4", "i4"]
    assert found["layout"] == {name: _listed(item) for name, item in expected["layout"].items()}
    assert found["data"] == _listed(expected["data"])
    assert (found["data"][0]["x"]["dtype"], found["data"][0]["y"]["dtype"]) == ("f8", "f4")


def _listed(value: Any) -> Any:
    """Tuples and empty arrays as lists, the way both are sent."""
    if isinstance(value, dict):
        return {name: _listed(item) for name, item in value.items()}
    return [_listed(item) for item in value] if isinstance(value, list | tuple | np.ndarray) else value


def test_an_array_that_the_browser_could_not_read_is_refused() -> None:
    with pytest.raises(KeyError, match="int64"):
        base.encoded({"x": np.arange(3)})
