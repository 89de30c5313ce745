"""Pydantic's errors of a spec as sentences, in the words of the form."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo

from engine.core.errors import SpecError, did_you_mean

INNER = "stratoscope_problems"
"""Type of the error that carries the problems of a spec within a spec."""

_WHOLE, _NUMBER = "a whole number", "a number"
REQUIREMENTS = {
    "literal_error": "{expected}",
    "tuple_type": "a list",
    "model_type": "a mapping of its fields to values",
    **dict.fromkeys(("date_type", "date_parsing", "date_from_datetime_parsing"), "a date such as 2015-01-31"),
    "too_short": "a list of at least {min_length:,}",
    "too_long": "a list of at most {max_length:,}",
    "greater_than_equal": "at least {ge:,g}",
    "less_than_equal": "at most {le:,g}",
    "greater_than": "above {gt:,g}",
    "less_than": "below {lt:,g}",
    **dict.fromkeys(("int_parsing", "int_type", "int_from_float"), _WHOLE),
    "int_parsing_size": "a whole number of at most 18 digits",
    **dict.fromkeys(("float_parsing", "float_type", "finite_number"), _NUMBER),
}
"""What a value must be, by the type of pydantic's error; the braces are filled from the error's context."""


def spec_error(cls: type[BaseModel], error: ValidationError) -> SpecError:
    """The problems of a value that ``cls`` refuses, each with the path of its field."""
    items = error.errors()
    others = [item for item in items if item["loc"] == ("kind",) and item["type"] == "literal_error"]
    return SpecError([found for item in others or items for found in _explain(cls, item)])


def _explain(cls: type[BaseModel], item: Any) -> tuple[tuple[str, str], ...]:
    """(dotted path, sentence) for one pydantic error, in the words of the form."""
    path = ".".join(str(part) for part in item["loc"])
    owner, field = _locate(cls, item["loc"])
    name = (field.title if field else None) or path or cls.__name__
    context, value = item.get("ctx", {}), item.get("input")
    shown = field.json_schema_extra if field else None
    read = _in_percent if isinstance(shown, dict) and shown.get("percent") else _short
    if item["type"] == INNER:
        return SpecError(context["problems"]).under(path).problems
    match item["type"]:
        case "extra_forbidden":
            known = tuple(owner.model_fields)
            return ((path, f"'{path}' is not a field here.{did_you_mean(str(item['loc'][-1]), known)}"),)
        case "missing":
            return ((path, f"{name} is missing: {_needed(field)}."),)
        case "value_error":
            return ((path, str(context.get("error", item["msg"]))),)
    if item["type"] in REQUIREMENTS:
        return ((path, f"{name} must be {_requirement(item['type'], context, read)}, not {read(value)}."),)
    return ((path, f"{name}: {item['msg'][0].lower()}{item['msg'][1:]}, not {_short(value)}."),)


def _needed(field: FieldInfo | None) -> str:
    """What to give for a field that is missing: a value, or the fields without a default of the spec that it holds."""
    inner = _spec_in(field.annotation) if field else None
    demanded = [key for key, item in inner.model_fields.items() if item.is_required()] if inner else []
    return f"it needs {' and '.join(demanded)}" if demanded else "give a value"


def _requirement(kind: str, context: Mapping[str, Any], read: Callable[[Any], str]) -> str:
    """What a value must be; bounds as ``read`` prints them."""
    if read is _in_percent:
        context = {name: _Verbatim(read(value)) for name, value in context.items()}
    return REQUIREMENTS[kind].format(**context)


class _Verbatim(str):
    """Text that a number's format leaves as it is."""

    def __format__(self, _: str) -> str:
        return str(self)


def _in_percent(value: object) -> str:
    """A fraction as a percentage; what is no number as it is."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return _short(value)
    return f"{100 * value:,.12g}%"


def _locate(cls: type[BaseModel], path: tuple[int | str, ...]) -> tuple[type[BaseModel], FieldInfo | None]:
    """The spec class whose field ``path`` leads to or should, and the last field on the way."""
    field: FieldInfo | None = None
    for part in path[:-1]:
        if isinstance(part, str):  # a number is a place in a list
            field = cls.model_fields.get(part, field)
            cls = (_spec_in(field.annotation) if field else None) or cls
    return cls, cls.model_fields.get(str(path[-1]), field) if path else None


def _spec_in(annotation: Any) -> type[BaseModel] | None:
    """The spec class of a field, or of the items of its list."""
    if inspect.isclass(annotation) and not get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((found for item in get_args(annotation) if (found := _spec_in(item))), None)


def _short(value: object) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
