"""Executor of verifications."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from engine.backtest.portfolio import run_portfolio
from engine.core.progress import Progress, silent
from engine.jobs.executors import computes
from engine.research.run_tests import verify
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import VerificationSpec


@computes(VerificationSpec)
def compute(spec: VerificationSpec, inputs: Mapping[str, Any], progress: Progress) -> VerificationResult:
    """The numbers of every test; a backtest that is not among ``inputs`` is run here."""
    if "backtest" not in inputs:
        inputs = {**inputs, "backtest": run_portfolio(spec.backtest, inputs, silent)}
    return verify(spec, inputs, progress)
