"""Progress of a running sweep."""

from __future__ import annotations

import time
from collections.abc import Sequence

from engine.backtest.sweeps.preview import Preview
from engine.backtest.sweeps.rows import Places
from engine.core.axes import ResolvedAxis
from engine.core.progress import Progress
from engine.market.bars import Floats


class SweepProgress:
    """Progress of a sweep: the fraction, a sentence, and a preview of the Sharpe ratios so far, which are written to
    ``sharpe``, of the combinations ``shown``.
    """

    def __init__(
        self,
        progress: Progress,
        scales: Sequence[ResolvedAxis],
        parameters: Floats,
        sharpe: Floats,
        shown: Places | None = None,
    ) -> None:
        self._progress, self._preview = progress, Preview(scales, parameters, lambda: self.step(0), shown)
        self._total, self._sharpe = len(parameters), sharpe
        self._done, self._due = 0, time.monotonic() + 0.25

    def step(self, count: int) -> None:
        """Report ``count`` more completed combinations. Raises ``Cancelled`` if the sweep has been cancelled."""
        self._done += count
        partial, now = None, time.monotonic()
        if count and now > self._due:
            partial = self._preview.heatmap(self._sharpe)
            self._due = time.monotonic() + max(0.25, 5 * (time.monotonic() - now))
        fraction = self._done / max(self._total, 1)
        self._progress(fraction, f"{self._done:,} of {self._total:,} combinations", partial)
