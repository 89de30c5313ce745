"""No plug-in and no kind of request is told by its name outside its file: contracts have properties for that."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

from engine.backtest.sizings import SIZINGS
from engine.benchmarks.workloads import WORKLOADS
from engine.indicators import INDICATORS
from engine.jobs import requests
from engine.labels import LABELS
from engine.market.sources import SOURCES
from engine.models import MODELS
from engine.models.splits import SPLITS
from engine.strategies import STRATEGIES
from tests.support import house

FILES = house.files("engine", "dashboard", "tools")
REGISTRIES = (STRATEGIES, SIZINGS, INDICATORS, LABELS, MODELS, SPLITS, SOURCES, WORKLOADS)
KINDS = {
    *requests.run_kinds(),
    *requests.action_kinds(),
    *(item.name for registry in REGISTRIES for item in registry.infos()),
}
NAMES = {"kind": KINDS, "source": {item.name for item in SOURCES.infos()}}
"""What the fields of a request or a series that name a plug-in may hold."""


def named(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, name) wherever a ``kind`` or a ``source`` is compared with a name, or given one."""
    for node in nodes:
        if isinstance(node, ast.Compare):
            sides = (node.left, *node.comparators)
            names = set().union(*(NAMES.get(_field(side), set()) for side in sides))
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and part.value in names:
                    yield part.lineno, part.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if _text(value) in NAMES.get(_text(key), set()):
                    yield node.lineno, _text(value)
        if isinstance(node, ast.keyword) and _text(node.value) in NAMES.get(node.arg or "", set()):
            yield node.value.lineno, _text(node.value)


def _field(node: ast.AST) -> str:
    """``kind`` of ``spec.kind``, ``plain["kind"]`` or ``plain.get("kind")``; ``source`` likewise."""
    if isinstance(node, ast.Call):
        return _text(node.args[0]) if node.args else ""
    if isinstance(node, ast.Subscript):
        return _text(node.slice)
    return node.attr if isinstance(node, ast.Attribute) else ""


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def outside(path: Path) -> list[tuple[int, str]]:
    """``named`` in a file, but for the plug-in that it holds."""
    return [item for item in named(house.nodes(path)) if item[1] != path.stem]


def test_no_name_of_a_plugin_is_compared_or_written() -> None:
    assert house.broken(outside, FILES) == {}


@pytest.mark.parametrize(
    "source",
    [
        'spec.kind == "backtest"',
        'if plain["kind"] in ("sweep", "x"): pass',
        'values.get("kind") != "rules"',
        'base = {"kind": "sma_cross", "fast": 3}',
        'series.source in ("x", "stored")',
        'initial = {"source": "yahoo"}',
        'replace(series, source="stored")',
    ],
)
def test_a_name_is_seen(source: str) -> None:
    assert len(list(named(ast.walk(ast.parse(source))))) == 1
