"""Import closure: the modules that a result depends on through imports, and the packages that they use.

Imports are read from the files and not from loaded modules: those in functions and those for types count, importers of
the same code do not. A module in a package includes the package's own file, except for the root of the engine, which
only offers ``engine.run`` and the like.
"""

from __future__ import annotations

import ast
import hashlib
import importlib.util
import os
import re
import sys
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import NamedTuple

from engine.core.registry import plugin_digest

_ENGINE = str(Path(__file__).parents[1])
_ENGINE_NAME = __name__.partition(".")[0]
_STATEMENT = re.compile(
    r"^[ \t]*((?:from[ \t]+[\w.]+[ \t]+)?import\b(?:[ \t]*\([^)]*\)|(?:[^\n(\\]|\\\n)+))", re.MULTILINE
)


class Closure(NamedTuple):
    """``digest`` is a sha256 over the names and sources of ``modules``, which are ours or those of a plug-in's package;
    ``packages`` are the names by which they import everything else, the standard library apart.
    """

    digest: str
    modules: tuple[str, ...]
    packages: frozenset[str]


class _Source(NamedTuple):
    digest: str
    imports: tuple[str, ...]


@cache
def closure(roots: frozenset[str]) -> Closure:
    """The modules ``roots`` with all that they import, directly or through another. What is not a file is left out."""
    own = {name.partition(".")[0] for name in roots} | {_ENGINE_NAME}
    waiting, found = [part for root in roots for part in _with_packages(root)], dict[str, str]()
    packages: set[str] = set()
    while waiting:
        name = waiting.pop()
        source = None if name in found else _source(name)
        if source is None:
            continue
        found[name] = source.digest
        for target in source.imports:
            top = target.partition(".")[0]
            if top in own:
                waiting += _with_packages(target)
            elif top not in sys.stdlib_module_names:
                packages.add(top)
    text = "".join(f"{name} {found[name]}\n" for name in sorted(found))
    return Closure(hashlib.sha256(text.encode()).hexdigest(), tuple(sorted(found)), frozenset(packages))


def _with_packages(target: str) -> Iterator[str]:
    """The module that ``target`` (a module, or something in one) leads to, and the packages around it."""
    parts = target.split(".")
    while len(parts) > 1:
        name = ".".join(parts)
        if _path(name):
            yield name
        parts.pop()
    if parts[0] != _ENGINE_NAME:
        yield parts[0]


@cache
def _source(name: str) -> _Source | None:
    """The module ``name`` as this process found it; None for what has no file."""
    path = _path(name)
    if not path:
        return None
    with open(path, "rb") as file:
        data = file.read()
    text = data.decode("utf-8", "replace")
    package = name if path.endswith("/__init__.py") else name.rpartition(".")[0]
    is_ours = name.partition(".")[0] == _ENGINE_NAME
    statements = _statements(text) if is_ours else _parsed(text)
    imports = tuple(dict.fromkeys(target for node in statements for target in _targets(node, package)))
    return _Source(plugin_digest(name) or hashlib.sha256(data).hexdigest(), imports)


def _statements(text: str) -> Iterator[ast.stmt]:
    """The import statements of a file in the engine's style, found by the beginnings of lines: a parse of the whole
    text takes ten times as long. Prose that begins like one is no statement.
    """
    found = [match[1] for match in _STATEMENT.finditer(text)]
    try:
        yield from ast.parse("\n".join(found)).body
    except SyntaxError:
        yield from (node for statement in found for node in _parsed(statement))


def _parsed(text: str) -> Iterator[ast.stmt]:
    try:
        tree = ast.parse(text)
    except (SyntaxError, ValueError):
        return
    yield from (node for node in ast.walk(tree) if isinstance(node, ast.Import | ast.ImportFrom))


def _targets(node: ast.stmt, package: str) -> Iterator[str]:
    """What an import statement names, with dots: modules, or things in modules."""
    if isinstance(node, ast.Import):
        yield from (item.name for item in node.names)
    elif isinstance(node, ast.ImportFrom):
        parts = package.split(".")
        base = ".".join(parts[: len(parts) - node.level + 1]) if node.level else ""
        module = ".".join(part for part in (base, node.module) if part)
        yield from (f"{module}.{item.name}" for item in node.names)


@cache
def _path(name: str) -> str:
    """The file of the module ``name``, which is not imported for it; "" for none."""
    top, *rest = name.split(".")
    folder = _ENGINE if top == _ENGINE_NAME else _folder(top)
    if not folder or plugin_digest(name):
        return _loaded(name)
    stem = "/".join((folder, *rest))
    found = next((path for path in (f"{stem}/__init__.py", f"{stem}.py") if os.path.isfile(path)), "")
    return found or ("" if rest else _loaded(name))


@cache
def _folder(top: str) -> str:
    """The folder of a package that is not the engine's; "" for none."""
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):
        return ""
    places = list(spec.submodule_search_locations or ()) if spec else []
    return places[0] if places else ""


def _loaded(name: str) -> str:
    """The file of a module that is loaded, such as one of a plug-in folder, or of a package of one file."""
    file = getattr(sys.modules.get(name), "__file__", None)
    return file if file and file.endswith(".py") else ""
