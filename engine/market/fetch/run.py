"""Fetching bars."""

from __future__ import annotations

from engine.core.progress import Progress
from engine.jobs.executors import performs
from engine.market.download import fetch
from engine.market.fetch.spec import Fetch
from engine.market.fetching import FetchReport


@performs(Fetch)
def perform(action: Fetch, progress: Progress) -> FetchReport:
    """An outcome for each symbol; what fails costs no other."""
    return fetch(action, progress)
