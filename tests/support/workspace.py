"""A configuration and a cache of its own for a test, and no memory of the ones before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from textwrap import dedent

import pytest

from engine.core import config, database, registry
from engine.jobs import requests, runner


@dataclass(frozen=True)
class Workspace:
    """``folder`` holds config.yaml, the cache and, once a test has written one, the folder of plug-ins."""

    folder: Path

    @property
    def config(self) -> Path:
        return self.folder / "config.yaml"

    @property
    def cache(self) -> Path:
        return self.folder / "cache"

    def configure(self, text: str) -> None:
        """Replace config.yaml by ``text``; it holds from the next call on."""
        self.config.write_text(dedent(text), encoding="utf-8")
        forget()

    def write_plugin(self, group: str, name: str, source: str) -> Path:
        """Write ``source`` to <plug-ins>/<group>/<name>.py; the configuration names the folder."""
        path = self.folder / "plug-ins" / group / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source), encoding="utf-8")
        if "plug-ins" not in self.config.read_text(encoding="utf-8"):
            self.configure(self.config.read_text(encoding="utf-8") + "\nplugins: [plug-ins]\n")
        return path


def forget() -> None:
    """Empty what the engine remembers of its configuration and of plug-ins."""
    for remembered in (
        config.settings,
        database.prepare_cache,
        database._is_ready,
        registry._discover,
        registry._entry_points,
        requests._discover,
        runner._cache,
        runner._store,
    ):
        remembered.cache_clear()


@contextmanager
def in_force(folder: Path) -> Iterator[Workspace]:
    """An empty workspace in ``folder``, in force in this process and in those that it starts."""
    space = Workspace(folder)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv(config.PATH_VARIABLE, str(space.config))
        space.configure("cache: cache\n")
        yield space
    forget()


@pytest.fixture
def workspace(tmp_path: Path) -> Iterator[Workspace]:
    """An empty workspace of the test's own."""
    with in_force(tmp_path) as space:
        yield space


@pytest.fixture
def gate(tmp_path: Path) -> Iterator[Path]:
    """A file for which jobs wait; it appears when the test makes it, or ends."""
    path = tmp_path / "gate"
    yield path
    path.touch()
