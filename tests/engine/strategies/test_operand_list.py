"""The list that operands of rules are chosen from, and outputs of indicators by their names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.core.errors import SpecError
from engine.indicators import INDICATORS, ContextIndicator, PanelIndicator
from engine.indicators.momentum import Macd
from engine.strategies.operand_list import BARS, OPERAND_LIST
from engine.strategies.operands.feature import Feature
from engine.strategies.rules import OPERANDS
from tests.support.market import make_bars

WALK = make_bars(50 * np.exp(np.cumsum(np.random.default_rng(1).normal(0, 0.02, 300))))


def feature(output: object, kind: str = "macd") -> Feature:
    return Feature.parse({"kind": "feature", "indicator": {"kind": kind}, "output": output})


def titles(text: str) -> list[str]:
    return [info.title for info in OPERAND_LIST.search(text)]


@pytest.mark.parametrize("info", OPERAND_LIST.infos(), ids=lambda info: info.name)
def test_each_entry_is_an_operand_and_found_again(info: Any) -> None:
    values = OPERAND_LIST.values_of(info.name)
    made = OPERANDS.parse(values)
    assert OPERAND_LIST.entry_of(values) == info.name
    assert OPERAND_LIST.entry_of(made.model_dump(mode="json")) == info.name
    assert OPERAND_LIST.title(info.name) == info.title
    assert info.group in OPERAND_LIST.groups()


def test_every_indicator_of_one_series_is_there_once() -> None:
    """By itself, or as the operand that stands for it."""
    offered = [OPERANDS.parse(OPERAND_LIST.values_of(info.name)) for info in OPERAND_LIST.infos()]
    lines = [(item.source().kind, item.place()) for item in offered if hasattr(item, "source")]
    wanted = [
        (name, place)
        for name, cls in INDICATORS.available().items()
        if not issubclass(cls, ContextIndicator | PanelIndicator)
        for place in range(len(cls.outputs))
    ]
    assert sorted(lines) == sorted(wanted)


def test_what_is_asked_for_most_comes_first() -> None:
    assert OPERAND_LIST.groups()[0] == BARS
    assert [info.title for info in OPERAND_LIST.search("", BARS)] == ["Number", "Price"]
    assert titles("macd")[:3] == ["MACD: line", "MACD: signal", "MACD: histogram"]
    assert titles("macd signal")[0] == "MACD: signal"
    assert titles("close")[0] == "Price"
    assert titles("rsi")[0] == "RSI"


def test_an_operand_that_is_not_listed_still_has_its_title() -> None:
    assert OPERAND_LIST.title("bollinger") == "Bollinger band"
    assert OPERAND_LIST.entry_of({"kind": "bollinger", "width": -2}) == "bollinger"


@pytest.mark.parametrize("values", [{}, {"kind": "feature"}, {"kind": "feature", "indicator": None}])
def test_an_operand_without_its_indicator_is_no_entry(values: Mapping[str, Any]) -> None:
    assert OPERAND_LIST.entry_of(values) == values.get("kind", "")


@pytest.mark.parametrize(("output", "name"), [("signal", "signal"), (2, "signal"), (3, "histogram"), (None, "macd")])
def test_an_output_is_chosen_by_its_name(output: object, name: str) -> None:
    """Numbers are those of earlier requests."""
    np.testing.assert_array_equal(feature(output).line(WALK), Macd().compute(WALK)[name])


def test_the_first_output_by_its_name_is_the_same_request() -> None:
    assert feature("macd") == feature(None) == feature(1)
    assert [feature(None).label(), feature("signal").label()] == ["MACD 12/26/9", "MACD 12/26/9 signal"]


@pytest.mark.parametrize(("output", "asked"), [("signl", "signl"), (4, "4"), (0, "0"), ("", "")])
def test_an_output_that_there_is_not_is_refused_with_those_that_there_are(output: object, asked: str) -> None:
    with pytest.raises(SpecError, match=rf"MACD 12/26/9 has no output '{asked}'\..*macd, signal, histogram") as error:
        feature(output)
    assert error.value.problems[0][0] == "output"
