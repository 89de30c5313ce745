"""Rules: conditions on the lines of a symbol, in a logic that knows when it does not know.

An ``Operand`` is a line, a ``Condition`` says of each bar whether something holds. Both are plug-ins, so that a form
can offer them and a file can add one; nothing here reads or runs text.
"""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Literal, cast

import numpy as np
from numpy.typing import NDArray
from pydantic import model_validator

from engine.core.errors import StrategyError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.core.registry import Registry
from engine.core.spec import Count, Spec, parameter
from engine.market.bars import Bars, Floats
from engine.strategies.crossing import cross, levels
from engine.strategies.rule_cache import recalled

Flags = NDArray[np.bool_]
Comparison = Literal["above", "below", "crosses_above", "crosses_below"]
Match = Literal["all", "any"]

MAX_NESTING, MAX_DEPTH = 24, 4


@dataclass(frozen=True, eq=False)
class Truth:
    """Bool arrays over the bars: ``yes`` where something holds, ``no`` where it does not.

    Where a line has no value neither is set, and "not" does not make knowledge of it: this is Kleene's strong logic of
    three values (Introduction to Metamathematics, 1952).
    """

    yes: Flags
    no: Flags

    def __invert__(self) -> Truth:
        return Truth(self.no, self.yes)

    def __and__(self, other: Truth) -> Truth:
        return Truth(self.yes & other.yes, self.no | other.no)

    def __or__(self, other: Truth) -> Truth:
        return Truth(self.yes | other.yes, self.no & other.no)


def combine(parts: Sequence[Truth], match: Match) -> Truth:
    """All or any of at least one truth."""
    result = parts[0]
    for part in parts[1:]:
        result = result & part if match == "all" else result | part
    return result


def compare(left: Floats, comparison: Comparison, right: Floats) -> Truth:
    """How ``left`` lies to ``right``, equality but for rounding counting as equal.

    ``above`` and ``below`` need both lines on the bar. A crossing needs them on the bar before, too: ``left`` is above
    now and was not then.
    """
    known = ~(np.isnan(left) | np.isnan(right))
    if comparison in ("crosses_above", "crosses_below"):
        up, down = cross(left, right)
        known[1:] &= known[:-1].copy()
        known[:1] = False
        holds = up if comparison == "crosses_above" else down
    else:
        one, other = levels(left), levels(right)
        holds = one > other if comparison == "above" else one < other
    return Truth(known & holds, known & ~holds)


def held(truth: Truth, bars: int, match: Match) -> Truth:
    """Whether ``truth`` held on all or on any of the last ``bars`` bars."""
    if match == "any":
        return ~held(~truth, bars, "all")
    return Truth(_counted(truth.yes, bars) == bars, _counted(truth.no, bars) > 0)


def _counted(flags: Flags, bars: int) -> NDArray[np.int64]:
    """How many of the last ``bars`` bars are set; fewer bars are there at the start."""
    total = np.cumsum(flags, dtype=np.int64)
    total[bars:] -= total[:-bars].copy()
    return total


def ago(line: Floats, lag: int) -> Floats:
    """``line`` as it was ``lag`` bars before each bar; NaN where there was none."""
    return np.concatenate([np.full(min(lag, len(line)), np.nan), line[: max(len(line) - lag, 0)]])


