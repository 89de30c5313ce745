"""The form of the backtest page."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from dashboard import ids
from dashboard.components import controls, form
from dashboard.market_options import BLANKS, SHOWN_AS, TRADEABLE_MARKET, tradeable_symbols, unfolded
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.core.errors import SpecError
from engine.core.spec import RunSpec, canonical_json, kind_name
from engine.jobs import runner
from engine.strategies import STRATEGIES, Allocation, Strategy, call_strategy
from engine.strategies.kinds.sma_cross import SmaCross
from engine.strategies.operand_list import OPERAND_LIST


def earlier_runs(values: Mapping[str, Any], *, field: str, kind: str) -> list[tuple[str, str]]:
    """Stored runs of ``kind`` that the strategy can follow, newest first, by the JSON text of their specs; before them
    the one in ``field`` that a permalink names and that has not been run here.
    """
    strategy = values.get("strategy") or {}
    cls = STRATEGIES.available().get(str(strategy.get("kind")), Strategy)
    found = [spec for _, spec in runner.recent_runs(kind, limit=50) if not cls.refusal(spec)]
    chosen = strategy.get(field)
    if isinstance(chosen, Mapping) and (named := runner.load_spec(chosen)) not in found:
        found.insert(0, named)
    return [(canonical_json(spec), spec.label()) for spec in found]


FURTHER_COSTS = [f"costs.{name}" for name in Costs.model_fields if name not in ("commission", "slippage")]


class BacktestForm(form.Form):
    """The form of a backtest: what the strategy needs of symbols and side is said at once, and a button sets it."""

    def offers(self) -> Mapping[str, form.Offer]:
        """Also the runs that any of the strategies may follow."""
        followed = [item for kind in STRATEGIES.available().values() for item in kind.followed_runs().items()]
        runs = {f"strategy.{field}": partial(earlier_runs, field=field, kind=kind_name(run)) for field, run in followed}
        return {**self.options, **runs}

    def parse(self, values: Mapping[str, Any]) -> RunSpec:
        missing = [("market.symbols", text)] if (text := symbols_wanted(self.strategy(values), values)) else []
        try:
            spec = super().parse(values)
        except SpecError as error:
            known = {path for path, _ in error.problems}
            raise SpecError([*(item for item in missing if item[0] not in known), *error.problems]) from None
        if missing:
            raise SpecError(missing)
        return spec

    def problem(self, path: str, text: str, values: Mapping[str, Any]) -> Any:
        """At symbols that are too few a button that adds what is missing, at a side that does not suit the other."""
        strategy, place = self.strategy(values), ids.field(self.page, path)
        if path == "direction" and isinstance(strategy, Allocation):
            return [f"{text} ", controls.setter(place, "both", "Set Both")]
        added = symbols_to_add(strategy, values) if path == "market.symbols" else []
        if not added:
            return text
        return [f"{text} ", controls.setter(place, [*chosen_symbols(values), *added], f"Add {', '.join(added)}")]

    def strategy(self, values: Mapping[str, Any]) -> Strategy | None:
        """The strategy that the form says, whatever else it says; None while that makes none."""
        try:
            spec = super().parse({**self.defaults(), "strategy": values.get("strategy"), "direction": "both"})
        except SpecError:
            return None
        return spec.strategy if isinstance(spec, BacktestSpec) else None


def chosen_symbols(values: Mapping[str, Any]) -> list[str]:
    """The symbols and universes in plain values of a backtest."""
    return list((values.get("market") or {}).get("symbols") or ())


def symbols_wanted(strategy: Strategy | None, values: Mapping[str, Any]) -> str:
    """What has to change about the chosen symbols for ``strategy``; nothing where they suit or none is chosen."""
    chosen = chosen_symbols(values)
    if strategy is None or not chosen:
        return ""
    count = len(unfolded(chosen))
    text = call_strategy.symbol_count_problem(strategy, count)
    missing = strategy.symbols()[0] - count if isinstance(strategy, Allocation) else 0
    if missing <= 0 or symbols_to_add(strategy, values):
        return text
    return text.removesuffix(".") + " from another collection."


def symbols_to_add(strategy: Strategy | None, values: Mapping[str, Any]) -> list[str]:
    """The first symbols of the chosen collection that make up for those that ``strategy`` lacks; none where it lacks
    none or the collection has too few.
    """
    if not isinstance(strategy, Allocation):
        return []
    chosen = unfolded(chosen_symbols(values))
    missing = max(strategy.symbols()[0] - len(chosen), 0)
    others = [symbol for symbol in tradeable_symbols.every(values) if symbol not in chosen][:missing]
    return others if len(others) == missing else []


FORM = BacktestForm(
    page="backtest",
    spec=BacktestSpec,
    action="Run backtest",
    options=TRADEABLE_MARKET,
    shown_as=SHOWN_AS,
    blanks=BLANKS,
    searched=OPERAND_LIST,
    initial={"strategy": {"kind": kind_name(SmaCross)}},
    sections=dict.fromkeys(FURTHER_COSTS, "Further costs"),
    folded=("Further costs", "Execution", "Sizing", "Stops", "Financing"),
)
