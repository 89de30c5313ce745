"""Look-ahead: a value that changes once later bars are known has used them."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats

CUTS = 16
TOLERANCE = 1e-9


@dataclass(frozen=True)
class LookAhead:
    """The value of ``output`` at ``time`` was ``then`` on a shorter history and ``later`` on all of it."""

    output: str
    time: str
    then: float
    later: float

    def sentence(self) -> str:
        """What was found, for the user."""
        return (
            f"{self.output} looks ahead: at {self.time} it is {_words(self.then)} on the data known then "
            f"and {_words(self.later)} once later bars are known."
        )


def look_ahead(compute: Callable[[Bars], Mapping[str, Floats]], bars: Bars, cuts: int = CUTS) -> tuple[LookAhead, ...]:
    """The outputs of ``compute`` that use the future, each with its first sign; none where it is causal.

    ``compute`` runs again on ``bars`` cut short at about ``cuts`` places: some early ones, where a
    back-filled warm-up shows, some behind missing values, where a filled gap shows, and the rest spread
    evenly. Every value on the shorter history must equal the one on the whole, to 1e-9 of the output's
    spread. Finds centred windows, statistics over the full sample, negative shifts and back-fills.
    """
    whole = compute(bars)
    found: dict[str, LookAhead] = {}
    for cut in _places(bars, cuts):
        part = compute(bars.part(0, cut))
        for name, values in whole.items():
            if name in found:
                continue
            bad = np.flatnonzero(_differs(part[name], values[:cut], _spread(values)))
            if len(bad):
                at = int(bad[0])
                day = str(bars.time[at]).removesuffix("T00:00:00.000")
                found[name] = LookAhead(name, day, float(part[name][at]), float(values[at]))
    return tuple(found.values())


def _places(bars: Bars, count: int) -> list[int]:
    length = len(bars)
    early = [2**power for power in range(count // 3)]
    missing = np.flatnonzero(~np.isfinite(bars.close)) + 1
    gaps = missing[np.linspace(0, len(missing) - 1, min(count // 3, len(missing))).astype(int)].tolist()
    even = np.linspace(length // 8, length - 1, count - len(early)).astype(int).tolist()
    return sorted({cut for cut in early + gaps + even if 0 < cut < length})


def _differs(part: Floats, whole: Floats, spread: float) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.isnan(part) != np.isnan(whole)
    with np.errstate(invalid="ignore"):
        missing |= np.abs(part - whole) > TOLERANCE * spread
    return missing


def _spread(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.ptp(finite)) if len(finite) else 0.0


def _words(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.6g}"
