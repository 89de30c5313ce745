"""Windows that are kept while a walk-forward is under way: one that was stopped goes on from them."""

from __future__ import annotations

from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.walk import Step
from engine.models.kept_parts import KeptParts, kept_parts


def kept_windows(spec: WalkForwardSpec) -> KeptParts[Step] | None:
    """Those of ``spec``, wherever it is to stop; None as ``kept_parts`` says."""
    return kept_parts(spec.whole(), Step)
