"""Stability of values after the stated warm-up, whatever bar a series begins with."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from engine.core.errors import EngineError
from engine.indicators import Family
from engine.market.bars import Bars, Floats

STARTS = (0.1, 0.25, 0.4)
"""Shares of the bars that are left out at the start."""
TYPICAL, LARGE = 1e-4, 1e-2
"""Differences, as parts of the output's range, above which the median or a single one shows an unstable warm-up: what
a recursive indicator promises (``engine.indicators.Indicator``).
"""
RARE = 0.03
"""Share of the bars on which a large difference is rounding: ranks of what is all but equal change places."""
_LEAST = 100  # bars after the warm-up that are compared, at least


@dataclass(frozen=True)
class Unsettled:
    """A value after the warm-up: ``output`` of ``symbol`` at ``time``, the bar of index ``bar``, is ``later`` on all
    bars and ``then`` on a series that begins at ``start``.
    """

    output: str
    time: str
    then: float
    later: float
    symbol: str
    bar: int
    start: str

    def sentence(self) -> str:
        """The finding as a sentence for the user."""
        return (
            f"{self.output} is not settled after its warm-up: at {self.time} it is {self.later:.6g} on all data of "
            f"{self.symbol}, and {self.then:.6g} where they begin at {self.start}."
        )


def unsettled(
    compute: Callable[[Bars], Mapping[str, Floats]], bars: Bars, warm_ups: tuple[int, ...], family: Family
) -> tuple[Unsettled, ...]:
    """The worst value of each output of ``compute`` that depends on where ``bars`` begin, by more than ``TYPICAL`` in
    the median or ``LARGEST`` at any bar; among the bars after the stated warm-up, up to twice as many.

    What is cumulative may differ by a constant or a factor that stays. Outputs that have no value on the shorter series
    although they have one on the whole are found too.
    """
    whole, found = compute(bars), {}
    for share in STARTS:
        start = int(share * len(bars))
        if start == 0:
            continue
        try:
            later = compute(bars.slice(start, len(bars)))
        except EngineError:  # too short for it, which says nothing
            continue
        for (name, values), warm_up in zip(whole.items(), warm_ups, strict=True):
            window = slice(warm_up, warm_up + max(2 * warm_up, _LEAST))
            before, after = values[start:][window], later[name][window]
            at = _worst(before, after, _range(values), family)
            if at is not None and name not in found:
                bar = start + warm_up + at
                ends = float(after[at]), float(before[at])
                found[name] = Unsettled(
                    name, _day(bars.time[bar]), *ends, bars.series.symbol, bar, _day(bars.time[start])
                )
    return tuple(found.values())


def _worst(before: Floats, after: Floats, span: float, family: Family) -> int | None:
    """Index of the largest difference where the differences are too large; None where they are not."""
    if family == "cumulative":
        return None if _moves_alike(before, after, span) else 0
    known = np.flatnonzero(np.isfinite(before))
    if not len(known) or span == 0:
        return None
    apart = np.abs(after[known] - before[known]) / span
    apart[np.isnan(apart)] = np.inf
    large = apart > LARGE
    is_settled = np.median(apart) <= TYPICAL and large.mean() <= RARE and not large[0] and np.isfinite(apart).all()
    return None if is_settled else int(known[np.argmax(apart)])


def _moves_alike(before: Floats, after: Floats, span: float) -> bool:
    """By steps from bar to bar: behind a gap the sum may begin anew."""
    with np.errstate(divide="ignore", invalid="ignore"):
        steps = np.diff(before), np.diff(after)
        factors = before[1:] / before[:-1], after[1:] / after[:-1]
    both = np.isfinite(steps[0]) & np.isfinite(steps[1])
    if np.allclose(steps[1][both], steps[0][both], rtol=1e-9, atol=1e-9 * span):
        return True
    return bool(np.allclose(factors[1][both], factors[0][both], rtol=1e-9, equal_nan=True))


def _range(values: Floats) -> float:
    known = values[np.isfinite(values)]
    return float(np.ptp(known)) if len(known) else 0.0


def _day(time: np.datetime64) -> str:
    return str(time).removesuffix("T00:00:00.000")
