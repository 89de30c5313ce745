"""The form of the backtest page."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from dashboard.components import form
from dashboard.market_options import TRADEABLE_MARKET
from engine.backtest.costs import Costs
from engine.backtest.spec import BacktestSpec
from engine.spec import canonical_json


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
FORM = form.Form(
    page="backtest",
    spec=BacktestSpec,
    action="Run backtest",
    options={**TRADEABLE_MARKET, "strategy.model": trained_models},
    initial={"strategy": {"kind": "sma_cross"}},
    sections=dict.fromkeys(FURTHER_COSTS, "Further costs"),
    folded=("Further costs", "Execution", "Sizing", "Stops", "Financing"),
)
