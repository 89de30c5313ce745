"""The verdicts beside the cards of the features page."""

from __future__ import annotations

from typing import Any

import pytest

from dashboard import ids as frame
from dashboard.pages.features import card_verdicts
from dashboard.pages.features.leak_test import check_of
from engine.core.spec import canonical_json
from engine.features.checks.result import FeatureVerdict
from engine.features.leakage import LookAhead
from engine.features.published_sets import alpha158
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.jobs import runner
from engine.market.spec import MarketSpec

pytestmark = pytest.mark.usefixtures("workspace")
SIGN = LookAhead("X", "2020-01-06", 1.0, 2.0, "NVDA", 5, "2020-01-06")


def verdict(word: Any, warm_up: int = 9) -> FeatureVerdict:
    leaks = (SIGN,) if word == "leaks" else ()
    return FeatureVerdict("X", word, warm_up, 24, certified=False, leaks=leaks)


def test_a_card_says_the_worst_of_what_it_stands_for() -> None:
    one = card_verdicts.summed_up([verdict("clean", 19)])
    assert (one["text"], one["tone"]) == ("clean · warm-up 19 bars", "ok")
    assert "did not change on 24" in one["title"]
    leak = card_verdicts.summed_up([verdict("leaks")])
    assert (leak["text"], leak["tone"]) == ("leaks at bar 5 (2020-01-06) · warm-up 9 bars", "bad")
    assert "looks ahead" in leak["title"]
    many = card_verdicts.summed_up([verdict("clean"), verdict("unstable warm-up", 30), verdict("clean")])
    assert (many["text"], many["tone"]) == ("1 of 3 unstable warm-up · warm-up 30 bars", "warn")
    assert card_verdicts.summed_up([verdict("clean")] * 4)["text"] == "all 4 clean · warm-up 9 bars"
    assert card_verdicts.summed_up([verdict("as stated")])["tone"] == ""


def test_ranges_and_sets_have_the_verdicts_of_their_features() -> None:
    cards = [{"kind": "sma", "window": "5..7"}, {"kind": "rsi", "window": 14}, {"set": "alpha158@1"}]
    words = [*["clean"] * 3, "leaks", *["clean"] * len(alpha158())]
    found = card_verdicts.by_card(cards, [verdict(word) for word in words])
    assert {path: said["text"].partition(" · ")[0] for path, said in found.items()} == {
        "features.0": "all 3 clean", "features.1": "leaks at bar 5 (2020-01-06)", "set": "all 157 clean",
    }  # fmt: skip


def test_verdicts_are_those_of_what_the_form_says() -> None:
    spec = FeatureSpec(market=MarketSpec(symbols=("NVDA",)), features=(Sma(window=20), Rsi(window=14)))
    request = check_of(spec)
    runner.run(request)
    answer = {"key": "k", "spec": canonical_json(request)}

    def form(window: str) -> Any:
        choices = [frame.choice("features", f"features.{at}") for at in (0, 1)]
        fields = [frame.field("features", f"features.{at}.window") for at in (0, 1)]
        symbols = frame.field("features", "market.symbols")
        return {"choices": choices, "kinds": ["sma", "rsi"], "fields": [*fields, symbols],
                "values": [window, "14", ["NVDA"]]}  # fmt: skip

    found = card_verdicts.beside(answer, form("20"))
    assert found["features.0"]["text"] == "clean · warm-up 19 bars"
    assert found["features.1"]["text"] == "clean · warm-up 105 bars"
    assert card_verdicts.beside(answer, form("30")) == {}
    assert card_verdicts.beside(answer, form("x")) == {}
    assert card_verdicts.beside({"waits": True}, form("20")) == {}
