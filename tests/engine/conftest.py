"""Fixtures of the tests of the runner."""

from __future__ import annotations

from typing import Any

import pytest

from engine.backtest.spec import BacktestSpec
from engine.jobs import executors
from engine.market.sources.stored import save
from tests.support.market import random_walk
from tests.support.workspace import Workspace


@pytest.fixture
def stored(workspace: Workspace) -> None:
    """Bars of the symbol that ``tests.support.requests`` ask for."""
    save(random_walk(300))


@pytest.fixture
def computed(monkeypatch: pytest.MonkeyPatch) -> list[BacktestSpec]:
    """The backtests that were computed, not read."""
    found: list[BacktestSpec] = []
    compute = executors.compute

    def counted(spec: Any, *arguments: Any) -> Any:
        found.extend([spec] * isinstance(spec, BacktestSpec))
        return compute(spec, *arguments)

    monkeypatch.setattr(executors, "compute", counted)
    return found
