"""The decorator of the compiled loops."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from engine.core.compiled import compiled

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """``function`` compiled: see ``engine.core.compiled``."""
    return compiled(function, __file__)
