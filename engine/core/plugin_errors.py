"""Errors of plug-ins: whatever their code raises becomes a sentence that names the plug-in and the line of its file."""

from __future__ import annotations

import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from engine.core.contracts import is_built_in, is_plugin_module
from engine.core.errors import EngineError, PluginError, line_in
from engine.core.spec import Spec, kind_name


@contextmanager
def plugin_errors(plugin: Spec | type[Spec], noun: str, error_type: type[EngineError] = PluginError) -> Iterator[None]:
    """What the ``plugin``, a ``noun`` such as "strategy", raises inside is an ``error_type`` that names it and
    the line of its file.
    """
    cls = plugin if isinstance(plugin, type) else type(plugin)
    try:
        yield
    except EngineError:
        raise
    except (Exception, SystemExit) as error:
        file = getattr(sys.modules.get(cls.__module__), "__file__", None) or ""
        raise error_type(f"{named(plugin, noun)} failed{_line_clause(file, error)}: {_message(error)}.") from error


def named(plugin: Spec | type[Spec], noun: str) -> str:
    """How a sentence about the plug-in begins."""
    cls = plugin if isinstance(plugin, type) else type(plugin)
    return f"The {noun} '{kind_name(cls) or cls.__name__}'"


def is_array(value: object, dtype: str, shape: tuple[int, ...]) -> bool:
    """Whether a plug-in has answered with an array of this type and shape."""
    return isinstance(value, np.ndarray) and value.dtype == np.dtype(dtype) and value.shape == shape


def described(value: object) -> str:
    """What a plug-in has answered where an array was wanted."""
    shape, dtype = getattr(value, "shape", None), getattr(value, "dtype", None)
    return f"{dtype} of shape {shape}" if dtype is not None else f"a {type(value).__name__}"


@contextmanager
def blamed_on_plugins(request: Spec | None = None) -> Iterator[None]:
    """What arises inside in a file of a third party's plug-in is a ``PluginError``, and all that does where the kind of
    ``request`` is not the engine's; anything else stays what it is.
    """
    try:
        yield
    except EngineError:
        raise
    except Exception as error:
        found = of_plugin(error)
        if found is None and request is not None and not is_built_in(type(request)):
            found = PluginError(f"{named(request, 'request')} failed: {_message(error)}.")
        if found is not None:
            raise found from error
        raise


def require_result(request: Spec, result: object, expected: type) -> None:
    """Raise ``PluginError`` where the executor of a ``request`` has not answered with an ``expected``."""
    if not isinstance(result, expected):
        raise PluginError(
            f"{named(request, 'request')} returned {described(result)}: its executor must return {expected.__name__}."
        )


def of_plugin(error: BaseException) -> PluginError | None:
    """The ``PluginError`` that ``error`` is where it arose in a plug-in that is not the engine's; None elsewhere."""
    if isinstance(error, EngineError):
        return None
    for frame, _ in reversed(list(traceback.walk_tb(error.__traceback__))):
        if is_plugin_module(str(frame.f_globals.get("__name__"))):
            file = frame.f_code.co_filename
            return PluginError(f"The plug-in {file} failed{_line_clause(file, error)}: {_message(error)}.")
    return None


def _line_clause(file: str, error: BaseException) -> str:
    line = line_in(file, error)
    return f" in line {line} of {Path(file).name}" if line else ""


def _message(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}".removesuffix(".").removesuffix(": ")
