"""Whether a strategy's decisions stay as they were once later bars are known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from engine.backtest.portfolio import Decisions, decide
from engine.backtest.sizings import sized
from engine.backtest.spec import BacktestSpec
from engine.backtest.windows import before
from engine.errors import StrategyError
from engine.market.bars import Bars, Floats, Times
from engine.progress import Progress, silent
from engine.strategies import Allocation

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


def look_ahead(
    spec: BacktestSpec, bars: Sequence[Bars], inputs: Mapping[str, Any], progress: Progress = silent
) -> Disagreement | None:
    """The earliest decision that is another one when the bars end sooner, or None.

    The strategy decides again on bars cut at up to ``CUTS`` times: half of them right behind decisions of each symbol,
    where a look at the next bar shows, the others spread evenly. Every decision on the shorter history must be that on
    the whole, and so must every size; a history on which the strategy fails says nothing. A model's predictions are
    inputs, out of sample by themselves. Raises ``StrategyError`` where the strategy fails on every shorter history.
    """
    whole, sizes = decide(spec, bars, inputs), _sizes(spec, bars)
    found: list[tuple[np.datetime64, Disagreement]] = []
    times, failed = _cuts(bars, whole), []
    for done, last in enumerate(times):
        progress(done / len(times), f"Look-ahead: {done} of {len(times)} cuts")
        there = [place for place, item in enumerate(bars) if item.time[0] <= last]
        part = whole if isinstance(whole, np.ndarray) else [whole[place] for place in there]
        known = [bars[place] for place in there]
        cut = [_until(item, last) for item in known]
        try:
            again, smaller = decide(spec, cut, inputs), _sizes(spec, cut)
        except StrategyError as error:
            failed.append(error)
        else:
            found += _compare(known, part, again) + _compare_sizes(known, [sizes[place] for place in there], smaller)
    if failed and len(failed) == len(times):
        raise failed[-1]
    return min(found, key=lambda item: item[0])[1] if found else None


def _cuts(bars: Sequence[Bars], whole: Decisions) -> list[np.datetime64]:
    """Times up to which bars are known, ascending; those of an allocation begin where all symbols have begun."""
    calendar = np.unique(np.concatenate([item.time for item in bars]))
    if isinstance(whole, np.ndarray):
        moments = [calendar[np.isfinite(whole).any(axis=1)]]
    else:
        moments = [item.time[_flags(s).any(axis=1)] for item, s in zip(bars, whole, strict=True)]
    half = int(np.clip(_BARS // sum(len(item) for item in bars), FEWEST, CUTS)) // 2
    behind = [_spread(times, max(half // len(moments), 1)) for times in moments]
    times = np.unique(np.concatenate((*behind, _spread(calendar[:-1], half))))
    begun = max(item.time[0] for item in bars) if isinstance(whole, np.ndarray) else calendar[0]
    return list(times[times >= begun])


def _spread(times: Times, count: int) -> Times:
    if not len(times):
        return times
    return np.asarray(times[np.unique(np.linspace(0, len(times) - 1, min(count, len(times))).astype(int))])


def _until(bars: Bars, last: np.datetime64) -> Bars:
    return before(bars, last + np.timedelta64(1, "ms"))


def _flags(signals: Any) -> Floats:
    """Decisions of one symbol as 0 and 1, (bars, 4)."""
    none = np.zeros(len(signals.entries), dtype=bool)
    sides = (signals.entries, signals.exits, signals.short_entries, signals.short_exits)
    return np.column_stack([none if flags is None else flags for flags in sides]).astype(np.float64)


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
    if isinstance(whole, np.ndarray) or isinstance(again, np.ndarray):
        calendar = np.unique(np.concatenate([item.time for item in bars]))
        columns = [(calendar, whole[:, [i]], again[:, [i]]) for i in range(len(bars))]  # type: ignore[call-overload]
    else:
        columns = [(b.time, _flags(w), _flags(a)) for b, w, a in zip(bars, whole, again, strict=True)]
    found = []
    for item, (times, later, then) in zip(bars, columns, strict=True):
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
