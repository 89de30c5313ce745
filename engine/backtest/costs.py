"""Trading costs. Neither commission nor slippage has a default: costs are never silently zero."""

from __future__ import annotations

from engine.core.spec import CURRENCY, Spec, parameter

BASIS_POINT = 1e-4


class Costs(Spec):
    """Costs of every fill.

    The commission is ``max(minimum, per_order + per_share * shares + commission * value)`` in the market's currency,
    where shares are those of the day of the fill, whatever the adjustment of the prices since. A fill's price is
    worse than the quote by ``slippage`` plus half the ``spread``, and by ``volume_impact`` times the squared share of
    the bar's volume that it takes (the volume-share model of Zipline, whose factor is 0.1); a bar without a volume has
    no impact, and a sale brings at least 1% of the quote. The quote lies within the bar, the price may lie beyond it;
    limit entries pay neither slippage nor impact.
    """

    commission: float = parameter(
        title="Commission",
        unit="bp",
        help="Paid to the broker on each fill, in basis points of its value.",
        ge=0,
        le=1000,
        step=0.5,
        suggested=5.0,
        section="Costs",
    )
    slippage: float = parameter(
        title="Slippage",
        unit="bp",
        help="Difference between the fill price and the quoted price, in basis points.",
        ge=0,
        le=1000,
        step=0.5,
        suggested=3.0,
        section="Costs",
    )
    per_order: float = parameter(
        0.0,
        title="Per order",
        unit=CURRENCY,
        help="Commission on each fill, in the currency.",
        ge=0,
        le=1e6,
        step=0.5,
        section="Costs",
    )
    per_share: float = parameter(
        0.0,
        title="Per share",
        unit=CURRENCY,
        help="Commission on each share, coin or contract as it was on the day of the fill, in the currency.",
        ge=0,
        le=1e6,
        step=0.005,
        section="Costs",
    )
    minimum: float = parameter(
        0.0,
        title="Minimum",
        unit=CURRENCY,
        help="Minimum commission per fill, in the currency.",
        ge=0,
        le=1e6,
        step=0.5,
        section="Costs",
    )
    spread: float = parameter(
        0.0,
        title="Spread",
        unit="bp",
        help="Bid-ask spread; each fill pays half of it.",
        ge=0,
        le=1000,
        step=0.5,
        section="Costs",
    )
    volume_impact: float = parameter(
        0.0,
        percent=True,
        title="Volume impact",
        help="Price impact of an order as large as the bar's volume; grows with the square of the share of volume.",
        ge=0,
        le=10,
        step=0.05,
        section="Costs",
    )
    volume_limit: float | None = parameter(
        None,
        percent=True,
        title="Volume limit",
        help="Largest share of a bar's volume that all fills of a symbol take. The rest of an entry is dropped, that "
        "of an exit waits for the next bar; margin calls alone may take more, and are counted.",
        gt=0,
        le=1,
        step=0.005,
        section="Costs",
    )

    @property
    def proportional(self) -> bool:
        """Whether every cost is a fixed share of the traded value."""
        return not (self.per_order or self.per_share or self.minimum or self.volume_impact or self.volume_limit)

    def slip(self) -> float:
        """Slippage plus half the spread as a fraction of the quote, without volume impact."""
        return (self.slippage + self.spread / 2) * BASIS_POINT
