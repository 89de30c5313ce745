"""A workbench and a browser that serve for the whole session, and a visitor who fails the test on any error in the
console.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from dash.testing.browser import Browser

from tests.benchmarks.browser import CLOCK
from tests.e2e.visitor import Visitor
from tests.support.workbench import Server, server

HEAVY = {"pandas", "scipy", "numba", "llvmlite", "torch", "statsmodels", "lightgbm", "sklearn", "vectorbt"}


@pytest.fixture(scope="session")
def workbench(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Server]:
    folder: Path = tmp_path_factory.mktemp("workbench")
    (folder / "prices").mkdir()
    with server(folder, config="market: {files: {folders: [prices]}}\n") as running:
        yield running


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """The browser that Dash's plugin would start for each journey anew, without a page's scripts at hand, on another
    clock than the bars have.
    """
    option = request.config.getoption
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", CLOCK)
        started = Browser(
            browser=option("webdriver"),
            remote=option("remote"),
            remote_url=option("remote_url"),
            headless=option("headless"),
            options=request.config.hook.pytest_setup_options(),
            download_path=str(tmp_path_factory.mktemp("download")),
            percy_run=False,
        )
    with started:
        yield started


@pytest.fixture
def dash_br(browser: Browser) -> Iterator[Browser]:
    """That browser with one empty tab of the usual size: scripts, networks and sizes that a journey sets are its tab's.
    What pages have stored is removed by ``Visitor``.
    """
    driver = browser.driver
    driver.set_window_size(1280, 900)
    driver.get_log("browser")  # of the tab before, as it was closed
    yield browser
    used = driver.window_handles
    driver.switch_to.new_window("tab")
    empty = driver.current_window_handle
    for handle in used:
        driver.switch_to.window(handle)
        driver.close()
    driver.switch_to.window(empty)


@pytest.fixture
def visitor(workbench: Server, dash_br: Any) -> Iterator[Visitor]:
    """Someone at the session's workbench. A request that leaves this machine fails there and shows in the console. What
    is heavy is left to the workers: while one thread of the server imports pandas, another's figure fails.
    """
    someone = Visitor(dash_br, workbench.address)
    yield someone
    assert not someone.complaints(), someone.complaints()
    loaded = workbench.compiled()
    assert not loaded or "numpy" in loaded
    assert not loaded & HEAVY, f"The server has imported {', '.join(sorted(loaded & HEAVY))}."


@pytest.fixture
def own_workbench(tmp_path: Path, dash_br: Any) -> Iterator[tuple[Visitor, Server]]:
    """A workbench of the test's own, for what would disturb others."""
    with server(tmp_path) as running:
        someone = Visitor(dash_br, running.address)
        yield someone, running
        assert not someone.complaints(), someone.complaints()
