"""Permalinks: what goes in comes out, and nothing else comes in."""

from __future__ import annotations

import base64
import json
import zlib

import numpy as np
import pytest

from dashboard import state
from engine.core.errors import SpecError
from engine.jobs.runner import load_spec
from engine.market.spec import MarketSpec
from tests.support.sweeping import spec, sweep


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


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("count", [3, 3_000, 90_000])
def test_a_request_of_any_length_opens_again(count: int) -> None:
    """Thousands of listed values were written into an address that was then refused as damaged."""
    values = np.random.default_rng(0).permutation(10 * count)[:count] / 8 + 1
    asked = sweep(spec({"kind": "sma_cross"}), [{"path": "costs.per_order", "values": values.tolist()}])
    text = state.to_query(asked)
    assert len(text) <= state.MAX_QUERY
    assert load_spec(state.from_query(text)) == asked
    assert state.to_query(asked) == text
    assert state.short_query(asked) == ("" if text[0] == "~" else text)
    assert (text[0] == "~") == (count == 90_000), "the longest alone is kept"


@pytest.mark.usefixtures("workspace")
@pytest.mark.parametrize("text", ["~", "~" + "0" * 64, "~' OR 1=1 --", "~\N{SNOWMAN}"])
def test_a_key_that_nothing_is_kept_under_is_a_sentence(text: str) -> None:
    with pytest.raises(SpecError, match="not stored here"):
        state.from_query(text)
