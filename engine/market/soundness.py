"""Bars that have been found sound in this process, which are not checked again."""

from __future__ import annotations

from functools import cache
from weakref import WeakSet

from engine.market.bars import Bars
from engine.market.integrity import require_sound


def require_sound_once(bars: Bars) -> None:
    """``integrity.require_sound``, once for the same bars."""
    if bars not in _sound():
        require_sound(bars)
        assume_sound(bars)


def assume_sound(bars: Bars) -> None:
    """Take ``bars``, whose values cannot be written to, as sound: they have been checked, be it by another process."""
    _sound().add(bars)


@cache
def _sound() -> WeakSet[Bars]:
    return WeakSet()
