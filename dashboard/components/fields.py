"""Fields of a form, derived from a spec class: each one with its title, unit, bounds, choices and default."""

from __future__ import annotations

import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from engine.core.errors import SpecError
from engine.core.registry import Registry
from engine.core.spec import Spec, conditions

Control = Literal["number", "numbers", "text", "date", "switch", "choice", "many", "group", "plugin", "plugins"]
Values = Mapping[str, Any]


@dataclass(frozen=True)
class Field:
    """One field of a spec class, as a form sees it.

    ``control`` follows from the annotation; "numbers" are several, typed as text, and the bounds are those of each;
    "group" is a nested spec, "plugin" and "plugins" are one and several specs of ``registry``. ``default`` is a plain
    value (JSON), None where a value must be given. The bounds and the step of a ``percent``, a fraction, are
    percentages; its default is not. ``when`` are paths of other fields, and the values of these for which this one
    means anything. ``stored`` is the sort of what the text names (``stored_options``). ``multiline`` text has several
    lines, over the whole width of the form. ``without`` are plug-ins of ``registry`` that the field does not take, and
    a ``single`` one takes none that is made of others.
    """

    path: str
    title: str
    control: Control
    default: Any
    optional: bool = False
    help: str = ""
    unit: str = ""
    percent: bool = False
    section: str = ""
    choices: tuple[tuple[Any, str], ...] = ()
    low: float | None = None
    high: float | None = None
    step: float | None = None
    spec: type[Spec] | None = None
    registry: Registry[Any] | None = None
    when: tuple[tuple[str, tuple[Any, ...]], ...] = ()
    stored: str = ""
    multiline: bool = False
    without: tuple[str, ...] = ()
    single: bool = False


def fields_of(cls: type[Spec], prefix: str = "") -> tuple[Field, ...]:
    """The fields of ``cls`` in the order of their definition, those that are seldom set after the others, without
    ``kind``; paths start with ``prefix``.
    """
    named = sorted(((name, info) for name, info in cls.model_fields.items() if name != "kind"), key=_is_seldom)
    return tuple(_field(f"{prefix}.{name}" if prefix else name, info) for name, info in named)


def walk(cls: type[Spec], values: Values, prefix: str = "") -> Iterator[Field]:
    """Every field that a form for ``values`` shows, depth first; the values' ``kind`` decides about plug-ins."""
    for field in fields_of(cls, prefix):
        yield field
        value = values.get(name_of(field), field.default)
        items = enumerate(value or ()) if field.control == "plugins" else ((None, value),)
        for index, item in items:
            path = field.path if index is None else f"{field.path}.{index}"
            chosen = class_of(field, item)
            if chosen is not None:
                yield from walk(chosen, item if isinstance(item, Mapping) else {}, path)


def class_of(field: Field, value: object) -> type[Spec] | None:
    """The spec class behind a group or a plug-in's value. Raises ``SpecError`` for a plug-in that does not exist."""
    if field.registry is not None and isinstance(value, Mapping) and value.get("kind"):
        try:
            return typing.cast("type[Spec]", field.registry.get(str(value["kind"])))
        except SpecError as error:
            raise error.under(field.path) from None
    return field.spec if field.control == "group" else None


def find(cls: type[Spec], values: Values, path: str) -> Field:
    """The field at ``path``. Raises ``SpecError``."""
    for field in walk(cls, values):
        if field.path == path:
            return field
    raise SpecError([(path, "The form has no such field: reload the page.")])


def name_of(field: Field) -> str:
    """The field's name in its own spec."""
    return field.path.rsplit(".", 1)[-1]


def plain(value: object) -> Any:
    """JSON values of a default: specs become mappings, tuples lists, dates text."""
    if isinstance(value, Spec):
        return value.model_dump(mode="json")
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    return value.isoformat() if isinstance(value, date) else value


def to_percent(value: Any) -> Any:
    """A fraction in percent, without the rounding error of the product: 0.07 gives 7. Other values are returned
    unchanged.
    """
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return float(f"{100 * value:.12g}")


