"""The fields of a request by their dotted paths, those inside the items of its lists included."""

from __future__ import annotations

import types
import typing
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Any, Literal, NamedTuple, TypeVar

from pydantic.fields import FieldInfo

from engine.core.errors import SpecError
from engine.core.registry import info, is_plugin
from engine.core.spec import RunSpec, Spec

S = TypeVar("S", bound=Spec)
_FIXED = ("kind", "market", "capital", "warm_up")


def changed(base: S, values: Mapping[str, Any]) -> S:
    """``base`` with plain ``values`` at dotted paths. Raises ``SpecError`` where they are not valid together.

    Only the specs on the path to a value are parsed again, which dominates the time of a sweep over nested rules.
    """
    return typing.cast(S, _changed(base, values))


def _changed(value: Any, values: Mapping[str, Any]) -> Any:
    """A spec, or a tuple of them, with ``values`` inside."""
    parts = dict(value) if isinstance(value, Spec) else {str(at): item for at, item in enumerate(value)}
    further: dict[str, dict[str, Any]] = {}
    for path, new in values.items():
        name, _, rest = path.partition(".")
        if rest:
            further.setdefault(name, {})[rest] = new
        else:
            parts[name] = new
    for name, inner in further.items():
        try:
            parts[name] = _changed(parts[name], inner)
        except SpecError as error:
            raise error.under(name) from None
    return type(value).parse(parts) if isinstance(value, Spec) else tuple(parts.values())


class FieldRef(NamedTuple):
    """A numeric or categorical field: its spec, its name, and its unambiguous title."""

    owner: Spec
    name: str
    title: str


def leaves(base: Spec) -> dict[str, FieldRef]:
    """Every numeric and categorical field of ``base`` by path, except those of its input runs.

    Items of a list are titled by position and plug-in, as "Enter long 2: RSI window". Equal titles are distinguished by
    the field that holds the plug-in: "Enter long 1: SMA window (against)".
    """
    found = list(_walk(base, "", "", ""))
    often = Counter(title for _, _, _, title, _ in found)
    return {
        path: FieldRef(owner, name, f"{title} ({held.lower()})" if held and often[title] > 1 else title)
        for path, owner, name, title, held in found
    }


def _walk(spec: Spec, prefix: str, place: str, held: str) -> Iterator[tuple[str, Spec, str, str, str]]:
    """(path, owner, name, title, title of the field that holds the owner); ``place`` is the position in a list."""
    for name, field in type(spec).model_fields.items():
        value, title, path = getattr(spec, name), field.title or name, f"{prefix}{name}"
        if name in _FIXED or isinstance(value, RunSpec):
            continue
        if isinstance(value, Spec):
            yield from _walk(value, f"{path}.", place, title)
        elif isinstance(value, tuple):
            for at, item in enumerate(value):
                if isinstance(item, Spec):
                    inner = f"{place}.{at + 1}" if place else f"{title} {at + 1}"
                    yield from _walk(item, f"{path}.{at}.", inner, "")
        elif kind_of(field) is not None:
            kind = f"{info(spec).title} {title.lower()}" if held and is_plugin(type(spec)) else title
            yield path, spec, name, f"{place}: {kind}" if place else title, held if place else ""


def kind_of(field: FieldInfo) -> type | None:
    """int, float, or str for a categorical field; None for a field that cannot vary."""
    hint: Any = field.annotation
    united = isinstance(hint, types.UnionType) or typing.get_origin(hint) is typing.Union
    options = typing.get_args(hint) if united else (hint,)
    hints = [item for item in options if item is not type(None)]
    if len(hints) != 1:
        return None
    if hints[0] in (int, float):
        return typing.cast(type, hints[0])
    return str if hints[0] is bool or typing.get_origin(hints[0]) is Literal else None
