"""Calls of strategies, with readable errors for whatever a plug-in raises or wrongly returns."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from numbers import Integral
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import EngineError, StrategyError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.core.registry import info
from engine.market.bars import Bars, Floats
from engine.market.panel import Panel
from engine.market.spec import MarketSpec
from engine.strategies import Allocation, Signals, Strategy, conditional
from engine.strategies.columns import Column, Many, Words
from engine.strategies.conditional import Conditional
from engine.strategies.flags import Flags
from engine.strategies.stacks import Attempt, Several, Stack

_EXPECTED = {
    "label": "text",
    "warm_up": "a whole number of bars",
    "inputs": "a mapping of names to requests",
    "sells_short": "True or False",
    "symbols": "the fewest and the most symbols, None for any number",
}
NOUN = "strategy"
SIDES = ("entries", "exits", "short_entries", "short_exits")


def require_description(strategy: Strategy, market: MarketSpec) -> None:
    """Raises ``StrategyError`` if the label, the warm-up or the inputs of ``strategy`` are invalid; for an allocation
    also ``sells_short`` and ``symbols``.
    """
    with plugin_errors(strategy, NOUN, StrategyError):
        answers: dict[str, Any] = {
            "label": strategy.label(),
            "warm_up": strategy.warm_up(),
            "inputs": strategy.inputs(market),
        }
        if isinstance(strategy, Allocation):
            answers |= {"sells_short": strategy.sells_short(), "symbols": strategy.symbols()}
    for name, answer in answers.items():
        if not _is_valid(name, answer):
            raise StrategyError(
                f"{named(strategy, NOUN)} returned {answer!r:.40}: {name}() must return {_EXPECTED[name]}."
            )
    if answers["warm_up"] < 0:
        raise StrategyError(f"{named(strategy, NOUN)} returned {answers['warm_up']}: warm_up() must not be below 0.")


def symbol_count_problem(strategy: Strategy, count: int) -> str:
    """The reason why ``strategy`` cannot trade ``count`` symbols, as a sentence; empty if it can."""
    fewest, most = strategy.symbols() if isinstance(strategy, Allocation) else (1, None)
    if most is not None and count > most:
        return f"{info(strategy).title} trades {most} symbols: remove {count - most}."
    if count < fewest:
        at_least = "at least " if most is None else ""
        return f"{info(strategy).title} needs {at_least}{fewest} symbols: add {fewest - count} more."
    return ""


def _is_valid(name: str, answer: Any) -> bool:
    if name == "warm_up":
        return _is_whole(answer)
    if name == "symbols":
        return isinstance(answer, tuple) and len(answer) == 2 and _is_whole(answer[0]) and _is_whole(answer[1] or 0)
    return isinstance(answer, {"label": str, "inputs": Mapping, "sells_short": bool | np.bool_}[name])


def _is_whole(answer: Any) -> bool:
    return isinstance(answer, Integral) and not isinstance(answer, bool)


def signals(strategy: Strategy, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
    """``strategy.signals``. Raises ``StrategyError`` if it fails or does not return two or four flags per bar."""
    with plugin_errors(strategy, NOUN, StrategyError):
        found: Any = strategy.signals(bars, inputs)
    if not isinstance(found, Signals):
        raise StrategyError(f"{named(strategy, NOUN)} returned {type(found).__name__}: signals() must return Signals.")
    for side in SIDES:
        flags = getattr(found, side)
        if flags is None and side.startswith("short"):
            continue
        if not is_array(flags, "bool", (len(bars),)):
            raise StrategyError(
                f"{named(strategy, NOUN)} returned {described(flags)} as {side} for {len(bars):,} bars: "
                "it must be an array of bool, one for each bar."
            )
    return found


def condition(
    strategy: Conditional, name: str, bars: Bars, values: Mapping[str, Any] | None = None, rows: int = 1
) -> tuple[Flags | Words, frozenset[str]]:
    """``conditional.condition`` with ``values`` of fields, of which the elementwise ones may be columns of ``rows``
    values: (rows, bars), or (bars,) where it reads none. Raises ``StrategyError`` if it fails or answers otherwise.
    """
    with plugin_errors(strategy, NOUN, StrategyError):
        found, read = conditional.condition(strategy, name, bars, values)
        if isinstance(found, Many) and not isinstance(found, Words):
            found = found.array()
    shape = (found.rows, found.bars) if isinstance(found, Words) else None
    shapes = ((len(bars),), (rows, len(bars)))
    if shape not in shapes and not any(is_array(found, "bool", each) for each in shapes):
        raise StrategyError(
            f"{named(strategy, NOUN)} returned {described(found)} as {name} for {len(bars):,} bars: "
            "it must be an array of bool, one for each bar."
        )
    return found, read


def stacked_condition(
    strategy: Conditional, name: str, bars: Bars, values: Mapping[str, Any], several: Mapping[str, Sequence[Any]]
) -> tuple[NDArray[np.bool_] | Words, frozenset[str]] | None:
    """``condition`` for ``several`` values of fields, the first of each together, then the next, and so on: a row for
    each, or for each and each value of the columns among ``values``. None where the condition does something with
    them that is not known to keep every row what it is alone; whatever fails does so again when asked for one.
    """
    attempt = Attempt()
    given = {**values, **{field: Several(attempt, every) for field, every in several.items()}}
    try:
        with plugin_errors(strategy, NOUN, StrategyError):
            found, read = conditional.condition(strategy, name, bars, given)
    except EngineError:
        return None
    count = len(next(iter(several.values())))
    many = [len(item.values) for item in values.values() if isinstance(item, Column)]
    if isinstance(found, Words) and many and (found.rows, found.bars) == (count * many[0], len(bars)):
        return None if attempt.failed else (found, read)
    if isinstance(found, Stack) and is_array(found.rows, "bool", (count, len(bars))):
        return None if attempt.failed else (found.rows, read)
    return None


def begins(strategy: Strategy, bars: Bars, inputs: Mapping[str, Any]) -> int:
    """``strategy.begins``. Raises ``StrategyError`` if it fails or does not return the index of a bar."""
    with plugin_errors(strategy, NOUN, StrategyError):
        found: Any = strategy.begins(bars, inputs)
    if not _is_whole(found) or not 0 <= found <= len(bars):
        raise StrategyError(f"{named(strategy, NOUN)} returned {found!r:.40}: begins() must return the index of a bar.")
    return int(found)


def caveats(strategy: Strategy, bars: Bars) -> tuple[str, ...]:
    """``strategy.caveats``. Raises ``StrategyError`` if it fails or does not return sentences."""
    with plugin_errors(strategy, NOUN, StrategyError):
        found: Any = tuple(strategy.caveats(bars))
    if not all(isinstance(item, str) for item in found):
        raise StrategyError(f"{named(strategy, NOUN)} returned {found!r:.40}: caveats() must return sentences.")
    return cast("tuple[str, ...]", found)


def weights(strategy: Allocation, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
    """``strategy.weights``. Raises ``StrategyError`` if it fails or does not return one number per bar and symbol."""
    with plugin_errors(strategy, NOUN, StrategyError):
        found: Any = strategy.weights(panel, inputs)
    shape = (len(panel), len(panel.symbols))
    if not is_array(found, "float64", shape):
        raise StrategyError(
            f"{named(strategy, NOUN)} returned {described(found)} as weights for {shape[0]:,} bars of {shape[1]} "
            "symbols: it must be an array of float64, a row for each bar and a column for each symbol."
        )
    if np.isinf(found).any():
        raise StrategyError(f"{named(strategy, NOUN)} returned an infinite weight: use NaN for no decision.")
    return cast(Floats, found)
