"""Checks of a series that need its bars alone. Those against the calendar of an exchange are in ``sessions``."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import chain
from types import MappingProxyType

import numpy as np

from engine.market.bars import Bars
from engine.market.integrity import FATAL, Flaw, flaws
from engine.market.quality import edits
from engine.market.quality.checks import adjustments, moves, prices, published, trading
from engine.market.quality.finding import SEVERITIES, About, Family, Finding

FAMILIES: tuple[Family, ...] = (
    *(prices.FAMILY, moves.FAMILY, adjustments.FAMILY, trading.FAMILY),
    published.FAMILY,
)

REFUSED: Mapping[str, About] = MappingProxyType(
    {
        "columns": About("Columns", "Every column has a value of the right type for each bar."),
        "time": About("Times", "Every bar has a time."),
        "years": About("Years", "Every time is in the years 1 to 9998."),
        "zone": About("Time zone", "The time zone is known."),
        "order": About("Order", "Every bar is later than the one before."),
        "twice": About("Duplicates", "No time comes twice."),
        "date": About("Dates", "The time of a daily bar is its date."),
        "infinite": About("Finite values", "No value is infinite."),
    }
)
"""Checks of ``integrity``, which refuses the series."""

ABOUT: Mapping[str, About] = MappingProxyType(
    dict(chain(REFUSED.items(), *(family.about.items() for family in FAMILIES)))
)
"""All checks by name."""


def check(bars: Bars) -> tuple[Finding, ...]:
    """Findings on ``bars`` as supplied, by descending severity; those for which the series is refused come first, and
    alone where nothing else can be looked for. What a series does not have is no fault.
    """
    refused = list(_refused(bars))
    if any(finding.name in (*FATAL, "order", "twice", "years") for finding in refused):
        return tuple(refused)
    with np.errstate(over="ignore", under="ignore"):
        found = [finding for family in FAMILIES for finding in family.search(bars)]
    return (*refused, *sorted(found, key=lambda finding: SEVERITIES.index(finding.severity)))


def _refused(bars: Bars) -> Iterator[Finding]:
    for flaw in flaws(bars):
        sentence = flaw.sentence[:1].upper() + flaw.sentence[1:]
        effect = "The series cannot be used before this is corrected."
        yield Finding(flaw.name, "grave", flaw.rows, sentence, effect, repairs=_without_copies(bars, flaw))


def _without_copies(bars: Bars, flaw: Flaw) -> tuple[edits.Edit, ...]:
    """Times that come twice with identical bars."""
    if flaw.name != "twice":
        return ()
    found = edits.copies(bars)
    return (edits.once(bars, found),) if len(found) else ()
