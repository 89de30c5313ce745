"""Universes: lists of symbols by name, from config.yaml and saved from the data page.

What is here are names and texts; ``symbols.members`` says which symbols they are.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence

from engine.core import named
from engine.core.config import settings
from engine.core.errors import StoreError

KIND = "universe"
"""Under which universes are saved."""
_NAME = re.compile(r"[\w-]{1,40}")


def configured() -> Mapping[str, Sequence[str]]:
    """The universes of config.yaml; one saved under the same name is not used."""
    return settings().market.universes


def saved() -> Mapping[str, Sequence[str]]:
    """The universes in the database by name. Raises ``StoreError``."""
    return {name: json.loads(text) for name, text in named.every(KIND).items()}


def known() -> Mapping[str, Sequence[str]]:
    """Every universe by name. Raises ``StoreError``."""
    return {**saved(), **configured()}


def save(name: str, symbols: Sequence[str]) -> str:
    """Keep ``symbols``, which are valid ones, in place of those saved under that name before. Returns the name.

    Raises ``StoreError`` for what is no name, or that of a universe of config.yaml, and for no symbols.
    """
    name_ = name.strip().removeprefix("@")
    if not _NAME.fullmatch(name_):
        raise StoreError("The name of a universe has from 1 to 40 letters, digits, hyphens and underscores.")
    if name_ in configured():
        raise StoreError(f"config.yaml has a universe '{name_}': change it there, or choose another name.")
    if not symbols:
        raise StoreError("Choose the symbols of the universe first.")
    return named.put(KIND, name_, json.dumps(list(symbols)))


def delete(name: str) -> bool:
    """Whether there was a saved one of that name, which is gone."""
    return named.delete(KIND, name)
