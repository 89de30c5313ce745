"""The form of the backtest page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard import ids
from dashboard.components import controls, form
from dashboard.market_options import TRADEABLE_MARKET, tradeable_symbols
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.errors import SpecError
from engine.spec import RunSpec, canonical_json
from engine.strategies import Allocation, decide


def trained_models(values: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Models that have been trained, newest first, by the JSON text of their specs; before them one that is named by
    a permalink and has not been trained here.
    """
    from engine.runner import load_spec, recent_runs

    found = [spec for _, spec in recent_runs("model", limit=50)]
    chosen = (values.get("strategy") or {}).get("model")
    if isinstance(chosen, Mapping) and (named := load_spec(chosen)) not in found:
        found.insert(0, named)
    return [(canonical_json(spec), spec.label()) for spec in found]


FURTHER_COSTS = [f"costs.{name}" for name in Costs.model_fields if name not in ("commission", "slippage")]


class BacktestForm(form.Form):
    """The form of a backtest: at the symbols it says how many the strategy needs, and offers those that lack."""

    def parse(self, values: Mapping[str, Any]) -> RunSpec:
        spec = super().parse(values)
        if isinstance(spec, BacktestSpec) and (text := symbols_wanted(spec, values)):
            raise SpecError([("market.symbols", text)])
        return spec

    def problem(self, path: str, text: str, values: Mapping[str, Any]) -> Any:
        """At symbols that are too few: a button that adds what is missing."""
        added = self._symbols_to_add(values) if path == "market.symbols" else []
        if not added:
            return text
        wanted = [*values["market"]["symbols"], *added]
        return [f"{text} ", controls.setter(ids.field(self.page, path), wanted, f"Add {', '.join(added)}")]

    def _symbols_to_add(self, values: Mapping[str, Any]) -> list[str]:
        try:
            spec = super().parse(values)
        except SpecError:
            return []
        return symbols_to_add(spec, values) if isinstance(spec, BacktestSpec) else []


def symbols_wanted(spec: BacktestSpec, values: Mapping[str, Any]) -> str:
    """What has to change about the symbols for the strategy of ``spec``; nothing where they suit."""
    chosen = spec.market.symbols
    text = decide.symbols_wanted(spec.strategy, len(chosen))
    missing = spec.strategy.symbols()[0] - len(chosen) if isinstance(spec.strategy, Allocation) else 0
    if missing <= 0 or symbols_to_add(spec, values):
        return text
    return text.removesuffix(".") + " from another collection."


def symbols_to_add(spec: BacktestSpec, values: Mapping[str, Any]) -> list[str]:
    """The first symbols of the chosen collection that make up for those that the strategy of ``spec`` lacks; none where
    it lacks none or the collection has too few.
    """
    if not isinstance(spec.strategy, Allocation):
        return []
    missing = max(spec.strategy.symbols()[0] - len(spec.market.symbols), 0)
    others = [symbol for symbol, _ in tradeable_symbols(values) if symbol not in spec.market.symbols][:missing]
    return others if len(others) == missing else []


FORM = BacktestForm(
    page="backtest",
    spec=BacktestSpec,
    action="Run backtest",
    options={**TRADEABLE_MARKET, "strategy.model": trained_models},
    initial={"strategy": {"kind": "sma_cross"}},
    sections=dict.fromkeys(FURTHER_COSTS, "Further costs"),
    folded=("Further costs", "Execution", "Sizing", "Stops", "Financing"),
)
