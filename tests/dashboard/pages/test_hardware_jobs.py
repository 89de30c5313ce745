"""Finished jobs as the hardware page prints them."""

from __future__ import annotations

import json
from dataclasses import replace

from dashboard.jobs import listing
from dashboard.jobs.listing import Job
from dashboard.pages.hardware import finished_jobs
from engine.core.spec import canonical_json
from engine.jobs.use import Use
from engine.market.spec import MarketSpec
from tests.support.workspace import Workspace

USE = Use(seconds=8.0, processor=12.0, memory=3 * 2**30, pid=4711, busy=15.0, capacity=16.0, swapped=2**29)
JOB = Job("k", "data", "market", "Bars of AAPL", canonical_json(MarketSpec(symbols=("AAPL",))), created=100.0)


def test_what_a_job_took_is_kept_with_it(workspace: Workspace) -> None:
    listing.add(JOB)
    listing.set_running("k")
    listing.set_ended("k", "done", "Done.", 1.0, USE)
    found = listing.find("k")
    assert found is not None
    assert found.taken == USE
    listing.add(replace(JOB, key="other"))
    listing.set_ended("other", "failed", "No.", 0.3)
    assert [job.taken for job in listing.ended(5)] == [None, USE]


def test_what_another_version_has_written_is_not_known() -> None:
    for text in ("", "{", "[]", '{"seconds": 1}'):
        assert replace(JOB, use=text).taken is None


def test_a_row_says_what_was_taken_and_why_it_was_slow() -> None:
    done = replace(JOB, status="done", started=110.0, finished=118.5, use=json.dumps(USE.event()))
    shown = str(finished_jobs.described([done, replace(JOB, status="failed", started=1.0, finished=2.0)]))
    for words in (
        "Bars of AAPL",
        "10.0 s",
        "8.0 s",
        "150%",
        "3.0 GB",
        "4711",
        "waited 10 s",
        "512 MB swapped",
        "/data?spec=",
    ):
        assert words in shown
    assert "chip bad" in shown
    assert "not measured" in shown
    assert "GPU memory" not in shown
    on_gpu = replace(done, use=json.dumps(replace(USE, gpu_memory=2**30).event()))
    assert "1.0 GB" in str(finished_jobs.described([on_gpu]))
    assert "Energy" not in shown
    metered = replace(done, use=json.dumps(replace(USE, joules=123.44, joules_error=0.5).event()))
    assert "123.4 ± 0.5 J" in str(finished_jobs.described([metered]))


def test_where_no_job_has_ended_it_says_so() -> None:
    assert "No job has ended yet" in str(finished_jobs.described([]))
