"""Plain values of a spec: nested mappings and lists, addressed by dotted paths such as ``features.0.window``."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from dashboard.components.fields import Field, Values, class_of, fields_of, name_of, plain
from engine.core.spec import Spec, kind_name


def complete(cls: type[Spec], stated: Values) -> dict[str, Any]:
    """Plain values for ``cls``: those given, the defaults for the rest, the first plug-in where none is named."""
    values: dict[str, Any] = {"kind": kind} if (kind := kind_name(cls)) else {}
    for item in fields_of(cls):
        value = stated.get(name_of(item), item.default)
        if item.control == "plugin" and not value and item.registry and not item.optional:
            value = {"kind": next(iter(item.registry.available()), "")}
        if item.control == "plugins":
            value = [completed(item, part) for part in value or ()]
        elif item.control in ("plugin", "group") and not (item.optional and value is None):
            value = completed(item, value or {})
        values[name_of(item)] = plain(value)
    return values


def completed(item: Field, value: Values) -> dict[str, Any]:
    """Plain values of the spec that ``item`` holds when it is given ``value``."""
    cls = class_of(item, value)
    return complete(cls, value) if cls else dict(value)


def put(values: dict[str, Any], path: str, value: Any) -> None:
    """Set what is at ``path``; missing mappings on the way are made."""
    *way, last = path.split(".")
    place: Any = values
    for part in way:
        place = place[int(part)] if isinstance(place, list) else place.setdefault(part, {})
    place[int(last) if isinstance(place, list) else last] = value


def get(values: Any, path: str, absent: Any = None) -> Any:
    """What is at ``path``, or ``absent``."""
    for part in path.split("."):
        if isinstance(values, list) and part.isdigit() and int(part) < len(values):
            values = values[int(part)]
        elif isinstance(values, Mapping):
            if part not in values:
                return absent
            values = values[part]
        else:
            return absent
    return values


def leaves(values: Values, path: str) -> dict[str, Any]:
    """What is in nested mappings, each value by its own path below ``path``."""
    found: dict[str, Any] = {}
    for name, value in values.items():
        found |= leaves(value, f"{path}.{name}") if isinstance(value, Mapping) else {f"{path}.{name}": value}
    return found


def known(cls: type[Spec], values: Values) -> dict[str, Any]:
    """``values`` without names that ``cls`` lacks: a plug-in that was just chosen still has its predecessor's."""
    found = {"kind": values["kind"]} if "kind" in values else {}
    for item in fields_of(cls):
        if name_of(item) not in values:
            continue
        value = values[name_of(item)]
        if item.control == "plugins" and isinstance(value, list):
            value = [_valid(item, part) for part in value]
        found[name_of(item)] = _valid(item, value)
    return found


def _valid(item: Field, value: Any) -> Any:
    cls = class_of(item, value) if isinstance(value, Mapping) else None
    return known(cls, value) if cls else value


def lists(value: Any) -> Any:
    """Mappings whose keys are all numbers become lists, in the order of the numbers."""
    if not isinstance(value, dict):
        return value
    inner = {key: lists(item) for key, item in value.items()}
    if inner and all(key.isdigit() for key in inner):
        return [inner[key] for key in sorted(inner, key=int)]
    return inner


def without(values: Values, paths: Sequence[str]) -> dict[str, Any]:
    """A copy with None at ``paths``."""
    cleaned: dict[str, Any] = json.loads(json.dumps(values))
    for path in paths:
        put(cleaned, path, None)
    return cleaned


def compact(value: object) -> str:
    """Canonical JSON of plain values."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"))
