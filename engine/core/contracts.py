"""Contracts of plug-ins: what the class of one must declare and define, and what it must say of itself."""

from __future__ import annotations

import inspect
import sys
from collections.abc import Iterator, Mapping
from dataclasses import is_dataclass
from functools import cache
from typing import Any, ClassVar, get_args, get_origin, get_type_hints

import numpy as np
from pydantic import TypeAdapter, ValidationError

from engine.core.spec import PLUGIN_MODULES, Spec

MARK = "__stratoscope_plugin__"
"""The attribute in which a plug-in's class keeps its ``PluginInfo``."""

_OWN = "engine."
_WORDS = {"str": "text", "bool": "True or False", "float": "a number", "Count": "a whole number, not below 0"}


def is_plugin(cls: type) -> bool:
    """Whether ``cls`` itself was made a plug-in."""
    return MARK in vars(cls)


def is_built_in(cls: type) -> bool:
    """Whether ``cls`` comes with the engine, whose conformance tests keep its contract."""
    return cls.__module__.startswith(_OWN)


def is_plugin_module(name: str) -> bool:
    """Whether the module ``name`` holds a plug-in that does not come with the engine."""
    if name.startswith(f"{PLUGIN_MODULES}."):
        return True
    values = () if name.startswith(_OWN) else tuple(vars(sys.modules.get(name, object())).values())
    return any(isinstance(value, type) and value.__module__ == name and is_plugin(value) for value in values)


def require_contract(cls: type[Spec]) -> None:
    """Raise ``TypeError`` with a sentence where the class of a plug-in lacks a method that its base asks for, has one
    that cannot be called as the base's is, or declares a class variable that is not what its base says.
    """
    for problem in (*_missing(cls), *_misdeclared(cls), *_uncallable(cls)):
        raise TypeError(problem)
    if problem := cls.contract_problem():
        raise TypeError(f"{cls.__name__} {problem}")


def _missing(cls: type[Spec]) -> Iterator[str]:
    for name in sorted(getattr(cls, "__abstractmethods__", ())):
        yield f"{cls.__name__} has no method {name}{_parameters(inspect.signature(getattr(cls, name)))}"


def _misdeclared(cls: type[Spec]) -> Iterator[str]:
    for base in _bases(cls):
        for name, hint in inspect.get_annotations(base, eval_str=True).items():
            origin: Any = get_origin(hint)
            if origin is not ClassVar:
                continue
            (expected,), declared = get_args(hint), str(inspect.get_annotations(base)[name])
            advice = f"write {name}: {declared}{_example(expected)}"
            if name in cls.model_fields:
                yield f"{cls.__name__}.{name} is a field of the form: {advice}"
            elif not hasattr(cls, name):
                yield f"{cls.__name__} has no {name}: {advice}"
            elif not fits(expected, getattr(cls, name)):
                yield f"{cls.__name__}.{name} is {getattr(cls, name)!r:.60}: {advice}"


def _example(hint: Any) -> str:
    """What to assign, where that is a tuple of named things."""
    item = next(iter(get_args(hint)), None)
    return f' = ({item.__name__}("…"),)' if is_dataclass(item) and isinstance(item, type) else ""


def _uncallable(cls: type[Spec]) -> Iterator[str]:
    """Methods of the contract that were given other parameters."""
    for name, method in _members(cls).items():
        declared = next((vars(base)[name] for base in _bases(cls) if name in vars(base)), None)
        if name.startswith("_") or not inspect.isfunction(declared) or isinstance(method, classmethod | staticmethod):
            continue
        signature = inspect.signature(declared)
        call = f"{name}{_parameters(signature)}"
        if not callable(method):
            yield f"{cls.__name__}.{name} is not a method: define {call}"
        elif not _can_be_called(inspect.signature(method), signature):
            yield f"{cls.__name__}.{name}{_parameters(inspect.signature(method))} must be callable as {call}"


def _parameters(signature: inspect.Signature) -> str:
    """The parameters as they are written, without their types."""
    empty = inspect.Parameter.empty
    plain = [item.replace(annotation=empty) for item in signature.parameters.values()]
    return str(signature.replace(parameters=plain, return_annotation=inspect.Signature.empty))


def _can_be_called(signature: inspect.Signature, contract: inspect.Signature) -> bool:
    """Whether a call with every parameter is possible: those with a default may come by their names."""
    parameters = contract.parameters.values()
    needed = [None for item in parameters if item.default is item.empty]
    named = {item.name: None for item in parameters if item.default is not item.empty}
    try:
        signature.bind(*needed, **named)
    except TypeError:
        return False
    return True


def _members(cls: type[Spec]) -> Mapping[str, Any]:
    """What ``cls`` and those of its bases define that do not come with the engine."""
    classes = [base for base in cls.__mro__ if issubclass(base, Spec) and base not in _bases(cls)]
    return {name: value for base in reversed(classes) for name, value in vars(base).items()}


def _bases(cls: type[Spec]) -> list[type[Spec]]:
    """The classes that state the contract of ``cls``, the nearest first."""
    return [base for base in cls.__mro__[1:] if issubclass(base, Spec) and is_built_in(base)]


def description_problem(spec: Spec) -> str:
    """What is wrong with an answer of ``spec`` to a method of ``descriptions``, as the end of a sentence that begins
    with its name; "" for nothing.
    """
    for name in type(spec).descriptions:
        value, declared = getattr(spec, name)(), _returned(type(spec), name)
        if not fits(declared.hint, value):
            return f"returned {value!r:.40}: {name}() must return {_WORDS.get(declared.text, declared.text)}."
    return ""


class _Returned:
    """What the contract says that a method returns: its type, and that in words."""

    def __init__(self, hint: Any, text: str) -> None:
        self.hint, self.text = hint, text


@cache
def _returned(cls: type[Spec], name: str) -> _Returned:
    method = next(vars(base)[name] for base in (cls, *_bases(cls)) if name in vars(base) and is_built_in(base))
    hints = get_type_hints(method, include_extras=True)
    return _Returned(hints["return"], str(inspect.get_annotations(method)["return"]))


def fits(hint: Any, value: object) -> bool:
    """Whether ``value`` is of the type ``hint``, and if it holds dataclasses whether their fields are."""
    plain = _plain(value)
    try:
        _adapter(hint).validate_python(plain, strict=True)
    except ValidationError:
        return False
    items = plain if isinstance(plain, tuple | frozenset) else (plain,)
    parts = [part for part in items if is_dataclass(part)]
    return all(
        fits(expected, getattr(part, name)) for part in parts for name, expected in get_type_hints(type(part)).items()
    )


def _plain(value: object) -> object:
    """NumPy's numbers as Python's."""
    if isinstance(value, tuple):
        return tuple(_plain(item) for item in value) if type(value) is tuple else value
    return value.item() if isinstance(value, np.generic) else value


@cache
def _adapter(hint: Any) -> TypeAdapter[Any]:
    return TypeAdapter(hint)
