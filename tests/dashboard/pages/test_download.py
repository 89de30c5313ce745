"""The download tab: what is typed and found, what is asked for, and what the report shows."""

from __future__ import annotations

from datetime import date
from typing import Any

import pytest
from dash.exceptions import PreventUpdate

from dashboard import state
from dashboard.components.fields import Values
from dashboard.pages.data.layout import layout
from dashboard.pages.data.tabs import download
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.jobs import actions
from engine.market.fetch.spec import Fetch
from engine.market.spec import MarketSpec
from tests.support.yahoo import Listed, Yahoo

pytestmark = pytest.mark.usefixtures("workspace")

CLOSES: list[float | None] = [float(value) for value in range(100, 200)]


@pytest.fixture
def changed(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """What is put into the field of symbols."""
    found: list[dict[str, Any]] = []
    monkeypatch.setattr(download, "set_props", lambda id_, props: found.append(props))
    return found


def values(**given: Any) -> Values:
    return download.FORM.defaults() | {"kind": "fetch"} | given


def result(action: Fetch) -> dict[str, str]:
    """What the page holds of a download that has been done."""
    done = actions.perform(action)
    return {"key": done.job, "spec": canonical_json(action), "report": done.id}


def shown(action: Fetch) -> tuple[Any, ...]:
    return download.show(result(action))


def test_symbols_are_typed_in_any_way_and_asked_for_once() -> None:
    spec = download.FORM.parse(values(symbols=["AAPL, msft", "^GSPC\nBTC-usd;aapl", "MSFT"]))
    assert isinstance(spec, Fetch)
    assert spec.symbols == ("AAPL", "MSFT", "^GSPC", "BTC-USD")
    assert (spec.source, spec.collection) == ("yahoo", "yahoo")
    assert download.FORM.parse(values(symbols=["A"], collection="mine")) == Fetch(
        source="yahoo", symbols=("A",), collection="mine"
    )


def test_a_form_without_symbols_is_not_wrong_yet() -> None:
    with pytest.raises(SpecError) as caught:
        download.FORM.parse(values())
    assert not caught.value.problems
    assert download.FORM.lacking(values()) == "Enter the symbols to download."
    assert download.FORM.lacking(values(symbols=["A"])) == ""
    with pytest.raises(SpecError) as caught:
        download.FORM.parse(values(start="2024-13-01"))
    assert [path for path, _ in caught.value.problems] == ["start"]


def test_an_interval_that_the_source_lacks_is_told_at_the_field() -> None:
    with pytest.raises(SpecError, match=r"FRED has no bars of 1h. Available: 1d, 1w, 1mo\.") as caught:
        download.FORM.parse(values(source="fred", symbols=["DGS10"], interval="1h"))
    assert [path for path, _ in caught.value.problems] == ["interval"]


def test_a_source_that_is_not_installed_is_shown_and_cannot_be_chosen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("engine.market.fred_adapter.is_installed", lambda: False)
    assert "fred" not in dict(download.sources())
    page = str(download.FORM.panel(download.FORM.defaults()))
    assert "{'value': 'fred', 'label': 'FRED (not installed)', 'disabled': True}" in page
    assert "pip install 'stratoscope[fred]'" in str(download._fields(download.FORM.defaults()))


def test_a_source_without_a_search_is_not_asked() -> None:
    with pytest.raises(PreventUpdate):
        download.search("DGS10", "fred")


def test_the_form_follows_the_source() -> None:
    words, symbols, collection = download.describe("fred")
    assert "revised" in words
    assert (symbols, collection) == ("DGS10, UNRATE", "fred")


@pytest.mark.parametrize("symbols", [["../A"], ["A\u0410"]])
def test_what_is_no_symbol_is_told_at_the_field(symbols: list[str]) -> None:
    with pytest.raises(SpecError) as caught:
        download.FORM.parse(values(symbols=symbols))
    assert [path for path, _ in caught.value.problems] == ["symbols"]


def test_a_search_offers_what_was_typed_and_what_the_source_finds(yahoo: Yahoo, changed: list[dict[str, Any]]) -> None:
    yahoo.found = [{"symbol": "AAPL", "longname": "Apple Inc.", "quoteType": "EQUITY", "exchDisp": "NASDAQ"}]
    download.offer_typed(" apple ", "yahoo", ["MSFT"])
    assert [item["value"] for item in changed[0]["options"]] == ["MSFT", "APPLE"]
    found: Any = download.search(" apple ", "yahoo")
    download.offer_found(found, "apple ", "yahoo", ["MSFT"])
    assert [(item["value"], item["label"]) for item in changed[1]["options"]] == [
        ("MSFT", "MSFT"),
        ("APPLE", "APPLE (as typed)"),
        ("AAPL", "AAPL  Apple Inc. (equity, NASDAQ)"),
    ]
    assert {item["search"] for item in changed[1]["options"][1:]} == {"apple"}  # the browser leaves them in
    for text in ("apples", "", None):
        with pytest.raises(PreventUpdate):
            download.offer_found(found, text, "yahoo", [])


def test_a_pasted_list_is_offered_as_one_and_becomes_its_symbols(changed: list[dict[str, Any]]) -> None:
    download.offer_typed("A, b\nC", "yahoo", [])
    assert changed[0]["options"][0] == {"value": "A B C", "label": "3 symbols: A, B, C", "search": "A, b\nC"}
    download.offer_typed(" ".join(f"S{at}" for at in range(5000)), "yahoo", [])
    assert changed.pop()["options"][0]["label"] == "5,000 symbols: S0, S1, S2, S3, S4, S5 and 4,994 more"
    download.split(["X", "A B c"], "yahoo")
    assert changed[1]["value"] == ["X", "A", "B", "C"]
    download.split(["X", "A B c"], "files")  # whose names have small letters
    assert changed[2]["value"] == ["X", "A", "B", "c"]
    with pytest.raises(PreventUpdate):
        download.split(["X", "A"], "yahoo")
    with pytest.raises(PreventUpdate):
        download.search("A, B\nC", "yahoo")


def test_a_search_that_fails_still_offers_what_was_typed(
    yahoo: Yahoo, changed: list[dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    said: list[str] = []
    monkeypatch.setattr(download, "toast", lambda text, kind: said.append(text))
    for name in ("HTTPS_PROXY", "https_proxy"):
        monkeypatch.setenv(name, "http://127.0.0.1:9")
    found: Any = download.search("XYZ", "yahoo")
    download.offer_found(found, "XYZ", "yahoo", [])
    assert [item["value"] for item in changed[0]["options"]] == ["XYZ"]
    assert said[0].startswith("Yahoo could not be reached")


def test_the_report_lists_each_symbol_and_links_to_what_is_stored(yahoo: Yahoo) -> None:
    yahoo.listed["A"] = Listed("2024-01-01", list(CLOSES))
    rows, note, link, *_ = shown(Fetch(source="yahoo", symbols=("A", "NONE"), collection="mine"))
    assert rows[1] == {
        "symbol": "A", "status": "Stored", "problem": "", "rows": 100, "added": 100, "dropped": 0,
        "first": "2024-01-01", "last": "2024-05-17",
    }  # fmt: skip
    assert rows[0]["status"] == "Unknown symbol"  # what failed is what has to be seen
    assert "rows" not in rows[0]  # how many are stored is not said where none were asked for in vain
    assert rows[0]["problem"].startswith("Yahoo does not know NONE")
    assert note == "100 new bars in mine, 1 of 2 failed"
    spec = MarketSpec.parse(state.from_query(link.href.partition("spec=")[2]))
    assert (spec.collection, spec.symbols) == ("mine", ("A",))


def test_nothing_stored_is_nothing_to_open(yahoo: Yahoo) -> None:
    assert shown(Fetch(source="yahoo", symbols=("NONE",)))[2] is None


def test_what_may_have_passed_is_asked_for_again_and_nothing_else(yahoo: Yahoo) -> None:
    """The request is that of the report, whatever the form says by now."""
    yahoo.listed |= {name: Listed("2024-01-01", list(CLOSES)) for name in "ABC"}
    yahoo.fail("B", *[500] * 4)
    yahoo.fail("C", *[503] * 4)
    asked = Fetch(source="yahoo", symbols=("A", "B", "NONE", "C"), collection="mine", start=date(2024, 1, 3))
    data = result(asked)
    *_, button, is_hidden = download.show(data)
    assert (button, is_hidden) == ("Retry 2 symbols", False)
    *entered, options, clicks = download.retry(1, data, 4)
    assert entered == ["yahoo", ["B", "C"], "mine", "1d", "2024-01-03", ""]
    assert [item["value"] for item in options] == ["B", "C"]
    assert clicks == 5
    again = Fetch.parse(dict(zip(download._RETRIED[:4], entered[:4], strict=True)) | {"start": entered[4]})
    yahoo.faults.clear()
    rows, note, *_, is_hidden = shown(again)
    assert [(row["symbol"], row["rows"]) for row in rows] == [("B", 98), ("C", 98)]
    assert (note, is_hidden) == ("196 new bars in mine", True)


def test_nothing_that_may_have_passed_is_nothing_to_retry(yahoo: Yahoo) -> None:
    data = result(Fetch(source="yahoo", symbols=("NONE",)))
    assert download.show(data)[-1]
    for clicks in (None, 1):
        with pytest.raises(PreventUpdate):
            download.retry(clicks, data, None)


def test_a_link_to_a_download_opens_its_tab_with_the_form_filled() -> None:
    query = state.to_query(Fetch(source="yahoo", symbols=("A", "B"), collection="mine"))
    page = str(layout(query))
    assert "active_tab='download'" in page
    assert "'A', 'B'" in page
    assert "active_tab='chart'" in str(layout(None))


def test_what_a_source_can_do_is_said_below_the_form() -> None:
    words = download.about("yahoo")
    assert "Intervals: 1m, 2m, 5m, 15m, 30m, 1h, 1d, 1w, 1mo." in words
    assert "History of 1m: 30 days; 2m, 5m, 15m, 30m: 60 days; 1h: 730 days; others: all." in words
    assert "adjusted for splits." in words
    assert "config.yaml" in download.about("files")
    assert download.about("fred").startswith("Intervals: 1d, 1w, 1mo. Closes only. Ids as on fred.stlouisfed.org.")
    assert download.about("nothing") == ""
