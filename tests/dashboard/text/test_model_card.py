"""The model card in words."""

from __future__ import annotations

from dashboard.text.model_card import _data
from engine.models.service.card import Card


def card(**about: object) -> Card:
    """One of which only what is asked for here is known."""
    return Card.model_construct(
        **{
            "label": "A model",
            "symbols": ["NVDA"],
            "collection": "own data",
            "interval": "1d",
            "timezone": "",
            "features": ["RSI 14"],
            "data": {"own data\tNVDA\t1d": "ab" * 32},
            "libraries": {},
            "run": "",
            "code": "",
            "machine": "",
            **about,
        }
    )


def test_series_are_named_by_what_the_card_leaves_open() -> None:
    found = dict(_data(card()))
    assert found["Digest, NVDA"] == "ab" * 8


def test_a_model_is_asked_at_the_close_of_its_bars() -> None:
    assert "at the close of daily bars, of NVDA" in card().use()
    assert "at the close of hourly bars" in card(interval="1h").use()
    assert "at the close of 3h bars" in card(interval="3h").use()  # of a file from elsewhere
