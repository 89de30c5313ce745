"""Text from elsewhere: which signs can be seen."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.core.visible import is_visible, shown, texts

SEEN = ("", "NumPy CPU", "64 × 64 °C", "München", "東京", "ירושלים", "a\N{NO-BREAK SPACE}b", "π ≈ 3")
UNSEEN = "\x00\t\n\r\x1b\x7f\x85\xad\u061c\u200b\u200d\u200e\u200f\u2028\u2029\u202e\u2069\ufeff\ue000\ud800\U000e0041"


@pytest.mark.parametrize("text", SEEN)
def test_names_of_any_language_are_visible(text: str) -> None:
    assert is_visible(text)
    assert shown(text) == text


@pytest.mark.parametrize("sign", UNSEEN)
def test_what_hides_or_turns_round_is_not(sign: str) -> None:
    assert not is_visible(f"a{sign}b")
    assert shown(f"a{sign}b") == "a?b"


@given(st.text())
def test_what_is_shown_can_be_seen_and_sent(text: str) -> None:
    assert is_visible(shown(text))
    assert len(shown(text)) == len(text)
    shown(text).encode()


def test_every_text_is_found_wherever_it_stands() -> None:
    nested = {"a": ["b", ("c", {"d": "e"})], 1: None}
    assert list(texts(nested)) == ["a", "b", "c", "d", "e"]
