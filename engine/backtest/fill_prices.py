"""Fill prices, and the requirements on the data for them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.backtest.spec import BacktestSpec, Fill
from engine.core.errors import DataError
from engine.market.bars import Bars, Floats
from engine.strategies import Allocation


def fill_prices(bars: Bars, fill: Fill) -> Floats:
    """The price at which an order pending for each bar is filled, before slippage; NaN where there is none.

    Raises ``DataError`` for missing opens, for a fill outside its bar's range, and for prices that are not positive.
    """
    at_open = fill in ("next_open", "limit")
    if not np.isfinite(bars.close[0]):
        raise DataError(f"{bars.series.symbol} has no close on its first bar: start the range later.")
    _require_positive(bars, ("close", "open") if at_open else ("close",))
    if not at_open:
        _require_inside(bars, bars.close, "closes")
        return bars.close
    _require_ohlc(bars, "nothing can be filled at an open: choose the fill 'Next close'")
    _require_inside(bars, bars.open, "opens")
    return bars.open


def require_tradable_prices(spec: BacktestSpec, bars: Sequence[Bars]) -> None:
    """Raises ``DataError`` where the data lacks what the fills, stops and costs of ``spec`` need."""
    for item in bars:
        if not len(item):  # not listed yet, see ``measured.from_start``
            continue
        if spec.market.adjustment == "none":
            _require_unsplit(item)
        fill_prices(item, spec.fill)
        if spec.stops.any:
            _require_ohlc(
                item, "stops within a bar cannot be simulated: remove the stops, or choose data with highs and lows"
            )
            _require_inside(item, item.open, "opens")
            _require_inside(item, item.close, "closes")
        if spec.stops.any or _can_be_called(spec):
            _require_positive(item, ("open", "high", "low"))
        if (spec.costs.volume_impact or spec.costs.volume_limit) and not item.series.has_volume:
            raise DataError(
                f"{item.series.symbol} has no volume, which the volume impact and the volume limit need: clear both."
            )


def _require_unsplit(bars: Bars) -> None:
    splits = bars.actions().splits
    if (splits != 1).any():
        at = int((splits != 1).argmax())
        raise DataError(
            f"{bars.series.symbol} was split {splits[at]:.4g} for 1 on {bars.days[at]}, which looks like a "
            "loss in prices as supplied: choose prices that are split adjusted, or total return."
        )


def _require_ohlc(bars: Bars, consequence: str) -> None:
    if not bars.series.has_ohlc:
        raise DataError(f"{bars.series.symbol} has closing prices only, so {consequence}.")


def _require_inside(bars: Bars, prices: Floats, verb: str) -> None:
    slack = 1e-9 * prices
    outside = (prices < bars.low - slack) | (prices > bars.high + slack)
    other = "Next close" if verb == "opens" else "Next open"
    if outside.any():
        raise DataError(
            f"{bars.series.symbol} {verb} outside its own range on {bars.days[outside.argmax()]}: "
            f"fills there would be unrealistic. Fix the data or choose the fill '{other}' and no stops."
        )


def _can_be_called(spec: BacktestSpec) -> bool:
    """Whether a margin call is possible, which reads the prices within bars."""
    return spec.financing.leverage > 1 or spec.direction != "long" or isinstance(spec.strategy, Allocation)


def _require_positive(bars: Bars, names: Sequence[str]) -> None:
    """Raises ``DataError`` where a price of ``names`` is zero, negative or infinite; NaN is allowed."""
    for name in names:
        prices = getattr(bars, name)
        wrong = (prices <= 0) | np.isinf(prices)
        if wrong.any():
            at = int(wrong.argmax())
            raise DataError(
                f"{bars.series.symbol} has a price of {prices[at]:g} on {bars.days[at]}: "
                "an account cannot be simulated through it. Choose a range without it."
            )


def forward_fill(close: Floats) -> Floats:
    """``close`` with each missing value replaced by the last one before it, for valuation only."""
    last = np.maximum.accumulate(np.where(np.isfinite(close), np.arange(len(close)), 0))
    return close[last]
