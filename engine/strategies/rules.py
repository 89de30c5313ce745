"""Rules: conditions on the lines of a symbol, in three-valued logic.

An ``Operand`` is a line, a ``Condition`` is true, false or unknown on each bar. Both are plug-ins, so that a form can
offer them and a file can add one; no text is parsed or executed.
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
from engine.strategies.rule_cache import cached

Flags = NDArray[np.bool_]
Comparison = Literal["above", "below", "crosses_above", "crosses_below"]
Match = Literal["all", "any"]

MAX_NESTING, MAX_DEPTH = 24, 4


@dataclass(frozen=True, eq=False)
class Truth:
    """Bool arrays over the bars: ``yes`` where a condition is true, ``no`` where it is false.

    Where a line has no value neither is set, and the negation is unknown too: Kleene's strong three-valued logic
    (Introduction to Metamathematics, 1952).
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
    """Conjunction or disjunction of at least one truth."""
    result = parts[0]
    for part in parts[1:]:
        result = result & part if match == "all" else result | part
    return result


def compare(left: Floats, comparison: Comparison, right: Floats) -> Truth:
    """Comparison of ``left`` with ``right``, equal up to rounding counting as equal.

    ``above`` and ``below`` need both lines on the bar. A crossing also needs them on the previous bar, on which
    ``left`` was not above.
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


def over_last(truth: Truth, bars: int, match: Match) -> Truth:
    """Whether ``truth`` held on all or on any of the last ``bars`` bars."""
    if match == "any":
        return ~over_last(~truth, bars, "all")
    return Truth(_rolling_count(truth.yes, bars) == bars, _rolling_count(truth.no, bars) > 0)


def _rolling_count(flags: Flags, bars: int) -> NDArray[np.int64]:
    """Rolling count of ``flags`` over ``bars`` bars, fewer at the start."""
    total = np.cumsum(flags, dtype=np.int64)
    total[bars:] -= total[:-bars].copy()
    return total


def shifted(line: Floats, lag: int) -> Floats:
    """``line`` shifted by ``lag`` bars, NaN at the start."""
    return np.concatenate([np.full(min(lag, len(line)), np.nan), line[: max(len(line) - lag, 0)]])


class Operand(Spec):
    """Contract of an operand: ``line(bars)`` is float64 as long as the bars, computed at each close from the bars so
    far.

    It is NaN during ``warm_up()`` bars and where undefined; it raises ``DataError`` for a series that lacks its
    columns.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "warm_up")

    kind: str

    def warm_up(self) -> Count:
        return 0

    @abstractmethod
    def line(self, bars: Bars) -> Floats: ...


class Lagged(Operand):
    """An operand that can be read as it was some bars ago: subclasses give ``base_line``, ``base_warm_up`` and
    ``name``.
    """

    lag: int = parameter(
        0, title="Bars ago", unit="bars", help="0 is the bar itself.", ge=0, le=1000, section="Strategy", seldom=True
    )

    @abstractmethod
    def base_line(self, bars: Bars) -> Floats:
        """float64 (bars,): the line before ``lag`` is applied, NaN where it is unknown."""

    def base_warm_up(self) -> Count:
        """The warm-up of the line without lag."""
        return 0

    def name(self) -> str:
        """The label of the line without lag."""
        return super().label()

    def warm_up(self) -> int:
        return self.base_warm_up() + self.lag

    def line(self, bars: Bars) -> Floats:
        return shifted(self.base_line(bars), self.lag)

    def label(self) -> str:
        return f"{self.name()}[{self.lag}]" if self.lag else self.name()


class Condition(Spec):
    """Contract of a condition: ``truth(bars)`` is its truth at each close, from the bars so far.

    It is unknown during ``warm_up()`` bars. ``evaluate`` is ``truth``, or its negation if the condition is negated.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "text", "depth", "warm_up")

    kind: str
    negated: bool = parameter(
        False, title="Not", help="Negates the condition; unknown stays unknown.", section="Strategy"
    )

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, values: Any) -> Any:
        """Checked before anything is built: a deeply nested request must not exhaust the interpreter's stack."""
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

    def evaluate(self, bars: Bars) -> Truth:
        return cached(self, bars, lambda _: ~truth_of(self, bars) if self.negated else truth_of(self, bars))

    def text(self) -> str:
        """The condition in words, without its negation."""
        return super().label()

    def label(self) -> str:
        return f"not ({self.text()})" if self.negated else self.text()


def cached_line(operand: Operand, bars: Bars) -> Floats:
    """``line_of``, computed once for the same operand and bars."""
    return cached(operand, bars, lambda _: line_of(operand, bars))


def line_of(operand: Operand, bars: Bars) -> Floats:
    """``operand.line``. Raises ``StrategyError`` if it fails or does not return one float per bar."""
    with plugin_errors(operand, "operand", StrategyError):
        found: Any = operand.line(bars)
    if not is_array(found, "float64", (len(bars),)):
        raise StrategyError(
            f"{named(operand, 'operand')} returned {described(found)} for {len(bars):,} bars: it must be an array of "
            "float64, one for each bar."
        )
    return cast(Floats, found)


def truth_of(condition: Condition, bars: Bars) -> Truth:
    """``condition.truth``. Raises ``StrategyError`` if it fails or returns no ``Truth`` with two flags per bar."""
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
    """Nesting depth of mappings and lists in plain values."""
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
