"""Sections of a control panel that fold, and fractions that people read in percent."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import html

from dashboard import ids, state
from dashboard.components import controls
from dashboard.components.fields import fields_of, find
from dashboard.components.form import Form
from dashboard.components.sections import changed, titled
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from tests.dashboard.test_form import every, read

pytestmark = pytest.mark.usefixtures("workspace")
STOPS = {"strategy": {"kind": "sma_cross"}, "stops": {"stop_loss": 0.07, "time_stop": 20}}


def form(initial: dict[str, Any]) -> Form:
    return Form(
        page="test", spec=BacktestSpec, action="Run", initial=initial,
        sections={"costs.minimum": "Further costs"}, folded=("Further costs", "Stops", "Financing"),
    )  # fmt: skip


def folds(made: Form) -> dict[str, html.Details]:
    found = [item for item in made.panel(made.defaults()) if isinstance(item, html.Details)]
    return {item.children[0].children: item for item in found}


def test_a_fold_is_open_where_something_is_set() -> None:
    found = folds(form(STOPS))
    assert list(found) == ["Further costs", "Stops", "Financing"]
    assert {name: item.open for name, item in found.items()} == {
        "Further costs": False, "Stops": True, "Financing": False,
    }  # fmt: skip
    assert getattr(found["Stops"].children[0], "data-changed") == "2 changed"


def test_everything_in_a_fold_is_part_of_the_form() -> None:
    made = form(STOPS)
    assert made.parse(made.collect(*read(made.panel(made.defaults())))) == BacktestSpec.parse(made.defaults())


def test_a_field_is_moved_to_another_section() -> None:
    inside = every(folds(form({}))["Further costs"])
    assert [item.id["path"] for item in inside if getattr(item, "id", None) and "role" in item.id] == [
        "costs.minimum", "costs.minimum",
    ]  # fmt: skip


def test_a_kind_that_was_chosen_counts_as_set() -> None:
    made = form({"sizing": {"kind": "value"}})
    rows = made.rows(BacktestSpec, made.defaults(), "", made.defaults(), "")
    assert changed([control for section, control in rows if section == "Sizing"]) == 1


@pytest.mark.parametrize(("kind", "shown"), [
    ("percent", {"part": "100"}),
    ("volatility", {"target": "20", "largest": "100"}),
    ("kelly", {"cap": "100", "first": "25"}),
])  # fmt: skip
def test_every_sizing_is_a_fraction_that_is_shown_in_percent(kind: str, shown: dict[str, str]) -> None:
    made = form({"sizing": {"kind": kind}})
    places, given = read(made.panel(made.defaults()))
    texts = {place["path"]: value for place, value in zip(places, given, strict=True)}
    spec = made.parse(made.collect(places, given))
    for name, text in shown.items():
        assert texts[f"sizing.{name}"] == text
        assert getattr(spec.sizing, name) == float(text) / 100
        assert find(BacktestSpec, made.defaults(), f"sizing.{name}").unit == "%"


def test_rows_without_a_section_stand_by_themselves() -> None:
    row = html.Div("x")
    made = titled([("", row), ("One", row), ("One", row), ("Two", row)], ("Two",))
    assert [type(item).__name__ for item in made] == ["Div", "H2", "Div", "Div", "Details"]


def test_a_fraction_is_shown_and_read_in_percent() -> None:
    made = form(STOPS)
    values = made.defaults()
    field = find(BacktestSpec, values, "stops.stop_loss")
    assert (field.unit, field.low, field.high, field.step, field.default) == ("%", 0, 100, 1, None)
    places, given = read(made.panel(values))
    at = next(i for i, place in enumerate(places) if place["path"] == "stops.stop_loss")
    assert given[at] == "7"
    given[at] = "12.5"
    assert made.collect(places, given)["stops"]["stop_loss"] == 0.125


@pytest.mark.parametrize("fraction", [0.07, 0.29, 0.001, 1 / 3, 0.55, -0.005])
def test_a_percentage_typed_as_it_is_shown_is_the_same_fraction(fraction: float) -> None:
    field = find(BacktestSpec, {}, "financing.cash_yield")
    text = controls.shown(controls.to_percent(fraction))
    assert controls.parse_value(field, text) == pytest.approx(fraction, rel=1e-11)


def test_what_is_wrong_with_a_percentage_is_said_in_percent() -> None:
    with pytest.raises(SpecError, match=r"Stop loss must be below 100%, not 150%\."):
        BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": {"commission": 1, "slippage": 1},
                            "stops": {"stop_loss": 1.5}})  # fmt: skip
    with pytest.raises(SpecError, match=r"Cash yield must be at least -20%, not -50%\."):
        BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": {"commission": 1, "slippage": 1},
                            "financing": {"cash_yield": -0.5}})  # fmt: skip


def hidden(made: Form) -> set[str]:
    """Paths of the fields whose rows are out of sight."""
    rows = [
        row
        for row in every(made.panel(made.defaults()))
        if getattr(row, "className", "") == "f" and getattr(row, "hidden", False)
    ]
    return {item.id["path"] for item in every(rows) if isinstance(getattr(item, "id", None), dict)}


def test_a_field_is_in_sight_while_it_means_anything() -> None:
    assert hidden(form({})) == {"limit_offset", "limit_bars", "rebalance"}
    assert hidden(form({"fill": "limit"})) == {"rebalance"}
    assert hidden(form({"cash": "shared"})) == {"limit_offset", "limit_bars"}


def test_the_browser_is_told_what_decides_whether_a_field_is_in_sight() -> None:
    made = form({})
    rows = [item for item in every(made.panel(made.defaults())) if getattr(item, "className", "") == "f"]
    (row,) = [
        row for row in rows if any(getattr(item, "id", None) == ids.field("test", "limit_bars") for item in every(row))
    ]
    assert json.loads(getattr(row, "data-when")) == {ids.dom_id(ids.field("test", "fill")): ["limit"]}


def test_what_is_out_of_sight_keeps_its_value_and_does_not_count_as_set() -> None:
    made = Form(page="test", spec=BacktestSpec, folded=("Execution",),
                initial={**STOPS, "fill": "next_close", "limit_offset": 20.0})  # fmt: skip
    assert made.collect(*read(made.panel(made.defaults())))["limit_offset"] == 20
    assert getattr(folds(made)["Execution"].children[0], "data-changed") == "1 changed"
    shown, asked, _ = made.start(state.to_query(BacktestSpec.parse(made.defaults())))
    assert (shown["limit_offset"], asked.limit_offset if isinstance(asked, BacktestSpec) else 0) == (20.0, 20.0)


def test_what_a_plugin_seldom_needs_folds_too() -> None:
    """A section of its own that the form folds: in the panel, and where the plug-in is chosen."""
    model = {"kind": "gru", "mixup": 0.4}
    made = Form(
        page="test", spec=ModelSpec, folded=("Optimisation", "Loss and regularisation"), initial={"model": model}
    )
    found = [item for item in every(made.panel(made.defaults())) if isinstance(item, html.Details)]
    assert {item.children[0].children: item.open for item in found} == {
        "Optimisation": False, "Loss and regularisation": True,
    }  # fmt: skip
    assert made.parse(made.collect(*read(made.panel(made.defaults())))) == ModelSpec.parse({"model": model})
    chosen = made.chosen(made.defaults(), "model", "lstm")
    assert len([item for item in chosen if isinstance(item, html.Details)]) == 2
    assert not [item for item in made.chosen(made.defaults(), "model", "linear") if isinstance(item, html.Details)]


@pytest.mark.parametrize(
    ("typed", "read"),
    [("2015-01-31", "2015-01-31"), (" 2015-1-2 ", "2015-01-02"), ("2015/01/02", "2015-01-02"), ("", None)],
)
def test_a_date_is_typed_year_first(typed: str, read: str | None) -> None:
    made = Form(page="t", spec=MarketSpec)
    values = made.collect([{"role": "field", "page": "t", "path": "start"}], [typed])
    spec: Any = made.parse({**made.defaults(), "start": values["start"]})
    assert str(spec.start) == str(read)


@pytest.mark.parametrize("typed", ["31/01/2015", "20150131", "2015", "2015-02-31", "soon", "1700000000"])
def test_what_is_no_date_is_told_at_its_field(typed: str) -> None:
    made = Form(page="t", spec=MarketSpec)
    values = made.collect([{"role": "field", "page": "t", "path": "start"}], [typed])
    with pytest.raises(SpecError) as caught:
        made.parse({**made.defaults(), "start": values["start"]})
    (found,) = caught.value.problems
    assert found[0] == "start"
    assert "such as 2015-01-31" in found[1]


def test_a_date_has_a_calendar_that_the_keyboard_reaches() -> None:
    (field,) = (item for item in fields_of(MarketSpec) if item.path == "start")
    entry, button = controls.control(ids.field("t", "start"), field, "2015-01-31").children  # type: ignore[attr-defined]
    assert (entry.type, entry.value, entry.placeholder) == ("text", "2015-01-31", "yyyy-mm-dd")
    plain = button.to_plotly_json()["props"]
    assert plain["aria-label"] == "From: choose in a calendar"
