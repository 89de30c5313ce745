"""Economic series: their values were published after the period of their bar, and some were revised later."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from engine.market.bars import Bars
from engine.market.quality.finding import About, Family, Finding


def _search(bars: Bars) -> Iterator[Finding]:
    if bars.series.kind == "economic" and len(bars):
        yield Finding(
            "release dates",
            "grave",
            np.arange(len(bars)),
            "Values are dated by the period that they describe, and are as they were last revised: the data do not say "
            "when each was published, nor what it was then.",
            "A decision at the end of that period looks ahead. Import them as values that were known later (a day for "
            "market rates, a month or more for statistics) to trade on them; revisions remain.",
        )


FAMILY = Family(
    {
        "release dates": About("Release dates", "Values were known when their bars ended, and were not revised."),
    },
    _search,
)
