"""Cache of what the parts of rules have answered for the most recent bars.

A sweep asks thousands of nearly equal rules about the same bars: whatever a combination shares with an earlier one is
not computed again.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable
from typing import Any, TypeVar

from engine.core.spec import Spec
from engine.market.bars import Bars

A = TypeVar("A")

ROOM = 32e6
"""Bytes of answers, each taken for a float64 a bar; beyond them a thread starts anew."""


class _Answers(threading.local):
    def __init__(self) -> None:
        self.bars: weakref.ref[Bars] | None = None
        self.known: dict[Spec, Any] = {}


_ANSWERS = _Answers()


def recalled(part: Spec, bars: Bars, answer: Callable[[Bars], A]) -> A:
    """``answer(bars)``, which follows from ``part`` and ``bars`` alone; it is kept while ``bars`` live and there is
    room, so nobody may change it.
    """
    if _ANSWERS.bars is None or _ANSWERS.bars() is not bars:
        known: dict[Spec, Any] = {}
        _ANSWERS.bars, _ANSWERS.known = weakref.ref(bars, lambda _: known.clear()), known
    found: A | None = _ANSWERS.known.get(part)
    if found is None:
        if len(_ANSWERS.known) * 8 * len(bars) > ROOM:
            _ANSWERS.known.clear()
        found = _ANSWERS.known[part] = answer(bars)
    return found
