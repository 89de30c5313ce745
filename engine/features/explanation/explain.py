"""A value of a feature taken apart."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.registry import info
from engine.core.stored_values import values_read
from engine.features.evaluation import FeatureInputs
from engine.features.explanation.processed import UNPROCESSED, Processing
from engine.indicators import Indicator
from engine.indicators.expression import Expression
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.nodes import Line, Node, Number, OfSymbol, children
from engine.indicators.expressions.parser import parse
from engine.indicators.expressions.writer import written
from engine.market.bars import Bars, Floats, Times

LISTED = 20
"""Bars that an explanation lists, the last of those that it is about."""


@dataclass(frozen=True)
class Part:
    """A part of a formula and its ``value`` at the bar; the whole has the ``depth`` 0, what it is made of 1."""

    text: str
    value: float
    depth: int


@dataclass(frozen=True, eq=False)
class Explanation:
    """How the ``value`` of a feature's ``column`` of ``symbol`` came about, at the bar that is the last of ``times``.

    ``formula`` is the column in the language of expressions, "" where it has no words for it, and ``definition`` says
    what an indicator of the library is. ``parts`` are those of the formula, from the outside in. The value follows from
    ``bars`` bars up to its own; ``times``, datetime64[ms], and ``read``, float64 (times, ``names``), are the last
    ``LISTED`` of them. Where older bars never quite fade ``fades`` is set. ``again`` is the value computed from these
    ``bars`` alone, NaN where the feature needs other series. ``processing`` is what processors make of the value.
    """

    column: str
    symbol: str
    value: float
    formula: str
    definition: str
    parts: tuple[Part, ...]
    bars: int
    times: Times
    names: tuple[str, ...]
    read: Floats
    fades: bool
    again: float
    processing: Processing = UNPROCESSED

    def summary(self) -> Mapping[str, object]:
        """The value, the parts of its formula with theirs, and what it is after each processor."""
        found = {"column": self.column, "value": self.value, "parts": {part.text: part.value for part in self.parts}}
        steps = [{"processor": step.processor, "value": step.after} for step in self.processing.steps]
        return found | ({"processed": steps} if steps else {})


def explain(feature: Indicator, output: str, bars: Bars, inputs: FeatureInputs, at: int) -> Explanation:
    """The value of the ``output`` of ``feature`` at the bar in place ``at`` of ``bars``, a series of the market of
    ``inputs``. Raises ``DataError`` as ``inputs.compute`` does.
    """
    node, place, names = _node(feature, output), [item.name for item in feature.outputs].index(output), feature.inputs()
    used = min(feature.warm_ups()[place] + 1, at + 1)
    listed = slice(at + 1 - min(used, LISTED), at + 1)
    return Explanation(
        column=feature.columns()[place],
        symbol=bars.series.symbol,
        value=float(inputs.compute(feature, bars)[output][at]),
        formula=written(node) if node else "",
        definition="" if isinstance(feature, Expression) else info(feature).summary.replace("``", ""),
        parts=_formula(node, feature, bars, inputs, at),
        bars=used,
        times=bars.time[listed],
        names=names,
        read=np.column_stack([getattr(bars, name)[listed] for name in names]) if names else np.empty((0, 0)),
        fades=feature.family in ("recursive", "cumulative"),
        again=_again(feature, output, bars.slice(at + 1 - used, at + 1), inputs),
    )


def _node(feature: Indicator, output: str) -> Node | None:
    if isinstance(feature, Expression):
        return parse(feature.text)
    if feature.needs_other_series() or values_read(feature):
        return None
    return Line(feature, output)


def _values(feature: Indicator, bars: Bars, inputs: FeatureInputs) -> tuple[Evaluation, int]:
    """What gives the values of a formula's parts, and the row of ``bars`` in it."""
    if not isinstance(feature, Expression):
        return Evaluation((bars,)), 0
    context = inputs.context_of(feature, bars)
    if not feature.compares_symbols():
        return Evaluation((bars,), context), 0
    market = inputs.market.bars
    return Evaluation(market, context), next(place for place, item in enumerate(market) if item is bars)


def _parts(node: Node, values: Callable[[Node], float], depth: int = 0) -> Iterator[Part]:
    """``node`` and what it is made of, without plain numbers and what is computed of another symbol's bars."""
    if isinstance(node, Number):
        return
    yield Part(written(node), values(node), depth)
    for child in () if isinstance(node, OfSymbol) else children(node):
        yield from _parts(child, values, depth + 1)


def _formula(node: Node | None, feature: Indicator, bars: Bars, inputs: FeatureInputs, at: int) -> tuple[Part, ...]:
    if node is None:
        return ()
    known, row = _values(feature, bars, inputs)
    return tuple(_parts(node, lambda part: float(known.values(part)[row, at])))


def _again(feature: Indicator, output: str, bars: Bars, inputs: FeatureInputs) -> float:
    """The last value, computed from ``bars`` alone."""
    if feature.needs_other_series():
        return float("nan")
    return float(inputs.compute(feature, bars)[output][-1])
