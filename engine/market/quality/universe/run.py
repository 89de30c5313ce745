"""Executor of quality checks of many series."""

from __future__ import annotations

from engine.core.progress import Progress, silent
from engine.jobs.executors import performs
from engine.market import catalog
from engine.market.quality.report import UniverseReport, assess_universe
from engine.market.quality.universe.spec import CheckQuality


@performs(CheckQuality)
def perform(action: CheckQuality, progress: Progress = silent) -> UniverseReport:
    """The verdicts are stored, so that what has been checked once is not checked again. Raises ``DataError`` for an
    unknown series or calendar.
    """
    named = [catalog.find(item.collection, item.symbol, item.interval) for item in action.series]
    return assess_universe(named or [item.series for item in catalog.entries()], action.calendar, progress)
