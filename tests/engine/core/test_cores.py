"""The number of logical processors."""

from __future__ import annotations

import os

import pytest

from engine.core.cores import logical_cores


def test_the_affinity_of_the_process_bounds_the_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda pid: {0, 5}, raising=False)
    assert logical_cores() == 2


def test_without_an_affinity_all_processors_count(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(os, "sched_getaffinity", raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: None)
    assert logical_cores() == 1
