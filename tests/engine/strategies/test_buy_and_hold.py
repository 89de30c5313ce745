"""Buy and hold decides once."""

from __future__ import annotations

import pytest

from engine.strategies.kinds.buy_and_hold import BuyAndHold
from tests.support.market import random_walk


@pytest.mark.parametrize("count", [0, 1, 5])
def test_enters_on_the_first_bar_and_never_leaves(count: int) -> None:
    signals = BuyAndHold().signals(random_walk(count), {})
    assert signals.entries.tolist() == ([True] + [False] * 4)[:count]
    assert signals.exits.tolist() == [False] * count


def test_has_no_warm_up_and_a_name() -> None:
    assert BuyAndHold().warm_up() == 0
    assert BuyAndHold().label() == "Buy and hold"
