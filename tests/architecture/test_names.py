"""No plug-in and no kind of request is told by its name outside its file: contracts have properties for that."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

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
NAMES = {
    *requests.run_kinds(),
    *requests.action_kinds(),
    *(item.name for registry in REGISTRIES for item in registry.infos()),
}


def named(nodes: Iterable[ast.AST]) -> Iterator[tuple[int, str]]:
    """(line, name) wherever a ``kind`` is compared with a name, or a request is written with one."""
    for node in nodes:
        if isinstance(node, ast.Compare) and any(_is_kind(side) for side in (node.left, *node.comparators)):
            for part in ast.walk(node):
                if isinstance(part, ast.Constant) and part.value in NAMES:
                    yield part.lineno, part.value
        if isinstance(node, ast.Dict):
            for key, value in zip(node.keys, node.values, strict=True):
                if _text(key) == "kind" and _text(value) in NAMES:
                    yield node.lineno, _text(value)


def _is_kind(node: ast.AST) -> bool:
    """``spec.kind``, ``plain["kind"]`` or ``plain.get("kind")``."""
    if isinstance(node, ast.Call):
        return bool(node.args) and _text(node.args[0]) == "kind"
    is_item = isinstance(node, ast.Subscript) and _text(node.slice) == "kind"
    return is_item or (isinstance(node, ast.Attribute) and node.attr == "kind")


def _text(node: ast.AST | None) -> str:
    return node.value if isinstance(node, ast.Constant) and isinstance(node.value, str) else ""


def test_no_name_of_a_plugin_is_compared_or_written() -> None:
    assert house.broken(lambda path: list(named(house.nodes(path))), FILES) == {}


@pytest.mark.parametrize(
    "source",
    [
        'spec.kind == "backtest"',
        'if plain["kind"] in ("sweep", "x"): pass',
        'values.get("kind") != "rules"',
        'base = {"kind": "sma_cross", "fast": 3}',
    ],
)
def test_a_name_is_seen(source: str) -> None:
    assert len(list(named(ast.walk(ast.parse(source))))) == 1
