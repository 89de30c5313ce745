"""The decorator of the compiled loops, and an instruction that Python lacks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

from numba import types
from numba.extending import intrinsic

from engine.core.compiled import compiled

F = TypeVar("F", bound=Callable[..., Any])


def kernel(function: F) -> F:
    """``function`` compiled: see ``engine.core.compiled``."""
    return compiled(function, __file__)


def _instruction(generator: Callable[..., Any]) -> Callable[..., Any]:
    return intrinsic(generator)


@_instruction
def fused(_: Any, one: Any, factor: Any, other: Any) -> Any:
    """``one * factor + other``, rounded once."""

    def generate(context: Any, builder: Any, signature: Any, given: Any) -> Any:
        return builder.fma(*given)

    return types.float64(one, factor, other), generate
