"""Look-ahead: a value that changes once later bars are known has used them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats
from engine.market.synthetic import COLUMNS, daily_bars, with_other_future

Compute = Callable[[Bars], Mapping[str, Floats]]
Otherwise = Callable[[Bars, int], Mapping[str, Floats]]
"""The outputs on bars that go on otherwise from an index on."""

CUTS = 16
TOLERANCE = 1e-9
_GAPPED = 400  # bars in which gaps are made
_RARE = 0.1  # share of the values
WAY_OUT = "Take it out, or have it read no bar after its own."
"""What to do about a part that looks ahead."""


@dataclass(frozen=True)
class LookAhead:
    """A value that changed: ``output`` at ``time``, the bar of index ``bar``, is ``then`` on a history that ends with
    the bar at ``known``, or goes on ``otherwise`` after it, and ``later`` on the whole one; ``symbol`` is set where
    several were checked.
    """

    output: str
    time: str
    then: float
    later: float
    symbol: str = ""
    bar: int = 0
    known: str = ""
    otherwise: bool = False

    def sentence(self) -> str:
        """The finding as a sentence for the user."""
        of = f" of {self.symbol}" if self.symbol else ""
        if self.otherwise:
            return (
                f"{self.output} looks ahead: at {self.time} it is {_in_words(self.later)} on the data{of}, "
                f"and {_in_words(self.then)} where other bars follow that of {self.known}."
            )
        return (
            f"{self.output} looks ahead: at {self.time} it is {_in_words(self.then)} on the data{of} known then "
            f"and {_in_words(self.later)} once later bars are known."
        )


def look_ahead(
    compute: Compute, bars: Bars, cuts: int = CUTS, *, otherwise: Otherwise | None = None, rows: int = 1
) -> tuple[LookAhead, ...]:
    """The outputs of ``compute`` that use the future, each with its first ``rows`` changed values; empty where it is
    causal.

    ``compute`` runs again on ``bars`` truncated at about ``cuts`` places: some early ones, where a back-filled warm-up
    shows, the rest spread evenly; and at some more just after missing values of each column, where a filled gap shows,
    and just after values that are rare in an output, as those of a flag: it may be wrong at these alone.
    At half of these places it runs once more on as many bars of which the later ones are others, in every column
    (``synthetic.with_other_future``, or what ``otherwise`` makes of them). Every value up to the cut must equal the one
    on the whole, to 1e-9 of the output's range. Finds centred windows, statistics over the full sample, negative
    shifts and back-fills; a back-fill shows only where values are missing, as they are in ``synthetic_gaps``.
    """
    full = compute(bars)
    ranges = {name: _range_of_most(values) for name, values in full.items()}
    found: dict[str, tuple[LookAhead, ...]] = {}
    for cut, is_other, part in _histories(compute, bars, _cuts(bars, full, cuts), otherwise):
        for name, values in full.items():
            if name in found:
                continue
            bad = np.flatnonzero(_differs(part[name][:cut], values[:cut], ranges[name]))
            if len(bad):
                found[name] = tuple(
                    LookAhead(
                        output=name,
                        time=_day(bars.time[at]),
                        then=float(part[name][at]),
                        later=float(values[at]),
                        bar=int(at),
                        known=_day(bars.time[cut - 1]),
                        otherwise=is_other,
                    )
                    for at in bad[:rows]
                )
        if len(found) == len(full):
            break
    return tuple(sign for signs in found.values() for sign in signs)


def _histories(
    compute: Compute, bars: Bars, cuts: list[int], otherwise: Otherwise | None
) -> Iterator[tuple[int, bool, Mapping[str, Floats]]]:
    """(cut, whether other bars follow it, outputs) of each history on which ``compute`` does not fail."""
    other = otherwise or (lambda bars, cut: compute(with_other_future(bars, cut)))
    truncated: Otherwise = lambda bars, cut: compute(bars.slice(0, cut))  # noqa: E731
    for function, places in ((truncated, cuts), (other, cuts[::2])):
        for cut in places:
            try:
                part = function(bars, cut)
            except Exception:  # noqa: BLE001 - a plug-in may raise anything; such a history shows nothing
                continue
            yield cut, function is other, part


def leaks(
    compute: Compute, series: Iterable[Bars], *, otherwise: Otherwise | None = None, rows: int = 1
) -> tuple[LookAhead, ...]:
    """``look_ahead`` of the first of ``series`` in which any is found."""
    for bars in series:
        if found := look_ahead(compute, bars, otherwise=otherwise, rows=rows):
            return tuple(replace(sign, symbol=bars.series.symbol) for sign in found)
    return ()


def leaks_into_gaps(compute: Compute, bars: Bars | None = None, *, rows: int = 1) -> tuple[LookAhead, ...]:
    """``leaks`` on ``bars``, which have gaps in each column (``synthetic_gaps`` if not given); an exception counts as
    no finding, since those bars may lack what it needs.
    """
    try:
        return leaks(compute, (synthetic_gaps() if bars is None else bars,), rows=rows)
    except Exception:  # noqa: BLE001 - a plug-in may raise anything on bars that are not the user's
        return ()


@lru_cache(maxsize=1)
def synthetic_gaps() -> Bars:
    """A random walk of daily bars in which each column has gaps of its own, and some bars lack everything."""
    count, random = _GAPPED, np.random.default_rng(7)
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
    time = np.busday_offset(np.datetime64("2001-01-01"), np.arange(count)).astype("datetime64[ms]")
    return with_gaps(daily_bars("a synthetic symbol with gaps", time, columns))


def with_gaps(bars: Bars) -> Bars:
    """``bars`` with gaps in the last 400 of them, in each column at places of its own and some in all at once; as they
    are where there are fewer.
    """
    first = len(bars) - _GAPPED
    if first < 0:
        return bars
    columns = {name: getattr(bars, name).copy() for name in COLUMNS}
    for place, name in enumerate(COLUMNS):
        for at in (60 + 12 * place, 190 + 12 * place, 330 + 9 * place):
            columns[name][first + at : first + at + 1 + place % 3] = np.nan
    for values in columns.values():
        values[[first + 140, first + 290, first + 291]] = np.nan
    return replace(bars, **columns)


def _cuts(bars: Bars, outputs: Mapping[str, Floats], count: int) -> list[int]:
    length = len(bars)
    early = [2**power for power in range(count // 3)]
    even = np.linspace(length // 8, length - 1, count - len(early)).astype(int).tolist()
    telling = [np.flatnonzero(~np.isfinite(getattr(bars, name))) for name in COLUMNS]
    telling += [_rare(values) for values in outputs.values()]
    after: set[int] = set()
    for places in telling:
        some = np.linspace(0, len(places) - 1, min(count // 3, len(places))).astype(int)
        after.update((places[some] + 1).tolist())
    return sorted({cut for cut in (*early, *after, *even) if 0 < cut < length})


def _rare(values: Floats) -> NDArray[np.intp]:
    """Where an output that is nearly always the same is not."""
    known = np.flatnonzero(np.isfinite(values))
    if not len(known):
        return known
    usual = np.quantile(values[known], 0.5, method="nearest")
    rare: NDArray[np.intp] = known[values[known] != usual]
    return rare if len(rare) <= _RARE * len(known) else rare[:0]


def _differs(truncated: Floats, full: Floats, extent: float) -> NDArray[np.bool_]:
    missing: NDArray[np.bool_] = np.isnan(truncated) != np.isnan(full)
    with np.errstate(invalid="ignore"):
        missing |= np.abs(truncated - full) > TOLERANCE * extent
    return missing


def _range_of_most(values: Floats) -> float:
    """The range of nine values of ten, lest a few huge ones hide all differences; of all where these are the same."""
    finite = values[np.isfinite(values)]
    if not len(finite):
        return 0.0
    low, high = np.quantile(finite, (0.05, 0.95), method="nearest")
    return float(high - low) or float(np.ptp(finite))


def _day(time: np.datetime64) -> str:
    return str(time).removesuffix("T00:00:00.000")


def _in_words(value: float) -> str:
    return "unknown" if np.isnan(value) else f"{value:.6g}"
