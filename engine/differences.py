"""Where several specs differ, in the words of their forms."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from engine.registry import info, is_plugin
from engine.spec import Spec

NOT_THERE = "–"
"""What stands for a field that a spec does not have."""


@dataclass(frozen=True)
class Difference:
    """A field that is not the same in all specs: its dotted ``path``, the ``section`` and ``title`` of its control,
    and its value in each spec as text; ``NOT_THERE`` where a spec has no such field.
    """

    path: str
    section: str
    title: str
    values: tuple[str, ...]


def differences(specs: Sequence[Spec]) -> tuple[Difference, ...]:
    """The fields in which ``specs`` differ, in the order of the form; nothing for equal specs or a single one."""
    leaves = [{leaf.path: leaf for leaf in _leaves(spec, "", "")} for spec in specs]
    paths = _in_order([list(found) for found in leaves])
    rows = []
    for path in paths:
        texts = tuple(found[path].text if path in found else NOT_THERE for found in leaves)
        if len(set(texts)) > 1:
            leaf = next(found[path] for found in leaves if path in found)
            rows.append(Difference(path, leaf.section, leaf.title, texts))
    return tuple(rows)


@dataclass(frozen=True)
class _Leaf:
    path: str
    section: str
    title: str
    text: str


def _leaves(spec: Spec, prefix: str, section: str) -> Iterator[_Leaf]:
    """Every value in ``spec``, depth first; a plug-in's ``kind`` is its title and stands for the whole choice."""
    if is_plugin(type(spec)):
        yield _Leaf(f"{prefix}kind", section, section or "Kind", info(spec).title)
    for name, value in spec:
        if name == "kind":
            continue
        field = type(spec).model_fields[name]
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        title = field.title or name.replace("_", " ").capitalize()
        inner = str(extra.get("section") or section)
        path = f"{prefix}{name}"
        if isinstance(value, Spec):
            own = str(extra.get("section") or field.title or section)
            yield from _leaves(value, f"{path}.", own)
        elif isinstance(value, tuple) and any(isinstance(item, Spec) for item in value):
            for index, item in enumerate(value):
                yield from _leaves(item, f"{path}.{index}.", f"{title} {index + 1}")
        else:
            yield _Leaf(path, inner, title, _text(value, extra))


def _text(value: Any, extra: dict[str, Any]) -> str:
    """One value as its control shows it: the word of a choice, the unit behind a number."""
    choices = extra.get("choices") or {}
    if isinstance(value, typing.Hashable) and value in choices:
        return str(choices[value])
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    unit = f" {extra['unit']}" if extra.get("unit") else ""
    if isinstance(value, float) and extra.get("percent"):
        return f"{value * 100:,.10g}%"
    if isinstance(value, int | float):
        whole = isinstance(value, int) or value.is_integer()
        return f"{int(value):,}{unit}" if whole else f"{value:,.10g}{unit}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(_text(item, {}) for item in value) or "none"
    return f"{value}{unit}"


def _in_order(lists: Sequence[Sequence[str]]) -> list[str]:
    """Every path once: the first list's order, what others add behind the path that it follows there."""
    order: list[str] = []
    for paths in lists:
        place = 0
        for path in paths:
            if path in order:
                place = order.index(path) + 1
            else:
                order.insert(place, path)
                place += 1
    return order