def _field(path: str, info: FieldInfo) -> Field:
    extra = info.json_schema_extra if isinstance(info.json_schema_extra, dict) else {}
    form: dict[str, Any] = dict(extra)
    annotation, metadata, optional = _unwrap(info.annotation, list(info.metadata))
    control, registry = _control(annotation, metadata)
    if control == "numbers":
        annotation, attached, _ = _unwrap(typing.get_args(annotation)[0], [])
        metadata = [part for item in attached for part in getattr(item, "metadata", (item,))]
    choices = form.get("choices") or {}
    if control == "choice":
        choices = {value: choices.get(value, str(value)) for value in typing.get_args(annotation)}
    bounds = {
        name: getattr(item, name) for item in metadata for name in ("ge", "gt", "le", "lt") if hasattr(item, name)
    }
    low, high = bounds.get("ge", bounds.get("gt")), bounds.get("le", bounds.get("lt"))
    step, is_percent = form.get("step") or (1 if annotation is int else None), bool(form.get("percent"))
    return Field(
        path=path,
        title=info.title or path.rsplit(".", 1)[-1].replace("_", " ").capitalize(),
        control=control,
        default=_default(info, form),
        optional=optional,
        help=info.description or "",
        unit="%" if is_percent else str(form.get("unit", "")),
        percent=is_percent,
        section=str(form.get("section", "")),
        choices=tuple(choices.items()),
        low=to_percent(low) if is_percent else low,
        high=to_percent(high) if is_percent else high,
        step=to_percent(step) if is_percent else step,
        spec=annotation if control == "group" else None,
        registry=registry,
        stored=str(form.get("stored", "")),
        multiline=bool(form.get("multiline")),
        without=tuple(form.get("without", ())),
        single=bool(form.get("single")),
        when=tuple((_sibling(path, name), tuple(values)) for name, values in conditions(info).items()),
    )


def _sibling(path: str, name: str) -> str:
    """The path of the field ``name`` of the same spec."""
    return ".".join([*path.split(".")[:-1], name])


def _is_seldom(named: tuple[str, FieldInfo]) -> bool:
    extra = named[1].json_schema_extra
    return isinstance(extra, dict) and bool(extra.get("seldom"))


def _default(info: FieldInfo, form: Mapping[str, Any]) -> Any:
    value = info.get_default(call_default_factory=True, validated_data={})
    return plain(form.get("suggested") if value is PydanticUndefined else value)


def _unwrap(annotation: Any, metadata: list[Any]) -> tuple[Any, list[Any], bool]:
    """The annotation without ``Annotated`` and ``| None``, what was attached to it, and whether None is allowed."""
    if typing.get_origin(annotation) is typing.Annotated:
        inner, *attached = typing.get_args(annotation)
        return _unwrap(inner, [*metadata, *attached])
    if typing.get_origin(annotation) in (types.UnionType, typing.Union):
        options = [item for item in typing.get_args(annotation) if item is not type(None)]
        if len(options) < len(typing.get_args(annotation)):
            inner, found, _ = _unwrap(options[0], metadata)
            return inner, found, True
    return annotation, metadata, False


def _control(annotation: Any, metadata: list[Any]) -> tuple[Control, Registry[Any] | None]:
    origin, arguments = typing.get_origin(annotation), typing.get_args(annotation)
    registry = next((item for item in metadata if isinstance(item, Registry)), None)
    if origin is tuple and arguments:
        item, attached, _ = _unwrap(arguments[0], [])
        if item in (int, float):
            return "numbers", None
        inner = next((item for item in attached if isinstance(item, Registry)), None)
        return ("plugins", inner) if inner else ("many", None)
    if registry is not None:
        return "plugin", registry
    if origin is Literal:
        return "choice", None
    if isinstance(annotation, type) and issubclass(annotation, Spec):
        return "group", None
    by_type: dict[Any, Control] = {bool: "switch", int: "number", float: "number", date: "date"}
    return by_type.get(annotation, "text"), None
