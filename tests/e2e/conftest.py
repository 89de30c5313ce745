"""A workbench that serves for the whole session, and a visitor who fails the test on any error in the console."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.visitor import Visitor
from tests.support.workbench import Server, server


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("workbench")
    (folder / "prices").mkdir()
    with server(folder, config="market: {files: {folders: [prices]}}\n") as running:
        yield running


@pytest.fixture
def visitor(workbench: Server, dash_br: Any) -> Iterator[Visitor]:
    """Someone at the session's workbench. A request that leaves this machine fails there and shows in the console."""
    someone = Visitor(dash_br, workbench.address)
    yield someone
    assert not someone.complaints(), someone.complaints()


@pytest.fixture
def own_workbench(tmp_path: Path, dash_br: Any) -> Iterator[tuple[Visitor, Server]]:
    """A workbench of the test's own, for what would disturb others."""
    with server(tmp_path) as running:
        someone = Visitor(dash_br, running.address)
        yield someone, running
        assert not someone.complaints(), someone.complaints()
