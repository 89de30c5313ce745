"""Labels use the future up to their ``end``, and no later bar: that end is what purging goes by."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.core.errors import DataError
from engine.core.registry import is_all_built_in
from engine.labels import Label, Labels, call_label
from engine.market.bars import Bars, Market
from engine.market.synthetic import with_other_future

CUTS = 24


@dataclass(frozen=True)
class DishonestEnd:
    """A label that used bars after its end: at ``time`` of ``symbol``, the bar of index ``bar``, it is ``then`` where
    other bars follow its ``end`` and ``later`` on the data; NaN for no answer.
    """

    label: str
    symbol: str
    bar: int
    time: str
    end: str
    then: float
    later: float

    def sentence(self) -> str:
        """The finding as a sentence for the user."""
        return (
            f"The label {self.label} uses bars after its end: at {self.time} of {self.symbol} it ends at {self.end}, "
            f"and is {self.later:.6g}, but {self.then:.6g} where other bars follow that end."
        )


def dishonest_end(label: Label, bars: Bars, cuts: int = CUTS) -> DishonestEnd | None:
    """The first answer of ``label`` that changes, or ends at another bar, once the bars after its end are others; None
    where all are honest.

    The bars from each of ``cuts`` places on are made up (``synthetic.with_other_future``); whatever had ended before
    must stay, to 1e-9 of the range of all answers. Raises ``PluginError`` where the label fails.
    """
    full = call_label.labels(label, bars)
    known = full.value[~np.isnan(full.value)]
    near = 1e-9 * float(np.ptp(known)) if len(known) else 0.0
    for cut in np.unique(np.linspace(min(2, len(bars)), len(bars) - 1, cuts).astype(int)):
        part = call_label.labels(label, with_other_future(bars, int(cut)))
        bar = _changed(full, part, bars, int(cut), near)
        if bar is not None:
            days = (_day(bars.time[bar]), _day(full.end[bar]))
            values = float(part.value[bar]), float(full.value[bar])
            return DishonestEnd(label.label(), bars.series.symbol, bar, *days, *values)
    return None


def _changed(full: Labels, part: Labels, bars: Bars, cut: int, near: float) -> int | None:
    """The first row that had ended before ``cut`` and differs."""
    ended = np.flatnonzero(full.end < bars.time[cut]) if cut < len(bars) else np.empty(0, dtype=int)
    same = (np.abs(part.value[ended] - full.value[ended]) <= near) & (part.end[ended] == full.end[ended])
    return None if same.all() else int(ended[np.argmin(same)])


def require_honest_end(label: Label, market: Market) -> None:
    """Raise ``DataError`` where a ``label`` that does not come with the engine uses bars after its end."""
    if is_all_built_in(label):
        return
    for bars in market.bars:
        if found := dishonest_end(label, bars):
            raise DataError(f"The label cannot be used. {found.sentence()}")


def _day(time: np.datetime64) -> str:
    return str(time).removesuffix("T00:00:00.000")
