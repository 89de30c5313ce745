"""The form of the backtest page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components import form
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
    """The form of a backtest, which says at the symbols when the strategy needs more or fewer of them."""

    def parse(self, values: Mapping[str, Any]) -> RunSpec:
        spec = super().parse(values)
        if isinstance(spec, BacktestSpec) and (text := symbols_wanted(spec, values)):
            raise SpecError([("market.symbols", text)])
        return spec


def symbols_wanted(spec: BacktestSpec, values: Mapping[str, Any]) -> str:
    """What has to change about the symbols for the strategy of ``spec``, with some to add; nothing where they suit."""
    chosen = spec.market.symbols
    text = decide.symbols_wanted(spec.strategy, len(chosen))
    missing = spec.strategy.symbols()[0] - len(chosen) if isinstance(spec.strategy, Allocation) else 0
    if missing <= 0:
        return text
    others = [symbol for symbol, _ in tradeable_symbols(values) if symbol not in chosen][:missing]
    return text.removesuffix(".") + (f", such as {', '.join(others)}." if others else " from another collection.")


FORM = BacktestForm(
    page="backtest",
    spec=BacktestSpec,
    action="Run backtest",
    options={**TRADEABLE_MARKET, "strategy.model": trained_models},
    initial={"strategy": {"kind": "sma_cross"}},
    sections=dict.fromkeys(FURTHER_COSTS, "Further costs"),
    folded=("Further costs", "Execution", "Sizing", "Stops", "Financing"),
)
