"""Cache of what strategies compute of the most recent bars or panel.

A sweep evaluates thousands of similar strategies on the same bars: parts shared by combinations are computed once.
"""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Hashable
from functools import lru_cache
from typing import Any, TypeVar, cast

import numpy as np

from engine.core.spec import Spec
from engine.core.stored_values import values_read
from engine.market.bars import Bars
from engine.market.panel import Panel
from engine.strategies.stacks import each_line, is_several

A = TypeVar("A")

MEMORY_LIMIT = 32e6
"""Bytes of cached values per thread, beyond which the cache is cleared; what is no array counts as a float64 per bar.
"""


class _Cache(threading.local):
    def __init__(self) -> None:
        self.bars: weakref.ref[Bars | Panel] | None = None
        self.known: dict[Hashable, Any] = {}
        self.used = 0


_CACHE = _Cache()
_READERS = lru_cache(maxsize=4096)(values_read)


def cached(part: Spec, bars: Bars, answer: Callable[[Bars], A]) -> A:
    """``answer(bars)``, which depends on ``part``, the stored values that it reads and ``bars`` alone; cached while
    ``bars`` live, so it must not be modified.
    """
    readers = _READERS(part)
    return _cached((part, *(item.values_digest() for item in readers)) if readers else part, bars, answer)


def shared(function: Callable[..., A], bars: Bars | Panel, *arguments: Hashable) -> A:
    """``function(bars, *arguments)``, what strategies with different parameters have in common, such as a line that
    several conditions compare; cached as ``cached`` does. Of an argument that is ``Several`` values, the line of each.
    """
    if any(map(is_several, arguments)):
        stack: Any = each_line(lambda *plain: shared(function, bars, *plain), arguments, len(bars))
        return cast(A, stack)
    return _cached((function, arguments), bars, lambda _: function(bars, *arguments))


def _cached(place: Hashable, bars: Any, answer: Callable[[Any], A]) -> A:
    if _CACHE.bars is None or _CACHE.bars() is not bars:
        fresh: dict[Hashable, Any] = {}
        _CACHE.bars, _CACHE.known, _CACHE.used = weakref.ref(bars, lambda _: fresh.clear()), fresh, 0
    known = _CACHE.known
    found: A | None = known.get(place)
    if found is None:
        if _CACHE.used > MEMORY_LIMIT:
            known.clear()
            _CACHE.used = 0
        found = known[place] = answer(bars)
        if _CACHE.known is known:  # unless ``answer`` has asked about other bars
            _CACHE.used += _size(found, bars)
    return found


def _size(answer: Any, bars: Bars | Panel) -> int:
    arrays = answer if isinstance(answer, tuple) else (answer,)
    return sum(item.nbytes if isinstance(item, np.ndarray) else 8 * len(bars) for item in arrays)
