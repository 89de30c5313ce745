"""Universes that are saved, beside those of config.yaml."""

from __future__ import annotations

import pytest

from engine.core.errors import SpecError, StoreError
from engine.market import universes
from engine.market.spec import MarketSpec
from tests.support.workspace import Workspace


def test_a_saved_universe_is_requested_by_name_and_a_change_of_it_is_another_request(workspace: Workspace) -> None:
    assert universes.save(" @tech ", ["AAPL", "NVDA"]) == "tech"
    assert MarketSpec(symbols=("@tech", "GOOG")).symbols == ("AAPL", "NVDA", "GOOG")
    universes.save("tech", ["AAPL"])
    assert MarketSpec(symbols=("@tech",)).symbols == ("AAPL",)
    assert universes.delete("tech")
    assert not universes.delete("tech")
    with pytest.raises(SpecError, match="Unknown universe 'tech'"):
        MarketSpec(symbols=("@tech",))


@pytest.mark.parametrize("name", ["", "two words", "a,b", "../x", "@", "x" * 41])
def test_what_is_no_name_is_refused(workspace: Workspace, name: str) -> None:
    with pytest.raises(StoreError, match="letters, digits, hyphens"):
        universes.save(name, ["AAPL"])
    assert universes.known() == {}


def test_those_of_the_configuration_are_not_replaced(workspace: Workspace) -> None:
    workspace.configure("market: {universes: {mine: [AAPL]}}")
    with pytest.raises(StoreError, match=r"config\.yaml has a universe 'mine'"):
        universes.save("mine", ["NVDA"])
    with pytest.raises(StoreError, match="Choose the symbols"):
        universes.save("other", [])
    universes.save("other", ["NVDA"])
    assert dict(universes.known()) == {"mine": ("AAPL",), "other": ["NVDA"]}
