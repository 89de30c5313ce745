"""Cache of lines and conditions on the most recent bars.

A sweep evaluates thousands of similar rules on the same bars: parts shared by combinations are computed once.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar

from engine.core.spec import Spec
from engine.core.stored_values import values_read
from engine.market.bars import Bars

A = TypeVar("A")

MEMORY_LIMIT = 32e6
"""Bytes of cached values per thread, counted as one float64 per bar each; the cache is cleared beyond it."""


class _Cache(threading.local):
    def __init__(self) -> None:
        self.bars: weakref.ref[Bars] | None = None
        self.known: dict[Hashable, Any] = {}


_CACHE = _Cache()
_READERS = lru_cache(maxsize=4096)(values_read)


def cached(part: Spec, bars: Bars, answer: Callable[[Bars], A]) -> A:
    """``answer(bars)``, which depends on ``part``, the stored values that it reads and ``bars`` alone; cached while
    ``bars`` live, so it must not be modified.
    """
    readers = _READERS(part)
    return _cached((part, *(item.values_digest() for item in readers)) if readers else part, bars, answer)


def shared(function: Callable[..., A], bars: Bars, *arguments: Hashable) -> A:
    """``function(bars, *arguments)``, a line that several conditions compare; cached as ``cached`` does."""
    return _cached((function, arguments), bars, lambda _: function(bars, *arguments))


def _cached(place: Hashable, bars: Bars, answer: Callable[[Bars], A]) -> A:
    if _CACHE.bars is None or _CACHE.bars() is not bars:
        known: dict[Hashable, Any] = {}
        _CACHE.bars, _CACHE.known = weakref.ref(bars, lambda _: known.clear()), known
    found: A | None = _CACHE.known.get(place)
    if found is None:
        if len(_CACHE.known) * 8 * len(bars) > MEMORY_LIMIT:
            _CACHE.known.clear()
        found = _CACHE.known[place] = answer(bars)
    return found
