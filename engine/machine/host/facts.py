"""Facts of a processor, whatever the system."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class CoreKind:
    """Cores of one kind: its ``name``, such as "performance", and how many logical ones there are."""

    name: str
    count: int


@dataclass(frozen=True)
class Cache:
    """Caches of one level: ``name`` such as "L1 data", bytes of each, and how many there are."""

    name: str
    size: int
    count: int
