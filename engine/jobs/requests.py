"""The kinds of requests, found by discovery, and reading one.

A kind is a spec class in a ``spec.py`` of the engine, or in a module that an entry point of the group
``stratoscope.runs`` names.
"""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Iterator, Mapping
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import NamedTuple, TypeVar

import yaml

from engine.core.documents import read_yaml, yaml_error
from engine.core.errors import ConfigError, SpecError, did_you_mean
from engine.core.registry import entry_points, load_module, own_classes
from engine.core.spec import Action, RunSpec, Spec, kind_name

S = TypeVar("S", bound=Spec)

GROUP = "stratoscope.runs"
_ROOT = Path(__file__).parents[1]


class _Found(NamedTuple):
    classes: Mapping[str, type[RunSpec] | type[Action]]
    problems: tuple[str, ...]


def run_kinds() -> Mapping[str, type[RunSpec]]:
    """The classes of specs that ``run`` computes, by the value of their ``kind``, in alphabetical order."""
    return {kind: cls for kind, cls in _discover().classes.items() if issubclass(cls, RunSpec)}


def problems() -> tuple[str, ...]:
    """A sentence for each module of an entry point that is left out: it failed to load, or its kind is taken."""
    return _discover().problems


def action_kinds() -> Mapping[str, type[Action]]:
    """The classes of actions that ``actions.perform`` does, by the value of their ``kind``, in alphabetical order."""
    return {kind: cls for kind, cls in _discover().classes.items() if issubclass(cls, Action)}


def load_spec(source: str | bytes | Mapping[str, object]) -> RunSpec:
    """The spec in a mapping or in YAML or JSON text, identified by its ``kind``. Raises ``SpecError``."""
    return _load(source, run_kinds())


def load_action(source: str | bytes | Mapping[str, object]) -> Action:
    """``load_spec`` of an action."""
    return _load(source, action_kinds())


def load_request(source: str | bytes | Mapping[str, object]) -> RunSpec | Action:
    """``load_spec`` of a run or an action."""
    return _load(source, _discover().classes)


def _load(source: str | bytes | Mapping[str, object], kinds: Mapping[str, type[S]]) -> S:
    values = _mapping(source) if isinstance(source, str | bytes) else source
    if not isinstance(values, Mapping):
        raise SpecError([("", "A spec is a mapping with a field 'kind'.")])
    kind = values.get("kind")
    if kind is None:
        raise SpecError([("kind", f"The field 'kind' must be one of: {', '.join(kinds)}.")])
    if not isinstance(kind, str) or kind not in kinds:
        failed = "".join(f" {problem}" for problem in problems())
        text = f"'{str(kind)[:60]}' cannot be run.{failed}{did_you_mean(str(kind), tuple(kinds))}"
        raise SpecError([("kind", text)])
    return kinds[kind].parse(values)


@cache
def _discover() -> _Found:
    found: dict[str, type[RunSpec] | type[Action]] = {}
    problems: list[str] = []
    for load in _loaders():
        try:
            module = load()
        except ConfigError as error:
            problems.append(str(error))
            continue
        for cls in own_classes(module):
            kind = kind_name(cls) if issubclass(cls, RunSpec | Action) else ""
            if kind and found.setdefault(kind, cls) is not cls:
                first, second = found[kind].__module__, cls.__module__
                problems.append(
                    f"Two kinds of requests are called '{kind}', in {first} and {second}: the first is used."
                )
    return _Found(dict(sorted(found.items())), tuple(problems))


def _loaders() -> Iterator[Callable[[], ModuleType]]:
    for path in sorted(_ROOT.rglob("spec.py")):
        name = ".".join((_ROOT.name, *path.relative_to(_ROOT).with_suffix("").parts))
        yield partial(importlib.import_module, name)
    for entry in entry_points(GROUP):
        yield partial(load_module, entry.module)


def _mapping(text: str | bytes) -> object:
    """JSON is tried first: it is read a hundred times faster, and YAML takes its escapes for something else. A key that
    is there twice is left to YAML, which knows the line.
    """
    try:
        return json.loads(text, object_pairs_hook=_distinct)
    except (ValueError, RecursionError):
        pass
    try:
        return read_yaml(text)
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # ValueError: a date such as 2024-02-30
        reason = yaml_error(error)
        raise SpecError([("", f"{reason[:1].upper()}{reason[1:]}.")]) from None


def _distinct(pairs: list[tuple[str, object]]) -> dict[str, object]:
    values = dict(pairs)
    if len(values) < len(pairs):
        raise ValueError("A key appears twice.")
    return values
