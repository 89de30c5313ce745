"""No circle of modules, imports inside functions and for types included; and imports inside functions have a reason."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import pytest

from tests.support.house import ROOT, nodes

PACKAGES = ("engine", "dashboard")

REASONS = {
    "engine": "importing the package is instant: what runs a request is found at first use",
    "engine.backtest.kernels": "the door to the compiled loops, which import numba",
    "engine.indicators.rolling": "the door to the compiled loops, which import numba",
    "engine.backtest.sweeps.tuning": "its sampler derives from one of Optuna's classes",
    "dashboard.cli": "a command loads what it needs alone: only serving loads Dash",
}
"""Modules that import one of ours inside a function, and the heavy path that this guards."""
MAXIMUM_LOCAL_IMPORTS = 10
"""Such imports in the whole house."""


def modules(root: Path) -> dict[str, Path]:
    """Every module of the house below ``root``, by its dotted name."""
    paths = [path for package in PACKAGES for path in (root / package).rglob("*.py")]
    return {".".join(path.relative_to(root).with_suffix("").parts).removesuffix(".__init__"): path for path in paths}


def imported(node: ast.AST, known: Mapping[str, Path]) -> Iterator[str]:
    """The modules among ``known`` that an import statement names; a name out of a package may be a module itself."""
    names: list[str] = []
    if isinstance(node, ast.Import):
        names = [item.name for item in node.names]
    elif isinstance(node, ast.ImportFrom) and node.module:
        names = [f"{node.module}.{item.name}" for item in node.names]
    for name in names:
        parts = name.split(".")
        heads = (".".join(parts[:count]) for count in range(len(parts), 0, -1))
        yield from [head for head in heads if head in known][:1]


def inside_functions(path: Path) -> set[ast.AST]:
    """Every node of a function's body."""
    found = (node for node in nodes(path) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef))
    return {node for function in found for node in ast.walk(function)}


def graph(root: Path) -> dict[str, set[str]]:
    """Which modules each module imports, wherever in it."""
    known = modules(root)
    return {
        name: {found for node in nodes(path) for found in imported(node, known)} - {name}
        for name, path in known.items()
    }


def circles(edges: Mapping[str, set[str]]) -> list[list[str]]:
    """Modules that reach one another: Kosaraju's algorithm, without recursion."""
    finished = list(_finished(edges, edges))
    back: dict[str, set[str]] = {name: set() for name in edges}
    for name, targets in edges.items():
        for target in targets:
            back[target].add(name)
    found, seen = [], set[str]()
    for name in reversed(finished):
        part = list(_finished([name], back, seen))
        if len(part) > 1:
            found.append(sorted(part))
    return found


def _finished(starts: Iterable[str], edges: Mapping[str, set[str]], seen: set[str] | None = None) -> Iterator[str]:
    """Names in the order in which a search in depth has done with them; ``seen`` are passed over and added to."""
    seen = set() if seen is None else seen
    for start in starts:
        if start in seen:
            continue
        seen.add(start)
        way = [(start, iter(sorted(edges[start])))]
        while way:
            name, left = way[-1]
            following = next((item for item in left if item not in seen), None)
            if following is None:
                way.pop()
                yield name
            else:
                seen.add(following)
                way.append((following, iter(sorted(edges[following]))))


def inner_imports(root: Path) -> list[str]:
    """The module of every import statement inside a function that names one of ours."""
    known = modules(root)
    found = []
    for name, path in known.items():
        for node in inside_functions(path):
            found += [name] * any(target != name for target in imported(node, known))
    return found


def test_modules_import_one_another_in_one_direction() -> None:
    assert circles(graph(ROOT)) == []


def test_imports_inside_functions_guard_a_heavy_path() -> None:
    found = inner_imports(ROOT)
    assert set(found) == set(REASONS), "without a reason, or a reason for nothing"
    assert len(found) <= MAXIMUM_LOCAL_IMPORTS


HIDDEN = {
    "a module": "from engine import two\n",
    "a name": "from engine.two import name\n",
    "a function": "def later():\n    import engine.two\n",
    "types alone": "from typing import TYPE_CHECKING\n\nif TYPE_CHECKING:\n    from engine.two import name\n",
}


@pytest.fixture
def planted(tmp_path: Path) -> Path:
    """A house of two packages: ``one`` and ``two`` import nothing yet, ``three`` imports both."""
    for package in PACKAGES:
        (tmp_path / package).mkdir()
        (tmp_path / package / "__init__.py").write_text("")
    (tmp_path / "engine" / "one.py").write_text("")
    (tmp_path / "engine" / "two.py").write_text("from engine import one\n\nname = one\n")
    (tmp_path / "dashboard" / "three.py").write_text("from engine import one, two\n")
    return tmp_path


def test_a_house_without_circles_has_none(planted: Path) -> None:
    assert circles(graph(planted)) == []
    assert inner_imports(planted) == []


@pytest.mark.parametrize("hidden", HIDDEN)
def test_a_planted_circle_is_found(planted: Path, hidden: str) -> None:
    (planted / "engine" / "one.py").write_text(HIDDEN[hidden])
    assert circles(graph(planted)) == [["engine.one", "engine.two"]]
    assert inner_imports(planted) == ["engine.one"] * (hidden == "a function")


def test_a_long_circle_is_one(planted: Path) -> None:
    (planted / "engine" / "one.py").write_text("def later():\n    from dashboard.three import one\n")
    assert circles(graph(planted)) == [["dashboard.three", "engine.one", "engine.two"]]
