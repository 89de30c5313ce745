"""Permalinks: what goes in comes out, and nothing else comes in."""

from __future__ import annotations

import base64
import json
import zlib

import pytest

from dashboard import state
from engine.errors import SpecError
from engine.market.bars import MarketSpec


def packed(text: bytes) -> str:
    return base64.urlsafe_b64encode(zlib.compress(text, 9)).decode().rstrip("=")


def test_a_spec_survives_the_address() -> None:
    spec = MarketSpec(symbols=("AAPL", "BRK.B"))
    text = state.to_query(spec)
    assert text.replace("-", "").replace("_", "").isalnum()
    assert MarketSpec.parse(state.from_query(text)) == spec


def test_equal_specs_have_equal_links() -> None:
    assert state.to_query(MarketSpec(symbols=("AAPL",))) == state.to_query(MarketSpec(symbols=("AAPL",)))


@pytest.mark.parametrize(
    "text",
    [
        "",
        "%%%",
        "é",
        "AAAA",
        packed(b"not JSON"),
        packed(b"[1, 2]"),
        packed(b"1"),
        packed(b'{"a": 1}')[:-6],
        packed(b'{"a": 1}') + "AAAA",
        packed(b"[" * 50_000),
        "A" * (state.MAX_QUERY + 1),
    ],
)
def test_a_damaged_link_is_a_sentence(text: str) -> None:
    with pytest.raises(SpecError, match="link"):
        state.from_query(text)


def test_a_link_cannot_unpack_to_more_than_the_limit() -> None:
    bomb = packed(json.dumps({"a": "x" * 50_000_000}).encode())
    with pytest.raises(SpecError, match="damaged"):
        state.from_query(bomb[: state.MAX_QUERY])
    small = packed(json.dumps({"a": "x" * 100_000}).encode())
    assert len(small) < state.MAX_QUERY
    with pytest.raises(SpecError, match="damaged"):
        state.from_query(small)
