"""Executors of the checks of one series."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.progress import Progress
from engine.jobs.executors import computes
from engine.market import catalog
from engine.market.quality.disagreement import compare
from engine.market.quality.report import assess, keep
from engine.market.quality.series.listed import Comparison, SeriesFindings, comparison, listed
from engine.market.quality.series.spec import CheckSeries, CompareSources


@computes(CheckSeries)
def check(spec: CheckSeries, inputs: Mapping[str, Any], progress: Progress) -> SeriesFindings:
    """Of a series that is refused, too. Raises ``DataError`` where it cannot be read, and for an unknown calendar."""
    progress(0.0, "Checking the bars")
    series = spec.series()
    report = assess(series, spec.calendar)
    if not spec.calendar:
        keep(series, report)
    return listed(report)


@computes(CompareSources)
def compared(spec: CompareSources, inputs: Mapping[str, Any], progress: Progress) -> Comparison:
    """Over the range that both cover, after their repairs. Raises ``DataError`` as ``disagreement.compare`` does."""
    progress(0.0, "Reading both series")
    one, two = catalog.read(spec.series()), catalog.read(spec.other())
    progress(0.3, "Comparing their bars")
    return comparison(one, two, compare(one, two))
