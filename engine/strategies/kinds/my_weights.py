"""Target weights that were computed outside the workbench."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal

import numpy as np

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.core.stored_values import ReadsValues
from engine.market.bars import Bars, Floats
from engine.market.external import stored
from engine.market.external.foresight import foresight_warning
from engine.market.external.table import delayed
from engine.market.panel import Panel
from engine.strategies import Allocation


@plugin("my_weights", title="My weights")
class MyWeights(ReadsValues, Allocation):
    """Holds stored weights of one's own: the share of the equity that each symbol should have, negative if sold short.

    Each value is a decision at the first close at which it was known. Between values positions are left alone. Whether
    a value was known when its table says cannot be checked by any data.
    """

    kind: Literal["my_weights"] = "my_weights"
    values: str = parameter(
        "my_weights", title="Values", help="The name of stored weights.", section="Strategy", stored="weights"
    )
    absent: Literal["sell", "hold"] = parameter(
        "sell",
        title="Without a weight",
        help="What happens to a symbol without a weight at a time when others have one.",
        choices={"sell": "Sell", "hold": "Hold"},
        section="Strategy",
    )
    scale: float = parameter(
        1.0, title="Scale", unit="×", help="Factor of all weights.", gt=0, le=10, step=0.1, section="Strategy"
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

    def label(self) -> str:
        scale = f" × {self.scale:g}" if self.scale != 1 else ""
        return f"{self.values}{scale}" + (f", {self.delay} bars later" if self.delay else "")

    def values_digest(self) -> str:
        return stored.fingerprint(self.values)

    def warm_up(self) -> int:
        return self.delay

    def caveats(self, bars: Bars) -> Sequence[str]:
        usable = delayed(stored.load(self.values, ("weights",)).usable(bars), self.delay)
        warning = foresight_warning(self.values, usable, bars)
        return [warning] if warning else []

    def weights(self, panel: Panel, inputs: Mapping[str, Any]) -> Floats:
        found = stored.load(self.values, ("weights",)).usable_in(panel)
        for column in found.T:
            column[:] = delayed(column, self.delay)
        if self.absent == "sell":
            decided = np.isfinite(found).any(axis=1, keepdims=True)
            found = np.where(decided & ~np.isfinite(found), 0.0, found)
        found[~np.isfinite(panel.close).any(axis=1)] = np.nan
        return self.scale * found
