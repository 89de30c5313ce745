"""What tests of the runner share."""

from __future__ import annotations

from functools import wraps
from typing import Any

import pytest

from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
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
    compute = BacktestSpec.compute

    @wraps(compute)
    def counted(self: BacktestSpec, *arguments: Any) -> BacktestResult:
        found.append(self)
        return compute(self, *arguments)

    monkeypatch.setattr(BacktestSpec, "compute", counted)
    return found
