"""The action that fetches bars."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate
from engine.market.fetching import FetchRequest

_SYMBOL = 0.5  # seconds, where a provider answers at its usual pace


class Fetch(FetchRequest, Action):
    """Bars are fetched from a source and kept, each symbol as soon as it is there."""

    kind: Literal["fetch"] = "fetch"

    def estimate(self) -> Estimate:
        return Estimate(seconds=_SYMBOL * len(self.symbols), megabytes=50)
