"""Differences of several specs, with the titles of their forms."""

from __future__ import annotations

import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from pydantic.fields import FieldInfo

from engine.core.registry import info, is_plugin
from engine.core.spec import CURRENCY, Spec

ABSENT = "–"
"""Placeholder for a field that a spec does not have."""

_MISSING = object()


@dataclass(frozen=True)
class Difference:
    """A field that is not the same in all specs: its dotted ``path``, the ``section`` and ``title`` of its control,
    and its value in each spec as text; ``ABSENT`` where a spec has no such field.
    """

    path: str
    section: str
    title: str
    values: tuple[str, ...]


def differences(specs: Sequence[Spec]) -> tuple[Difference, ...]:
    """The fields in which ``specs`` differ, in the order of the form; nothing for equal specs or a single one.

    Where one has another plug-in than the others the choice is one field, each plug-in with its settings one value.
    """
    return tuple(_differing(specs, "", "")) if len(specs) > 1 else ()


def _differing(specs: Sequence[Spec], prefix: str, section: str) -> Iterator[Difference]:
    for name, field in _fields(specs):
        extra = field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {}
        title = field.title or name.replace("_", " ").capitalize()
        values = [getattr(spec, name) if name in type(spec).model_fields else _MISSING for spec in specs]
        yield from _compared(values, f"{prefix}{name}", str(extra.get("section") or section), title, extra)


def _compared(
    values: Sequence[Any], path: str, section: str, title: str, extra: Mapping[str, Any]
) -> Iterator[Difference]:
    """The differences among the ``values`` of one field."""
    if all(isinstance(value, Spec) and type(value) is type(values[0]) for value in values):
        yield from _differing(values, f"{path}.", str(extra.get("section") or title))
    elif any(_is_list(value) for value in values):
        lists = [value if _is_list(value) else () for value in values]
        for index in range(max(map(len, lists))):
            items = [value[index] if index < len(value) else _MISSING for value in lists]
            yield from _compared(items, f"{path}.{index}", section, f"{title} {index + 1}", {})
    else:
        texts = tuple(_text(value, extra) for value in values)
        if len(set(texts)) > 1:
            yield Difference(path, section or title, title, texts)


def _fields(specs: Sequence[Spec]) -> list[tuple[str, FieldInfo]]:
    """The fields of all ``specs`` in the order of the first, followed by those that only others have."""
    found: dict[str, FieldInfo] = {}
    for spec in specs:
        for name, field in type(spec).model_fields.items():
            if name != "kind":
                found.setdefault(name, field)
    return list(found.items())


def _is_list(value: object) -> bool:
    return isinstance(value, tuple) and any(isinstance(item, Spec) for item in value)


def _named(spec: Spec) -> str:
    """A plug-in with its settings: the label that it gives itself, or its title and the values of its fields."""
    if type(spec).label is not Spec.label or not is_plugin(type(spec)):
        return spec.label()
    texts = [
        _text(value, field.json_schema_extra if isinstance(field.json_schema_extra, dict) else {})
        for (name, value), field in zip(spec, type(spec).model_fields.values(), strict=True)
        if name != "kind"
    ]
    return ", ".join([info(spec).title, *texts])


def _text(value: Any, extra: Mapping[str, Any]) -> str:
    """One value as its control shows it: the word of a choice, the unit behind a number."""
    if value is _MISSING:
        return ABSENT
    if isinstance(value, Spec):
        return _named(value)
    choices = extra.get("choices") or {}
    if isinstance(value, typing.Hashable) and value in choices:
        return str(choices[value])
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "yes" if value else "no"
    known = extra.get("unit", "")
    unit = known if known in ("%", "") else "" if known == CURRENCY else f" {known}"
    if isinstance(value, float) and extra.get("percent"):
        return f"{value * 100:,.10g}%"
    if isinstance(value, int | float):
        is_integer = isinstance(value, int) or value.is_integer()
        return f"{int(value):,}{unit}" if is_integer else f"{value:,.10g}{unit}"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, tuple):
        return ", ".join(_text(item, {}) for item in value) or "none"
    return f"{value}{unit}"
