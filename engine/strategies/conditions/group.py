"""Group of conditions."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars
from engine.strategies.conditions.comparison import Compare
from engine.strategies.rules import CONDITIONS, Condition, Match, Truth, combine


@plugin("group", title="Group")
class Group(Condition):
    """All or any of several conditions."""

    kind: Literal["group"] = "group"
    match: Match = parameter("any", title="Needs", choices={"all": "All", "any": "Any"}, section="Strategy")
    conditions: tuple[Annotated[Condition, CONDITIONS], ...] = Field(
        (Compare(),), title="Conditions", json_schema_extra={"section": "Strategy"}
    )

    @model_validator(mode="after")
    def _filled(self) -> Group:
        if not self.conditions:
            raise ValueError("The group is empty: add a condition or remove the group.")
        return self

    def depth(self) -> int:
        return 1 + max((part.depth() for part in self.conditions), default=0)

    def warm_up(self) -> int:
        return max(part.warm_up() for part in self.conditions)

    def truth(self, bars: Bars) -> Truth:
        return combine([part.evaluate(bars) for part in self.conditions], self.match)

    def text(self) -> str:
        joined = (" and " if self.match == "all" else " or ").join(part.label() for part in self.conditions)
        return f"({joined})" if len(self.conditions) > 1 and not self.negated else joined
