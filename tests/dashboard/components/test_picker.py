"""The searchable list of plug-ins: what it lists, in which order, and what its buttons say."""

from __future__ import annotations

from typing import Any

import pytest
from dash import html

from dashboard import ids, state
from dashboard.components import picker
from dashboard.components.values import complete
from dashboard.indicator_facets import INDICATOR_FACETS
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.features.layout import FORM
from engine.core.errors import SpecError
from engine.features.spec import FeatureSpec
from engine.indicators import GROUPS, INDICATORS


def found(component: Any, role: str) -> list[Any]:
    """Every component inside whose id has that role."""
    inner = getattr(component, "children", None)
    parts = component if isinstance(component, list) else inner if isinstance(inner, list) else [inner]
    id_ = getattr(component, "id", None)
    own = [component] if isinstance(id_, dict) and id_["role"] == role else []
    return own + [item for part in parts if hasattr(part, "children") for item in found(part, role)]


def rows(text: str = "", group: str = "") -> list[str]:
    return [info.name for info in picker.listed(INDICATORS, text, group)]


def test_all_of_them_are_listed_in_the_order_of_their_groups() -> None:
    shown = list(picker._rows(picker.listed(INDICATORS, "", ""), INDICATORS.groups()))
    headings = [row.children for row in shown if row.className == "picker-heading"]
    assert headings == list(GROUPS)
    assert len(shown) - len(headings) == len(INDICATORS.infos())
    assert shown[0].children == GROUPS[0] == "Expressions"


def test_what_is_typed_is_searched_for_in_the_chosen_group() -> None:
    assert rows("rsi")[0] == "rsi"
    assert rows("macd", "Candle patterns") == []
    assert set(rows("", "Volatility")) >= {"atr", "atr_percent", "talib_trange"}
    (first, *_) = picker._rows(picker.listed(INDICATORS, "cci", ""), ())
    assert getattr(first, "data-kind") == "talib_cci"
    assert [part.children for part in first.children] == [
        "Commodity channel index",
        "CCI",
        "CCI of TA-Lib, from high, low and close.",
        "Momentum",
    ]


def test_filters_narrow_what_the_search_finds() -> None:
    reads, cost = INDICATOR_FACETS

    def names(text: str, *kept: tuple[picker.Facet, str]) -> set[str]:
        return {info.name for info in picker.narrowed(picker.listed(INDICATORS, text, ""), kept)}

    assert {"amihud", "vwap_distance"} <= names("", (reads, "volume"))
    assert names("", (reads, "volume")) < names("")
    assert names("rank", (reads, "symbols"), (cost, "slow")) == {"return_rank"}
    assert names("sma", (reads, "values")) == set()
    (row,) = picker._rows(picker.listed(INDICATORS, "market regime", "")[:1], (), INDICATOR_FACETS)
    assert row.children[3].children.endswith(" · 20 µs")
    (first, second, *_) = picker._rows(picker.listed(INDICATORS, "", "Momentum"), ("Momentum",), INDICATOR_FACETS)
    assert (first.children, second.children[3].children[-3:]) == ("Momentum", " µs")


def test_nothing_found_says_what_to_do() -> None:
    assert picker._count(0, "indicators") == "No matching indicators: try another word, all groups, or fewer filters."
    assert picker._count(1, "indicators").startswith("1 indicator ·")


def test_buttons_show_the_title_and_hold_the_name() -> None:
    panel = FORM.panel(FORM.defaults())
    chosen = found(panel, "choice")
    assert [(button.children, button.value) for button in chosen] == [("SMA", "sma"), ("RSI", "rsi")]
    assert all(isinstance(button, html.Button) for button in chosen)
    (add,) = found(panel, "add")
    assert (add.children, add.value) == ("+ Add indicator", "")
    collected = FORM.collect([button.id for button in chosen], [button.value for button in chosen])
    assert [item["kind"] for item in collected["features"]] == ["sma", "rsi"]


