"""Ranges of parameters: what they stand for, and how many features are written as ranges again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.features import ranges
from engine.features.spec import FeatureSpec


@pytest.mark.parametrize(
    ("text", "numbers"),
    [
        ("5..200 step 5", tuple(range(5, 201, 5))),
        ("2..5", (2, 3, 4, 5)),
        ("5, 10, 20..40 step 10", (5, 10, 20, 30, 40)),
        ("0.1..0.5 step 0.1", (0.1, 0.2, 0.3, 0.4, 0.5)),
        ("10..14 step 3", (10, 13)),
        ("7, 7..8", (7, 8)),
    ],
)
def test_a_range_lists_its_numbers(text: str, numbers: tuple[float, ...]) -> None:
    assert ranges.values(text) == numbers


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("5..", "is not a range"),
        ("a..b", "is not a range"),
        ("200..5", "has no values"),
        ("5..200 step 0", "has no values"),
        ("1..1000000", "more than 10,000"),
        ("5,,6", "is not a range"),
    ],
)
def test_what_is_no_range_gets_a_sentence(text: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        ranges.values(text)


@given(st.lists(st.one_of(st.integers(-500, 500), st.decimals(-9, 9, places=2).map(float)), min_size=1, unique=True))
def test_what_is_written_is_read_again(numbers: list[float]) -> None:
    assert list(ranges.values(ranges.written(numbers))) == numbers


@given(st.integers(-50, 50), st.sampled_from([0.1, 0.25, 1, 5, 7]), st.integers(3, 60))
def test_even_steps_are_written_as_one_range(first: int, step: float, count: int) -> None:
    numbers = [round(first + place * step, 2) for place in range(count)]
    text = ranges.written(numbers)
    assert text.count("..") == 1
    assert "," not in text
    assert ranges.values(text) == tuple(numbers)


def test_parameters_are_combined_each_with_each() -> None:
    entry = {"kind": "bollinger", "window": "10, 20", "width": "1..3"}
    found = ranges.expanded([entry, {"kind": "rsi"}])
    pairs = [(10, 1), (10, 2), (10, 3), (20, 1), (20, 2), (20, 3)]
    assert found == [*({"kind": "bollinger", "window": one, "width": two} for one, two in pairs), {"kind": "rsi"}]
    assert ranges.counts([entry, {"kind": "rsi"}]) == [6, 1]


def test_only_numbers_are_ranges() -> None:
    formula = {"kind": "expression", "text": "max(open, close)"}
    other = [formula, {"kind": "unheard of", "window": "1..3"}, {"kind": "sma", "window": "20"}, "sma", None]
    assert ranges.expanded(other) == other


def test_too_many_combinations_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 10,000 features"):
        ranges.expanded([{"kind": "macd", "fast": "2..200", "slow": "300..500"}])
    entries = [{"kind": "sma"}, {"kind": "macd", "fast": "2..200", "slow": "300..500"}]
    said = "One entry stands for at most 10,000 features: choose wider steps."
    assert ranges.problems(entries) == [("1.fast", said)]


_ENTRIES = st.lists(
    st.one_of(
        st.fixed_dictionaries({"kind": st.just("sma"), "window": st.integers(2, 9)}),
        st.fixed_dictionaries({"kind": st.just("bollinger"), "window": st.integers(2, 5), "width": st.integers(1, 3)}),
    ),
    max_size=12,
)


@given(_ENTRIES)
def test_compact_entries_stand_for_the_same_features(entries: list[dict[str, Any]]) -> None:
    assert ranges.expanded(ranges.compact(entries)) == entries


def test_forty_windows_are_one_entry() -> None:
    entries = [{"kind": "sma", "window": window} for window in range(5, 201, 5)]
    assert ranges.compact([{"kind": "rsi", "window": 14}, *entries]) == [
        {"kind": "rsi", "window": 14},
        {"kind": "sma", "window": "5..200 step 5"},
    ]


def test_a_range_is_the_same_request_as_its_features() -> None:
    short = FeatureSpec.parse({"features": [{"kind": "sma", "window": "5..50 step 5"}]})
    listed = FeatureSpec.parse({"features": [{"kind": "sma", "window": window} for window in range(5, 51, 5)]})
    assert canonical_json(short) == canonical_json(listed)
    assert len(short.features) == 10


@pytest.mark.parametrize(
    ("window", "words"),
    [("5..2000 step 500", "at most 1,000"), ("9..5", "has no values"), ("20, 20.5", "whole number|integer")],
)
def test_a_wrong_range_of_a_feature_gets_a_sentence(window: str, words: str) -> None:
    with pytest.raises(SpecError, match=words):
        FeatureSpec.parse({"features": [{"kind": "sma", "window": window}]})
