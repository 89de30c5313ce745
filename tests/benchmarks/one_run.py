"""One run of twenty years: ``python -m tests.benchmarks.one_run`` prints its line, ``python -m tests.benchmarks`` too.

From bars to the JSON that the browser is sent: decisions, the account and its counterpart of vectorbt, the benchmark,
the costless run, and all that the tabs Performance, Trades and Breakdown show of it. Computed anew every time, with
kernels and libraries warm.
"""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from tests.benchmarks.sweep import child, timed

YEARS = 20


def main() -> None:
    print(f"| {' | '.join(row(15))} |")


def row(runs: int) -> tuple[str, ...]:
    """For the table of the benchmarks; measured in a process of its own."""
    taken = [1000 * seconds for seconds in child("one run", "", runs)]
    spread = f"{min(taken):.0f} ms to {max(taken):.0f} ms"
    what = f"one run, {YEARS} years daily, everything on the page computed"
    return what, "500 ms", f"{statistics.median(taken):.0f} ms", spread


def measure(case: str, runs: int) -> list[float]:
    """Seconds of each run after the first."""
    from plotly.io.json import to_json_plotly

    from engine.backtest.portfolio import run_portfolio
    from engine.backtest.spec import BacktestSpec
    from engine.core.progress import silent
    from engine.strategies.kinds.sma_cross import SmaCross

    strategy = SmaCross(fast=20, slow=50)
    spec = BacktestSpec.parse({"strategy": strategy, "costs": {"commission": 5, "slippage": 3}})
    bars = weekdays()

    def run() -> None:
        result = run_portfolio(spec, market(bars), silent)
        if len(result.time) != len(bars) - strategy.warm_up() or not len(result.trade_pnl):
            raise RuntimeError(f"{len(result.time)} bars and {len(result.trade_pnl)} trades")
        for part in page(spec, bars, result):
            to_json_plotly(part)

    return timed(run, runs)


def page(spec: Any, bars: Any, result: Any) -> Iterator[Any]:
    """What the three tabs are filled with."""
    from dashboard.charts import distribution, equity, excursions, fills, histograms, monthly, rolling
    from dashboard.components import metric
    from dashboard.pages.backtest import view
    from dashboard.pages.backtest.tabs import breakdown
    from dashboard.pages.backtest.trade_list import LATEST, columns, rows
    from engine.backtest.reports.periods import yearly
    from engine.research.verdict import assess

    yield metric.cells(view.kpis(result))
    yield view.verdict(assess(result, (result.trial(),)), result.warnings)
    yield equity.figure(equity.info([result], log=True))
    yield monthly.figure(monthly.info(result))
    yield view.years(yearly(result))
    yield rolling.figure(rolling.info(result, "6m"))
    yield distribution.figure(distribution.info(result))
    yield columns(result, LATEST)
    yield rows(result, len(result.trade_pnl))
    last = len(result.trade_pnl) - 1
    yield fills.figure(fills.info(bars, result, last, spec.stops), keep="")
    yield breakdown.groups(result)
    yield excursions.figure(excursions.info(result))
    yield histograms.holding_figure(histograms.holding_info(result))
    yield histograms.profit_figure(histograms.profit_info(result))


def weekdays() -> Any:
    """The benchmark's random walk over twenty years of weekdays."""
    from dataclasses import replace

    import numpy as np

    from tests.benchmarks.sweep import walk
    from tests.support.market import make_bars

    time = np.arange(np.datetime64("2005-01-03"), np.datetime64(f"{2005 + YEARS}-01-03"))
    time = time[np.is_busday(time)]
    open, high, low, close = walk(len(time))
    return replace(make_bars(close, open=open, time=time.astype("datetime64[ms]")), high=high, low=low)


def market(bars: Any) -> dict[str, Any]:
    from engine.market.bars import Market

    return {"market": Market((bars,))}


if __name__ == "__main__":
    main()
