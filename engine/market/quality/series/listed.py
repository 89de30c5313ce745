"""Findings on a series, without its bars but for the first of those concerned: small enough to be stored."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from engine.market.bars import Bars, Floats, Times
from engine.market.quality.disagreement import Disagreement
from engine.market.quality.edits import Edit
from engine.market.quality.finding import Finding, Severity
from engine.market.quality.repairs import Applied
from engine.market.quality.report import SeriesReport, is_refused

COLUMNS = ("open", "high", "low", "close", "adj_close", "volume")
"""Columns of the bars of a finding."""
LISTED, AROUND = 200, 30
"""Most bars that are listed of a finding, and bars on both sides of its first to be seen with it."""
WORST, NAMED = 20, 3
"""Most differences of two closes, and bars of every other difference, that are listed."""


@dataclass(frozen=True, eq=False)
class ListedFinding:
    """A ``quality.finding.Finding`` of ``count`` bars, or of as many sessions without one where ``is_missing``.

    ``time`` are the first ``LISTED`` of them, of sessions their dates, and ``values`` float64 (time, ``COLUMNS``) those
    of the bars, no rows for sessions. ``first`` is the ISO date of the first, ``around`` the times of the bars that
    come ``AROUND`` before and after it; neither is known of bars that are refused.
    """

    name: str
    severity: Severity
    sentence: str
    effect: str
    count: int
    is_missing: bool
    first: str
    time: Times
    values: Floats
    around: Times
    repairs: tuple[Edit, ...]


@dataclass(frozen=True, eq=False)
class SeriesFindings:
    """The findings on a series of so many ``bars``, by descending severity, and the repairs that were ``applied``;
    ``calendar`` is the title of what sessions were checked against, "" where none is known. ``passed`` says what is
    true by the checks without a finding. A series that ``is_refused`` is used by nothing that computes.
    """

    bars: int
    calendar: str
    is_refused: bool
    findings: tuple[ListedFinding, ...]
    applied: tuple[Applied, ...]
    passed: tuple[str, ...]

    def summary(self) -> Mapping[str, object]:
        """Bars by finding."""
        return {"bars": self.bars, "findings": {item.name: item.count for item in self.findings}}


@dataclass(frozen=True, eq=False)
class Marked:
    """``count`` bars, of which ``time`` are the first few."""

    count: int
    time: Times


@dataclass(frozen=True, eq=False)
class Comparison:
    """Counts of a ``disagreement.Disagreement``, and the first of each.

    ``common`` has the first and the last time that both have. ``closes`` has the times of the ``WORST`` differences,
    the largest first, of which ``prices`` float64 (closes, 2) are the closes of both, and ``difference`` the second
    over the first minus one; ``largest`` is the largest of these without sign, 0 for none.
    """

    common: Marked
    only_first: Marked
    only_second: Marked
    closes: Marked
    adjustments: Marked
    prices: Floats
    difference: Floats
    largest: float

    def summary(self) -> Mapping[str, object]:
        """Counts, and the largest difference of two closes."""
        names = ("common", "only_first", "only_second", "closes", "adjustments")
        return {name: getattr(self, name).count for name in names} | {"largest": self.largest}


def listed(report: SeriesReport) -> SeriesFindings:
    """``report`` as it is stored."""
    refused = is_refused(report.findings)
    return SeriesFindings(
        bars=len(report.bars),
        calendar=report.calendar.title if report.calendar else "",
        is_refused=refused,
        findings=tuple(_listed(report.bars, finding, not refused) for finding in report.findings),
        applied=report.applied,
        passed=tuple(about.passes for about in report.passed),
    )


def _listed(bars: Bars, finding: Finding, drawn: bool) -> ListedFinding:
    """``finding``; where the bars cannot be ``drawn`` nothing is around it."""
    rows, is_missing = finding.rows[:LISTED], finding.first is None
    if finding.name == "columns":  # which are not what they should be
        rows = rows[:0]
    first, around = _place(bars, finding) if drawn else ("", bars.time[:0])
    return ListedFinding(
        name=finding.name,
        severity=finding.severity,
        sentence=finding.sentence,
        effect=finding.effect,
        count=finding.count,
        is_missing=is_missing,
        first=first,
        time=np.asarray(finding.days[:LISTED] if is_missing else bars.time[rows], dtype="datetime64[ms]"),
        values=np.stack([np.asarray(getattr(bars, name)[rows], dtype=np.float64) for name in COLUMNS], axis=1),
        around=np.asarray(around, dtype="datetime64[ms]"),
        repairs=finding.repairs,
    )


def _place(bars: Bars, finding: Finding) -> tuple[str, Times]:
    """The day of the first bar or session, and the times of the bars around it."""
    day = finding.days[0] if finding.first is None else bars.days[finding.first]
    at = int(np.searchsorted(bars.days, day)) if finding.first is None else finding.first
    return str(day), bars.time[[max(at - AROUND, 0), min(at + AROUND, len(bars) - 1)]]


def comparison(one: Bars, two: Bars, found: Disagreement) -> Comparison:
    """What is stored of the difference ``found`` between ``one`` and ``two``."""
    worst = np.argsort(-np.nan_to_num(np.abs(found.difference), nan=np.inf), kind="stable")[:WORST]
    time = found.closes[worst]
    prices = np.stack([bars.close[np.searchsorted(bars.time, time)] for bars in (one, two)], axis=1)
    return Comparison(
        common=Marked(len(found.common), found.common[[0, -1]]),
        only_first=_marked(found.only_first),
        only_second=_marked(found.only_second),
        closes=Marked(len(found.closes), time),
        adjustments=_marked(found.adjustments),
        prices=prices,
        difference=found.difference[worst],
        largest=float(np.nanmax(np.abs(found.difference), initial=0.0)),
    )


def _marked(times: Times) -> Marked:
    return Marked(len(times), times[:NAMED])
