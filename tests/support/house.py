"""The files of the house, each read and parsed once a process: a rule that is counted looks at all of them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterable
from functools import cache
from pathlib import Path
from typing import TypeVar

Found = TypeVar("Found")

ROOT = Path(__file__).parents[2]


def files(*folders: str) -> list[Path]:
    """Every Python file below ``folders`` of the root, in order."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


@cache
def text(path: Path) -> str:
    return path.read_text(encoding="utf-8")


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(text(path))


@cache
def nodes(path: Path) -> tuple[ast.AST, ...]:
    """All nodes of ``tree``, breadth first."""
    return tuple(ast.walk(tree(path)))


def broken(rule: Callable[[Path], Found], paths: Iterable[Path]) -> dict[str, Found]:
    """What ``rule`` finds in each file where it finds something, by the file's path from the root."""
    found = {path.relative_to(ROOT).as_posix(): rule(path) for path in paths}
    return {path: what for path, what in found.items() if what}
