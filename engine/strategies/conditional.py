"""Strategies of conditions: each side is a function of the bars and of the fields that it reads."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from types import FunctionType
from typing import Any, ClassVar, Literal, get_args

from engine.market.bars import Bars
from engine.strategies import Signals, Strategy
from engine.strategies.flags import Flags, masked_signals

Side = Literal["entries", "exits", "short_entries", "short_exits"]
LONG_SIDES: tuple[Side, ...] = ("entries", "exits")


@dataclass(frozen=True)
class Parts:
    """A side that is made of fields which are conditions of their own: all or any of those at ``paths``, such as
    "enter.0", hold. Each of these is valid or not by itself.
    """

    paths: tuple[str, ...]
    match: Literal["all", "any"]


class Conditional(Strategy):
    """Contract of a strategy whose sides are conditions, each True where it holds on a bar, as long as the bars.

    A condition is asked for all bars at once and uses none later than its own. It follows from the bars and from the
    fields that it reads through ``self``, and from nothing else, so that a sweep asks once for all combinations that
    are equal in these. Fields that are ``elementwise`` only take part in operations of NumPy that act on each element,
    such as a comparison with a line: a sweep asks for many of their values at once, as a column, and the answer has a
    row for each. Where the close is missing or the strategy warms up nothing is decided, whatever it answers.
    """

    elementwise: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def entries(self, bars: Bars) -> Flags: ...

    @abstractmethod
    def exits(self, bars: Bars) -> Flags: ...

    def short_entries(self, bars: Bars) -> Flags | None:
        return None

    def short_exits(self, bars: Bars) -> Flags | None:
        return None

    def parts(self, side: Side) -> Parts | None:
        """The conditions among its fields that ``side`` is made of; None where it is one condition."""
        return None

    def part(self, path: str, bars: Bars) -> Flags:
        """The condition at ``path`` of ``parts``."""
        raise NotImplementedError

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        answers = {side: getattr(self, side)(bars) for side in get_args(Side)}
        return masked_signals(
            bars, self.warm_up(), **{side: found for side, found in answers.items() if found is not None}
        )


class Reading:
    """A strategy that notes in ``read`` which of its fields its methods read; ``values`` are those that differ from its
    own.
    """

    def __init__(self, strategy: Strategy, values: Mapping[str, Any] | None = None) -> None:
        self._strategy, self._values, self.read = strategy, values or {}, set[str]()
        self._fields = type(strategy).model_fields.keys()

    def __getattr__(self, name: str) -> Any:
        if name in self._fields:
            self.read.add(name)
            return self._values[name] if name in self._values else getattr(self._strategy, name)
        found = _DEFINED(type(self._strategy), name)
        if isinstance(found, FunctionType | property):
            return found.__get__(self)
        return getattr(self._strategy, name)


def _defined(cls: type[Strategy], name: str) -> Any:
    return next(vars(base)[name] for base in cls.__mro__ if name in vars(base))


_DEFINED = lru_cache(maxsize=1024)(_defined)


def named_fields(cls: type[Conditional], name: str) -> frozenset[str]:
    """The fields named in the code of the method ``name`` and of those that it names: what it may read."""
    waiting, seen = [name], set[str]()
    while waiting:
        item = waiting.pop()
        found = getattr(cls, item, None) if item not in seen else None
        seen.add(item)
        if isinstance(found, FunctionType):
            waiting += found.__code__.co_names
    return frozenset(seen & cls.model_fields.keys())


def condition(
    strategy: Conditional, name: str, bars: Bars, values: Mapping[str, Any] | None = None
) -> tuple[Any, frozenset[str]]:
    """What ``strategy`` answers with ``values`` of its fields for the side ``name`` (or for the part of a side, by its
    path), and the fields that the answer follows from: all of them where its code cannot be watched, as that which
    calls ``super()``.
    """
    reading: Any = Reading(strategy, values)
    try:
        return _answer(reading, name, bars), frozenset(reading.read)
    except TypeError:
        changed = strategy.model_copy(update=values) if values else strategy
        return _answer(changed, name, bars), frozenset(type(strategy).model_fields)


def _answer(strategy: Any, name: str, bars: Bars) -> Any:
    return strategy.part(name, bars) if "." in name else getattr(strategy, name)(bars)
