"""External values as an indicator: signals, weights or predictions that were computed elsewhere."""

from __future__ import annotations

from typing import ClassVar, Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.core.stored_values import ReadsValues
from engine.indicators import Indicator, Output
from engine.market.bars import Bars, Floats
from engine.market.external import stored
from engine.market.external.table import delayed


@plugin(
    "my_values", title="My values", group="External values",
    synonyms=("external signals", "own predictions", "custom data", "my signals", "my predictions", "imported values"),
)  # fmt: skip
class MyValues(ReadsValues, Indicator):
    """Stored signals, weights or predictions of one's own, as last known at the close of each bar.

    A value counts from the moment at which it was known, whatever the interval of the bars, until the next one or until
    it is too old.
    """

    kind: Literal["my_values"] = "my_values"
    values: str = parameter(
        "my_values",
        title="Values",
        help="The name of stored signals, weights or predictions.",
        stored="signals, weights, predictions",
    )
    valid: int = parameter(
        7,
        title="Valid for",
        unit="days",
        ge=1,
        le=400,
        help="Days after which a value expires unless a later one replaces it.",
    )
    delay: int = parameter(0, title="Delay", unit="bars", ge=0, le=250, help="Bars by which the values are used later.")

    outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)

    def label(self) -> str:
        return self.values + (f" {self.delay} bars later" if self.delay else "")

    def values_digest(self) -> str:
        return stored.fingerprint(self.values)

    def warm_up(self) -> int:
        return self.delay

    def compute(self, bars: Bars) -> dict[str, Floats]:
        found = delayed(stored.load(self.values).latest(bars, self.valid), self.delay)
        return {"value": found}
