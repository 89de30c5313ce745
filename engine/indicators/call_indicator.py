"""Calls into indicators: whatever a plug-in raises or returns by mistake becomes a readable error."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from engine.core.errors import PluginError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.indicators import Indicator
from engine.market.bars import Bars, Floats

NOUN = "indicator"


def outputs(indicator: Indicator, answer: Callable[[], Any], shape: tuple[int, ...]) -> dict[str, Floats]:
    """``answer()``, what a compute method of ``indicator`` returns. Raises ``PluginError`` if it fails or does not give
    an array of this shape for each output.
    """
    with plugin_errors(indicator, NOUN):
        found = answer()
    if not isinstance(found, Mapping):
        listed = ", ".join(f"'{output.name}'" for output in indicator.outputs)
        raise PluginError(
            f"{named(indicator, NOUN)} returned {described(found)}: it must return a dict with an array for each of "
            f"its outputs: {listed}."
        )
    checked = {}
    for output in indicator.outputs:
        name = output.name
        if name not in found:
            raise PluginError(f"{named(indicator, NOUN)} returned no output '{name}'.")
        checked[name] = found[name]
        _require_floats(indicator, name, checked[name], shape)
    return checked


def market_outputs(
    indicator: Indicator, market: Sequence[Bars], answer: Callable[[], Any]
) -> dict[str, tuple[Floats, ...]]:
    """``answer()``, what ``compute_market`` of ``indicator`` returns. Raises ``PluginError`` if it fails or does not
    give an array for each output and each symbol of ``market``.
    """
    with plugin_errors(indicator, NOUN):
        found = answer()
    names = [output.name for output in indicator.outputs]
    if not isinstance(found, Mapping) or any(name not in found or len(found[name]) != len(market) for name in names):
        raise PluginError(
            f"{named(indicator, NOUN)} returned {described(found)}: it must return a dict with {len(market)} arrays, "
            f"one for each symbol, for each of its outputs: {', '.join(names)}."
        )
    for name in names:
        for bars, values in zip(market, found[name], strict=True):
            _require_floats(indicator, name, values, (len(bars),))
    return {name: tuple(found[name]) for name in names}


def line(indicator: Indicator, bars: Bars, output: str) -> Floats:
    """``indicator.line``. Raises ``PluginError`` if it fails or does not return a float a bar."""
    with plugin_errors(indicator, NOUN):
        found: Floats = indicator.line(bars, output)
    _require_floats(indicator, output, found, (len(bars),))
    return found


def warm_ups(indicator: Indicator) -> tuple[int, ...]:
    """``indicator.warm_ups``. Raises ``PluginError`` if it fails or does not return one for each output."""
    with plugin_errors(indicator, NOUN):
        found = indicator.warm_ups()
    if len(found) != len(indicator.outputs):
        raise PluginError(
            f"{named(indicator, NOUN)} returned {found!r:.40}: warm_ups() must return a number for each of its "
            f"{len(indicator.outputs)} outputs."
        )
    return found


def _require_floats(indicator: Indicator, name: str, values: Any, shape: tuple[int, ...]) -> None:
    if not is_array(values, "float64", shape):
        expected = "one for each bar" if len(shape) == 1 else "a row for each bar and a column for each symbol"
        raise PluginError(
            f"{named(indicator, NOUN)} returned {described(values)} as '{name}' for {shape[0]:,} bars: "
            f"it must be an array of float64, {expected}."
        )
