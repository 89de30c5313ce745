"""The cache of rules: values are kept as long as their bars, and while there is room."""

from __future__ import annotations

import gc
from collections.abc import Callable
from weakref import ref

import numpy as np
import pytest

from engine.market.bars import Bars, Floats
from engine.strategies import rule_cache
from engine.strategies.operands.averages import SmaLine
from tests.support.market import random_walk


class Asked:
    """Answers of zeros: how often it was asked for any, and which of them are still kept."""

    def __init__(self) -> None:
        self.answers: list[ref[Floats]] = []

    def __call__(self, bars: Bars) -> Floats:
        found = np.zeros(len(bars))
        self.answers.append(ref(found))
        return found

    def kept(self) -> int:
        gc.collect()
        return sum(answer() is not None for answer in self.answers)


def asked_for(windows: range, bars: Bars, answer: Callable[[Bars], Floats]) -> None:
    for window in windows:
        rule_cache.cached(SmaLine(window=window), bars, answer)


def test_the_same_part_answers_once_for_the_same_bars() -> None:
    bars, asked = random_walk(50), Asked()
    for _ in range(3):
        asked_for(range(10, 14), bars, asked)
    assert len(asked.answers) == 4
    asked_for(range(10, 14), random_walk(50), asked)
    assert len(asked.answers) == 8


def test_answers_go_with_their_bars() -> None:
    bars, asked = random_walk(50), Asked()
    asked_for(range(10, 14), bars, asked)
    assert asked.kept() == 4
    del bars
    assert asked.kept() == 0


def test_without_room_it_starts_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """Three answers fit: the fourth is one too many, and all go before the fifth."""
    bars, asked, kept = random_walk(50), Asked(), []
    monkeypatch.setattr(rule_cache, "MEMORY_LIMIT", 3 * 8 * 50)
    for window in range(10, 16):
        asked_for(range(window, window + 1), bars, asked)
        kept.append(asked.kept())
    assert kept == [1, 2, 3, 4, 1, 2]
