"""Valid symbols, and distinct file names of any two of them."""

from __future__ import annotations

import json
import string
import time
from urllib.parse import unquote

import pytest
from hypothesis import example, given
from hypothesis import strategies as some

import engine
from engine.core.errors import SpecError
from engine.core.spec import canonical_json
from engine.market.spec import MarketSpec
from engine.market.symbols import (
    MAXIMUM_LENGTH,
    MAXIMUM_SYMBOLS,
    PUNCTUATION,
    file_name,
    folder_name,
    name_of_file,
    symbol,
)
from tests.support.workspace import Workspace

DEVICES = {"CON", "PRN", "AUX", "NUL", *(f"{port}{number}" for port in ("COM", "LPT") for number in range(10))}
FORBIDDEN_ON_WINDOWS = set('<>:"/\\|?*') | {chr(code) for code in range(32)}


@pytest.mark.parametrize(
    "text",
    ["AAPL", "BRK.B", "^GSPC", "EURUSD=X", "BTC-USD", "BTC/USDT", "BINANCE:BTCUSDT", "BTC/USDT:USDT", "ES1!", "M&M.NS",
     "#AAPL", "600519.SS", "aapl", "BACpB", "1INCH", "币安USDT", "Ünal", "CON", "ROG.SW", "A_B+"],
)  # fmt: skip
def test_symbols_of_providers_are_symbols_as_they_are(text: str) -> None:
    assert symbol(text) == text


@pytest.mark.parametrize(
    ("text", "found"),
    [(" AAPL", "AAPL"), ("AAPL\n", "AAPL"), ("\u00a0AAPL\t", "AAPL"), ("\uff21\uff21\uff30\uff2c", "AAPL"),
     ("BTC\uff0fUSDT", "BTC/USDT"),
     ("U\u0308nal", "Ünal")],
)  # fmt: skip
def test_forms_of_one_symbol_are_one(text: str, found: str) -> None:
    assert symbol(text) == found


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "is empty"),
        ("   ", "is empty"),
        ("BRK B", "a blank inside"),
        ("A" * (MAXIMUM_LENGTH + 1), "too long"),
        ("\u0410APL", "two alphabets"),  # a Cyrillic A
        ("AΑPL", "two alphabets"),  # noqa: RUF001 - a Greek one
        ("BRK–B", "EN DASH".capitalize()),
        ("A\u200bB", "Zero width space"),
        ("../etc", "it is a path"),
        ("/A", "it is a path"),
        ("A//B", "it is a path"),
        ("A/./B", "it is a path"),
        ("..", "neither a letter nor a digit"),
        ("/", "neither a letter nor a digit"),
        ("A\\B", r"'\\'"),
        ("A,B", "','"),
        ("日" * MAXIMUM_LENGTH, "too long for a file name"),
        ("A\0B", "U\\+0000"),
        ("\ud800A", "U\\+D800"),
        ("A%41", "'%'"),
        ("@tech", "the name of a universe"),
    ],
)
def test_what_no_symbol_has_is_named(text: str, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        symbol(text)


@given(some.text(alphabet=string.ascii_letters + string.digits + PUNCTUATION + " \u0410\uff21–", max_size=40))
def test_a_symbol_is_its_own_name(text: str) -> None:
    try:
        found = symbol(text)
    except ValueError:
        return
    assert symbol(found) == found
    assert found == found.strip()
    assert 1 <= len(found) <= MAXIMUM_LENGTH


@given(some.text(max_size=16))
@example("CON")
@example("con")
@example("NUL.L")
@example("LPT9")
@example("A.")
@example(".A")
@example("%")
@example("%41")
@example("")
def test_file_names_give_the_name_back_and_suit_every_file_system(name: str) -> None:
    for coded in (file_name(name), folder_name(name)):
        assert name_of_file(coded) == name
        assert coded
        assert coded.isascii()
        assert not set(coded) & FORBIDDEN_ON_WINDOWS
        assert coded[0] not in ". "
        assert coded[-1] not in ". "
        assert coded.split(".")[0].upper() not in DEVICES
        assert len(coded) <= 240


@given(some.text(max_size=8), some.text(max_size=8))
@example("aapl", "AAPL")
@example("é", "e\u0301")
@example("BTC/USDT", "BTC%2FUSDT")
def test_two_names_have_two_files_where_case_counts_for_nothing(one: str, other: str) -> None:
    for coded in (file_name, folder_name):
        assert (coded(one).casefold() == coded(other).casefold()) == (one == other)


def test_usual_names_stay_readable_and_are_undone_by_any_url_decoder() -> None:
    assert file_name("BRK.B") == "BRK.B"
    assert file_name("BTC-USD") == "BTC-USD"
    assert file_name("BTC/USDT") == "BTC%2FUSDT"
    assert file_name("^GSPC") == "%5EGSPC"
    assert folder_name("pytimetk") == "pytimetk"
    assert unquote(file_name("BINANCE:BTCUSDT")) == "BINANCE:BTCUSDT"


@pytest.mark.parametrize("name", ["A" * 241, "日" * 32])
def test_name_too_long_for_a_file_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="too long for a file name"):
        file_name(name)


