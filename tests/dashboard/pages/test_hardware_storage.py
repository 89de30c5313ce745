"""Disk usage of the cache, as the hardware page prints it."""

from __future__ import annotations

import time
from dataclasses import replace

from dashboard.pages.hardware import sampler, storage
from engine.jobs.housekeeping import Usage
from tests.support.workspace import Workspace

USED = Usage(bars=3 * 2**20, results=2**30, count=9000, database=5 * 2**20, jobs=0, limit=4 * 2**30, free=9 * 2**30,
             total=100 * 2**30)  # fmt: skip


def test_each_part_of_the_cache_has_its_size() -> None:
    shown = str(storage.lines(USED, None))
    for part in ("9,000 results, 25% of the limit", "1.0 GB of 4.0 GB", "'25.0%'", "3.0 MB", "5.0 MB", "9.0 GB"):
        assert part in shown
    assert "almost full" not in shown


def test_a_limit_that_is_passed_a_missing_one_and_a_full_disk_are_told() -> None:
    assert "all are pinned, tagged, annotated or from today" in str(
        storage.lines(replace(USED, results=5 * 2**30), None)
    )
    assert "9,000 results at s3://far, no limit" in str(storage.lines(replace(USED, limit=None), "s3://far"))
    assert "almost full" in str(storage.lines(replace(USED, free=2**20), None))
    assert "not been measured" in str(storage.lines(None, None))


def test_the_sampler_looks_at_the_cache(workspace: Workspace) -> None:
    watching = sampler.Sampler(period=0.01)
    watching.start()
    deadline = time.monotonic() + 60
    while watching.usage is None and time.monotonic() < deadline:
        time.sleep(0.01)
    watching.stop()
    assert watching.usage is not None
    assert (watching.usage.results, watching.usage.count) == (0, 0)
