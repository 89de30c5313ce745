"""Fixtures of the tests of the manager."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from dashboard.jobs.manager import DaskManager
from engine.core.config import PATH_VARIABLE, settings
from tests.support import background
from tests.support.managed import CALLBACKS, CONFIG
from tests.support.workspace import Workspace, forget


@pytest.fixture(scope="module")
def space(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workspace]:
    """One workspace, in force for the whole module."""
    with pytest.MonkeyPatch.context() as patch:
        here = Workspace(tmp_path_factory.mktemp("jobs"))
        patch.setenv(PATH_VARIABLE, str(here.config))
        here.configure(CONFIG)
        background.register()
        yield here
    forget()


@pytest.fixture(scope="module")
def manager(space: Workspace) -> Iterator[DaskManager]:
    started = DaskManager(settings(), CALLBACKS, warm=())
    yield started
    started.close()
