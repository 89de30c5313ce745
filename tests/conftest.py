"""Options that every test shares."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import pytest
from hypothesis import settings
from selenium.webdriver.chrome.options import Options

from engine.core.config import PATH_VARIABLE

settings.register_profile("house", deadline=None, derandomize=True)  # no failure by a slow machine or by chance
settings.load_profile("house")

pytest.register_assert_rewrite("tests.support.accounts")
pytest_plugins = [
    *("tests.support.workspace", "tests.support.external"),
    *("tests.support.network", "tests.support.yahoo", "tests.support.fred", "tests.support.exchanges"),
]

QUIET = (
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
"""Options that keep Chromium from contacting its maker's servers."""

LOOPBACK_ONLY = "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE localhost"
"""A page that asks for anything outside this machine gets a console error, which fails the journey."""


_ISOLATED = "STRATOSCOPE_TESTS_ISOLATED"


def pytest_configure(config: pytest.Config) -> None:
    """Tests, and what is looked up as they are collected, never see the cache of whoever runs them. Tests that a test
    starts see what it gives them.
    """
    process = os.environ.get("PYTEST_XDIST_WORKER", "alone")
    if os.environ.get(_ISOLATED) == process:
        return
    os.environ[_ISOLATED] = process
    folder = tempfile.TemporaryDirectory(prefix="stratoscope-tests-")
    config.add_cleanup(folder.cleanup)
    path = Path(folder.name) / "config.yaml"
    path.write_text("cache: cache\n", encoding="utf-8")
    os.environ[PATH_VARIABLE] = str(path)


def pytest_setup_options() -> Options:
    """The browser's options (a hook of Dash's plugin): quiet, cut off from the network, 1280 px wide."""
    options = Options()
    for flag in (*QUIET, LOOPBACK_ONLY, "--window-size=1280,900", "--lang=en-US"):
        options.add_argument(flag)
    return options
