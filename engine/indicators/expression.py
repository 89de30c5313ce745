"""An indicator that is written as an expression of prices, volume and the library's other indicators."""

from __future__ import annotations

from collections.abc import Mapping, MutableMapping, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from engine.core.errors import DataError, SpecError
from engine.core.registry import is_all_built_in, plugin
from engine.core.spec import kind_name, parameter
from engine.indicators import INDICATORS, Column, Context, Indicator, MarketIndicator, Output
from engine.indicators.expressions import evaluation
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.nodes import Line, Node, walk
from engine.indicators.expressions.parser import ExpressionError, parse
from engine.indicators.expressions.writer import written
from engine.market.bars import Bars, Floats


@dataclass(frozen=True)
class _Read:
    """What a text says: asked for so often that walking the tree each time would take as long as its values."""

    node: Node

    @cached_property
    def symbols(self) -> tuple[str, ...]:
        return evaluation.symbols(self.node)

    @cached_property
    def compares_symbols(self) -> bool:
        return evaluation.compares_symbols(self.node)

    @cached_property
    def warm_up(self) -> int:
        return evaluation.warm_up(self.node)


def _read(text: str) -> _Read:
    return _parsed(text, id(INDICATORS.available()))  # another list where a plug-in has changed


@lru_cache(maxsize=1_024)
def _parsed(text: str, indicators: int) -> _Read:
    return _Read(parse(text))


@plugin(
    "expression", title="Expression", group="Expressions",
    synonyms=("formula", "alpha", "custom indicator", "own indicator", "factor"),
)  # fmt: skip
class Expression(MarketIndicator):
    """A formula of columns, functions and indicators, such as ``zscore(close / sma(close, 50), 252)``.

    Columns are open, high, low, close and volume; every indicator is a function, with the series that it reads in front
    of its parameters: ``atr(14)``, ``sma(volume, 20)``, ``macd(close, 12, 26, 9).signal``. ``of("SPY", close)`` is of
    another symbol. Comparisons are 1 or 0, and what divides by zero is unknown.
    """

    is_expression: ClassVar[bool] = True

    kind: Literal["expression"] = "expression"
    text: str = Field(
        "close / sma(close, 50) - 1",
        title="Formula",
        description="Of open, high, low, close and volume, functions and indicators: see docs/expressions.md.",
        json_schema_extra={"multiline": True},
    )
    name: str | None = parameter(None, title="Name", help="What charts and tables call it; else the formula itself.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)
    nanoseconds: ClassVar[float] = 100.0

    @field_validator("text")
    @classmethod
    def _is_written_in_one_way(cls, text: str) -> str:
        try:
            return written(_read(text).node)
        except ExpressionError as error:
            raise ValueError(str(error)) from None

    @field_validator("name")
    @classmethod
    def _is_short(cls, name: str | None) -> str | None:
        if name and len(name) > 60:
            raise ValueError("A name has at most 60 characters.")
        return (name or "").strip() or None

    @classmethod
    def of_one_series(cls, text: str) -> Expression:
        """The expression ``text`` of a symbol's own bars. Raises ``SpecError`` for what is none."""
        found = cls.parse({"kind": kind_name(cls), "text": text})
        if found.needs_other_series():
            raise SpecError([("text", f"{found.text} needs other symbols: use the symbol's own bars alone.")])
        return found

    def label(self) -> str:
        return self.name or self.text

    def formulas(self) -> tuple[str, ...]:
        return () if self.context() else (self.text,)

    def simplest(self) -> Indicator:
        node = _read(self.text).node
        is_plain = isinstance(node, Line) and not node.inputs and len(node.indicator.outputs) == 1
        return node.indicator if is_plain and not self.name and isinstance(node, Line) else self

    def inputs(self) -> tuple[Column, ...]:
        return evaluation.columns(_read(self.text).node)  # type: ignore[return-value]

    def context(self) -> Mapping[str, Context]:
        return {symbol: Context(symbol) for symbol in _read(self.text).symbols}

    def implied(self) -> tuple[Indicator, ...]:
        return tuple(dict.fromkeys(node.indicator for node in walk(_read(self.text).node) if isinstance(node, Line)))

    def compares_symbols(self) -> bool:
        return _read(self.text).compares_symbols

    def warm_up(self) -> int:
        return _read(self.text).warm_up

    def compute(self, bars: Bars) -> dict[str, Floats]:
        if self.needs_other_series():
            raise DataError(f"{self.label()} needs bars of other symbols: use it as a feature instead.")
        return {"value": self._row(Evaluation((bars,)), 0)}

    def compute_market(
        self, market: Sequence[Bars], context: Mapping[str, Bars], shared: MutableMapping[str, Any]
    ) -> dict[str, tuple[Floats, ...]]:
        known = shared.setdefault("expressions", {})
        key = (tuple(map(id, market)), tuple((name, id(bars)) for name, bars in context.items()))
        if key not in known:
            beside = [item for item in shared.get("features", ()) if isinstance(item, Expression)]
            nodes = [_read(item.text).node for item in beside if item.context().keys() == context.keys()]
            threads = shared.get("threads", 1) if all(map(is_all_built_in, beside)) else 1
            known[key] = Evaluation(market, context, nodes, threads)
        found = known[key]
        return {"value": tuple(self._row(found, place) for place in range(len(market)))}

    def _row(self, found: Evaluation, place: int) -> Floats:
        """A symbol's values after the warm-up: a condition may have chosen what is known sooner."""
        read = _read(self.text)
        values = found.row(read.node, place)
        values[: read.warm_up] = np.nan
        return values
