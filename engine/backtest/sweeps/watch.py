"""What a sweep tells of itself while it runs."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

import numpy as np

from engine.backtest.sweeps.axes import Scale
from engine.backtest.sweeps.preview import Preview
from engine.backtest.sweeps.result import trial_of
from engine.errors import Cancelled
from engine.market.bars import Floats
from engine.progress import Progress

if TYPE_CHECKING:
    from engine.backtest.sweeps.units import Figures, Unit


class Watch:
    """Progress of a sweep: the fraction, a sentence, and a picture of the Sharpe ratios so far."""

    def __init__(self, progress: Progress, scales: Sequence[Scale], parameters: Floats, units: int) -> None:
        self._progress, self._preview = progress, Preview(scales, parameters, lambda: self.step(0))
        self._total, self._units = len(parameters), units
        self._done, self._unit, self._due = 0, -1, time.monotonic() + 0.25
        self._name, self._sharpe = "", np.empty(0)

    def begin(self, name: str, sharpe: Floats) -> None:
        """The next unit begins; its ratios a year appear in ``sharpe``."""
        self._unit, self._name, self._sharpe, self._done = self._unit + 1, name, sharpe, 0
        self.step(0)

    @property
    def count(self) -> int:
        """Combinations that are done, of all units."""
        return max(self._unit, 0) * self._total + self._done

    def step(self, count: int) -> None:
        """``count`` more combinations of this unit are done. Raises ``Cancelled`` when nobody wants them."""
        self._done += count
        partial, now = None, time.monotonic()
        if count and now > self._due:
            partial = self._preview.picture(self._sharpe)
            self._due = time.monotonic() + max(0.25, 5 * (time.monotonic() - now))
        fraction = (self._unit + self._done / max(self._total, 1)) / self._units
        where = f" on {self._name}" if self._units > 1 else ""
        self._progress(fraction, f"{self._done:,} of {self._total:,} combinations{where}", partial)


@contextmanager
def counting(unit: Unit, figures: Sequence[Figures], count: Callable[[], int]) -> Iterator[None]:
    """What is cancelled inside has tried ``count()`` combinations, of which ``figures`` know the ratios."""
    try:
        yield
    except Cancelled as stopped:
        sharpe = np.concatenate([np.empty(0), *(item.sharpe for item in figures)])
        stopped.tried = trial_of(unit.spec.strategy.kind, sharpe, count(), unit.per_year(), unit.returns())
        raise
