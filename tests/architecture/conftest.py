"""Parsed modules, kept for as long as a module of rules runs: a million nodes slow each collection of garbage."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support import house


@pytest.fixture(scope="module", autouse=True)
def trees_are_forgotten() -> Iterator[None]:
    yield
    for remembered in (house.text, house.tree, house.nodes):
        remembered.cache_clear()
