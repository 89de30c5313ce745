"""The result of a backtest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns, sharpe_per_bar
from engine.backtest.wording import FIRST_DAY, measured_from
from engine.core.store import Labelled, Trial
from engine.market.bars import Floats, Times
from engine.market.days import Dated, Days, Zones, no_days, no_times

REASONS = (
    "signal",
    "reversal",
    "stop loss",
    "take profit",
    "trailing stop",
    "time stop",
    "rebalance",
    "liquidation",
    "still open",
)
"""Exit reasons; ``trade_reason`` indexes them."""


@dataclass(frozen=True, eq=False, repr=False)
class BacktestResult(Labelled, Dated):
    """Equity and trades of one run.

    Arrays over bars, on the union of the symbols' calendars: ``time`` datetime64[ms], ``equity``, ``benchmark`` (buy
    and hold of the same symbols at the same costs) and ``costless`` (the same decisions without any cost) in the
    market's currency, valued at each close, and ``exposure``, the size of all positions over the equity.
    All of them begin with the first bar of the range on which the strategy could trade, after a warm-up of ``warm_up``
    bars (``required_warm_up``, or more where requested), of which ``warm_up_in_range`` bars are in the range itself.
    Arrays over trades, in the order of their entries: ``trade_symbol`` indexes ``symbols``; prices are averages over
    the fills of a side and include slippage; ``trade_side`` is +1 or -1; ``trade_pnl`` is after commission and
    slippage and includes dividends; ``trade_return`` is the profit over the entry's value; ``trade_fees`` are the
    commissions of all fills; ``trade_bars`` counts the symbol's own bars from the entry's, exclusive, to the exit's;
    ``trade_reason`` indexes ``REASONS``; ``trade_mae`` (at most zero) and ``trade_mfe`` (at least zero) are the worst
    and the best excursion while held, as fractions of the entry price; ``trade_ambiguous`` marks an exit on a bar that
    touched stop and target, which counts as the stop. A trade still open at the end has ``trade_open`` set and is
    valued at the last close.
    Arrays over fills, in the order of their bars: ``fill_symbol`` indexes ``symbols``, ``fill_units`` are above zero
    for purchases, ``fill_price`` includes slippage and ``fill_quote`` does not, ``fill_fee`` is the commission.
    ``target`` is by symbol the value that its position is to have after the last close, in the market's currency,
    before costs: that of the position where no order waits, NaN where the size is decided at the fill. Results of
    earlier versions have neither fills nor targets.
    ``resized`` is ``Strategy.resizes``: the strategy moved weights instead of opening and closing trades. ``zones`` are
    the time zones of the symbols' exchanges, empty for daily bars, whose times are dates; times of intraday bars are in
    UTC; ``day_starts`` and ``start_days`` are those of ``days.Dated``. ``metrics`` and ``benchmark_metrics`` hold the
    metrics defined in ``metrics.METRICS``; None is undefined.
    """

    label: str
    currency: str
    symbols: tuple[str, ...]
    zones: Zones
    periods_per_year: float
    capital: float
    time: Times
    equity: Floats
    benchmark: Floats
    costless: Floats
    exposure: Floats
    trade_symbol: NDArray[np.int64]
    trade_entry_time: Times
    trade_exit_time: Times
    trade_entry_price: Floats
    trade_exit_price: Floats
    trade_size: Floats
    trade_side: NDArray[np.int64]
    trade_pnl: Floats
    trade_return: Floats
    trade_fees: Floats
    trade_bars: NDArray[np.int64]
    trade_reason: NDArray[np.int64]
    trade_mae: Floats
    trade_mfe: Floats
    trade_ambiguous: NDArray[np.bool_]
    trade_open: NDArray[np.bool_]
    family: str
    warm_up: int
    required_warm_up: int = field(metadata={"formerly": "needed"})
    warm_up_in_range: int = field(metadata={"formerly": "waited"})
    metrics: dict[str, float | None]
    benchmark_metrics: dict[str, float | None]
    warnings: tuple[str, ...]
    resized: bool = False
    day_starts: Times = field(default_factory=no_times)
    start_days: Days = field(default_factory=no_days)
    fill_time: Times = field(default_factory=no_times)
    fill_symbol: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    fill_units: Floats = field(default_factory=lambda: np.empty(0))
    fill_price: Floats = field(default_factory=lambda: np.empty(0))
    fill_quote: Floats = field(default_factory=lambda: np.empty(0))
    fill_fee: Floats = field(default_factory=lambda: np.empty(0))
    target: Floats = field(default_factory=lambda: np.empty(0))

    def returns(self) -> Floats:
        """Simple returns from bar to bar, one fewer than bars; zero after ruin."""
        return bar_returns(self.equity)

    def measured(self) -> str:
        """The first measured day and the reason for it, as a sentence."""
        reason = "after the requested warm-up" if self.warm_up > self.required_warm_up else FIRST_DAY
        return measured_from(self.days[0], self.warm_up, self.warm_up_in_range, why=reason)

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "first": str(self.time[0]),
            "last": str(self.time[-1]),
            "measured": self.measured(),
            "metrics": self.metrics,
            "benchmark": self.benchmark_metrics,
            "warnings": list(self.warnings),
        }

    def trial(self) -> Trial:
        """The entry of this run in the ledger: its Sharpe ratio per bar, not annualised."""
        returns = self.returns()
        return Trial(self.family, sharpe_per_bar(returns), len(returns), periods_per_year=self.periods_per_year)