def controls(panel: list[Any]) -> list[Any]:
    """Every control inside that is a choice or a field."""
    parts = html.Div(panel)._traverse()
    return [part for part in parts if isinstance(id_ := getattr(part, "id", None), dict) and id_["role"] in ROLES]


ROLES = ("choice", "field")


def rule(left: dict[str, Any]) -> dict[str, Any]:
    strategy = {"kind": "rules", "enter": [{"kind": "comparison", "left": left, "right": {"kind": "sma"}}], "leave": []}
    return {**BACKTEST.defaults(), "strategy": strategy}


def test_operands_of_a_rule_are_chosen_from_one_list() -> None:
    left = {"kind": "feature", "indicator": {"kind": "macd", "fast": 10}, "output": "signal"}
    panel = BACKTEST.panel(complete(BACKTEST.spec, rule(left)))
    buttons = {button.id["path"]: button for button in found(panel, "choice") if isinstance(button, html.Button)}
    assert {
        path.removeprefix("strategy.enter.0."): (button.children, button.value) for path, button in buttons.items()
    } == {
        "left": ("MACD: signal", "feature:macd:signal"),
        "right": ("SMA", "sma"),
    }
    fields = {item.id["path"].removeprefix("strategy.enter.0.left."): item.value for item in controls(panel)}
    assert {name: fields[name] for name in ("indicator.fast", "indicator.slow", "indicator.signal", "lag")} == {
        "indicator.fast": "10", "indicator.slow": "26", "indicator.signal": "9", "lag": "0",
    }  # fmt: skip
    assert "output" not in fields


def test_a_form_reads_back_which_output_was_chosen() -> None:
    left = {"kind": "feature", "indicator": {"kind": "macd", "fast": 10}, "output": "signal"}
    panel = BACKTEST.panel(complete(BACKTEST.spec, rule(left)))
    parts = controls(panel)
    spec = BACKTEST.parse(BACKTEST.collect([part.id for part in parts], [part.value for part in parts]))
    assert spec.strategy.enter[0].label() == "MACD 10/26/9 signal > SMA 50"


@pytest.mark.parametrize(
    ("entry", "fields"),
    [
        ("price", ["column", "lag"]),
        ("feature:talib_cci", ["indicator.timeperiod", "lag"]),
        ("feature:bollinger:lower", ["indicator.window", "indicator.width", "lag"]),
    ],
)
def test_another_operand_brings_its_own_parameters(entry: str, fields: list[str]) -> None:
    values = complete(BACKTEST.spec, rule({"kind": "price"}))
    rows = BACKTEST.chosen(values, "strategy.enter.0.left", entry)
    paths = [item.id["path"].removeprefix("strategy.enter.0.left.") for item in controls(rows)]
    assert paths == fields


@pytest.mark.parametrize("entry", ["feature:nothing", "feature::", "feature:macd:x", "feature:beta", "nothing"])
def test_a_forged_operand_is_refused(entry: str) -> None:
    with pytest.raises(SpecError):
        BACKTEST.parse(BACKTEST.collect([ids.choice("backtest", "strategy"), *LEFT], ["rules", "comparison", entry]))


LEFT = [ids.choice("backtest", f"strategy.enter.0{end}") for end in ("", ".left")]


@pytest.mark.parametrize("kind", ["beta", "longer_bars", "return_rank", "talib_cci", "talib_bbands", "donchian"])
def test_an_indicator_that_was_just_added_is_complete(kind: str) -> None:
    """Whatever is chosen from the list can be computed with what its card shows."""
    values = {**FORM.defaults(), "features": [{"kind": kind}]}
    spec = FORM.parse({**values, "features": [FORM.start(state.to_query(FORM.parse(values)))[0]["features"][0]]})
    assert isinstance(spec, FeatureSpec)
    assert spec.features == (INDICATORS.get(kind)(),)
