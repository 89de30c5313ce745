"""Actions as jobs of the cluster: done each time, cancelled, failed, interrupted, and what the shell sees of them."""

from __future__ import annotations

import time
from typing import Any

import pytest

from dashboard.jobs import listing
from dashboard.jobs.manager import DaskManager
from engine import devices
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.config import settings
from engine.core.spec import Action, canonical_json
from engine.jobs import actions
from tests.support import background
from tests.support.managed import CALLBACKS, call, poll, sentence, status, until

pytestmark = pytest.mark.usefixtures("space")

SHORT = BenchmarkSpec(workload=MatrixProduct(size=64), variants=("numpy:cpu",), repetitions=3)
LONG = BenchmarkSpec(workload=MatrixProduct(size=1024), variants=("numpy:cpu",), repetitions=200)
ABSENT = next(name for name in devices.NAMES if name not in devices.expected())
IMPOSSIBLE = BenchmarkSpec(workload=MatrixProduct(size=64), variants=(ABSENT,))
PAGE = {"outputs_list": {"id": {"role": "result", "page": "hardware"}}}


def ask(manager: DaskManager, action: Action) -> str:
    """What Dash does where a page asks for ``action``."""
    text = canonical_json(action)
    key = manager.build_cache_key(background.compute, [text], [], None)
    return call(manager, key, "compute", text, context=PAGE)


def reports(action: Action) -> list[str]:
    """Ids of what was kept of ``action``, newest first."""
    return [item.id for item in actions.performed(action.kind) if item.action == action]


def is_timed(manager: DaskManager, key: str) -> bool:
    """Whether the job has come to its timings."""
    return bool((manager.progress(key) or {}).get("fraction", 0) > 0.2)


def test_an_action_is_a_job_each_time_and_leaves_a_report_each_time(manager: DaskManager) -> None:
    first, second = (poll(manager, ask(manager, SHORT)) for _ in range(2))
    assert reports(SHORT) == [second["report"], first["report"]]
    job = listing.find(first["key"])
    assert job is not None
    assert (job.page, job.kind, job.label, job.spec) == ("hardware", "benchmark", SHORT.label(), first["spec"])
    assert (job.status, job.fraction) == ("done", 1.0)
    kept = actions.find(first["report"])
    assert kept is not None
    assert kept.report.results[0].median.shape == (1, 1)


def test_two_that_are_equal_at_the_same_moment_are_one_job_that_tells_how_far_it_is(manager: DaskManager) -> None:
    key = ask(manager, LONG)
    until(lambda: is_timed(manager, key))
    assert ask(manager, LONG) == key
    (job,) = manager.active()
    assert (job.key, job.status) == (key, "running")
    assert 0 < job.fraction < 1
    assert job.message == "Timing NumPy CPU"
    assert manager.cancel(key)


def test_a_cancelled_action_ends_within_a_second_and_can_be_asked_for_again(manager: DaskManager) -> None:
    key = ask(manager, LONG)
    until(lambda: is_timed(manager, key))
    began = time.monotonic()
    assert manager.cancel(key)
    assert sentence(poll(manager, key)) == "The job was cancelled."
    assert time.monotonic() - began < 1.0
    assert status(manager, key) == "cancelled"
    assert poll(manager, ask(manager, SHORT))["report"] in reports(SHORT)  # a worker is free
    assert reports(LONG) == []


def test_a_failed_action_says_why_and_leaves_no_report(manager: DaskManager) -> None:
    key = ask(manager, IMPOSSIBLE)
    assert f"{ABSENT} is not on this machine." in sentence(poll(manager, key))
    assert status(manager, key) == "failed"
    assert reports(IMPOSSIBLE) == []


def test_an_action_that_a_stopped_server_ran_is_interrupted(manager: DaskManager) -> None:
    first = DaskManager(settings(), CALLBACKS, warm=())
    try:
        key = ask(first, LONG)
        until(lambda: is_timed(first, key))
    finally:
        first.close()
    job: Any = listing.find(key)
    assert (job.status, job.message) == ("interrupted", listing.INTERRUPTED)
    assert reports(LONG) == []
    assert sentence(manager.get_result(key, key)) == listing.INTERRUPTED
