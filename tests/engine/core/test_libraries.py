"""The libraries that numbers follow from: none is forgotten; an upgrade of one is another run, not another trial."""

from __future__ import annotations

import ast
import importlib.metadata
import subprocess
import sys
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

import engine
from engine.backtest.spec import BacktestSpec
from engine.core import libraries
from engine.jobs import library, runner
from engine.market.quality import verdict
from engine.research import ledger
from tests.support.market import make_bars
from tests.support.requests import BACKTEST, MADE_UP, STRATEGY, spec
from tests.support.workspace import Workspace

ROOT = Path(__file__).parents[3]
EXTRA = {"backtrader"}
"""Imported by one kind of run alone, and counted under its own name."""


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
    known = libraries.CARRIERS | EXTRA | set(libraries.NUMERIC)
    assert imported() - known == set()
    of_plugins = {"scipy", "sklearn", "typing_extensions"}
    assert known - imported() <= {"dask"} | of_plugins, "a name that is not imported any more"


def test_versions_are_those_of_the_packages() -> None:
    found = dict(libraries.versions([*libraries.NUMERIC, *libraries.CARRIERS, *EXTRA, "no_such_package"]))
    assert found.pop("python") == f"{sys.version_info.major}.{sys.version_info.minor}"
    assert found == {name: importlib.metadata.version(name) for name in found}
    assert {"numpy", "TA-Lib", "lightgbm", "vectorbt", "torch", "backtrader"} <= set(found)
    assert not {name.lower() for name in found} & libraries.CARRIERS


def test_what_is_not_installed_has_no_version() -> None:
    assert libraries.installed(["no-such-package", "numpy"]).keys() == {"numpy"}


def test_versions_are_read_without_importing_a_library() -> None:
    names = "libraries.versions(libraries.NUMERIC)"
    code = f"import sys; from engine.core import libraries; {names}; print('numpy' in sys.modules)"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "False"


def upgrade(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    """Have another version of ``name`` installed."""
    installed = libraries._installed
    monkeypatch.setattr(libraries, "_installed", lambda item: "99.0" if item == name else installed(item))


MODEL = {"kind": "model", "market": MADE_UP}
FOLLOWED = BACKTEST | {"strategy": {"kind": "follow_model", "model": MODEL}}
OPERAND = {"kind": "indicator", "indicator": {"kind": "talib_cci"}}


@pytest.mark.usefixtures("workspace", "stored")
@pytest.mark.parametrize(
    ("values", "name", "is_another"),
    [
        *((BACKTEST, name, True) for name in ("numpy", "vectorbt", "vectorbt-rust", "numba", "llvmlite")),
        *((BACKTEST, name, False) for name in ("lightgbm", "torch", "mlx", "optuna", "arch", "pydantic", "dask")),
        *((MODEL, name, name in ("lightgbm", "numpy")) for name in ("lightgbm", "numpy", "torch", "vectorbt")),
        *((FOLLOWED, name, name != "torch") for name in ("lightgbm", "numba", "torch")),
        ({"kind": "verification", "backtest": BACKTEST}, "arch", True),
        ({"kind": "crosscheck", "backtest": BACKTEST}, "backtrader", True),
        (BACKTEST, "backtrader", False),
        ({"kind": "check_series", "collection": "made-up", "symbol": "TEST"}, "exchange_calendars", True),
        (BACKTEST, "exchange_calendars", False),
        ({"kind": "features", "market": MADE_UP, "features": [{"kind": "talib_cci"}]}, "TA-Lib", True),
        ({"kind": "features", "market": MADE_UP, "features": [{"kind": "talib_cci"}]}, "numba", False),
    ],
)
def test_another_version_is_another_run_where_it_computes_and_never_another_trial(
    monkeypatch: pytest.MonkeyPatch, values: dict[str, Any], name: str, is_another: bool
) -> None:
    asked = runner.load_spec(values)
    key, trial = engine.run_key(asked), runner.trial_key(asked)
    upgrade(monkeypatch, name)
    assert (engine.run_key(asked) != key) == is_another
    assert runner.trial_key(asked) == trial


@pytest.mark.usefixtures("stored")
def test_a_package_that_only_a_plugin_imports_is_part_of_the_key(
    workspace: Workspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace.write_plugin("strategies", "weekly", STRATEGY)
    asked = runner.load_spec(BACKTEST | {"strategy": {"kind": "weekly"}})
    key = engine.run_key(asked)
    upgrade(monkeypatch, "hypothesis")
    assert engine.run_key(asked) == key
    workspace.write_plugin("strategies", "weekly", dedent(STRATEGY) + "\n\ndef unused():\n    import hypothesis\n")
    asked = runner.load_spec(BACKTEST | {"strategy": {"kind": "weekly"}})
    key = engine.run_key(asked)
    upgrade(monkeypatch, "pytest")
    assert engine.run_key(asked) == key
    monkeypatch.undo()
    assert engine.run_key(asked) != key


@pytest.mark.usefixtures("workspace", "stored")
def test_an_upgrade_computes_anew_and_the_library_tells(
    monkeypatch: pytest.MonkeyPatch, computed: list[BacktestSpec]
) -> None:
    engine.run(spec())
    old = engine.run_key(spec())
    upgrade(monkeypatch, "numba")
    assert runner.lookup(spec()) is None
    assert library.changes(library.saved("backtest")) == {old: "libraries"}
    engine.run(spec())
    assert (len(computed), ledger.count()) == (2, 1)
    before = library.earlier(engine.run_key(spec()), spec())
    assert before is not None
    assert before.key == old


def test_several_changes_are_told_in_words() -> None:
    then = runner.Origin("a", "b", "c")
    assert library.changed_parts(then, then) == ""
    assert library.changed_parts(then, runner.Origin("a", "x", "x")) == "code and libraries"
    assert library.changed_parts(then, runner.Origin("x", "x", "x")) == "data, code and libraries"
    assert library.changed_parts(runner.Origin("a", "b"), then) == "", "a run that does not say which libraries it had"


def test_a_verdict_on_bars_is_another_with_other_sessions(monkeypatch: pytest.MonkeyPatch) -> None:
    """An upgrade of the calendars may move a holiday: what was found against the old ones is not read again."""
    bars = make_bars([1.0, 2.0, 3.0])
    before = verdict.key_of(bars, "XNYS")
    verdict._code.cache_clear()
    upgrade(monkeypatch, "exchange_calendars")
    try:
        assert verdict.key_of(bars, "XNYS") != before
    finally:
        verdict._code.cache_clear()
