"""Processors in a row: fitted on training rows, applied to any others, kept as JSON beside the model."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, cast

import numpy as np

from engine.core.errors import DataError, PluginError
from engine.core.plugin_errors import described, is_array, named, plugin_errors
from engine.features.processors import PROCESSORS, Processor, State
from engine.market.bars import Floats

NOUN = "processor"


@dataclass(frozen=True, eq=False)
class FittedProcessors:
    """Processors with what each has learnt from the training rows as those before it left them."""

    steps: tuple[tuple[Processor, State], ...] = ()

    def apply(self, values: Floats) -> Floats:
        """``values`` (rows, features) as a model sees them: themselves where there are no processors."""
        if self.steps:
            values = _known(values)
        for processor, state in self.steps:
            values = _applied(processor, state, values)
        return values

    def to_json(self) -> str:
        """The text that ``from_json`` reads: every number to the last bit."""
        kept = [
            {
                "processor": processor.model_dump(mode="json"),
                "state": {name: array.tolist() for name, array in state.items()},
            }
            for processor, state in self.steps
        ]
        return json.dumps(kept, allow_nan=False, separators=(",", ":"))


UNPROCESSED = FittedProcessors()


def from_json(text: str) -> FittedProcessors:
    """Raises ``DataError`` for a text that ``to_json`` did not write."""
    try:
        steps = tuple(
            (
                PROCESSORS.parse(step["processor"]),
                {str(name): np.array(values, dtype=np.float64) for name, values in step["state"].items()},
            )
            for step in json.loads(text)
        )
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError) as error:
        raise DataError(f"The processors of this model cannot be read ({error}): train it again.") from None
    return FittedProcessors(steps)


def fit(processors: Sequence[Processor], values: Floats) -> FittedProcessors:
    """``processors`` fitted on the training rows ``values``, in order. Raises ``DataError`` for a feature without a
    known value, and ``PluginError`` where one fails or does not return what ``Processor`` asks for.
    """
    steps: list[tuple[Processor, State]] = []
    values = _known(values)
    for processor in processors:
        empty = np.flatnonzero(~np.isfinite(values).any(axis=0))
        if len(empty):
            raise DataError(
                f"Feature {empty[0] + 1} of {values.shape[1]} is unknown in the whole training part: remove it, or "
                "choose a longer range of days."
            )
        with plugin_errors(processor, NOUN):
            found: Any = processor.fit(values)
        state = _state(processor, found, values.shape[1])
        steps.append((processor, state))
        values = _applied(processor, state, values)
    return FittedProcessors(tuple(steps))


def _known(values: Floats) -> Floats:
    """``values`` with what is infinite unknown."""
    return np.where(np.isfinite(values), values, np.nan)


def _state(processor: Processor, found: Any, features: int) -> State:
    arrays = dict(found) if isinstance(found, dict) else {}
    for array in arrays.values():
        if not is_array(array, "float64", (features, *getattr(array, "shape", ())[1:])) or not np.isfinite(array).all():
            arrays = {}
            break
    if not arrays:
        raise PluginError(
            f"{named(processor, NOUN)} returned {described(found)}: fit() must return a dict of arrays of float64, "
            "finite, with a row for each feature."
        )
    return arrays


def _applied(processor: Processor, state: State, values: Floats) -> Floats:
    with plugin_errors(processor, NOUN):
        found: Any = processor.apply(state, values)
    if not is_array(found, "float64", values.shape):
        raise PluginError(
            f"{named(processor, NOUN)} returned {described(found)} for {len(values):,} rows of {values.shape[1]} "
            "features: apply() must return an array of float64 of the same shape."
        )
    return cast(Floats, found)
