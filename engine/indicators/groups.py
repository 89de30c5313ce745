"""Groups of symbols, such as sectors, as they are typed: "tech: AAPL MSFT; banks: JPM C"."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats
from engine.market.symbols import symbol as as_symbol

NONE = -1
"""In place of a group, of a symbol that is in none."""
MAXIMUM_LENGTH = 20_000
_NAME = re.compile(r"[\w .&+-]{1,60}")


@lru_cache(maxsize=256)
def read(text: str) -> Mapping[str, tuple[str, ...]]:
    """The symbols of each group by its name. Raises ``ValueError`` with a sentence for a text that names none, a group
    without a symbol, or a symbol or a name that is there twice.
    """
    if len(text) > MAXIMUM_LENGTH:
        raise ValueError(f"Groups have at most {MAXIMUM_LENGTH:,} characters.")
    found: dict[str, tuple[str, ...]] = {}
    owner: dict[str, str] = {}
    for part in filter(str.strip, text.replace("\n", ";").split(";")):
        name, _, listed = (piece.strip() for piece in part.partition(":"))
        members = tuple(as_symbol(item) for item in listed.replace(",", " ").split())
        if not _NAME.fullmatch(name) or not members:
            raise ValueError(f"'{part.strip()[:40]}' is not a group: write a name, a colon and symbols: A: AAPL MSFT.")
        if name in found:
            raise ValueError(f"There are two groups '{name[:40]}': give each a name of its own.")
        for member in members:
            if member in owner:
                raise ValueError(f"{member} is in {owner[member]} and again in {name}: a symbol has one place.")
            owner[member] = name
        found[name] = members
    if not found:
        raise ValueError("No group is named: write A: AAPL MSFT; B: JPM C.")
    return MappingProxyType(found)


def written(text: str) -> str:
    """``text`` in one way of writing: what has the same groups in the same order is the same. Raises as ``read``."""
    return "; ".join(f"{name}: {' '.join(members)}" for name, members in read(text).items())


def places(text: str, symbols: Sequence[str]) -> NDArray[np.int64]:
    """The number of the group of each of ``symbols``, ``NONE`` for one that is in none. Raises as ``read``."""
    numbers = {member: number for number, members in enumerate(read(text).values()) for member in members}
    return np.array([numbers.get(symbol, NONE) for symbol in symbols], dtype=np.int64)


def demeaned(values: Floats, groups: NDArray[np.int64]) -> Floats:
    """Distance of each of ``values`` (times, symbols) from the mean of its group at that time. NaN where it is unknown,
    its symbol is in no group, or no other of the group is known: there is nothing to compare it with.
    """
    found = np.full(values.shape, np.nan)
    known = np.isfinite(values)
    for group in np.unique(groups[groups != NONE]):
        own = groups == group
        count = known[:, own].sum(axis=1, keepdims=True)
        total = np.where(known[:, own], values[:, own], 0.0).sum(axis=1, keepdims=True)
        mean = np.divide(total, count, out=np.full(total.shape, np.nan), where=count > 1)
        found[:, own] = np.where(known[:, own], values[:, own], np.nan) - mean
    return found
