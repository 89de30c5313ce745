"""Fixture of every test of the dashboard: the callbacks that are there before it are there after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest


@pytest.fixture(autouse=True)
def callbacks_stay() -> Iterator[None]:
    """A Dash of a test's own takes all callbacks that modules have registered, for they register once a process."""
    from dash import _callback

    known, listed = dict(_callback.GLOBAL_CALLBACK_MAP), list(_callback.GLOBAL_CALLBACK_LIST)
    yield
    there = {id(item) for item in _callback.GLOBAL_CALLBACK_LIST}
    _callback.GLOBAL_CALLBACK_LIST.extend(item for item in listed if id(item) not in there)
    _callback.GLOBAL_CALLBACK_MAP.update(known)
