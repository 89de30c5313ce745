"""The request to check many series."""

from __future__ import annotations

from typing import Literal

from engine.core.spec import Action, Estimate, Spec, parameter
from engine.market.intervals import DAILY, INTERVALS, Interval

_SERIES = 0.015  # seconds, of 5,000 daily bars


class SeriesName(Spec):
    """The name of a series."""

    collection: str = parameter(title="Collection")
    symbol: str = parameter(title="Symbol")
    interval: Interval = parameter(DAILY, title="Interval", choices={name: name for name in INTERVALS})


class CheckQuality(Action):
    """Findings on each of several series, and on all of them together."""

    kind: Literal["check_quality"] = "check_quality"
    series: tuple[SeriesName, ...] = parameter((), title="Series", help="Series to check; empty for all.")
    calendar: str = parameter(
        "", title="Calendar", help="Code of the exchange calendar; empty for that of each series."
    )

    def shown_with(self) -> None:
        return None

    def label(self) -> str:
        if len(self.series) == 1:
            return f"Quality of {self.series[0].symbol}"
        return f"Quality of {len(self.series):,} series" if self.series else "Quality of all series"

    def estimate(self) -> Estimate:
        return Estimate(seconds=_SERIES * (len(self.series) or 1000), megabytes=100)
