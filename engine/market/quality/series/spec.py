"""The requests to check one series, and to compare it with another source of it."""

from __future__ import annotations

import hashlib
from typing import Annotated, Literal

from pydantic import Field, field_validator

from engine.core.errors import DataError, EngineError
from engine.core.spec import Estimate, RunSpec, parameter
from engine.market import catalog
from engine.market.bars import Series
from engine.market.intervals import DAILY, INTERVALS, Interval
from engine.market.quality import repairs
from engine.market.quality.calendars import code_for, is_built
from engine.market.quality.disagreement import counterparts
from engine.market.spec import MarketSpec
from engine.market.versions.moments import moment_of, moment_text

_CHECKED, _COMPARED = 250_000, 2_000_000  # bars a second
_BUILDING = 1.5  # seconds that a calendar takes the first time


class _OfOneSeries(RunSpec):
    """What is asked of the whole of one series, as supplied."""

    collection: str = parameter(title="Collection")
    symbol: str = parameter(title="Symbol")
    interval: Interval = parameter(DAILY, title="Interval", choices={name: name for name in INTERVALS})
    known_on: Annotated[str | None, Field(exclude_if=lambda value: value is None)] = parameter(
        None, title="As known on", help="A day or a moment in UTC; empty for the bars as they are today."
    )

    @field_validator("known_on", mode="before")
    @classmethod
    def _moment(cls, moment: object) -> str | None:
        return moment_text(moment) if moment else None

    def series(self) -> Series:
        """The series. Raises ``DataError`` where there is none."""
        known_at = moment_of(self.known_on) if self.known_on else None
        return catalog.find(self.collection, self.symbol, self.interval, known_at)

    def shown_with(self) -> MarketSpec:
        named = self.model_dump(include={"collection", "interval", "known_on"})
        return MarketSpec.parse({**named, "symbols": (self.symbol,)})


class CheckSeries(_OfOneSeries):
    """Findings on one series, the bars concerned, and its repairs."""

    kind: Literal["check_series"] = "check_series"
    calendar: str = parameter("", title="Calendar", help="Code of the exchange calendar; empty for that of the series.")

    def label(self) -> str:
        return f"Quality of {self.symbol}"

    def code(self, series: Series) -> str:
        """The code of the calendar that ``series`` is checked against, "" where none is known."""
        return self.calendar or code_for(series)

    def fingerprint(self) -> str:
        """Of the bars, and of what decides beside them: when they were fetched, and who has repaired them when."""
        series = self.series()
        edits = [(edit.id, edit.applied, edit.author) for edit in repairs.edits_of(series)]
        facts = (*catalog.digests([series]), series.fetched, series.provider, edits)
        return hashlib.sha256(repr(facts).encode()).hexdigest()

    def estimate(self) -> Estimate:
        try:
            series = self.series()
        except EngineError:
            return Estimate(seconds=0.1, megabytes=10)  # the run says what is wrong with the request
        building = 0.0 if is_built(self.code(series)) else _BUILDING
        return Estimate(seconds=series.rows / _CHECKED + building, megabytes=20 + series.rows * 2e-4)


class CompareSources(_OfOneSeries):
    """Where one series and another of its symbol and interval, from another source or collection, disagree."""

    kind: Literal["compare_sources"] = "compare_sources"
    other_source: str = parameter(title="Other source")
    other_collection: str = parameter(title="Other collection")

    def label(self) -> str:
        return f"{self.symbol} of two sources"

    def other(self) -> Series:
        """The other series. Raises ``DataError`` where there is none."""
        for item in counterparts(self.series()):
            if (item.source, item.collection) == (self.other_source, self.other_collection):
                return item
        raise DataError(f"{self.symbol} is no longer in {self.other_collection}: choose another source.")

    def fingerprint(self) -> str:
        return "|".join(catalog.digests([self.series(), self.other()]))

    def estimate(self) -> Estimate:
        try:
            rows = self.series().rows + self.other().rows
        except EngineError:
            rows = 0  # the run says what is wrong with the request
        return Estimate(seconds=rows / _COMPARED, megabytes=20 + rows * 2e-4)
