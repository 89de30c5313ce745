"""Plain backtests: those that the batch kernels can simulate."""

from __future__ import annotations

from engine.backtest.financing import Financing
from engine.backtest.sizings.percent import Percent
from engine.backtest.spec import BacktestSpec
from engine.strategies import Allocation


def is_plain(spec: BacktestSpec) -> bool:
    """Whether the account is fully invested or in cash, long only, at proportional costs: its metrics then follow from
    the bars of its fills alone.
    """
    return (
        not isinstance(spec.strategy, Allocation)
        and spec.direction == "long"
        and spec.sizing == Percent()
        and spec.financing == Financing()
        and spec.stops.stop_expression is None
        and spec.costs.proportional
        and spec.fill != "limit"
        and (spec.cash == "separate" or (len(spec.market.symbols) == 1 and spec.rebalance == "never"))
    )
