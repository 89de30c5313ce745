"""Feature sets in the lists of saved runs: renamed, put into the bin and taken out of it. Their keys are references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from dashboard import shell
from engine.core.errors import DataError, SpecError, StoreError
from engine.features.sets import bin, uses


def is_reference(key: object) -> TypeGuard[str]:
    """Whether ``key`` is that of a feature set, such as mine@2, and not of a run."""
    return isinstance(key, str) and "@" in key


def references(keys: Sequence[str]) -> list[str]:
    """Those of ``keys`` that are sets in the bin."""
    known = {item.newest.reference for item in bin.in_bin()}
    return [key for key in keys if key in known]


def rename(key: str, name: str) -> str:
    """Call a set ``name``, whatever version number follows it; returns its reference. Raises ``SpecError``
    with what is wrong.
    """
    try:
        return bin.rename(_name(key), name.partition("@")[0]).reference
    except (DataError, StoreError) as error:
        raise SpecError([("label", str(error))]) from None


def put_away(key: str) -> None:
    """All versions of a set into the bin; where runs have its features, they are named."""
    try:
        uses.delete(_name(key))
    except DataError as error:
        uses.delete(_name(key), although_used=True)
        shell.toast(f"{error} They keep their features.", tone="warn")


def take_back(key: str) -> None:
    """Out of the bin, with the versions that were deleted with it."""
    bin.restore(key)


def purge() -> int:
    """Empty the bin of sets, and say how many were in it."""
    return bin.purge()


def _name(key: str) -> str:
    return key.partition("@")[0]
