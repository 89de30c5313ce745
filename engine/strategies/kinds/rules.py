"""Strategies built from rules."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import Field, field_validator, model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.market.bars import Bars
from engine.strategies import flags
from engine.strategies.conditional import Conditional, Parts, Side
from engine.strategies.conditions.comparison import Compare
from engine.strategies.operands.averages import SmaLine
from engine.strategies.operands.oscillators import RsiLine
from engine.strategies.operands.prices import Number
from engine.strategies.rules import CONDITIONS, MAX_DEPTH, MAX_NESTING, Condition, Match, combine, nesting

Conditions = tuple[Annotated[Condition, CONDITIONS], ...]

MAXIMUM_CONDITIONS = 32
_FIELDS: Mapping[Side, tuple[str, str]] = {
    "entries": ("enter", "enter_match"),
    "exits": ("leave", "leave_match"),
    "short_entries": ("short_enter", "enter_match"),
    "short_exits": ("short_leave", "leave_match"),
}
_ABOVE_TREND = Compare(right=SmaLine(window=200))
_DIP = Compare(left=RsiLine(window=5), comparison="below", right=Number(value=30))
_RECOVERED = Compare(left=RsiLine(window=5), comparison="above", right=Number(value=60))


def _conditions(default: tuple[Condition, ...], title: str, help: str) -> Any:
    return Field(default, title=title, description=help, json_schema_extra={"section": "Strategy"})


@plugin("rules", title="Rules")
class Rules(Conditional):
    """Enters and exits on conditions that compare prices, indicators and numbers.

    Conditions are evaluated at every close. A line without a value decides nothing, negated or not. Without exit
    conditions, a position is closed by the opposite entry or by a stop.
    """

    kind: Literal["rules"] = "rules"
    signals_time: ClassVar[tuple[float, float]] = (3e-4, 1.5e-8)
    enter_match: Match = parameter(
        "all",
        title="Enter when",
        help="Whether all or any of the entry conditions must hold.",
        choices={"all": "All hold", "any": "Any holds"},
        section="Strategy",
    )
    enter: Conditions = _conditions((_ABOVE_TREND, _DIP), "Enter long", "Conditions to buy.")
    leave_match: Match = parameter(
        "any",
        title="Exit when",
        help="Whether all or any of the exit conditions must hold.",
        choices={"all": "All hold", "any": "Any holds"},
        section="Strategy",
    )
    leave: Conditions = _conditions((_RECOVERED,), "Exit long", "Conditions to close a long position.")
    short_enter: Conditions = _conditions(
        (), "Enter short", "Conditions to sell short; leave empty to trade long only."
    )
    short_leave: Conditions = _conditions((), "Exit short", "Conditions to cover a short position.")

    @model_validator(mode="before")
    @classmethod
    def _shallow(cls, values: Any) -> Any:
        if nesting(values) > MAX_NESTING + 2:
            raise ValueError(f"Conditions are nested more than {MAX_DEPTH} deep: use fewer nested groups.")
        return values

    @field_validator("enter", "leave", "short_enter", "short_leave", mode="before")
    @classmethod
    def _listed(cls, values: Any) -> Any:
        if not isinstance(values, list | tuple):
            raise ValueError("Conditions are a list.")
        return values

    @model_validator(mode="after")
    def _require_entry(self) -> Rules:
        if not self.enter and not self.short_enter:
            raise ValueError("The strategy never enters: add a condition to enter long or short.")
        count = sum(isinstance(part, Condition) for part in self.walk())
        if count > MAXIMUM_CONDITIONS:
            raise ValueError(f"{count} conditions are too many: use at most {MAXIMUM_CONDITIONS}.")
        return self

    def label(self) -> str:
        sides = [("", self.enter), ("short: ", self.short_enter)]
        word = " and " if self.enter_match == "all" else " or "
        text = "; ".join(side + word.join(part.label() for part in parts) for side, parts in sides if parts)
        return text if len(text) <= 100 else f"{text[:99]}…"

    def warm_up(self) -> int:
        return max(part.warm_up() for part in (*self.enter, *self.leave, *self.short_enter, *self.short_leave))

    def entries(self, bars: Bars) -> flags.Flags:
        return self._decide(bars, self.enter, self.enter_match)

    def exits(self, bars: Bars) -> flags.Flags:
        return self._decide(bars, self.leave, self.leave_match)

    def short_entries(self, bars: Bars) -> flags.Flags:
        return self._decide(bars, self.short_enter, self.enter_match)

    def short_exits(self, bars: Bars) -> flags.Flags:
        return self._decide(bars, self.short_leave, self.leave_match)

    def parts(self, side: Side) -> Parts | None:
        name, match = _FIELDS[side]
        paths = tuple(f"{name}.{place}" for place in range(len(getattr(self, name))))
        return Parts(paths, getattr(self, match)) if paths else None

    def part(self, path: str, bars: Bars) -> flags.Flags:
        name, _, place = path.partition(".")
        found: Condition = getattr(self, name)[int(place)]
        return found.evaluate(bars).yes

    def _decide(self, bars: Bars, conditions: Conditions, match: Match) -> flags.Flags:
        if not conditions:
            return flags.no_signals(bars)
        return combine([part.evaluate(bars) for part in conditions], match).yes
