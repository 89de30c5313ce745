"""The libraries that numbers follow from: none is forgotten; an upgrade of one is another run, not another trial."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core import libraries
from engine.jobs import library, runner
from engine.research import ledger
from tests.support.requests import spec

ROOT = Path(__file__).parents[3]
PLUMBING = {
    *("pydantic", "pydantic_core", "yaml", "fsspec", "pyarrow"),  # requests and results, carried unchanged
    *("dask", "distributed", "psutil", "pynvml", "threadpoolctl"),  # jobs and the machine
    "backtrader",  # an extra: the second opinion names it in its environment
}
"""What the engine imports and no number follows from."""

NAMES = {"talib": "ta-lib", "sklearn": "scikit-learn", "vectorbt": "vectorbt"}


def imported() -> set[str]:
    """Top-level names of all third-party packages in the engine's source."""
    found: set[str] = set()
    for path in (ROOT / "engine").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                found |= {item.name.partition(".")[0] for item in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                found.add(node.module.partition(".")[0])
    return found - sys.stdlib_module_names - {"engine"}


def test_every_import_of_the_engine_is_numeric_or_carries_numbers_unchanged() -> None:
    known = {name.lower() for name in libraries.NUMERIC}
    forgotten = {name for name in imported() - PLUMBING if NAMES.get(name, name) not in known}
    assert forgotten == set()
    assert imported() >= PLUMBING - {"dask"}, "a name that is not imported any more"


def test_versions_are_those_of_the_packages() -> None:
    found = dict(libraries.versions())
    assert found.pop("python") == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found == {name: importlib.metadata.version(name) for name in found}
    assert {"numpy", "TA-Lib", "lightgbm", "vectorbt", "torch"} <= set(found)


def test_what_is_not_installed_has_no_version() -> None:
    assert libraries.installed(["no-such-package", "numpy"]).keys() == {"numpy"}


def test_versions_are_read_without_importing_a_library() -> None:
    code = "import sys; from engine.core import libraries; libraries.versions(); print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def upgrade(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    found = {**libraries.versions(), name: "99.0"}
    monkeypatch.setattr(libraries, "versions", lambda: found)


@pytest.mark.usefixtures("workspace", "stored")
@pytest.mark.parametrize("name", [*libraries.NUMERIC, "python"])
def test_another_version_is_another_run_and_the_same_trial(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    key, trial = engine.run_key(spec()), runner.trial_key(spec())
    upgrade(monkeypatch, name)
    assert engine.run_key(spec()) != key
    assert runner.trial_key(spec()) == trial


@pytest.mark.usefixtures("workspace", "stored")
def test_an_upgrade_computes_anew_and_the_library_tells(
    monkeypatch: pytest.MonkeyPatch, computed: list[BacktestSpec]
) -> None:
    engine.run(spec())
    old = engine.run_key(spec())
    upgrade(monkeypatch, "TA-Lib")
    assert runner.lookup(spec()) is None
    assert library.changes(library.saved("backtest")) == {old: "libraries"}
    engine.run(spec())
    assert (len(computed), ledger.count()) == (2, 1)
    before = library.earlier(engine.run_key(spec()), spec())
    assert before is not None
    assert before.key == old


def test_several_changes_are_told_in_words() -> None:
    then = runner.Origin("a", "b", "c")
    assert library.other(then, then) == ""
    assert library.other(then, runner.Origin("a", "x", "x")) == "code and libraries"
    assert library.other(then, runner.Origin("x", "x", "x")) == "data, code and libraries"
    assert library.other(runner.Origin("a", "b"), then) == "", "a run that does not say which libraries it had"
