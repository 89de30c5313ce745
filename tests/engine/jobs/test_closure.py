"""Modules that reach one another by imports, told from their files."""

from __future__ import annotations

import ast
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as some

from engine.jobs import closure as under_test
from engine.jobs.closure import closure
from tests.support import house
from tests.support.house import ROOT, broken

FILES = house.files("engine")


def parsed(text: str) -> set[str]:
    return {ast.dump(node) for node in ast.walk(ast.parse(text)) if isinstance(node, ast.Import | ast.ImportFrom)}


def test_the_quick_way_finds_what_a_parser_finds() -> None:
    def missed(path: Path) -> set[str]:
        text = path.read_text(encoding="utf-8")
        return {ast.dump(node) for node in under_test._statements(text)} ^ parsed(text)

    assert broken(missed, FILES) == {}


NAMES = some.sampled_from(["engine.core.spec", "numpy", "a_b.c1", "os.path"])
IMPORTS = some.one_of(
    some.builds("import {}".format, NAMES),
    some.builds("import {} as x, {}".format, NAMES, NAMES),
    some.builds("from {} import a, b as c".format, NAMES),
    some.builds("from {} import (  # why\n    a,\n    b as c,\n)".format, NAMES),
    some.builds("from {} import a, \\\n    b".format, NAMES),
)
OTHERS = some.sampled_from(
    ["x = 1", '"""from here on\nimport is a word\n"""', "important = 2", "# import torch", "x = [\n]"]
)


@given(some.lists(some.tuples(some.booleans(), some.one_of(IMPORTS, OTHERS)), max_size=8))
def test_the_quick_way_finds_what_a_parser_finds_in_any_order(parts: list[tuple[bool, str]]) -> None:
    written = [f"def f():\n    {part}" if inside and not part.startswith("#") else part for inside, part in parts]
    text = "\n".join([*written, ""])
    assert {ast.dump(node) for node in under_test._statements(text)} == parsed(text)


def package(folder: Path, **modules: str) -> None:
    folder.mkdir()
    for name, text in {"__init__": "", **modules}.items():
        (folder / f"{name}.py").write_text(text, encoding="utf-8")


def test_a_package_of_somebody_else_is_followed_and_what_it_imports_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package(
        tmp_path / "acme_signals",
        one="from acme_signals import two\nfrom engine.market.days import Days\n",
        two="def f():\n    import statsmodels.api as sm, math\n    from . import three\n",
        three="import acme_other",
        four="import torch",
    )
    monkeypatch.syspath_prepend(tmp_path)
    found = closure(frozenset({"acme_signals.one"}))
    assert {name for name in found.modules if name.startswith("acme")} == {
        *("acme_signals", "acme_signals.one", "acme_signals.two", "acme_signals.three")
    }
    assert {"engine.market", "engine.market.days"} <= set(found.modules)
    assert "engine" not in found.modules
    assert {"statsmodels", "acme_other", "numpy"} <= found.packages
    assert not found.packages & ({"torch", "math"} | sys.stdlib_module_names)


def test_nothing_that_numbers_follow_from_is_imported_by_a_name_made_up_at_run_time() -> None:
    """A name in a variable is not seen: only what finds plug-ins, executors and kernels has one."""
    dynamic = {path.relative_to(ROOT).as_posix() for path in FILES if "import_module(" in path.read_text("utf-8")}
    assert dynamic == {
        *("engine/core/registry.py", "engine/jobs/executors.py", "engine/jobs/worker.py"),
        "engine/backtest/sweeps/device.py",  # as the next one
        "engine/features/device.py",  # a request that needs another device names its modules in ``RunSpec.uses``
        "engine/models/neural/kind.py",  # where a network is left to measurements: in ``ModelSpec.fingerprint``
        "engine/features/kernels/__init__.py",  # likewise; a benchmark has no key
        *("engine/machine/probe.py", "engine/machine/known.py"),  # an examination has no key
        "engine/benchmarks/operations/__init__.py",  # no key either
        "engine/features/sets/versions.py",  # a request has the features of a published set, not its name
    }


@pytest.mark.parametrize("package", ["export", "service", "tracking", "diagnosis", "tuning"])
def test_no_model_is_another_one_because_something_done_with_models_has_changed(package: str) -> None:
    kinds = {f"engine.models.kinds.{path.stem}" for path in FILES if path.parts[-3:-1] == ("models", "kinds")}
    assert "engine.models.kinds.linear" in kinds
    found = closure(frozenset({"engine.models.run", *kinds})).modules
    assert "engine.models.fitting" in found
    assert [name for name in found if name.startswith(f"engine.models.{package}")] == []


def test_nothing_is_imported_for_it() -> None:
    before = set(sys.modules)
    closure(frozenset({"engine.backtest.crosscheck.run"}))
    assert set(sys.modules) - before == set()
