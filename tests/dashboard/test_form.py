"""The form is made from the spec, reads back what it shows, and says what is wrong where it is wrong."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from typing import Annotated, Any, Literal

import pytest
from dash.development.base_component import Component
from hypothesis import given
from hypothesis import strategies as some
from pydantic import Field

from dashboard import ids, state
from dashboard.components import controls
from dashboard.components.fields import fields_of, walk
from dashboard.components.form import Form
from dashboard.pages.data import second_source
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, canonical_json, parameter
from engine.features.spec import FeatureSpec
from engine.market.intervals import INTERVALS
from engine.models import MODELS
from engine.models.spec import ModelSpec
from engine.strategies.rules import OPERANDS
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
SMA = {"strategy": {"kind": "sma_cross"}}


def form(spec: type[RunSpec] = BacktestSpec, **more: Any) -> Form:
    initial = more.pop("initial", SMA if spec is BacktestSpec else {})
    return Form(page="test", spec=spec, action="Run", initial=initial, **more)


def every(component: Any) -> Iterator[Component]:
    for item in component if isinstance(component, list | tuple) else [component]:
        if isinstance(item, Component):
            yield item
            children = getattr(item, "children", None)  # a component without children is false
            yield from every([] if children is None else children)


def read(panel: list[Component]) -> tuple[list[dict[str, str]], list[Any]]:
    """Ids and values of the controls, as the browser would send them."""
    found = [item for item in every(panel) if isinstance(getattr(item, "id", None), dict)]
    fields = [item for item in found if item.id["role"] in ("field", "choice")]
    return [item.id for item in fields], [item.value for item in fields]


def collected(made: Form, **changed: Any) -> dict[str, Any]:
    """What the form reads back when some fields have been changed (dots in paths written as two underscores)."""
    places, values = read(made.panel(made.defaults()))
    new = {path.replace("__", "."): value for path, value in changed.items()}
    assert set(new) <= {place["path"] for place in places}, "no such control"
    given = [new.get(place["path"], value) for place, value in zip(places, values, strict=True)]
    return made.collect(places, given)


def test_fields_carry_what_the_spec_says() -> None:
    fields = {item.path: item for item in walk(BacktestSpec, form().defaults())}
    commission, interval, fast = (fields[path] for path in ("costs.commission", "market.interval", "strategy.fast"))
    assert (commission.control, commission.unit, commission.low, commission.default) == ("number", "bp", 0, 5.0)
    assert interval.control == "choice"
    assert [value for value, _ in interval.choices] == list(INTERVALS)
    assert (fast.control, fast.step, fast.default) == ("number", 1, 50)
    assert (fields["market.start"].control, fields["market.start"].optional) == ("date", True)
    assert fields["market.symbols"].control == "many"
    assert fields["strategy"].control == "plugin"
    assert {item.path: item.control for item in fields_of(FeatureSpec)}["features"] == "plugins"


@pytest.mark.parametrize("spec", [BacktestSpec, FeatureSpec])
def test_what_is_shown_is_what_is_read_back(spec: type[RunSpec]) -> None:
    made = form(spec)
    parsed = made.parse(collected(made))
    assert parsed == spec.parse(made.defaults())
    assert made.parse(made.collect(*read(made.panel(parsed.model_dump(mode="json"))))) == parsed


def test_every_field_of_every_page_has_a_label() -> None:
    for spec in (BacktestSpec, FeatureSpec, ModelSpec):
        made = form(spec)
        panel = made.panel(made.defaults())
        labels = {item.htmlFor for item in every(panel) if type(item).__name__ == "Label"}
        named = {item.id for item in every(panel) if type(item).__name__ == "Span" and getattr(item, "id", None)}
        for place in read(panel)[0]:
            is_card = place["role"] == "choice" and place["path"][-1].isdigit()  # labelled by its wrapper
            own, group = ids.dom_id(place), f"test-{place['path']}-label"
            assert own in labels or group in named or is_card, place


def test_sections_are_named_once_each() -> None:
    made = form()
    titles = [item.children for item in every(made.panel(made.defaults())) if type(item).__name__ == "H2"]
    assert titles == ["Universe", "Strategy", "Costs", "Execution", "Sizing", "Stops", "Financing"]


@pytest.mark.parametrize("text", ["5,5", "12,34", "1,0000", "1,000,00", "1 00"])
def test_a_comma_that_groups_no_thousands_is_not_left_out(text: str) -> None:
    """A decimal comma would else make 55 bp of 5,5."""
    capital = next(item for item in fields_of(BacktestSpec) if item.path == "capital")
    assert controls.parse_value(capital, text) == text


def test_numbers_are_read_as_people_write_them() -> None:
    made = form()
    assert made.parse(collected(made, capital="1,250,000.5")).capital == 1_250_000.5
    assert controls.parse_value(next(item for item in fields_of(BacktestSpec) if item.path == "capital"), "−3") == -3


@pytest.mark.parametrize(
    ("changed", "path", "words"),
    [
        ({"strategy__fast": "abc"}, "strategy.fast", "Fast window"),
        ({"strategy__fast": ""}, "strategy.fast", "missing"),
        ({"strategy__fast": None}, "strategy.fast", "missing"),
        ({"strategy__fast": "2.5"}, "strategy.fast", "Fast window"),
        ({"costs__commission": "-1"}, "costs.commission", "Commission"),
        ({"costs__commission": "nan"}, "costs.commission", "Commission"),
        ({"market__interval": "7m"}, "market.interval", "Interval"),
        ({"market__symbols": ["../../etc/passwd"]}, "market.symbols", "cannot be a symbol"),
        ({"market__start": "yesterday"}, "market.start", "From"),
        ({"strategy": "no_such"}, "strategy.kind", "no_such"),
    ],
)
def test_a_wrong_value_is_a_sentence_at_its_field(changed: dict[str, Any], path: str, words: str) -> None:
    made = form()
    with pytest.raises(SpecError) as caught:
        made.parse(collected(made, **changed))
    (place, text), *_ = caught.value.problems
    assert place == path
    assert words in text
    assert text.endswith(".")


def test_every_empty_field_is_named_at_once() -> None:
    made = form()
    with pytest.raises(SpecError) as caught:
        made.parse(collected(made, strategy__fast="", costs__slippage=""))
    assert [path for path, _ in caught.value.problems] == ["strategy.fast", "costs.slippage"]


def test_empty_optional_fields_are_none() -> None:
    made = form()
    assert made.parse(collected(made, market__start="")).market.start is None  # type: ignore[attr-defined]


def test_another_plug_in_brings_its_own_fields() -> None:
    made = form()
    places, _ = read(made.chosen(made.defaults(), "strategy", "follow_model"))
    assert {"strategy.enter_above", "strategy.exit_below"} <= {place["path"] for place in places}
    assert "strategy.fast" not in {place["path"] for place in places}


def test_fields_of_the_plug_in_before_are_dropped() -> None:
    made = form()
    values = collected(made, strategy="buy_and_hold")
    assert values["strategy"] == {"kind": "buy_and_hold"}


def test_a_list_grows_shrinks_and_may_be_empty() -> None:
    made = form(FeatureSpec)
    values = made.defaults()
    assert [item["kind"] for item in values["features"]] == ["sma", "rsi"]
    grown, _ = read(made.changed_list(values, "features", "rsi", None))
    assert {place["path"] for place in grown if place["role"] == "choice"} == {f"features.{i}" for i in range(3)}
    left, given = read(made.changed_list(values, "features", "", 0))
    assert {place["path"]: value for place, value in zip(left, given, strict=True)}["features.0"] == "rsi"
    kept = [place for place in read(made.panel(values))[0] if not place["path"].startswith("features")]
    assert made.collect(kept, [None] * len(kept))["features"] == []


def test_hidden_fields_keep_what_they_started_with() -> None:
    made = form(hidden=("market.adjustment", "capital"), initial={**SMA, "capital": 5000})
    places, _ = read(made.panel(made.defaults()))
    assert not {"market.adjustment", "capital"} & {place["path"] for place in places}
    assert made.parse(collected(made)).capital == 5000  # type: ignore[attr-defined]


def test_a_nested_spec_can_be_chosen_from_a_list() -> None:
    model = ModelSpec.parse(form(ModelSpec).defaults())
    follow = {"strategy": {"kind": "follow_model", "model": model.model_dump(mode="json")}}
    made = form(options={"strategy.model": lambda _: [(canonical_json(model), "mine")]}, initial=follow)
    assert made.parse(collected(made)).strategy.model == model  # type: ignore[attr-defined]
    with pytest.raises(SpecError, match="Model is missing"):
        made.parse(collected(made, strategy__model=""))
    with pytest.raises(SpecError, match="cannot be read"):
        collected(made, strategy__model="{broken")


def test_a_permalink_fills_the_form() -> None:
    made = form()
    spec = made.parse(collected(made, strategy__fast="20"))
    values, asked, problem = made.start(state.to_query(spec))
    assert (asked, problem) == (spec, "")
    assert values["strategy"]["fast"] == 20


@pytest.mark.parametrize("query", ["garbage", state.to_query(FeatureSpec())])
def test_a_wrong_permalink_leaves_the_usual_form_and_says_so(query: str, workspace: Workspace) -> None:
    made = form()
    values, asked, problem = made.start(query)
    assert values == made.defaults()
    assert asked is None
    assert problem.endswith(".")


RULES = {
    "strategy": {
        "kind": "rules",
        "enter": [
            {
                "kind": "group",
                "negated": True,
                "conditions": [
                    {"kind": "lasting", "bars": 4},
                    {"kind": "comparison", "left": {"kind": "feature"}, "right": {"kind": "number", "value": 0.5}},
                ],
            }
        ],
    }
}


def test_rules_are_clicked_together_in_lists_within_lists() -> None:
    made = form(initial=RULES)
    values = made.defaults()
    request = made.parse(collected(made))
    assert request == BacktestSpec.parse(values)
    inner = "strategy.enter.0.conditions"
    cards = made.changed_list(values, inner, "group", None)
    assert [card.key for card in cards] == [f"{inner}.{index}" for index in range(3)]
    changed = made.parse(collected(made, **{f"{inner}.1.right.value": "0.75", f"{inner}.0.condition.left.lag": "3"}))
    assert "Close[3] > SMA 50 on all of 4 bars" in changed.label()
    assert "Close/SMA 20 > 0.75" in changed.label()


def test_an_emptied_list_of_conditions_is_a_sentence_at_its_card() -> None:
    made = form(initial=RULES)
    values = made.defaults()
    values["strategy"]["enter"][0]["conditions"] = []
    with pytest.raises(SpecError) as caught:
        made.parse(made.collect(*read(made.panel(values))))
    assert caught.value.problems == (("strategy.enter.0", "The group is empty: add a condition or remove the group."),)


def test_lists_and_choices_inside_a_plugin_are_named() -> None:
    panel = form(initial=RULES).panel(form(initial=RULES).defaults())
    captions = [item for item in every(panel) if getattr(item, "className", "") == "f caption"]
    named = [next(part.children for part in every(item) if type(part).__name__ == "Span") for item in captions]
    assert named == ["Enter long", "Conditions", "Exit long", "Enter short", "Exit short"]
    labels = [item.children for item in every(panel) if type(item).__name__ == "Label"]
    assert labels.count("Against") == 3


def test_a_plugin_that_fails_to_load_is_named_under_the_list_that_lacks_it(workspace: Workspace) -> None:
    workspace.write_plugin("strategies", "broken", "1 / 0")
    workspace.write_plugin("conditions", "broken", "2 / 0")
    made = form(initial=RULES)
    shown = str(made.panel(made.defaults()))
    assert shown.count("strategies/broken.py failed to load in line 1: ZeroDivisionError: division by zero.") == 1
    assert "conditions/broken.py failed to load in line 1" in shown
    assert "Comparison" in shown, "what is sound stays"


def test_what_is_seldom_set_comes_after_the_others() -> None:
    names = [field.path for field in fields_of(OPERANDS.get("sma"))]
    assert names == ["window", "lag"]
    assert [field.path for field in fields_of(OPERANDS.get("price"))] == ["column", "lag"]


class Layered(RunSpec):
    """A request with several numbers in one field."""

    kind: Literal["layered"] = "layered"
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=4)] = parameter(
        (64, 32), title="Hidden layers", help="Units of each."
    )
    rates: tuple[float, ...] = parameter((0.1,), title="Rates")


class TestSeveralNumbers:
    """A tuple of numbers is typed as text."""

    def test_the_field_knows_the_bounds_of_each_number(self) -> None:
        hidden, rates = fields_of(Layered)
        assert (hidden.control, hidden.low, hidden.high, hidden.default) == ("numbers", 1, 4096, [64, 32])
        assert (rates.control, rates.low) == ("numbers", None)

    def test_what_is_shown_is_what_is_read_back(self) -> None:
        made = form(Layered)
        _, values = read(made.panel(made.defaults()))
        assert values == ["64, 32", "0.1"]
        assert made.parse(collected(made)) == Layered()

    @pytest.mark.parametrize(
        ("text", "expected"),
        [("8", (8,)), (" 8 ,16;4 ", (8, 16, 4)), ("8 16", (8, 16)), ("", ()), ("1024,2048", (1024, 2048))],
    )
    def test_it_is_read_as_people_write_it(self, text: str, expected: tuple[int, ...]) -> None:
        made = form(Layered)
        assert made.parse(collected(made, hidden=text)).hidden == expected

    @pytest.mark.parametrize(
        ("text", "words"),
        [
            ("8, big", "Hidden layers must be comma-separated numbers, such as 64, 32, not '8, big'."),
            ("8, 0", "Hidden layers must be at least 1, not 0."),
            ("8, 5000", "Hidden layers must be at most 4,096, not 5000."),
            ("2.5", "Hidden layers must be a whole number, not 2.5."),
            ("1 2 3 4 5", "Hidden layers must be a list of at most 4, not"),
            ("nan", "Hidden layers must be a number, not nan."),
        ],
    )
    def test_a_wrong_number_is_a_sentence_at_the_field(self, text: str, words: str) -> None:
        made = form(Layered)
        with pytest.raises(SpecError) as caught:
            made.parse(collected(made, hidden=text))
        assert [path for path, _ in caught.value.problems] == ["hidden"]
        assert caught.value.problems[0][1].startswith(words)

    @given(some.lists(some.integers(1, 4096), max_size=4), some.sampled_from([",", ", ", ";", " ", " , "]))
    def test_any_list_survives_the_form(self, numbers: list[int], between: str) -> None:
        (hidden, _) = fields_of(Layered)
        assert controls.parse_value(hidden, between.join(map(str, numbers))) == numbers
        assert controls.parse_value(hidden, controls.listed(numbers)) == numbers


def test_a_formula_has_lines_over_the_whole_width() -> None:
    from dashboard.components import controls
    from engine.indicators.expression import Expression

    text, name = fields_of(Expression)
    row = controls.row("features", text, "close / open")
    assert row.className == "f wide"
    area = row.children[1].children.children
    assert (area.rows, area.value) == (2, "close / open")
    assert controls.row("features", name, None).className == "f"


def test_a_select_of_which_nothing_is_chosen_says_so() -> None:
    """Bootstrap's shows its placeholder for an empty value, also where an option has that."""

    class Picked(RunSpec):
        kind: Literal["picked"] = "picked"
        place: Literal["north", "east", "south", "west", "centre", "outside"] | None = parameter(
            None, title="Place", help="Where."
        )

    panels = [form(spec).panel(form(spec).defaults()) for spec in (Picked, BacktestSpec, FeatureSpec, ModelSpec)]
    shown = [*chain.from_iterable(panels), second_source.layout()]
    selects = [item for item in every(shown) if type(item).__name__ == "Select"]
    empty = [item for item in selects if item.value in ("", None)]
    said = {getattr(item, "placeholder", "") for item in empty}
    assert {"none", "Compare with"} <= said
    assert "" not in said


def test_a_list_offers_what_it_takes_and_says_what_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(type(MODELS), "lacking", lambda registry: frozenset({"xgboost"}))
    values = {**form(ModelSpec).defaults(), "model": {"kind": "ensemble"}}
    offers = [
        [(option["value"], option.get("disabled", False)) for option in item.options]
        for item in every(form(ModelSpec).panel(values))
        if any(option.get("value") == "xgboost" for option in getattr(item, "options", None) or () if option)
    ]
    assert len(offers) >= 2  # the kind of the model, and what can be added to its members
    assert all(("xgboost", True) in offer and ("linear", False) in offer for offer in offers)
    assert [("ensemble", False) in offer for offer in offers] == [True] + [False] * (len(offers) - 1)
