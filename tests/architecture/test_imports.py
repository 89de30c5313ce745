"""Imports of processes: the server stays light, each heavy package waits for the work that needs it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.spec import SweepSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.core.spec import RunSpec, canonical_json
from tests.support.workspace import Workspace

HEAVY = ("torch", "mlx", "vectorbt", "lightgbm", "numba", "talib", "distributed", "yfinance")
"""The issue's list."""
SPARED = ("dask", "sklearn", "scipy", "optuna", "quantstats", "matplotlib", "pandas")
"""Others that would cost the idle server its memory."""

REQUEST = BacktestSpec.parse(
    {"strategy": {"kind": "sma_cross", "fast": 3, "slow": 8}, "costs": {"commission": 5, "slippage": 3}}
)


STUDY = {"base": REQUEST.model_dump(mode="json"), "axes": [{"path": "strategy.fast", "values": [3, 4]}]}
SWEEP, WALK = SweepSpec.parse(STUDY), WalkForwardSpec.parse(STUDY)


def loaded(code: str) -> set[str]:
    """The heavy packages that a fresh process has loaded after ``code``."""
    script = f"{code}\nimport sys\nprint(*[name for name in {HEAVY + SPARED!r} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return set(done.stdout.split())


def test_creating_the_app_loads_nothing_heavy(workspace: Workspace) -> None:
    code = "from dashboard.app import create_app\nfrom engine.core.config import settings\ncreate_app(settings())"
    assert loaded(code) == set()


def test_every_module_of_the_house_can_be_imported_without_anything_heavy(workspace: Workspace) -> None:
    code = """
import importlib, pkgutil
import dashboard, engine
for package in (engine, dashboard):
    for item in pkgutil.walk_packages(package.__path__, f"{package.__name__}."):
        # compiled loops are imported by the functions that run them
        loops = ("engine.backtest.kernels.", "engine.indicators.rolling.", "engine.core.compiled")
        if not item.name.endswith("__main__") and not item.name.startswith(loops):
            importlib.import_module(item.name)
"""
    assert loaded(code) & set(HEAVY) == set()


def test_importing_the_engine_is_instant() -> None:
    code = """
import sys
import engine
ours = {name for name in sys.modules if name.partition(".")[0] in ("engine", "dashboard")}
assert ours == {"engine"}, ours
assert not {"numpy", "pydantic", "yaml", "pyarrow"} & set(sys.modules)
"""
    assert loaded(code) == set()


WORK = """
runner.load_spec(text)
[registry.available() for registry in (STRATEGIES, INDICATORS, LABELS, MODELS, SOURCES, WORKLOADS)]
runner.run_key(runner.load_spec(text))
runner.load_spec(text).estimate()
catalog.load(runner.load_spec(text).market)
runner.lookup(runner.load_spec(text))
runner.recent_runs("backtest")
devices.expected()
"""


def test_what_the_server_does_itself_loads_nothing_heavy(workspace: Workspace) -> None:
    code = f"""
from engine import devices
from engine.jobs import runner
from engine.benchmarks.workloads import WORKLOADS
from engine.indicators import INDICATORS
from engine.labels import LABELS
from engine.market import catalog
from engine.market.sources import SOURCES
from engine.models import MODELS
from engine.strategies import STRATEGIES
import sys
text = {canonical_json(REQUEST)!r}
for line in {WORK.strip().splitlines()!r}:
    eval(line)
    found = [name for name in {HEAVY + SPARED!r} if name in sys.modules]
    assert not found, (line, found)
"""
    assert loaded(code) == set()


def test_reading_a_stored_result_loads_nothing_heavy(workspace: Workspace) -> None:
    import engine

    engine.run(REQUEST)
    code = f"""
import engine
from engine.jobs import runner
from engine.research import ledger, verdict
result = runner.lookup(engine.load_spec({canonical_json(REQUEST)!r}))
assert result is not None
verdict.assess(result, ledger.trials(result.family))
"""
    assert loaded(code) == set()


@pytest.mark.parametrize("spec", [REQUEST, SWEEP, WALK], ids=lambda spec: spec.kind)
def test_a_run_without_a_browser_loads_no_page(workspace: Workspace, tmp_path: Path, spec: RunSpec) -> None:
    file, sheet = tmp_path / "spec.json", tmp_path / "sheet.html"
    file.write_text(canonical_json(spec), encoding="utf-8")
    with_sheet = [] if spec.kind == "sweep" else ["--tear-sheet", str(sheet)]
    script = f"""
import sys
from dashboard.cli import main
assert main({["run", str(file), *with_sheet]!r}) == 0
print([name for name in sys.modules if name.partition(".")[0] in ("dash", "flask") or "dashboard.pages" in name])
"""
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "run key" in done.stdout
    assert done.stdout.splitlines()[-1] == "[]"
    assert sheet.exists() == bool(with_sheet)
