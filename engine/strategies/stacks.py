"""Lines for several values of a field at once, a row for each, and what becomes of them in a condition.

A sweep asks a condition for several values of a field that decides its lines, as ``Several``. ``rule_cache.shared``
computes the line of each value and hands them on as a ``Stack``, which takes part in operations on each element whose
result is exact or rounded once, so that every row is the very line of its value alone. Whatever else is done with
either raises ``NotFollowed``, and the sweep asks for one value at a time.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

import numpy as np
from numpy.lib.mixins import NDArrayOperatorsMixin
from numpy.typing import NDArray

_EXACT = frozenset({
    np.add, np.subtract, np.multiply, np.divide, np.negative, np.positive, np.absolute, np.sqrt, np.maximum, np.minimum,
    np.greater, np.greater_equal, np.less, np.less_equal, np.equal, np.not_equal, np.isnan, np.isfinite,
    np.logical_and, np.logical_or, np.logical_not, np.bitwise_and, np.bitwise_or, np.invert,
})  # fmt: skip
_NUMBERS = (int, float, np.bool_, np.integer, np.floating)


class NotFollowed(Exception):
    """Something has been done with several values that may not keep each row what it is alone."""


class Attempt:
    """One question to a condition; it has ``failed`` even where the condition has caught what was raised."""

    failed = False

    def fail(self) -> Any:
        self.failed = True
        raise NotFollowed


def _refuse(self: Any, *given: Any, **options: Any) -> Any:
    return self.attempt.fail()


class _Opaque:
    """Of which nothing can be told: what Python and NumPy do with numbers, arrays and keys fails."""

    def __init__(self, attempt: Attempt) -> None:
        self.attempt = attempt

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __hash__ = _refuse
    __int__ = __float__ = __index__ = __round__ = __str__ = __format__ = _refuse
    __len__ = __iter__ = __getitem__ = __contains__ = __call__ = _refuse
    __add__ = __radd__ = __sub__ = __rsub__ = __mul__ = __rmul__ = __truediv__ = __rtruediv__ = _refuse
    __floordiv__ = __rfloordiv__ = __mod__ = __rmod__ = __pow__ = __rpow__ = _refuse
    __neg__ = __pos__ = __abs__ = __invert__ = _refuse
    __array__ = __array_function__ = __getattr__ = _refuse


class Several(_Opaque):
    """``values`` of a field, one for each row; not even their type is told."""

    __array_ufunc__ = _refuse
    __class__ = property(_refuse)

    def __init__(self, attempt: Attempt, values: Sequence[Hashable]) -> None:
        super().__init__(attempt)
        self.values = values


def is_several(item: object) -> bool:
    return type(item) is Several


class Stack(NDArrayOperatorsMixin, _Opaque):
    """``rows`` (values, bars): lines of float64, or conditions."""

    def __init__(self, attempt: Attempt, rows: NDArray[Any]) -> None:
        super().__init__(attempt)
        self.rows = rows

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *given: Any, **options: Any) -> Any:
        if any(_follows_itself(item) for item in given):
            return NotImplemented
        if method != "__call__" or options or ufunc not in _EXACT or not all(map(self._suits, given)):
            return self.attempt.fail()
        return self.applied(ufunc, *given)

    def _suits(self, item: Any) -> bool:
        if issubclass(type(item), np.ndarray):
            return item.shape in ((1,), self.rows.shape[1:])
        return issubclass(type(item), (Stack, *_NUMBERS))

    def applied(self, function: Callable[..., NDArray[Any]], *given: Any) -> Stack:
        """``function``, which acts on each element, of stacks and lines."""
        return Stack(self.attempt, function(*(item.rows if isinstance(item, Stack) else item for item in given)))


def _follows_itself(item: Any) -> bool:
    """Whether it is neither a stack nor of NumPy, and has its own operations on arrays, such as a column."""
    kind = type(item)
    return hasattr(kind, "__array_ufunc__") and not issubclass(kind, Stack | Several | np.ndarray | np.generic)


def each_line(function: Callable[..., Any], arguments: Sequence[Any], bars: int) -> Stack:
    """``function``, a line of ``bars`` bars, for each of the values of those ``arguments`` that are ``Several``."""
    several = [item for item in arguments if is_several(item)]
    attempt, rows = several[0].attempt, []
    for place in range(len(several[0].values)):
        plain = (item.values[place] if is_several(item) else item for item in arguments)
        line: Any = function(*plain)
        if not isinstance(line, np.ndarray) or line.shape != (bars,) or line.dtype != np.float64:
            attempt.fail()
        rows.append(line)
    return Stack(attempt, np.array(rows))
