"""Features: numbers known at the close of a bar, computed from that bar and the ones before it."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

from pydantic import AfterValidator, BeforeValidator

from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.market.bars import Bars, Floats


class Indicator(Spec):
    """A function of the bars so far.

    ``compute(bars)`` returns one float64 array as long as ``bars`` for each name in ``outputs``. The value
    at bar t follows from bars 0..t alone, and the result is the same bit for bit each time. The first
    ``warm_up()`` values are NaN by rule, and so are those after a gap in the input until it has warmed up
    again (``gaps.on_unbroken_runs``). Prices are those of the ``MarketSpec``: adjusted unless it says
    otherwise.

    ``pane`` says where a chart draws the outputs: over the price, or on an axis of their own with lines at
    ``levels``.
    """

    kind: str
    outputs: ClassVar[tuple[str, ...]]
    pane: ClassVar[Literal["price", "own"]] = "own"
    levels: ClassVar[tuple[float, ...]] = ()

    def warm_up(self) -> int:
        """How many bars at the start have no value."""
        raise TypeError(f"{type(self).__name__} has no warm_up method.")

    def compute(self, bars: Bars) -> dict[str, Floats]:
        raise TypeError(f"{type(self).__name__} has no compute method.")

    def columns(self) -> tuple[str, ...]:
        """Names of the outputs among those of others: the label, and the output where there are several."""
        if len(self.outputs) == 1:
            return (self.label(),)
        return tuple(f"{self.label()} {name}" for name in self.outputs)


INDICATORS = Registry("indicators", Indicator, "engine.features.indicators")


def _listed(values: object) -> object:
    if not isinstance(values, list | tuple):
        raise ValueError("Features are a list of indicators.")
    return values


def _distinct(features: tuple[Indicator, ...]) -> tuple[Indicator, ...]:
    if not 1 <= len(features) <= 64:
        raise ValueError("Choose from 1 to 64 features.")
    labels = [feature.label() for feature in features]
    for label in labels:
        if labels.count(label) > 1:
            raise ValueError(f"The feature {label} is there twice: change its parameters or take one out.")
    return features


Features = Annotated[tuple[Annotated[Indicator, INDICATORS], ...], BeforeValidator(_listed), AfterValidator(_distinct)]
"""The field type for 1 to 64 indicators with distinct labels."""
