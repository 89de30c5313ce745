"""Processors: what is done to features before a model sees them, fitted on training rows and on no others."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, ClassVar

import numpy as np
from pydantic import Field

from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.market.bars import Floats

_ROUNDING = 1e-12

State = Mapping[str, Floats]
"""What a processor has learnt: float64 arrays by name, finite, (features) or (features, numbers)."""


class Processor(Spec):
    """A transformation of each feature by itself.

    ``fit(values)`` learns from training rows, float64 (rows, features), NaN where a value is unknown; each feature has
    one that is known. ``apply(state, values)`` transforms any rows, an array of the same shape: what becomes of a value
    follows from it and from the state alone. What is unknown stays so, but for a processor that ``fills_unknown``.
    """

    fills_unknown: ClassVar[bool] = False

    kind: str

    @abstractmethod
    def fit(self, values: Floats) -> State: ...

    @abstractmethod
    def apply(self, state: State, values: Floats) -> Floats: ...


def scale_or_one(low: Floats, high: Floats, scale: Floats) -> Floats:
    """``scale`` of each feature, by which its values are divided; 1 where it is but rounding, as that of a mean of
    prices that stand still: from ``low`` to ``high``, the ends that it was measured between, no value differs by a part
    in 1e12.
    """
    still = high - low <= _ROUNDING * np.maximum(np.abs(low), np.abs(high))
    return np.where(still | (scale <= 0), 1.0, scale)


PROCESSORS = Registry("processors", Processor, "engine.features.processors")

Processors = Annotated[tuple[Annotated[Processor, PROCESSORS], ...], Field(max_length=8)]
"""The field type for none to eight processors, applied in their order."""
