"""Stops: exits without a decision of the strategy."""

from __future__ import annotations

from engine.core.spec import Spec, parameter


class Stops(Spec):
    """Stops of every position, anchored to its fill price; None disables a stop.

    ``engine.backtest.account`` documents the order of events on a bar.
    """

    stop_loss: float | None = parameter(
        None,
        percent=True,
        title="Stop loss",
        help="Loss at which a position is closed, relative to the fill price: 5% sells a long position 5% below it.",
        gt=0,
        lt=1,
        step=0.01,
        section="Stops",
    )
    take_profit: float | None = parameter(
        None,
        percent=True,
        title="Take profit",
        help="Profit at which a position is closed, relative to the fill price.",
        gt=0,
        le=100,
        step=0.01,
        section="Stops",
    )
    trailing_stop: float | None = parameter(
        None,
        percent=True,
        title="Trailing stop",
        help="Retracement from the best price of earlier held bars at which a position is closed.",
        gt=0,
        lt=1,
        step=0.01,
        section="Stops",
    )
    time_stop: int | None = parameter(
        None,
        title="Time stop",
        unit="bars",
        help="Bars of the symbol after the first entry, at whose close the exit is decided, whatever the strategy "
        "signals there.",
        ge=1,
        le=100_000,
        section="Stops",
    )

    @property
    def any(self) -> bool:
        """Whether any stop is set."""
        return self != Stops()
