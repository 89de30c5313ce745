"""Look-ahead: a value that changes once later bars are known has used them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats
from engine.market.synthetic import daily_bars

Compute = Callable[[Bars], Mapping[str, Floats]]

CUTS = 16
TOLERANCE = 1e-9
_COLUMNS = ("open", "high", "low", "close", "volume", "adj_close")


@dataclass(frozen=True)
class LookAhead:
    """A value that changed: ``output`` at ``time`` is ``then`` on a truncated history and ``later`` on the whole one;
    ``symbol`` is set where several were checked.
    """

    output: str
    time: str
    then: float
    later: float
    symbol: str = ""

    def sentence(self) -> str:
        """The finding as a sentence for the user."""
        of = f" of {self.symbol}" if self.symbol else ""
        return (
            f"{self.output} looks ahead: at {self.time} it is {_in_words(self.then)} on the data{of} known then "
            f"and {_in_words(self.later)} once later bars are known."
        )


def look_ahead(compute: Compute, bars: Bars, cuts: int = CUTS) -> tuple[LookAhead, ...]:
    """The outputs of ``compute`` that use the future, each with its first changed value; empty where it is causal.

    ``compute`` runs again on ``bars`` truncated at about ``cuts`` places: some early ones, where a back-filled warm-up
    shows, the rest spread evenly; and at some more just after missing values of each column, where a filled gap shows.
    Every value on the shorter history must equal the one on the whole, to 1e-9 of the output's range. Finds centred
    windows, statistics over the full sample, negative shifts and back-fills; a back-fill shows only where values are
    missing, as they are in ``synthetic_gaps``.
    """
    full = compute(bars)
    found: dict[str, LookAhead] = {}
    for cut in _cuts(bars, cuts):
        try:
            part = compute(bars.slice(0, cut))
        except Exception:  # noqa: BLE001 - a plug-in may raise anything; a history on which it does shows nothing
            continue
        for name, values in full.items():
            if name in found:
                continue
            bad = np.flatnonzero(_differs(part[name], values[:cut], _spread(values)))
            if len(bad):
                at = int(bad[0])
                day = str(bars.time[at]).removesuffix("T00:00:00.000")
                found[name] = LookAhead(name, day, float(part[name][at]), float(values[at]))
    return tuple(found.values())


def leaks(compute: Compute, series: Iterable[Bars]) -> tuple[LookAhead, ...]:
    """``look_ahead`` of the first of ``series`` in which any is found."""
    for bars in series:
        if found := look_ahead(compute, bars):
            return tuple(replace(sign, symbol=bars.series.symbol) for sign in found)
    return ()


def leaks_into_gaps(compute: Compute) -> tuple[LookAhead, ...]:
    """``leaks`` on ``synthetic_gaps``; an exception counts as no finding, since those bars may lack what it needs."""
    try:
        return leaks(compute, (synthetic_gaps(),))
    except Exception:  # noqa: BLE001 - a plug-in may raise anything on bars that are not the user's
        return ()


@lru_cache(maxsize=1)
def synthetic_gaps() -> Bars:
    """A random walk of daily bars in which each column has gaps of its own, and some bars lack everything."""
    count, random = 400, np.random.default_rng(7)
    close = 100 * np.exp(np.cumsum(random.normal(0, 0.02, count)))
    open = close * np.exp(random.normal(0, 0.01, count))
    columns = {
        "open": open,
        "high": np.maximum(open, close) * (1 + random.uniform(0, 0.02, count)),
        "low": np.minimum(open, close) * (1 - random.uniform(0, 0.02, count)),
        "close": close,
        "volume": random.integers(1_000, 9_000, count).astype(np.float64),
        "adj_close": close * 0.9,
    }
    for place, name in enumerate(_COLUMNS):
        for first in (60 + 12 * place, 190 + 12 * place, 330 + 9 * place):
            columns[name][first : first + 1 + place % 3] = np.nan
    for values in columns.values():
        values[[140, 290, 291]] = np.nan
    time = np.busday_offset(np.datetime64("2001-01-01"), np.arange(count)).astype("datetime64[ms]")
    return daily_bars("a synthetic symbol with gaps", time, columns)


def _cuts(bars: Bars, count: int) -> list[int]:
    length = len(bars)
    early = [2**power for power in range(count // 3)]
    even = np.linspace(length // 8, length - 1, count - len(early)).astype(int).tolist()
    gaps: set[int] = set()
    for name in _COLUMNS:
        missing = np.flatnonzero(~np.isfinite(getattr(bars, name))) + 1
        gaps.update(missing[np.linspace(0, len(missing) - 1, min(count // 3, len(missing))).astype(int)].tolist())
    return sorted({cut for cut in (*early, *gaps, *even) if 0 < cut < length})


def _differs(truncated: Floats, full: Floats, spread: float) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.isnan(truncated) != np.isnan(full)
    with np.errstate(invalid="ignore"):
        missing |= np.abs(truncated - full) > TOLERANCE * spread
    return missing


def _spread(values: Floats) -> float:
    finite = values[np.isfinite(values)]
    return float(np.ptp(finite)) if len(finite) else 0.0


def _in_words(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.6g}"
