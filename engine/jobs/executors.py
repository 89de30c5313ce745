"""Executors: the functions that compute requests, each registered for its spec in the ``run.py`` beside it.

A request is a leaf and does not import its executor. An executor is imported to compute or to read a stored result, and
not for a form, a list or a run key.
"""

from __future__ import annotations

import importlib
import importlib.util
import typing
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from typing import Any, TypeVar

from engine.core.errors import ConfigError
from engine.core.plugin_errors import require_result
from engine.core.progress import Progress
from engine.core.spec import Action, RunSpec, Spec

F = TypeVar("F", bound=Callable[..., Any])

_KEY: ContextVar[str] = ContextVar("run key", default="")
_EXECUTOR, _POINT_IN_TIME = "__stratoscope_executor__", "__stratoscope_point_in_time__"


def computes(spec: type[RunSpec]) -> Callable[[F], F]:
    """Register ``function(spec, inputs, progress)`` as what computes ``spec``.

    ``inputs`` holds the results of ``spec.inputs()`` by name. The return annotation is the result type, a frozen
    dataclass (see ``store.Result``). Same spec, same machine: bit-identical.
    """
    return _registers(spec, _EXECUTOR)


def performs(action: type[Action]) -> Callable[[F], F]:
    """Register ``function(action, progress)`` as what performs ``action``; its return annotation is the type of the
    report, a frozen dataclass (see ``store.Result``).
    """
    return _registers(action, _EXECUTOR)


def point_in_time(spec: type[RunSpec]) -> Callable[[F], F]:
    """Register ``function(spec, result)`` as what ``as_of`` calls for ``spec``."""
    return _registers(spec, _POINT_IN_TIME)


def _registers(spec: type[Spec], mark: str) -> Callable[[F], F]:
    def register(function: F) -> F:
        setattr(spec, mark, staticmethod(function))
        return function

    return register


def compute(spec: RunSpec, inputs: Mapping[str, Any], progress: Progress, key: str = "") -> Any:
    """The result of ``spec``, computed now: nothing is read from the store and nothing written to it. ``key`` is the
    run's, "" for what is not stored. Raises ``PluginError`` where it is not of the type that the executor names.
    """
    token = _KEY.set(key)
    try:
        result = executor(type(spec))(spec, inputs, progress)
    finally:
        _KEY.reset(token)
    require_result(spec, result, result_type(spec))
    return result


def running_key() -> str:
    """The key of the run that is computed here, for an executor that keeps parts of it; "" where there is none."""
    return _KEY.get()


def result_type(spec: RunSpec | Action) -> Any:
    """The class of the result of ``spec``, or of the report on it. Raises ``ConfigError`` where its executor does not
    say.
    """
    function = executor(type(spec))
    found = typing.get_type_hints(function).get("return")
    if found is None:
        raise ConfigError(f"{function.__module__}.{function.__name__} has no return annotation: name the result type.")
    return found


def as_of(spec: RunSpec, result: Any) -> Callable[[Any], Any]:
    """A function that returns ``result`` as of a moment (datetime64[ms] in UTC), for look-ahead checks: recomputed from
    the bars that had ended by then.

    Where nothing is registered it returns ``result`` itself, which is right for results that use no bars.
    """
    executor(type(spec))
    registered: Callable[..., Callable[[Any], Any]] | None = getattr(type(spec), _POINT_IN_TIME, None)
    return registered(spec, result) if registered else lambda moment: result


def executor(spec: type[Spec]) -> Callable[..., Any]:
    """The function that computes or performs requests of the class ``spec``, its module imported. Raises
    ``ConfigError`` where there is none.
    """
    if not hasattr(spec, _EXECUTOR) and (name := _run_module(spec)):
        importlib.import_module(name)
    try:
        return typing.cast(Callable[..., Any], getattr(spec, _EXECUTOR))
    except AttributeError:
        name = spec.__name__
        decorator = "performs" if issubclass(spec, Action) else "computes"
        text = f"Nothing {decorator} {name}: register a function with @{decorator}({name})."
        raise ConfigError(text) from None


def executor_module(spec: type[Spec]) -> str:
    """The name of the module whose function computes ``spec``, without importing it; that of the spec where none is
    known yet.
    """
    if hasattr(spec, _EXECUTOR):
        return str(getattr(spec, _EXECUTOR).__module__)
    return _run_module(spec) or spec.__module__


def _run_module(spec: type[Spec]) -> str:
    """The module ``run`` in the package of the ``spec``; "" where there is none."""
    for cls in spec.__mro__:
        package, _, module = cls.__module__.rpartition(".")
        if (
            module == "spec"
            and cls.__module__ != Spec.__module__
            and importlib.util.find_spec(f"{package}.run") is not None
        ):
            return f"{package}.run"
    return ""
