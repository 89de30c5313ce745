"""What trading costs. Neither figure has a default: costs are never silently zero."""

from __future__ import annotations

from engine.spec import Spec, parameter

BASIS_POINT = 1e-4


class Costs(Spec):
    """Costs in basis points of the traded value, paid on every fill."""

    commission: float = parameter(
        title="Commission",
        unit="bp",
        help="Paid to the broker on each fill, in basis points of its value.",
        ge=0,
        le=1000,
        step=0.5,
        suggested=5.0,
        section="Execution",
    )
    slippage: float = parameter(
        title="Slippage",
        unit="bp",
        help="How much worse than the quoted price each fill is, in basis points.",
        ge=0,
        le=1000,
        step=0.5,
        suggested=3.0,
        section="Execution",
    )
