"""The house rules that can be counted: who imports whom, how large things are, what is never used."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
MODULES = sorted(path for package in ("engine", "dashboard") for path in (ROOT / package).rglob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("*.py"))
MODULE_LINES, CALLBACK_LINES, BODY_LINES = 400, 15, 40

UNSAFE = re.compile(
    r"allow_pickle=True|\bpickle\.loads?\(|\bjoblib\.load\(|\bshelve\b|read_pickle|cloudpickle\.loads?\("
    r"|yaml\.(?:load|unsafe_load|full_load)\(|\bos\.system\(|shell=True"
)


def over(paths: Iterable[Path]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("path", paths, ids=lambda path: path.relative_to(ROOT).as_posix())


each = over(MODULES)


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


@over([*MODULES, *TESTS])
def test_module_is_small_and_says_what_it_is(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= MODULE_LINES
    if text.strip():
        assert ast.get_docstring(ast.parse(text)), "no docstring"


@each
def test_functions_are_short(path: Path) -> None:
    long = [
        f"{function.name}: {lines(function)} lines"
        for function in functions(path)
        if lines(function) > (CALLBACK_LINES if is_callback(function) else BODY_LINES)
    ]
    assert long == []


@each
def test_nothing_that_could_run_a_files_code(path: Path) -> None:
    """But for lines that give ruff their reason."""
    lines = path.read_text(encoding="utf-8").splitlines()
    assert [line for line in lines if UNSAFE.search(line) and "# noqa: S301 - " not in line] == []


@each
def test_state_of_a_module_is_constant(path: Path) -> None:
    """No list, dict or set at module level under a name in lower case, and no ``global``."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    mutable = [
        target.id
        for node in tree.body
        if isinstance(node, ast.Assign | ast.AnnAssign)
        and isinstance(node.value, ast.List | ast.Dict | ast.Set | ast.ListComp | ast.DictComp)
        for target in (node.targets if isinstance(node, ast.Assign) else [node.target])
        if isinstance(target, ast.Name) and target.id != target.id.upper()
    ]
    assert [name for name in mutable if name != "__all__"] == []
    assert [node.names for node in ast.walk(tree) if isinstance(node, ast.Global)] == []


def functions(path: Path) -> Iterator[ast.FunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef):
            yield node


def lines(function: ast.FunctionDef) -> int:
    """Lines of the body without its docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return (body[-1].end_lineno or 0) - body[0].lineno + 1 if body else 0


def is_callback(function: ast.FunctionDef) -> bool:
    return any("callback" in ast.unparse(decorator) for decorator in function.decorator_list)
