"""Executors of statistics of returns."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.core.progress import Progress, silent
from engine.jobs.executors import computes, performs
from engine.research.series.correlation import Correlations, correlations
from engine.research.series.returns import ReturnStatistics, statistics_of
from engine.research.series.seasons import Seasons, seasons
from engine.research.series.spec import Correlate, ReturnStatisticsSpec, SeasonsSpec


@computes(ReturnStatisticsSpec)
def describe(spec: ReturnStatisticsSpec, inputs: Mapping[str, Any], progress: Progress) -> ReturnStatistics:
    """Of the adjusted bars. Raises ``DataError`` as ``returns.simple_returns`` does."""
    return statistics_of(inputs["market"].bars[0])


@computes(SeasonsSpec)
def average(spec: SeasonsSpec, inputs: Mapping[str, Any], progress: Progress) -> Seasons:
    """Of the adjusted bars."""
    return seasons(inputs["market"].bars[0])


@performs(Correlate)
def correlate(action: Correlate, progress: Progress = silent) -> Correlations:
    """Of the adjusted closes. Raises ``DataError`` as ``correlation.correlations`` does."""
    return correlations(action.market, action.every, action.method)
