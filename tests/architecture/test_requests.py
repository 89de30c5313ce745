"""Requests are leaves: a spec module reaches no executor, each kind has one, and forms load none."""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache

import pytest

from engine.core.spec import RunSpec
from engine.jobs import executors, requests
from tests.support import house
from tests.support.workspace import Workspace

MODULES = {
    ".".join(path.relative_to(house.ROOT).with_suffix("").parts).removesuffix(".__init__"): path
    for path in house.files("engine")
}
KINDS = sorted(requests.run_kinds().values(), key=lambda cls: cls.__name__)


@cache
def imports(name: str) -> frozenset[str]:
    """Our own modules that ``name`` imports, in functions and for types too."""
    found: set[str] = set()
    for node in house.nodes(MODULES[name]):
        if isinstance(node, ast.Import):
            found |= MODULES.keys() & {item.name for item in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            below = {f"{node.module}.{item.name}" for item in node.names}
            found |= (below & MODULES.keys()) or ({node.module} & MODULES.keys())
    return frozenset(found)


def reached(name: str) -> set[str]:
    found, waiting = {name}, [name]
    while waiting:
        new = imports(waiting.pop()) - found
        found |= new
        waiting += new
    return found


@pytest.mark.parametrize("spec", KINDS, ids=lambda cls: cls.__name__)
def test_a_request_reaches_no_executor(spec: type[RunSpec]) -> None:
    found = reached(spec.__module__)
    assert not [name for name in found if name.rpartition(".")[2] == "run"]
    assert "engine.jobs.runner" not in found


@pytest.mark.parametrize("spec", KINDS, ids=lambda cls: cls.__name__)
def test_each_kind_has_an_executor_beside_it_with_a_result_type(spec: type[RunSpec]) -> None:
    assert executors.executor_module(spec) == executors.executor(spec).__module__
    assert executors.result_type(spec.model_construct()).__dataclass_params__.frozen
    assert executors.executor_module(spec) == spec.__module__.removesuffix("spec") + "run"


def test_reading_requests_loads_no_executor(workspace: Workspace) -> None:
    code = """
import sys
import engine
costs = {"commission": 5, "slippage": 3}
spec = engine.load_spec({"kind": "backtest", "strategy": {"kind": "sma_cross"}, "costs": costs})
spec.estimate()
engine.load_spec({"kind": "sweep", "base": spec, "axes": [{"path": "strategy.fast", "low": 3, "high": 5, "step": 1}]})
engine.load_spec({"kind": "model"}).estimate()
engine.run_key(spec)
print(*[name for name in sys.modules if name.startswith("engine.") and name.endswith(".run")])
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert (done.stdout.split(), done.stderr) == ([], "")
