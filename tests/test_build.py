"""The files that build Stratoscope: the lock pins everything and names no place to download from."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parents[1]
LOCK = (ROOT / "requirements.lock").read_text(encoding="utf-8").splitlines()
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]


def pins() -> list[Requirement]:
    return [Requirement(line) for line in LOCK if line and not line.startswith("#")]


def test_every_line_of_the_lock_pins_one_exact_version() -> None:
    assert pins()
    for pin in pins():
        assert re.fullmatch(r"==[0-9A-Za-z.]+", str(pin.specifier)), f"{pin} is not an exact, public version"
        assert pin.url is None


def test_lock_names_no_address_and_no_path() -> None:
    assert not [line for line in LOCK if re.search(r"://|--|file:|(^|\s)/", line)]


@pytest.mark.parametrize("text", [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["test"]])
def test_every_dependency_is_locked_within_its_bounds(text: str) -> None:
    wanted = Requirement(text)
    locked = [pin for pin in pins() if canonicalize_name(pin.name) == canonicalize_name(wanted.name)]
    assert locked, f"{wanted.name} is not in requirements.lock: run `make lock`"
    for pin in locked:
        assert wanted.specifier.contains(str(pin.specifier).removeprefix("=="))


def test_changelog_tells_of_this_version() -> None:
    assert f"\n## {PROJECT['version']}" in (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
