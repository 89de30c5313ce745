"""Taking those entries of a strategy that a model of meta-labels expects to earn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import Field, model_validator

from engine.core.registry import plugin
from engine.core.spec import RunSpec, parameter
from engine.market.bars import Bars
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec, StatedModel
from engine.strategies import Signals, Strategy, call_strategy
from engine.strategies.flags import Flags, begun
from engine.strategies.labels.meta_label import MetaLabel


@plugin("meta_labelled", title="Meta-labelled entries")
class MetaLabelled(Strategy):
    """The trades of the strategy that a model of meta-labels judges, those alone that it expects to earn (López de
    Prado 2018, section 3.6). Side and exits are the strategy's; the model decides whether to take part.

    A trade is taken or left at the close at which the strategy begins to ask for it, by what is predicted then; one
    that is left is not entered later, however long the strategy asks. Only predictions for bars after the model's
    training part count; before them, and where there is none, no trade is taken.
    """

    kind: Literal["meta_labelled"] = "meta_labelled"
    model: Annotated[StatedModel, Field(title="Model", json_schema_extra={"section": "Strategy"})]
    take_above: float = parameter(
        0.5,
        title="Take above",
        help="Probability of a profit at or above which a trade is taken.",
        ge=0,
        le=1,
        step=0.01,
        section="Strategy",
    )

    @classmethod
    def refusal(cls, run: RunSpec) -> str:
        if isinstance(run, ModelSpec) and isinstance(run.target, MetaLabel):
            return ""
        return "The model does not predict which trades of a strategy earn: choose one whose label is a meta-label."

    @model_validator(mode="after")
    def _judges_trades(self) -> MetaLabelled:
        if text := self.refusal(self.model):
            raise ValueError(text)
        return self

    @property
    def judged(self) -> Strategy:
        """The strategy whose trades the model judges."""
        target = self.model.target
        assert isinstance(target, MetaLabel)
        return target.strategy

    def label(self) -> str:
        return f"{self.judged.label()}, if {self.model.model.label()} ≥ {self.take_above:g}"

    def inputs(self, market: MarketSpec) -> Mapping[str, RunSpec]:
        return {"model": self.model}

    def warm_up(self) -> int:
        return self.judged.warm_up()

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        """The first bar with a prediction: nothing is judged while the model is trained."""
        known = np.flatnonzero(np.isfinite(inputs["model"].usable(bars)))
        return max(int(known[0]), self.warm_up()) if len(known) else len(bars)

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        expected = inputs["model"].usable(bars) >= self.take_above
        asked = call_strategy.signals(self.judged, bars, {})
        short = asked.short_entries
        return Signals(
            entries=_taken(asked.entries, asked.exits, expected),
            exits=asked.exits,
            short_entries=None if short is None else _taken(short, asked.short_exits, expected),
            short_exits=asked.short_exits,
        )


def _taken(entries: Flags, exits: Flags | None, expected: Flags) -> Flags:
    """``entries`` of the trades that were ``expected`` to earn when they were first asked for."""
    first = np.maximum.accumulate(np.where(begun(entries, exits), np.arange(len(entries)), -1))
    return entries & (first >= 0) & expected[np.maximum(first, 0)]
