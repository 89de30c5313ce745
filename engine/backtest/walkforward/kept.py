"""Windows of a walk-forward that are done: the same request, or one that stops at another window, goes on from them."""

from __future__ import annotations

from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.walk import Step
from engine.core.errors import DataError
from engine.jobs import runner
from engine.models.kept_parts import KeptParts


def kept_windows(spec: WalkForwardSpec) -> KeptParts[Step] | None:
    """Those of ``spec``, wherever it is to stop, by all that they follow from; None where its bars are not those
    of the catalogue, for which there is no key.
    """
    try:
        return KeptParts(runner.run_key(spec.whole()), Step)
    except DataError:
        return None
