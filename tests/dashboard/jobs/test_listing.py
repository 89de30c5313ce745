"""The list of jobs: those that wait or run, and the latest that have ended."""

from __future__ import annotations

import pytest

from dashboard.jobs import listing
from dashboard.jobs.listing import Job

pytestmark = pytest.mark.usefixtures("workspace")


def test_the_latest_that_have_ended_are_kept_and_all_that_wait(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listing, "MAXIMUM_RECORDS", 2)
    moments = iter(range(1, 99))
    monkeypatch.setattr(listing.time, "time", lambda: float(next(moments)))
    for key in "abcd":
        listing.add(Job(key, "backtest", "backtest", "A job", "{}"))
    for key in "cab":
        listing.set_ended(key, "done", "Done.", 1.0)
    listing.add(Job("e", "backtest", "backtest", "A job", "{}"))
    assert {job.key for job in listing.active()} == {"d", "e"}
    assert [job.key for job in listing.ended(9)] == ["b", "a"]
    assert listing.find("c") is None
