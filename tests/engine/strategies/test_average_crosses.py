"""EMA cross, KAMA cross and MACD against plain Python: the lines from their definitions, the crossings by a loop."""

from __future__ import annotations

import math
from collections.abc import Sequence

import pytest

from engine.core.errors import SpecError
from engine.strategies.crossing import Crossing
from engine.strategies.kinds.ema_cross import EmaCross
from engine.strategies.kinds.kama_cross import KamaCross
from engine.strategies.kinds.macd import Macd
from tests.support import by_definition
from tests.support.deciding import sides
from tests.support.market import make_bars, random_walk

BARS = random_walk(1500, seed=11)
CLOSE = BARS.close.tolist()


def crossings(fast: Sequence[float], slow: Sequence[float], warm_up: int) -> tuple[list[bool], list[bool]]:
    up, down = [False] * len(fast), [False] * len(fast)
    for at in range(warm_up, len(fast)):
        before, now = fast[at - 1] - slow[at - 1], fast[at] - slow[at]
        up[at], down[at] = before <= 0 < now, before >= 0 > now
    return up, down


def macd(fast: int, slow: int, signal: int) -> tuple[list[float], list[float]]:
    line = [a - b for a, b in zip(by_definition.ema(CLOSE, fast), by_definition.ema(CLOSE, slow), strict=True)]
    return line, [math.nan] * (slow - 1) + by_definition.ema(line[slow - 1 :], signal)


CASES: list[tuple[Crossing, tuple[list[float], list[float]], str, int]] = [
    (EmaCross(fast=5, slow=20), (by_definition.ema(CLOSE, 5), by_definition.ema(CLOSE, 20)), "EMA 5/20", 76),
    (EmaCross(fast=20, slow=50), (by_definition.ema(CLOSE, 20), by_definition.ema(CLOSE, 50)), "EMA 20/50", 189),
    (KamaCross(fast=5, slow=20), (by_definition.kama(CLOSE, 5), by_definition.kama(CLOSE, 20)), "KAMA 5/20", 146),
    (KamaCross(fast=10, slow=50), (by_definition.kama(CLOSE, 10), by_definition.kama(CLOSE, 50)), "KAMA 10/50", 296),
    (Macd(), macd(12, 26, 9), "MACD 12/26/9", 187),
    (Macd(fast=5, slow=35, signal=5), macd(5, 35, 5), "MACD 5/35/5", 213),
]


@pytest.mark.parametrize(("strategy", "lines", "label", "warm_up"), CASES, ids=[case[2] for case in CASES])
def test_agrees_with_plain_python(
    strategy: Crossing, lines: tuple[list[float], list[float]], label: str, warm_up: int
) -> None:
    assert (strategy.label(), strategy.warm_up()) == (label, warm_up)
    up, down = crossings(*lines, warm_up)
    assert sum(up) > 5
    assert sides(strategy, BARS) == {"entries": up, "exits": down, "short_entries": down, "short_exits": up}


@pytest.mark.parametrize("cls", [EmaCross, KamaCross, Macd])
@pytest.mark.parametrize(("fast", "slow"), [(20, 20), (21, 20)])
def test_windows_are_in_order(cls: type[Crossing], fast: int, slow: int) -> None:
    kind = cls.model_fields["kind"].default
    with pytest.raises(SpecError, match=rf"Fast window \({fast}\) must be shorter than slow window \({slow}\)\."):
        cls.parse({"kind": kind, "fast": fast, "slow": slow})


@pytest.mark.parametrize("strategy", [EmaCross(fast=3, slow=10), KamaCross(fast=3, slow=10), Macd()])
@pytest.mark.parametrize("price", [0.1, 1e-7, 123456.789])
def test_halted_share_crosses_nothing(strategy: Crossing, price: float) -> None:
    """Averages come together without meeting; what is left of them after a while is rounding."""
    found = sides(strategy, make_bars([price] * 1000))
    assert not any(any(flags) for flags in found.values())
    moved = [price * factor for factor in random_walk(300, seed=1).close / 100]
    found = sides(strategy, make_bars(moved + moved[-1:] * 3000))
    assert not any(any(flags[800:]) for flags in found.values())
