"""Executor of downloads of bars."""

from __future__ import annotations

from engine.core.progress import Progress
from engine.jobs.executors import performs
from engine.market.download import fetch
from engine.market.fetch.spec import Fetch
from engine.market.fetching import FetchReport


@performs(Fetch)
def perform(action: Fetch, progress: Progress) -> FetchReport:
    """The report, with an outcome for each symbol."""
    return fetch(action, progress)
