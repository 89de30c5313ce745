"""Look-ahead check: decisions on truncated history against those on the full history."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.decisions import Decisions, decide
from engine.backtest.sizings import sized
from engine.core.errors import DataError, EngineError, PluginError
from engine.core.progress import Progress, silent
from engine.jobs.executors import as_of
from engine.market.availability import known_at
from engine.market.bars import Bars, Floats, Market, Times
from engine.strategies import Allocation

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

MAXIMUM_CUTS, MINIMUM_CUTS = 512, 32
"""Truncations of the history: a filter that peeks at the next bar shows only on the few bars whose orders it
suppresses. Fewer where many bars would make it slow.
"""
_BARS = 2_000_000  # bars evaluated in total, over all cuts and symbols
_COLUMNS = ("open", "high", "low", "close", "volume")
SIDES = ("entry", "exit", "short entry", "short exit")


@dataclass(frozen=True)
class DecisionChange:
    """A decision that later bars have changed: for ``symbol`` at ``time``, on the ``truncated`` and on the ``full``
    history.
    """

    symbol: str
    time: str
    truncated: str
    full: str

    def sentence(self) -> str:
        return (
            f"The decision for {self.symbol} at {self.time} is {self.truncated} on the bars known then, and "
            f"{self.full} once later bars are known: the strategy uses the future."
        )


@dataclass(frozen=True)
class Cut:
    """Bars known at a ``moment`` (UTC): the first ``counts[i]`` of the i-th symbol."""

    moment: np.datetime64
    counts: tuple[int, ...]


def look_ahead(
    spec: BacktestSpec,
    bars: Sequence[Bars],
    inputs: Mapping[str, Any],
    progress: Progress = silent,
    cuts: int | None = None,
) -> DecisionChange | None:
    """The earliest decision that differs on a truncated history, or None.

    The history is truncated at up to ``cuts`` moments, as many as the data allow if not given: half of them right after
    decisions of each symbol, where a peek at the next bar shows, the others evenly spaced; and at up to a quarter as
    many more where a symbol lacks a value, as a gap that is filled backwards shows nowhere else. The strategy gets the
    bars that had ended by then, and its inputs as of then (``executors.as_of``): features and predictions are
    recomputed. All decisions and sizes must equal those on the full history; a truncation on which the strategy fails
    is skipped.
    Raises ``PluginError`` where it fails on all of them.
    """
    decisions, sizes = decide(spec, bars, inputs), _sizes(spec, bars)
    found: list[tuple[np.datetime64, DecisionChange]] = []
    failed: list[EngineError] = []
    inputs_at = _inputs_as_of(spec, inputs)
    places = _cuts(bars, decisions, cuts)
    for done, cut in enumerate(places):
        progress(done / len(places), f"Look-ahead: {done} of {len(places)} cuts")
        present = [place for place, count in enumerate(cut.counts) if count]
        expected, expected_sizes = decisions.for_symbols(present), [sizes[place] for place in present]
        full = [bars[place] for place in present]
        ended = [item.slice(0, cut.counts[place]) for item, place in zip(full, present, strict=True)]
        try:
            recomputed, recomputed_sizes = decide(spec, ended, inputs_at(cut.moment, ended)), _sizes(spec, ended)
        except (PluginError, DataError) as error:
            failed.append(error)
        else:
            found += _compare(full, expected, recomputed) + _compare_sizes(full, expected_sizes, recomputed_sizes)
    if failed and len(failed) == len(places):
        raise failed[-1]
    return min(found, key=lambda item: item[0])[1] if found else None


def _inputs_as_of(
    spec: BacktestSpec, inputs: Mapping[str, Any]
) -> Callable[[np.datetime64, Sequence[Bars]], Mapping[str, Any]]:
    """The inputs of a strategy as of a moment, given the bars known by then."""
    needed = spec.strategy.inputs(spec.market)
    histories = {name: as_of(run, inputs[name]) for name, run in needed.items() if name in inputs}

    def inputs_at(moment: np.datetime64, bars: Sequence[Bars]) -> Mapping[str, Any]:
        recomputed = {name: history(moment) for name, history in histories.items()}
        return {**inputs, "market": Market(tuple(bars)), **recomputed}

    return inputs_at


def _cuts(bars: Sequence[Bars], decisions: Decisions, count: int | None) -> list[Cut]:
    """The truncations, ascending in time: for signals at the ends of the symbol's bars, for an allocation at the times
    of the common calendar from which all symbols have bars.
    """
    limit = (
        int(np.clip(_BARS // sum(len(item) for item in bars), MINIMUM_CUTS, MAXIMUM_CUTS)) if count is None else count
    )
    ends = [known_at(item) for item in bars]
    columns = [numbers for _, numbers in decisions.by_symbol(bars)]
    if decisions.divides_account:
        clocks, begun = [item.time for item in bars], max(item.time[0] for item in bars)
        calendar = np.unique(np.concatenate(clocks))
        decided = [calendar[np.isfinite(np.column_stack(columns)).any(axis=1)]]
    else:
        clocks, begun = ends, min(end[0] for end in ends)
        calendar = np.unique(np.concatenate(clocks))
        decided = [end[numbers.any(axis=1)] for end, numbers in zip(ends, columns, strict=True)]
    gaps = [times[_lacks(item)] for times, item in zip(clocks, bars, strict=True)]
    at_gaps = [_evenly_spaced(times, max(limit // 4 // len(gaps), 1)) for times in gaps]
    after_decisions = [_evenly_spaced(times, max(limit // 2 // len(decided), 1)) for times in decided]
    times = np.unique(np.concatenate((*at_gaps, *after_decisions, _evenly_spaced(calendar[:-1], limit // 2))))
    found = []
    for last in times[times >= begun]:
        counts = tuple(int(np.searchsorted(clock, last, side="right")) for clock in clocks)
        found.append(Cut(max(end[n - 1] for end, n in zip(ends, counts, strict=True) if n), counts))
    return found


def _lacks(bars: Bars) -> NDArray[np.bool_]:
    """The bars without a value in a column that has one on others."""
    found = np.zeros(len(bars), dtype=bool)
    for name in _COLUMNS:
        missing = np.isnan(getattr(bars, name))
        found |= missing & (not missing.all())
    return found


def _evenly_spaced(times: Times, count: int) -> Times:
    if not len(times):
        return times
    return np.asarray(times[np.unique(np.linspace(0, len(times) - 1, min(count, len(times))).astype(int))])


def _sizes(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Floats]:
    """The size, and the distance of a stop, at each bar of each symbol: (bars, 2); empty for an allocation, whose
    weights are its sizes.
    """
    if isinstance(spec.strategy, Allocation):
        return [np.empty((0, 2))] * len(bars)
    found = [(sized(spec.sizing, item).amount, spec.stops.distances(item)) for item in bars]
    return [np.column_stack([size, np.full(len(size), np.nan) if stop is None else stop]) for size, stop in found]


def _compare_sizes(
    bars: Sequence[Bars], full: Sequence[Floats], truncated: Sequence[Floats]
) -> list[tuple[np.datetime64, DecisionChange]]:
    """The first differing size, or distance of a stop, of each symbol."""
    found = []
    for item, before, after in zip(bars, full, truncated, strict=True):
        same = np.isclose(after, before[: len(after)], rtol=1e-9, atol=0, equal_nan=True)
        if not same.all():
            index, column = (int(at) for at in np.argwhere(~same)[0])
            words = (f"a {('size', 'stop')[column]} of {amount[index, column]:.4g}" for amount in (after, before))
            found.append((item.time[index], DecisionChange(item.series.symbol, _day(item.time[index]), *words)))
    return found


def _day(moment: np.datetime64) -> str:
    return str(moment).removesuffix("T00:00:00.000")


def _compare(bars: Sequence[Bars], full: Decisions, truncated: Decisions) -> list[tuple[np.datetime64, DecisionChange]]:
    """The first differing decision of each symbol."""
    found = []
    for item, (times, before), (_, after) in zip(bars, full.by_symbol(bars), truncated.by_symbol(bars), strict=True):
        same = np.isclose(after, before[: len(after)], rtol=0, atol=1e-9, equal_nan=True).all(axis=1)
        if not same.all():
            index = int(np.argmin(same))
            words = _in_words(after[index]), _in_words(before[index])
            found.append((times[index], DecisionChange(item.series.symbol, _day(times[index]), *words)))
    return found


def _in_words(decision: Floats) -> str:
    if len(decision) == 1:
        return "none" if np.isnan(decision[0]) else f"a weight of {decision[0]:.4g}"
    return " and ".join(word for word, flag in zip(SIDES, decision, strict=True) if flag) or "none"
