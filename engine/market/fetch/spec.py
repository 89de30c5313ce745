"""The request to download bars."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate
from engine.market.fetching import FetchRequest

_SYMBOL = 0.5  # seconds, where a provider answers at its usual pace


class Fetch(FetchRequest, Action):
    """Bars to download from a source and store, each symbol as soon as it arrives."""

    kind: Literal["fetch"] = "fetch"

    def estimate(self) -> Estimate:
        return Estimate(seconds=_SYMBOL * len(self.symbols), megabytes=50)
