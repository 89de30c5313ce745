"""The request for a backtest."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from engine.backtest.costs import Costs
from engine.backtest.financing import Financing
from engine.backtest.sizings import SIZINGS, Sizing
from engine.backtest.sizings.percent import Percent
from engine.backtest.stops import Stops
from engine.core.errors import PluginError, SpecError
from engine.core.spec import CURRENCY, Estimate, RunSpec, as_validation_error, inactive_fields, parameter
from engine.market.spec import MarketSpec
from engine.strategies import STRATEGIES, Allocation, Strategy, call_strategy

Fill = Literal["next_open", "next_close", "same_close", "limit"]
Direction = Literal["long", "short", "both"]
Cash = Literal["separate", "shared"]
Rebalance = Literal["never", "day", "week", "month", "quarter"]


class BacktestSpec(RunSpec):
    """One strategy on some symbols with some costs.

    With ``cash`` "separate" the capital is split equally among the symbols and each part is traded by itself; with
    "shared" all trade from one account. ``engine.backtest.account`` documents the order of events on a bar,
    ``engine.backtest.measured`` with which bar the account begins.
    """

    kind: Literal["backtest"] = "backtest"
    market: MarketSpec = MarketSpec()
    strategy: Annotated[Strategy, STRATEGIES] = Field(title="Strategy")
    costs: Costs
    fill: Fill = parameter(
        "next_open",
        title="Fill",
        help="A decision at a bar's close is filled at the next bar's open, at its close, at the deciding close itself "
        "(not achievable in practice), or by a limit order; exits of limit orders are filled at the next open.",
        choices={"next_open": "Next open", "next_close": "Next close", "same_close": "Same close", "limit": "Limit"},
        section="Execution",
    )
    limit_offset: float = parameter(
        0.0,
        title="Limit offset",
        unit="bp",
        help="Distance of the limit price from the deciding close, on the better side. Other fills ignore it.",
        when={"fill": ("limit",)},
        ge=0,
        le=5000,
        step=5,
        section="Execution",
    )
    limit_bars: int = parameter(
        5,
        title="Limit lasts",
        unit="bars",
        help="Bars after which an unfilled limit order is cancelled. Other fills ignore it.",
        when={"fill": ("limit",)},
        ge=1,
        le=1000,
        section="Execution",
    )
    direction: Direction = parameter(
        "long",
        title="Side",
        help="Which of the strategy's decisions are followed. Of the weights of a strategy that divides an account "
        "among symbols, Long treats short weights as zero.",
        choices={"long": "Long", "short": "Short", "both": "Both"},
        section="Execution",
    )
    capital: float = parameter(
        100_000.0,
        title="Capital",
        unit=CURRENCY,
        help="Cash at the start.",
        ge=1,
        le=1e12,
        step=1000,
        section="Execution",
    )
    warm_up: int | None = parameter(
        None,
        title="Warm-up",
        unit="bars",
        help="Bars before the first decision, at least those that the strategy needs. Runs with the same warm-up are "
        "measured over the same days. Bars before the range count.",
        ge=0,
        le=20_000,
        section="Execution",
    )
    cash: Cash = parameter(
        "separate",
        title="Cash",
        help="A separate account with an equal share for each symbol, or one account for all.",
        choices={"separate": "Separate", "shared": "Shared"},
        section="Sizing",
    )
    rebalance: Rebalance = parameter(
        "never",
        title="Rebalance",
        help="For symbols that share the cash: at the first close of each period, positions are brought back to "
        "their target size, scaled by one factor where cash is short. Separate accounts ignore it.",
        choices={"never": "Never", "day": "Day", "week": "Week", "month": "Month", "quarter": "Quarter"},
        when={"cash": ("shared",)},
        section="Sizing",
    )
    sizing: Annotated[Sizing, SIZINGS] = Field(Percent(), title="Sizing")
    stops: Stops = Stops()
    financing: Financing = Financing()

    @model_validator(mode="after")
    def _is_described(self) -> BacktestSpec:
        try:
            call_strategy.require_description(self.strategy, self.market)
        except PluginError as error:
            raise as_validation_error(SpecError([("strategy", str(error))])) from None
        return self

    @model_validator(mode="after")
    def _enters_what_it_stops(self) -> BacktestSpec:
        if isinstance(self.strategy, Allocation) and self.stops.stop_expression is not None:
            problem = f"{self.strategy.label()} moves weights and decides no entry to measure from: give a number."
            raise as_validation_error(SpecError([("stops.stop_expression", problem)]))
        return self

    @model_validator(mode="after")
    def _has_its_sides(self) -> BacktestSpec:
        if isinstance(self.strategy, Allocation) and self.direction != "both":
            name, problem = self.strategy.label(), ""
            if self.direction == "short":
                problem = (
                    f"{name} divides an account and cannot be followed on its short side alone: choose Both or Long."
                )
            elif self.strategy.sells_short():
                problem = f"{name} sells short as well: choose Both."
            if problem:
                raise as_validation_error(SpecError([("direction", problem)]))
        return self

    def label(self) -> str:
        return f"{self.strategy.label()}, {self.market.label()}"

    def ignored(self) -> tuple[str, ...]:
        return inactive_fields(self)

    def as_trial(self, varied: Collection[str] = ()) -> BacktestSpec:
        """Without costs (``sweeps.stress``), which are not a choice, and without the warm-up of the sweep that it was
        opened from.

        Equivalent requests have one canonical form: the order of symbols with separate decisions, and the kind of cash
        where there is one account anyway. ``varied`` are the paths of the axes of a sweep.
        """
        changes: dict[str, Any] = {
            "market": self.market.model_copy(update={"known_on": None}),
            "costs": Costs(commission=0, slippage=0),
            "financing": Financing(leverage=self.financing.leverage),
            "warm_up": None,
        }
        is_divided = isinstance(self.strategy, Allocation)
        is_alone = len(self.market.symbols) == 1 and self.rebalance == "never"
        if (is_divided or is_alone) and not {"cash", "rebalance"} & set(varied):
            changes["cash"] = "separate"
        if not is_divided and not self.strategy.inputs(self.market):
            changes["market"] = changes["market"].model_copy(update={"symbols": tuple(sorted(self.market.symbols))})
        return self.model_copy(update=changes)

    def inputs(self) -> Mapping[str, RunSpec]:
        known = self.market.with_past()
        return {"market": known, **self.strategy.inputs(known)}

    def estimate(self) -> Estimate:
        needed = [item.estimate() for item in self.strategy.inputs(self.market).values()]
        return Estimate(
            seconds=0.05 + 0.03 * len(self.market.symbols) + sum(item.seconds for item in needed),
            megabytes=max([20.0, *(item.megabytes for item in needed)]),
        )
