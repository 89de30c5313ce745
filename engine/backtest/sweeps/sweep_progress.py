"""Progress of a running sweep."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from engine.backtest.sweeps.axes import ResolvedAxis
from engine.backtest.sweeps.preview import Preview
from engine.backtest.sweeps.result import trial_of
from engine.backtest.sweeps.rows import Places
from engine.core.errors import Cancelled
from engine.core.progress import Progress
from engine.market.bars import Floats

if TYPE_CHECKING:
    from engine.backtest.sweeps.accounts import SweepAccount


class SweepProgress:
    """Progress of a sweep: the fraction, a sentence, and a picture of the Sharpe ratios so far, which appear in
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

    @property
    def count(self) -> int:
        """Combinations that are done."""
        return self._done

    def step(self, count: int) -> None:
        """``count`` more combinations are done. Raises ``Cancelled`` when nobody wants them."""
        self._done += count
        partial, now = None, time.monotonic()
        if count and now > self._due:
            partial = self._preview.picture(self._sharpe)
            self._due = time.monotonic() + max(0.25, 5 * (time.monotonic() - now))
        fraction = self._done / max(self._total, 1)
        self._progress(fraction, f"{self._done:,} of {self._total:,} combinations", partial)


@contextmanager
def counting(unit: SweepAccount, sharpe: Callable[[], Floats], count: Callable[[], int]) -> Iterator[None]:
    """What is cancelled inside has tried ``count()`` combinations, of which ``sharpe()`` are the ratios."""
    try:
        yield
    except Cancelled as stopped:
        stopped.tried = trial_of(unit.spec.strategy.kind, sharpe(), count(), unit.per_year(), unit.returns())
        raise
