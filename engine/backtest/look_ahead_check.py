"""Check that a strategy's decisions stay the same once later bars are known."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

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

CUTS, FEWEST = 512, 32
"""How often the bars are cut: a filter that knows the next bar shows on the very bars whose orders it keeps away, which
are few. Fewer times where many bars would make that long."""
_BARS = 2_000_000  # that the strategy is asked about, of all cuts and symbols together
_WORDS = ("entry", "exit", "short entry", "short exit")


@dataclass(frozen=True)
class Disagreement:
    """The first decision found that later bars have changed: for ``symbol`` at ``time``, what was decided ``then`` and
    what once ``later`` bars were known.
    """

    symbol: str
    time: str
    then: str
    later: str

    def sentence(self) -> str:
        return (
            f"The decision for {self.symbol} at {self.time} is {self.then} on the bars known then, and {self.later} "
            "once later bars are known: the strategy uses the future."
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
) -> Disagreement | None:
    """The earliest decision that is another one when the bars end sooner, or None.

    The strategy decides again at up to ``cuts`` moments, as many as the data allow if not given: half of them right
    behind decisions of each symbol, where a look at the next bar shows, the others spread evenly. It gets the bars that
    had ended by then, and its inputs as they were then (``executors.as_of``): features and predictions are
    computed again. Every decision on the shorter history must be that on the whole, and so must every size; a history
    on which the strategy fails says nothing. Raises ``PluginError`` where it fails on every shorter history.
    """
    whole, sizes = decide(spec, bars, inputs), _sizes(spec, bars)
    found: list[tuple[np.datetime64, Disagreement]] = []
    failed: list[EngineError] = []
    then = _inputs_then(spec, inputs)
    places = _cuts(bars, whole, cuts)
    for done, cut in enumerate(places):
        progress(done / len(places), f"Look-ahead: {done} of {len(places)} cuts")
        there = [place for place, count in enumerate(cut.counts) if count]
        part, own = whole.for_symbols(there), [sizes[place] for place in there]
        known = [bars[place] for place in there]
        ended = [item.slice(0, cut.counts[place]) for item, place in zip(known, there, strict=True)]
        try:
            again, smaller = decide(spec, ended, then(cut.moment, ended)), _sizes(spec, ended)
        except (PluginError, DataError) as error:
            failed.append(error)
        else:
            found += _compare(known, part, again) + _compare_sizes(known, own, smaller)
    if failed and len(failed) == len(places):
        raise failed[-1]
    return min(found, key=lambda item: item[0])[1] if found else None


def _inputs_then(
    spec: BacktestSpec, inputs: Mapping[str, Any]
) -> Callable[[np.datetime64, Sequence[Bars]], Mapping[str, Any]]:
    """What a strategy is given at a moment at which it knows some bars."""
    needed = spec.strategy.inputs(spec.market)
    histories = {name: as_of(run, inputs[name]) for name, run in needed.items() if name in inputs}

    def then(moment: np.datetime64, bars: Sequence[Bars]) -> Mapping[str, Any]:
        own = {name: history(moment) for name, history in histories.items()}
        return {**inputs, "market": Market(tuple(bars)), **own}

    return then


def _cuts(bars: Sequence[Bars], whole: Decisions, count: int | None) -> list[Cut]:
    """Where the bars are cut, ascending in time: a symbol's own decisions at the ends of its bars, an allocation's at
    the times of the common calendar, from the one on at which all symbols have begun.
    """
    most = int(np.clip(_BARS // sum(len(item) for item in bars), FEWEST, CUTS)) if count is None else count
    ends = [known_at(item) for item in bars]
    columns = [numbers for _, numbers in whole.by_symbol(bars)]
    if whole.divides_account:
        clocks, begun = [item.time for item in bars], max(item.time[0] for item in bars)
        calendar = np.unique(np.concatenate(clocks))
        decided = [calendar[np.isfinite(np.column_stack(columns)).any(axis=1)]]
    else:
        clocks, begun = ends, min(end[0] for end in ends)
        calendar = np.unique(np.concatenate(clocks))
        decided = [end[numbers.any(axis=1)] for end, numbers in zip(ends, columns, strict=True)]
    behind = [_spread(times, max(most // 2 // len(decided), 1)) for times in decided]
    times = np.unique(np.concatenate((*behind, _spread(calendar[:-1], most // 2))))
    found = []
    for last in times[times >= begun]:
        counts = tuple(int(np.searchsorted(clock, last, side="right")) for clock in clocks)
        found.append(Cut(max(end[n - 1] for end, n in zip(ends, counts, strict=True) if n), counts))
    return found


def _spread(times: Times, count: int) -> Times:
    if not len(times):
        return times
    return np.asarray(times[np.unique(np.linspace(0, len(times) - 1, min(count, len(times))).astype(int))])


def _sizes(spec: BacktestSpec, bars: Sequence[Bars]) -> list[Floats]:
    """What the sizing says at each bar of each symbol; weights have none but their own."""
    if isinstance(spec.strategy, Allocation):
        return [np.empty(0)] * len(bars)
    return [sized(spec.sizing, item).amount for item in bars]


def _compare_sizes(
    bars: Sequence[Bars], whole: Sequence[Floats], again: Sequence[Floats]
) -> list[tuple[np.datetime64, Disagreement]]:
    """The first other size of each symbol."""
    found = []
    for item, later, then in zip(bars, whole, again, strict=True):
        same = np.isclose(then, later[: len(then)], rtol=1e-9, atol=0, equal_nan=True)
        if not same.all():
            at = int(np.argmin(same))
            words = (f"a size of {amount[at]:.4g}" for amount in (then, later))
            found.append((item.time[at], Disagreement(item.series.symbol, _day(item.time[at]), *words)))
    return found


def _day(moment: np.datetime64) -> str:
    return str(moment).removesuffix("T00:00:00.000")


def _compare(bars: Sequence[Bars], whole: Decisions, again: Decisions) -> list[tuple[np.datetime64, Disagreement]]:
    """The first disagreement of each symbol."""
    found = []
    for item, (times, later), (_, then) in zip(bars, whole.by_symbol(bars), again.by_symbol(bars), strict=True):
        same = np.isclose(then, later[: len(then)], rtol=0, atol=1e-9, equal_nan=True).all(axis=1)
        if not same.all():
            at = int(np.argmin(same))
            words = _words(then[at]), _words(later[at])
            found.append((times[at], Disagreement(item.series.symbol, _day(times[at]), *words)))
    return found


def _words(decision: Floats) -> str:
    if len(decision) == 1:
        return "none" if np.isnan(decision[0]) else f"a weight of {decision[0]:.4g}"
    return " and ".join(word for word, flag in zip(_WORDS, decision, strict=True) if flag) or "none"
