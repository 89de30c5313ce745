"""The tree of errors, as it is drawn and as it is."""

from __future__ import annotations

import inspect
import re

import pytest

from engine.core import errors
from engine.core.errors import EngineError, SpecError, UnknownPlugin, did_you_mean

CLASSES = [cls for _, cls in inspect.getmembers(errors, inspect.isclass) if issubclass(cls, EngineError)]


def test_tree_in_the_docstring_is_the_tree_of_the_classes() -> None:
    drawn: dict[str, str] = {}
    above: list[str] = []
    for line in (errors.__doc__ or "").splitlines():
        match = re.match(r"([│├└─ ]*)([A-Z]\w+)(\s{2,}|$)", line)
        if match and match[2].endswith(
            ("Error", "Plugin", "Tradeable", "Series", "Cancelled", "Full", "Lost", "Interrupted")
        ):
            depth = len(match[1]) // 4
            del above[depth:]
            drawn[match[2]] = above[-1] if above else "Exception"
            above.append(match[2])
    assert drawn == {cls.__name__: cls.__base__.__name__ for cls in CLASSES}


@pytest.mark.parametrize("cls", [cls for cls in CLASSES if not issubclass(cls, SpecError)])
def test_sentence_is_shown_as_it_is(cls: type[EngineError]) -> None:
    assert str(cls("What is wrong, and what to do.")) == "What is wrong, and what to do."


def test_problems_are_joined_and_put_under_a_path() -> None:
    error = SpecError([("fast", "Too short."), ("", "Out of order.")])
    assert str(error) == "Too short. Out of order."
    below = error.under("strategy")
    assert below.problems == (("strategy.fast", "Too short."), ("strategy", "Out of order."))
    assert below.under("spec").problems[0][0] == "spec.strategy.fast"
    assert below.under("").problems == below.problems
    assert isinstance(UnknownPlugin([("kind", "No.")]), SpecError)


def test_of_very_many_problems_the_first_are_told_each_once() -> None:
    error = SpecError([("", f"Window {place // 2} is wrong.") for place in range(40)])
    assert len(error.problems) == 40
    assert str(error).startswith("Window 0 is wrong. Window 1 is wrong. ")
    assert str(error).endswith("Window 7 is wrong. And 12 more like these.")


def test_of_thousands_of_names_the_closest_and_the_first_are_told() -> None:
    known = [f"S{number:04}" for number in range(5000)] + ["AAPL"]
    said = did_you_mean("AAPLE", known)
    assert said.startswith(" Did you mean 'AAPL'? Available: S0000, S0001,")
    assert said.endswith(", S0199 and 4,801 more.")
    assert did_you_mean("nothing", known).startswith(" Available: S0000")
