"""The ledger: how many trials were ever made, each counted once, and what the best of them owes to luck.

A trial is a configuration that was tried, for it is the choice among configurations that the deflated Sharpe ratio
makes up for (Bailey and Lopez de Prado 2014): the strategy with its settings, symbols, range of days and fills.
The same one on bars that were added or corrected since is no further draw to choose from, and not counted again, and
what it earned when it was first tried stays; neither is the same one after an update of the engine, nor at other costs:
nobody chooses those, they are a stress. Another range of days or another symbol is, and so is every change of a
strategy file of one's own.

What a search has tried is counted once, however often one of its combinations is run by itself, before or after it, and
whatever part of it another search tries again (``overlap``). A search that was cancelled, or whose process was killed,
counts as far as it is known to have come; it does not tell which of its combinations it has tried, and takes none from
others.

The same request over another range is the same trial where it was measured on the same bars: one that begins before the
data or within the warm-up, or ends behind them. That is told from the figures: the same ratio to the last bit, of as
many returns. Other settings that happened to make no difference, such as a ceiling of leverage that was never reached,
a stop that was never touched or a range without a trade, are counted: who tried them had another draw to choose from,
as far as could be known before.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from engine.core.store import Trial
from engine.jobs.trials import Entry, entries
from engine.market.spec import MarketSpec
from engine.research import overlap
from engine.research.statistics import expected_maximum_sharpe

_LEAD = 2  # bars before the first that is measured, and after it until a position can be held
_NEVER = "9999-12-31"
_ANY = {"start": None, "end": None}


@dataclass(frozen=True)
class Pool:
    """Many trials as one: ``count`` of them, ``mean`` and ``variance`` (n - 1) of the Sharpe ratios of those
    ``rated`` that have one, per bar of the length that was asked for, on a record of the length that was asked for.
    """

    count: int
    rated: int
    mean: float
    variance: float


def trials(family: str) -> tuple[Trial, ...]:
    """All trials of ``family``, oldest first, across sessions and users of this cache; a sweep's are one entry. What
    two entries have tried is counted in one of them.
    """
    return _once(entries("AND family = ?", family))


def on_data(market: MarketSpec) -> tuple[Trial, ...]:
    """All trials of whatever family on the data of ``market``: its collection and interval, one of its symbols at
    least, and some of its days.
    """
    place = "coalesce(json_extract(spec, '$.base.market'), json_extract(spec, '$.market'))"
    same = "".join(f"AND json_extract({place}, '$.{name}') = ? " for name in ("collection", "interval"))
    found = entries(same, market.collection, market.interval)
    return _once([entry for entry in found if _is_on(entry, market)])


def count() -> int:
    """Number of trials of all families, those of sweeps included."""
    return sum(trial.count for trial in _once(entries("")))


def _is_on(entry: Entry, market: MarketSpec) -> bool:
    plain = json.loads(entry.spec)
    own = (plain.get("base") or plain)["market"]
    start, end = own.get("start") or "", own.get("end") or _NEVER
    first, last = (str(day) if day else none for day, none in ((market.start, ""), (market.end, _NEVER)))
    return not set(own["symbols"]).isdisjoint(market.symbols) and start <= last and first <= end


def _once(entries: Sequence[Entry]) -> tuple[Trial, ...]:
    """The trials of ``entries``, what is in two of them taken from the smaller one; oldest first."""
    entries = _measured_once(entries)
    searches = [entry for entry in entries if overlap.is_search(entry.spec)]
    if not searches:
        return tuple(entry.trial for entry in entries)
    left: dict[int, Trial] = {}
    known: list[tuple[Entry, overlap.SearchSpace]] = []
    spaces = [overlap.space(entry.spec, entry.drawn) for entry in entries]
    sizes = [(-entry.trial.count, not (space and space.scales)) for entry, space in zip(entries, spaces, strict=True)]
    for place in sorted(range(len(entries)), key=sizes.__getitem__):
        entry, space = entries[place], spaces[place]
        share = 0.0 if space is None else overlap.covered(space, _holding(entry, space, known))
        left[place] = _rest(entry.trial, share if share == 1 or not entry.stopped else 0.0)
        if space is not None and space.scales and not entry.stopped:
            known.append((entry, space))
    return tuple(left[place] for place in range(len(entries)) if left[place].count or left[place].whole)


def _measured_once(entries: Sequence[Entry]) -> list[Entry]:
    """``entries`` without those that differ from an earlier one in their range alone, and not in what was measured."""
    found: list[Entry] = []
    seen: dict[tuple[object, ...], list[object]] = {}
    for entry in entries:
        alike = seen.setdefault((entry.trial, entry.code, entry.drawn, entry.stopped), [])
        plain = _of_any_range(entry.spec) if entry.trial.sharpe is not None else None
        if plain is None or plain not in alike:
            found.append(entry)
        alike.append(plain)
    return found


def _of_any_range(spec: str) -> object:
    """The request ``spec`` without its range of days; None where it has none."""
    plain = json.loads(spec)
    market = (plain.get("base") or plain).get("market")
    if not isinstance(market, dict):
        return None
    return plain | {"base": None, "market": None} | {"of": (plain.get("base") or plain) | {"market": market | _ANY}}


def _holding(
    entry: Entry, space: overlap.SearchSpace, known: Sequence[tuple[Entry, overlap.SearchSpace]]
) -> list[overlap.SearchSpace]:
    """Those of ``known`` that measured the same code on no fewer days than ``entry``, or on as many bars."""
    least = entry.trial.observations + _LEAD
    return [
        other
        for held, other in known
        if held.code == entry.code
        and (other.start == space.start or (other.start < space.start and held.trial.observations <= least))
    ]


def _rest(trial: Trial, share: float) -> Trial:
    """``trial`` without the ``share`` of it that another entry has."""
    if not share:
        return trial
    count, ratios = (round(number * (1 - share)) for number in (trial.count, trial.ratios))
    return replace(trial, count=count, rated=ratios, whole=trial if trial.count > 1 else None)


def pool(trials: Iterable[Trial], periods_per_year: float, observations: int) -> Pool:
    """All ``trials`` together, their Sharpe ratios stated per bar of a series with that many bars a year, and what they
    vary by as for a record of ``observations`` returns.

    The variance is that of all ratios: within the entries and between their means. That of an estimate falls with the
    length of its record, so a window of two years says four times too much about the luck of eight. Differences
    between entries may be more than luck: those of longer records are left as they are. An entry of unknown bars a
    year is taken to have the same.
    """
    entries = tuple(trials)
    rated = [trial for trial in entries if trial.ratios]
    squares = [(trial.periods_per_year or periods_per_year) / periods_per_year for trial in rated]
    lengths = [max(t.observations, 1) / max(observations, 1) / square for t, square in zip(rated, squares, strict=True)]
    total = sum(trial.ratios for trial in rated)
    means = [(trial.sharpe or 0.0) * sqrt(square) for trial, square in zip(rated, squares, strict=True)]
    mean = sum(trial.ratios * value for trial, value in zip(rated, means, strict=True)) / max(total, 1)
    within = sum(
        (t.ratios - 1) * t.variance * square * length for t, square, length in zip(rated, squares, lengths, strict=True)
    )
    between = sum(
        t.ratios * (value - mean) ** 2 * min(length, 1.0)
        for t, value, length in zip(rated, means, lengths, strict=True)
    )
    variance = (within + between) / (total - 1) if total > 1 else 0.0
    return Pool(sum(trial.count for trial in entries), total, mean, variance)


def luck(trials: Sequence[Trial], periods_per_year: float, observations: int) -> float:
    """Sharpe ratio per bar that the best of ``trials`` is expected to reach without skill on a record of
    ``observations`` returns (see ``pool`` and ``statistics.expected_maximum_sharpe``).

    That of all together, or of one search alone where that is more: the best of a part is never better than the best
    of all, so a wide search among combinations that hardly differ does not make an earlier one look less lucky. Of
    trials without two ratios the spread is taken to be that of ratios measured on as many returns, and of trials of
    several families no more than that: strategies differ in kind too, which is no luck.
    """
    whole, skilless = pool(trials, periods_per_year, observations), 1 / max(observations - 1, 1)
    spread = whole.variance if whole.rated > 1 else skilless
    if len({trial.family for trial in trials}) > 1:
        spread = min(spread, skilless)
    entries = (trial.whole or trial for trial in trials)
    searches = (pool((trial,), periods_per_year, observations) for trial in entries if trial.ratios > 1)
    alone = (expected_maximum_sharpe(search.variance, search.count) for search in searches)
    return max([expected_maximum_sharpe(spread, max(whole.count, 1)), *alone])


@dataclass(frozen=True)
class Luck:
    """What the best of so many trials is expected to reach without skill, as a Sharpe ratio per bar: ``family`` of the
    ``trials`` of one family, ``all`` of these and of the ``on_data`` of whatever family on the same data, the higher.

    A run is deflated by ``all``. The paper counts every trial that the one at hand was chosen from (Bailey and Lopez de
    Prado 2014), and who searches the same data with another family chooses from both. It takes them for independent, so
    this is an upper bound where families resemble one another.
    """

    trials: int
    on_data: int
    family: float
    all: float

    @property
    def counted(self) -> str:
        """Such as "12 trials", with ", 4,812 on these data" where that is another number."""
        own = f"{self.trials:,} {'trial' if self.trials == 1 else 'trials'}"
        return own if self.on_data == self.trials else f"{own}, {self.on_data:,} on these data"


def luck_of(trials: Sequence[Trial], on_data: Sequence[Trial], periods_per_year: float, observations: int) -> Luck:
    """For a record of ``observations`` returns; without any trials ``on_data`` those of the family are all."""
    own, every = (luck(found, periods_per_year, observations) for found in (trials, on_data))
    counts = [max(sum(trial.count for trial in found), 1) for found in (trials, on_data or trials)]
    return Luck(counts[0], counts[1], own, max(own, every))
