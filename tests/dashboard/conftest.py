"""Fixture of every test of the dashboard: the callbacks that are there before it are there after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.support.browserless import callbacks_restored


@pytest.fixture(autouse=True)
def callbacks_stay() -> Iterator[None]:
    with callbacks_restored():
        yield
