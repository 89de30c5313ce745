"""Tables: columns in which their titles and their values can be read."""

from __future__ import annotations

import pytest

from dashboard.components.table import Column, definition


@pytest.mark.parametrize(
    ("column", "least"),
    [
        (Column("name", "Feature"), 84),
        (Column("drawdown", "Max drawdown", "signed_percent", 2), 112),
        (Column("sharpe", "Sharpe", "number", 2), 74),
        (Column("what", "Description of it all"), 177),
    ],
)
def test_a_column_is_no_narrower_than_its_title_and_a_usual_value(column: Column, least: int) -> None:
    assert definition(column)["minWidth"] == least


def test_a_column_that_says_its_width_keeps_it() -> None:
    assert definition(Column("name", "Feature", least=60)) == {
        "field": "name", "headerName": "Feature", "minWidth": 60, "flex": 60, "cellDataType": "text",
    }  # fmt: skip
    assert definition(Column("name", "Feature", width=40)) == {
        "field": "name", "headerName": "Feature", "width": 40, "flex": 0, "cellDataType": "text",
    }  # fmt: skip
