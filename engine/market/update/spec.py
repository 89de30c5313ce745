"""The action that brings stored bars up to date."""

from __future__ import annotations

from typing import Literal

from pydantic import field_validator

from engine.core.spec import Action, Estimate, parameter
from engine.market.symbols import symbol_list

_SYMBOL = 0.5  # seconds, where a provider answers at its usual pace


class Update(Action):
    """What has come since is fetched for stored series, each from the source that it came from."""

    kind: Literal["update"] = "update"
    collection: str = parameter("", title="Collection", help="Collection to update; empty for all.")
    symbols: tuple[str, ...] = parameter((), title="Symbols", help="Symbols to update; empty for all.")

    @field_validator("symbols")
    @classmethod
    def _symbols(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return symbol_list(symbols) if symbols else ()

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        names = ", ".join(self.symbols) if len(self.symbols) <= 3 else f"{len(self.symbols):,} symbols"
        return f"Update of {names or 'all symbols'}" + (f" in {self.collection}" if self.collection else "")

    def estimate(self) -> Estimate:
        return Estimate(seconds=_SYMBOL * max(len(self.symbols), 10), megabytes=50)