class Operand(Spec):
    """Contract of an operand: ``line(bars)`` is float64 as long as the bars, known at each close from the bars so far.

    It is NaN for ``warm_up()`` bars and where it cannot be known; it raises ``DataError`` for a series that will never
    give it.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "warm_up")

    kind: str

    def warm_up(self) -> Count:
        return 0

    @abstractmethod
    def line(self, bars: Bars) -> Floats: ...


class Lagged(Operand):
    """An operand that can be read as it was some bars ago: subclasses give ``now``, ``settled`` and ``name``."""

    lag: int = parameter(
        0, title="Bars ago", unit="bars", help="0 is the bar itself.", ge=0, le=1000, section="Strategy", seldom=True
    )

    @abstractmethod
    def now(self, bars: Bars) -> Floats:
        """The line without lag."""

    def settled(self) -> Count:
        """The warm-up of the line without lag."""
        return 0

    def name(self) -> str:
        """The label of the line without lag."""
        return super().label()

    def warm_up(self) -> int:
        return self.settled() + self.lag

    def line(self, bars: Bars) -> Floats:
        return ago(self.now(bars), self.lag)

    def label(self) -> str:
        return f"{self.name()}[{self.lag}]" if self.lag else self.name()


class Condition(Spec):
    """Contract of a condition: ``truth(bars)`` says of each close, from the bars so far, whether it holds.

    It knows nothing during ``warm_up()`` bars. ``judge`` is what is asked of it: ``truth``, or its opposite if the
    condition is negated.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "text", "depth", "warm_up")

    kind: str
    negated: bool = parameter(
        False, title="Not", help="Negates the condition; unknown stays unknown.", section="Strategy"
    )

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, values: Any) -> Any:
        """Before anything is built: a request nested a thousand times must not exhaust the interpreter's stack."""
        if nesting(values) > MAX_NESTING:
            raise ValueError(f"Conditions are nested more than {MAX_DEPTH} deep: use fewer nested groups.")
        return values

    @model_validator(mode="after")
    def _not_too_deep(self) -> Condition:
        if self.depth() > MAX_DEPTH:
            raise ValueError(f"Conditions are nested more than {MAX_DEPTH} deep: use fewer nested groups.")
        return self

    def depth(self) -> int:
        """1, or one more than the deepest condition inside."""
        return 1

    def warm_up(self) -> Count:
        return 0

    @abstractmethod
    def truth(self, bars: Bars) -> Truth: ...

    def judge(self, bars: Bars) -> Truth:
        return recalled(self, bars, lambda _: ~judged(self, bars) if self.negated else judged(self, bars))

    def text(self) -> str:
        """The condition in words, without its negation."""
        return super().label()

    def label(self) -> str:
        return f"not ({self.text()})" if self.negated else self.text()


def drawn(operand: Operand, bars: Bars) -> Floats:
    """``line_of``, recalled."""
    return recalled(operand, bars, lambda _: line_of(operand, bars))


def line_of(operand: Operand, bars: Bars) -> Floats:
    """``operand.line``. Raises ``StrategyError`` if it fails or does not return a float a bar."""
    with plugin_errors(operand, "operand", StrategyError):
        found: Any = operand.line(bars)
    if not is_array(found, "float64", (len(bars),)):
        raise StrategyError(
            f"{named(operand, 'operand')} returned {described(found)} for {len(bars):,} bars: it must be an array of "
            "float64, one for each bar."
        )
    return cast(Floats, found)


def judged(condition: Condition, bars: Bars) -> Truth:
    """``condition.truth``. Raises ``StrategyError`` if it fails or does not return a ``Truth`` with two flags a bar."""
    with plugin_errors(condition, "condition", StrategyError):
        found: Any = condition.truth(bars)
    for flags in (found.yes, found.no) if isinstance(found, Truth) else (found,):
        if not isinstance(found, Truth) or not is_array(flags, "bool", (len(bars),)):
            raise StrategyError(
                f"{named(condition, 'condition')} returned {described(flags)} for {len(bars):,} bars: truth() must "
                "return a Truth of two arrays of bool, one flag for each bar."
            )
    return cast(Truth, found)


def nesting(values: Any) -> int:
    """How many mappings and lists of plain values lie within one another."""
    deepest, left = 0, [(values, 1)]
    while left:
        item, level = left.pop()
        inner = item.values() if isinstance(item, Mapping) else item if isinstance(item, list | tuple) else None
        if inner is not None:
            deepest = max(deepest, level)
            left.extend((part, level + 1) for part in inner)
    return deepest


OPERANDS = Registry("operands", Operand, "engine.strategies.operands")
CONDITIONS = Registry("conditions", Condition, "engine.strategies.conditions")
