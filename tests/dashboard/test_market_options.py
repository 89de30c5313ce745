"""What the lists of a market form offer."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import market_options as offers
from dashboard.market_options import following


@pytest.mark.parametrize(
    ("collection", "chosen", "interval", "symbols", "kept", "bars"),
    [
        ("wiki", ["NVDA", "AAPL"], "1d", ["AAPL", "FB", "GOOG", "IBM", "MSFT"], ["AAPL"], "1d"),
        ("dukascopy", ["NVDA"], "1d", ["EURUSD"], ["EURUSD"], "1h"),
        ("arch", None, "1d", ["^GSPC", "^IXIC"], ["^GSPC"], "1d"),
        ("nowhere", ["NVDA"], "1d", [], [], "1d"),
    ],
)
def test_lists_follow_the_collection(
    workspace: Any, collection: str, chosen: Any, interval: str, symbols: list[str], kept: list[str], bars: str
) -> None:
    options, value, _, chosen_interval = following(offers.symbols, offers.intervals, collection, chosen, interval)
    assert [option["value"] for option in options] == symbols
    assert (value, chosen_interval) == (kept, bars)


def test_levels_are_marked_and_not_offered_for_trading(workspace: Any) -> None:
    assert all("not tradeable" in label for _, label in offers.symbols({"collection": "arch"}))
    assert offers.tradeable_symbols({"collection": "arch"}) == []
    assert "arch" not in dict(offers.tradeable_collections({}))
