"""A cancel that is looked for below the job's progress."""

from __future__ import annotations

import threading

import pytest

from engine.core.errors import Cancelled
from engine.core.progress import cancellable, check_cancelled


def test_a_cancel_is_looked_for_in_the_thread_of_its_job_alone() -> None:
    def refuse() -> None:
        raise Cancelled("The job was cancelled.")

    check_cancelled()
    with cancellable(refuse):
        with pytest.raises(Cancelled):
            check_cancelled()
        other = threading.Thread(target=lambda: seen.append(check_cancelled()))
        seen: list[None] = []
        other.start()
        other.join()
        assert seen == [None]
        with cancellable(lambda: None):
            check_cancelled()
        with pytest.raises(Cancelled):
            check_cancelled()
    check_cancelled()
