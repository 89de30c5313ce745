"""YAML with unique keys: a repeated key is an error."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Any

import yaml

_MERGE = "tag:yaml.org,2002:merge"  # what "<<" brings may be overridden: that is what it is for


class _Distinct(yaml.SafeLoader):
    """Refuses what YAML 1.2 forbids and the library lets pass (section 3.2.1.1: the keys of a mapping are unique)."""

    def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
        seen: set[Hashable] = set()
        for name, _ in node.value if isinstance(node, yaml.MappingNode) else ():
            if name.tag == _MERGE or not isinstance(key := self.construct_object(name, deep=True), Hashable):
                continue
            if key in seen:
                raise RepeatedKey(None, None, f"'{str(key)[:60]}' appears twice", name.start_mark)
            seen.add(key)
        return super().construct_mapping(node, deep)


class RepeatedKey(yaml.constructor.ConstructorError):
    """A mapping has a key twice: ``problem`` names it, ``problem_mark`` is where it comes again."""


def read_yaml(text: str | bytes) -> Any:
    """The plain values in YAML 1.1 or JSON text; nothing in it is run.

    Raises ``yaml.YAMLError`` (``RepeatedKey`` for a key that is there twice), ``RecursionError`` for what is nested
    beyond reason and ``ValueError`` for a date such as 2024-02-30; ``yaml_error`` makes a sentence of each.
    """
    loader = _Distinct(text)
    try:
        return loader.get_single_data()
    finally:
        loader.dispose()


def yaml_error(error: Exception) -> str:
    """The error of a document, with its line if known, without a full stop."""
    mark = getattr(error, "problem_mark", None)
    line = f"line {mark.line + 1}: " if mark else ""
    problem = getattr(error, "problem", None) or str(error).splitlines()[0]
    return f"{line}{problem}" if isinstance(error, RepeatedKey) else f"{line}this is not valid YAML: {problem}"
