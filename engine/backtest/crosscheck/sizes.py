"""Commission, prices and sizes by ``Costs``, implemented independently of the account for the cross-check."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Sequence
from math import inf

from engine.backtest.costs import BASIS_POINT, Costs

MINIMUM_PROCEEDS = 0.01
"""Minimum price of a sale, as a fraction of the quote."""
TOLERANCE = 1e-9
"""Relative tolerance below which nothing is left to fill or to buy."""


def commission(units: float, price: float, shares: float, costs: Costs) -> float:
    """Commission of a fill, with ``shares`` per unit."""
    charged = costs.per_order + costs.per_share * shares * units + costs.commission * BASIS_POINT * units * price
    return max(costs.minimum, charged)


def affordable(budget: float, price: float, shares: float, costs: Costs) -> float:
    """Units that ``budget`` pays for, commission included."""
    units = (budget - costs.per_order) / (price * (1 + costs.commission * BASIS_POINT) + costs.per_share * shares)
    if units > 0 and commission(units, price, shares, costs) <= costs.minimum:
        units = (budget - costs.minimum) / price
    return max(units, 0.0)


def filled_price(side: int, units: float, quote: float, volume: float, costs: Costs) -> float:
    """``quote`` with slippage and impact for a buy (+1) or a sale (-1) of ``units`` on a bar with ``volume``."""
    worse = costs.slip()
    if volume > 0:
        worse += costs.volume_impact * (units / volume) ** 2
    return quote * max(1.0 + side * worse, MINIMUM_PROCEEDS)


def volume_capacity(volume: float, taken: float, costs: Costs) -> float:
    """Units within the volume limit of a bar with ``volume``, after ``taken`` ones."""
    if costs.volume_limit is None:
        return inf
    left = costs.volume_limit * volume - taken
    return left if left > TOLERANCE * costs.volume_limit * volume else 0.0


def fitted(side: int, units: float, budget: float, quote: float, volume: float, shares: float, costs: Costs) -> float:
    """As many of ``units`` as ``budget`` pays for at the price including their impact, by bisection."""

    def fits(size: float) -> bool:
        price = filled_price(side, size, quote, volume, costs)
        return size * price + commission(size, price, shares, costs) <= budget * (1 + 1e-14)

    if side < 0 or not costs.volume_impact or fits(units):
        return units
    return float(bisect_left(range(2**53), True, key=lambda part: not fits(units * part / 2**53)) - 1) * units / 2**53


def buying_power(equity: float, held: float, leverage: float) -> float:
    """Buying power for new positions, given gross exposure ``held``."""
    left = leverage * equity - held
    return left if left > TOLERANCE * equity else 0.0


def margin_call_at(
    cash: float, held: Sequence[float], paths: Sequence[tuple[float, float]], maintenance: float
) -> float | None:
    """The part of the way from the first to the worst prices (``paths`` of the ``held`` units) after which the equity
    falls below maintenance; None where it does not, or where nothing is borrowed.
    """
    spare = []
    for place in (0, 1):
        values = [units * path[place] for units, path in zip(held, paths, strict=True)]
        gross = sum(map(abs, values))
        spare.append(cash + sum(values) - maintenance * gross)
        if place == 0 and cash >= -TOLERANCE * gross and min(held) > 0:
            return None
    if min(spare) >= 0:
        return None
    return 0.0 if spare[0] <= 0 else spare[0] / (spare[0] - spare[1])


def kelly(returns: Sequence[float], scale: float, cap: float) -> float:
    """The Kelly fraction of trades with these returns, scaled, between zero and ``cap``."""
    wins = [value for value in returns if value > 0]
    losses = [-value for value in returns if value < 0]
    if not wins:
        return 0.0
    rate = len(wins) / (len(wins) + len(losses))
    against = (1 - rate) * (sum(losses) / len(losses)) / (sum(wins) / len(wins)) if losses else 0.0
    return min(max(scale * (rate - against), 0.0), cap)