# -- lists -----------------------------------------------------------------------------------------------------------


def test_universe_stands_for_its_members_as_they_are_now(workspace: Workspace) -> None:
    workspace.configure("cache: cache\nmarket: {universes: {tech: [AAPL, ' NVDA'], all: [AAPL, GOOG]}}\n")
    before = MarketSpec(symbols=("MSFT", "@tech", "@all"))
    assert before.symbols == ("MSFT", "AAPL", "NVDA", "GOOG")
    assert before == MarketSpec(symbols=("MSFT", "AAPL", "NVDA", "GOOG"))
    workspace.configure("cache: cache\nmarket: {universes: {tech: [AAPL, GOOG]}}\n")
    after = MarketSpec(symbols=("@tech",))
    assert after.symbols == ("AAPL", "GOOG")
    with pytest.raises(SpecError, match=r"Unknown universe 'tecj'\. Did you mean 'tech'"):
        MarketSpec(symbols=("@tecj",))


def test_changed_universe_is_another_run_key(workspace: Workspace) -> None:
    keys = set()
    for members in ("[AAPL, NVDA]", "[AAPL, GOOG]", "[AAPL, NVDA]"):
        workspace.configure(f"cache: cache\nmarket: {{universes: {{tech: {members}}}}}\n")
        spec = engine.load_spec({"kind": "market", "symbols": ["@tech"]})
        keys.add(engine.run_key(spec))
    assert len(keys) == 2


def test_as_many_symbols_as_a_request_can_have_cost_little() -> None:
    symbols = [f"S{number}/USDT" for number in range(MAXIMUM_SYMBOLS)]
    began = time.process_time()
    spec = MarketSpec.parse({"symbols": symbols})
    text = canonical_json(spec)
    assert MarketSpec.parse(json.loads(text)) == spec
    assert hash(spec) == hash(MarketSpec.parse({"symbols": symbols}))
    assert time.process_time() - began < 10.0  # 0.1 s on a quiet core; each against each would take minutes
    assert spec.symbols == tuple(symbols)
    assert spec.label() == "5,000 symbols"
    with pytest.raises(SpecError, match="from 1 to 5,000 symbols"):
        MarketSpec.parse({"symbols": [*symbols, "ONE-MORE"]})


@pytest.mark.parametrize(
    ("asked", "symbols"),
    [
        (["@tech", "AAPL"], ("AAPL", "NVDA")),
        (["NVDA", "@tech"], ("NVDA", "AAPL")),
        (["@all", "@tech", "GOOG"], ("AAPL", "GOOG", "NVDA")),
    ],
)
def test_a_member_of_a_universe_may_be_named_beside_it(
    workspace: Workspace, asked: list[str], symbols: tuple[str, ...]
) -> None:
    workspace.configure("cache: cache\nmarket: {universes: {tech: [AAPL, NVDA], all: [AAPL, GOOG]}}\n")
    assert MarketSpec.parse({"symbols": asked}).symbols == symbols


def test_symbol_that_is_there_twice_is_named() -> None:
    with pytest.raises(SpecError, match="The symbol AAPL is listed twice"):
        MarketSpec(symbols=("AAPL", "NVDA", " AAPL "))
