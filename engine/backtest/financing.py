"""Leverage, margin and interest."""

from __future__ import annotations

from engine.core.spec import Spec, parameter


class Financing(Spec):
    """Leverage and rates. Rates are simple annual rates, accrued by calendar time between bars.

    ``leverage`` bounds gross exposure over equity when an order is filled. Where the equity falls below
    ``maintenance`` times the gross exposure, every position is closed.
    """

    leverage: float = parameter(
        1.0,
        title="Leverage",
        unit="x",
        help="Maximum value of all positions relative to the equity, at the time of an order.",
        gt=0,
        le=20,
        step=0.5,
        section="Financing",
    )
    maintenance: float = parameter(
        0.25,
        percent=True,
        title="Maintenance",
        help="Margin call: positions are closed when the equity falls below this fraction of their value.",
        ge=0,
        lt=1,
        step=0.05,
        section="Financing",
    )
    cash_yield: float = parameter(
        0.0,
        percent=True,
        title="Cash yield",
        help="Annual interest on cash, less the market value of short positions: their proceeds earn nothing.",
        ge=-0.2,
        le=1,
        step=0.005,
        section="Financing",
    )
    borrow_cost: float = parameter(
        0.0,
        percent=True,
        title="Borrow cost",
        help="Annual fee on the market value of short positions.",
        ge=0,
        le=5,
        step=0.005,
        section="Financing",
    )
    margin_rate: float = parameter(
        0.0,
        percent=True,
        title="Margin rate",
        help="Annual interest on borrowed cash: where cash falls below the market value of short positions.",
        ge=0,
        le=5,
        step=0.005,
        section="Financing",
    )
