"""Dash's use of a manager of jobs, and queries of it."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from dashboard.jobs.manager import DaskManager
from tests.support import background

TIMEOUT = 240.0  # seconds, for a machine that other things keep busy
CALLBACKS = "tests.support.background:register"
CONFIG = "cache: cache\ncompute: {workers: 2, queue_limit: 12, memory_limit_mb: 700}\n"


def call(manager: DaskManager, key: str, name: str, *args: Any, context: Any = None) -> str:
    """What Dash does with a request."""
    return manager.call_job_fn(key, manager.func_registry[background.JOBS[name]], list(args), context or {})


def poll(manager: DaskManager, key: str) -> Any:
    """What Dash does until there is a result."""
    deadline = time.monotonic() + TIMEOUT
    while (result := manager.get_result(key, key)) is manager.UNDEFINED:
        assert manager.job_running(key)
        assert time.monotonic() < deadline, "no result"
    return result


def sentence(result: Any) -> str:
    assert result["background_callback_error"]["tb"] == ""
    return str(result["background_callback_error"]["msg"])


def until(condition: Callable[[], Any]) -> None:
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline, "it never came"
        time.sleep(0.02)


def status(manager: DaskManager, key: str) -> str:
    jobs = [job.status for job in (*manager.active(), *manager.recent(500)) if job.key == key]
    assert len(jobs) <= 1
    return jobs[0] if jobs else ""
