"""Signals or predictions that were computed outside the workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.core.stored_values import ReadsValues
from engine.market.bars import Bars, Floats
from engine.market.external import stored
from engine.market.external.foresight import foresight_warning
from engine.market.external.table import delayed
from engine.strategies import Signals, Strategy, flags


@plugin("my_signals", title="My signals")
class MySignals(ReadsValues, Strategy):
    """Follows stored signals or predictions of one's own: long at a value that is high enough, short at one that is low
    enough.

    Each value is a decision at the first close at which it was known; between values positions stay as they are. The
    thresholds are those of signals, 1 for long, -1 for short and 0 for flat; probabilities need others, such as long at
    0.55 and exit below 0.5. Whether a value was known when its table says cannot be checked by any data.
    """

    kind: Literal["my_signals"] = "my_signals"
    signals_time: ClassVar[tuple[float, float]] = (2e-4, 5e-8)
    values: str = parameter(
        "my_signals",
        title="Values",
        help="The name of stored signals or predictions.",
        section="Strategy",
        stored="signals, predictions",
    )
    long_from: float = parameter(
        0.5, title="Long from", help="Value at or above which to go long.", step=0.05, section="Strategy"
    )
    sell_below: float = parameter(
        0.5, title="Sell below", help="Value below which a long position is sold.", step=0.05, section="Strategy"
    )
    short_to: float = parameter(
        -0.5, title="Short up to", help="Value at or below which to go short.", step=0.05, section="Strategy"
    )
    cover_above: float = parameter(
        -0.5, title="Cover above", help="Value above which a short position is covered.", step=0.05, section="Strategy"
    )
    delay: int = parameter(
        0,
        title="Delay",
        unit="bars",
        help="Bars by which the values are followed later.",
        ge=0,
        le=250,
        section="Strategy",
    )

    @model_validator(mode="after")
    def _in_order(self) -> MySignals:
        if self.sell_below > self.long_from:
            raise ValueError(f"Sell below ({self.sell_below:g}) must not exceed long from ({self.long_from:g}).")
        if self.cover_above < self.short_to:
            raise ValueError(
                f"Cover above ({self.cover_above:g}) must not be less than short up to ({self.short_to:g})."
            )
        if self.short_to >= self.long_from:
            raise ValueError(f"Short up to ({self.short_to:g}) must be less than long from ({self.long_from:g}).")
        return self

    def label(self) -> str:
        later = f", {self.delay} bars later" if self.delay else ""
        return f"{self.values} from {self.long_from:g}{later}"

    def values_digest(self) -> str:
        return stored.fingerprint(self.values)

    def warm_up(self) -> int:
        return self.delay

    def begins(self, bars: Bars, inputs: Mapping[str, Any]) -> int:
        """The first bar with a value."""
        known = np.flatnonzero(np.isfinite(self._delayed_values(bars)))
        return int(known[0]) if len(known) else len(bars)

    def caveats(self, bars: Bars) -> Sequence[str]:
        warning = foresight_warning(self.values, self._delayed_values(bars), bars)
        return [warning] if warning else []

    def signals(self, bars: Bars, inputs: Mapping[str, Any]) -> Signals:
        value = self._delayed_values(bars)
        return flags.masked_signals(
            bars,
            self.warm_up(),
            entries=value >= self.long_from,
            exits=value < self.sell_below,
            short_entries=value <= self.short_to,
            short_exits=value > self.cover_above,
        )

    def _delayed_values(self, bars: Bars) -> Floats:
        table = stored.load(self.values, ("signals", "predictions"))
        table.require_reaching(bars)
        return delayed(table.usable(bars), self.delay)
