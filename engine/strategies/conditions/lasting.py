"""A condition over several bars."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars
from engine.strategies.conditions.comparison import Compare
from engine.strategies.rules import CONDITIONS, Condition, Match, Truth, over_last


@plugin("lasting", title="Over several bars")
class Lasting(Condition):
    """A condition held on all of the last bars, or on any of them, this one included."""

    kind: Literal["lasting"] = "lasting"
    match: Match = parameter(
        "all", title="On", choices={"all": "all bars", "any": "any bar"}, help="Of the last bars.", section="Strategy"
    )
    bars: int = parameter(3, title="Last", unit="bars", help="This bar included.", ge=2, le=1000, section="Strategy")
    condition: Annotated[Condition, CONDITIONS] = Field(
        Compare(), title="Condition", json_schema_extra={"section": "Strategy"}
    )

    def depth(self) -> int:
        return 1 + self.condition.depth()

    def warm_up(self) -> int:
        return self.condition.warm_up() + self.bars - 1

    def truth(self, bars: Bars) -> Truth:
        return over_last(self.condition.evaluate(bars), self.bars, self.match)

    def text(self) -> str:
        return f"{self.condition.label()} on {self.match} of {self.bars} bars"
