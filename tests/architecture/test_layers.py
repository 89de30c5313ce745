"""The house rules that can be counted: who imports whom, how large things are, what is never used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from tests.support import house
from tests.support.house import ROOT, broken

MODULES = house.files("dashboard", "engine")
TESTS = house.files("tests")
MODULE_LINES, CALLBACK_LINES, BODY_LINES = 400, 15, 40

UNSAFE = re.compile(
    r"allow_pickle=True|\bpickle\.loads?\(|\bjoblib\.load\(|\bshelve\b|read_pickle|cloudpickle\.loads?\("
    r"|yaml\.(?:load|unsafe_load|full_load)\(|\bos\.system\(|shell=True"
)


def test_every_import_keeps_to_the_contracts() -> None:
    """In a process of its own: import-linter turns off every logger of the process that it runs in."""
    code = "from importlinter.cli import lint_imports_command; lint_imports_command()"
    done = subprocess.run(
        [sys.executable, "-c", code, "--no-cache"], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr


def test_every_folder_of_modules_is_a_package() -> None:
    """import-linter and the discovery of plug-ins pass over a folder without __init__.py."""
    folders = {path.parent for path in MODULES}
    assert [folder for folder in folders if not (folder / "__init__.py").is_file()] == []


def test_modules_are_small_and_say_what_they_are() -> None:
    def large_or_mute(path: Path) -> list[str]:
        count = len(house.text(path).splitlines())
        large = [f"{count} lines"] * (count > MODULE_LINES)
        return large + ["no docstring"] * bool(house.text(path).strip() and not ast.get_docstring(house.tree(path)))

    assert broken(large_or_mute, [*MODULES, *TESTS]) == {}


def test_functions_are_short() -> None:
    def long(path: Path) -> list[str]:
        return [
            f"{function.name}: {lines(function)} lines"
            for function in functions(path)
            if lines(function) > (CALLBACK_LINES if is_callback(function) else BODY_LINES)
        ]

    assert broken(long, MODULES) == {}


def test_nothing_that_could_run_a_files_code() -> None:
    """But for lines that give ruff their reason."""

    def unsafe(path: Path) -> list[str]:
        lines = house.text(path).splitlines()
        return [line for line in lines if UNSAFE.search(line) and "# noqa: S301 - " not in line]

    assert broken(unsafe, MODULES) == {}


def test_state_of_a_module_is_constant() -> None:
    """No list, dict or set at module level under a name in lower case, and no ``global``."""

    def changing(path: Path) -> list[str]:
        mutable = [
            target.id
            for node in house.tree(path).body
            if isinstance(node, ast.Assign | ast.AnnAssign)
            and isinstance(node.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)
            for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
            if isinstance(target, ast.Name) and target.id != target.id.upper()
        ]
        shared = [name for node in house.nodes(path) if isinstance(node, ast.Global) for name in node.names]
        return [name for name in mutable if name != "__all__"] + shared

    assert broken(changing, MODULES) == {}


def test_a_file_that_breaks_a_rule_is_named() -> None:
    assert broken(lambda path: path.name == "test_layers.py", TESTS) == {"tests/architecture/test_layers.py": True}


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    return (node for node in house.nodes(path) if isinstance(node, ast.FunctionDef))


def lines(function: ast.FunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def is_callback(function: ast.FunctionDef) -> bool:
    return any("callback" in ast.unparse(decorator) for decorator in function.decorator_list)
