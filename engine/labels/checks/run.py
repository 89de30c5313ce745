"""The check of a label."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from engine.core.progress import Progress
from engine.jobs.executors import computes
from engine.labels import call_label
from engine.labels.checks.result import LabelCheck
from engine.labels.checks.spec import LabelCheckSpec
from engine.labels.honesty import CUTS, dishonest_end
from engine.market.bars import Market


@computes(LabelCheckSpec)
def compute(spec: LabelCheckSpec, inputs: Mapping[str, Any], progress: Progress) -> LabelCheck:
    """Executor of ``LabelCheckSpec``. Raises ``PluginError`` for a label that fails."""
    market: Market = inputs["market"]
    answers, found = 0, None
    for done, bars in enumerate(market.bars):
        progress(done / len(market.bars), f"Checking the label on {bars.series.symbol}")
        answers += int(np.count_nonzero(~np.isnan(call_label.labels(spec.target, bars).value)))
        found = found or dishonest_end(spec.target, bars)
    symbols = tuple(bars.series.symbol for bars in market.bars)
    return LabelCheck(spec.target.label(), symbols, sum(map(len, market.bars)), answers, CUTS, found)
