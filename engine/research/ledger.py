"""The ledger: the number of trials ever made, each counted once, and the expected best of them without skill.

A trial is a configuration that was tried, since the deflated Sharpe ratio corrects for the selection among
configurations (Bailey and Lopez de Prado 2014): the strategy with its settings, symbols, range of days and fills.
The same one on bars that were added or corrected since is not a further draw and keeps its first result; neither is the
same one after an update of the engine, nor at other costs, which are a stress test and not a choice. Another range of
days or another symbol is, and so is every change of a strategy plug-in.

The combinations of a search are counted once, however often one of them is run by itself, before or after it, and
whatever part of them another search repeats (``overlap``). A search that was cancelled, or whose process was killed,
counts as far as it is known to have come; it is unknown which of its combinations it has tried, so it takes none from
others.

The same request over another range is the same trial where it was measured on the same bars: one that begins before the
data or within the warm-up, or ends after them. This is inferred from equal metrics: a bit-identical ratio of as many
returns. Other settings without an effect, such as a leverage limit that was never reached, a stop that was never
touched or a range without a trade, are counted, as their effect was unknown beforehand.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from engine.core.spec import kind_name
from engine.core.store import Trial
from engine.jobs.trials import Entry, entries
from engine.market.spec import MarketSpec
from engine.models.spec import ModelSpec
from engine.research import overlap
from engine.research.features.result import FAMILY
from engine.research.statistics import expected_maximum_sharpe

_LEAD = 2  # bars before the first measured one, and after it until a position can be open
_OPEN_END = "9999-12-31"
_NO_RANGE = {"start": None, "end": None}
_NO_FEATURES = f"AND family <> '{FAMILY}'"


@dataclass(frozen=True)
class Pool:
    """Pooled trials: their ``count``, and ``mean`` and ``variance`` (n - 1) of the Sharpe ratios of the ``rated`` ones,
    per bar of the requested length and for a record of the requested length.
    """

    count: int
    rated: int
    mean: float
    variance: float


def trials(family: str) -> tuple[Trial, ...]:
    """All trials of ``family``, oldest first, across sessions and users of this cache; a sweep is one entry.
    Combinations in two entries are counted in one of them.
    """
    return _deduplicated(entries("AND family = ?", family))


def on_data(market: MarketSpec) -> tuple[Trial, ...]:
    """All trials of any family on the data of ``market``: its collection and interval, with a common symbol and
    overlapping days.
    """
    place = "coalesce(json_extract(spec, '$.base.market'), json_extract(spec, '$.market'))"
    same = "".join(f"AND json_extract({place}, '$.{name}') = ? " for name in ("collection", "interval"))
    found = entries(f"{same} {_NO_FEATURES}", market.collection, market.interval)
    return _deduplicated([entry for entry in found if _overlaps(entry, market)])


def models_tried(market: MarketSpec) -> int:
    """How many models, trials of tunings among them, were tried on the data of ``market``, as ``on_data`` defines
    them.
    """
    return sum(trial.count for trial in on_data(market) if trial.family.startswith(f"{kind_name(ModelSpec)}:"))


def features_tried(market: MarketSpec) -> frozenset[str]:
    """The features, as JSON, whose statistics were looked at on the data of ``market``, as ``on_data`` defines them:
    what an information coefficient is corrected for. They are no trials of strategies.
    """
    found = [entry for entry in entries("AND family = ?", FAMILY) if _is_on_data(entry, market)]
    plain = [feature for entry in found for feature in json.loads(entry.spec)["features"]]
    return frozenset(json.dumps(feature, sort_keys=True, separators=(",", ":")) for feature in plain)


def holdouts_opened(market: MarketSpec) -> int:
    """How often a sealed holdout was opened on the data of ``market``, as ``on_data`` defines them: once for each model
    whose request asked for it, however often it is run. After the first it is no longer unseen by those who choose.
    """
    found = entries("AND json_extract(spec, '$.open_holdout')")
    return sum(_is_on_data(entry, market) for entry in found)


def count() -> int:
    """Number of trials of all families, those of sweeps included."""
    return sum(trial.count for trial in _deduplicated(entries(_NO_FEATURES)))


def _is_on_data(entry: Entry, market: MarketSpec) -> bool:
    own = entry.market
    return (own["collection"], own["interval"]) == (market.collection, market.interval) and _overlaps(entry, market)


def _overlaps(entry: Entry, market: MarketSpec) -> bool:
    own = entry.market
    start, end = own.get("start") or "", own.get("end") or _OPEN_END
    first, last = (str(day) if day else none for day, none in ((market.start, ""), (market.end, _OPEN_END)))
    return not set(own["symbols"]).isdisjoint(market.symbols) and start <= last and first <= end


def _deduplicated(entries: Sequence[Entry]) -> tuple[Trial, ...]:
    """The trials of ``entries``, combinations in two of them removed from the smaller one; oldest first."""
    entries = _without_repeats(entries)
    searches = [entry for entry in entries if overlap.is_search(entry.spec)]
    if not searches:
        return tuple(entry.trial for entry in entries)
    left: dict[int, Trial] = {}
    known: list[tuple[Entry, overlap.SearchSpace]] = []
    spaces = [overlap.space(entry.spec, entry.drawn) for entry in entries]
    sizes = [(-entry.trial.count, not (space and space.scales)) for entry, space in zip(entries, spaces, strict=True)]
    for place in sorted(range(len(entries)), key=sizes.__getitem__):
        entry, space = entries[place], spaces[place]
        share = 0.0 if space is None else overlap.covered(space, _overlapping(entry, space, known))
        left[place] = _remainder(entry.trial, share if share == 1 or not entry.stopped else 0.0)
        if space is not None and space.scales and not entry.stopped:
            known.append((entry, space))
    return tuple(left[place] for place in range(len(entries)) if left[place].count or left[place].whole)


def _without_repeats(entries: Sequence[Entry]) -> list[Entry]:
    """``entries`` without those that differ from an earlier one only in the requested range, not in the
    measured bars.
    """
    found: list[Entry] = []
    seen: dict[tuple[object, ...], list[object]] = {}
    for entry in entries:
        alike = seen.setdefault((entry.trial, entry.code, entry.drawn, entry.stopped), [])
        plain = _without_range(entry.spec) if entry.trial.sharpe is not None else None
        if plain is None or plain not in alike:
            found.append(entry)
        alike.append(plain)
    return found


def _without_range(spec: str) -> object:
    """The request ``spec`` without its range of days; None where it has none."""
    plain = json.loads(spec)
    market = (plain.get("base") or plain).get("market")
    if not isinstance(market, dict):
        return None
    return (
        plain | {"base": None, "market": None} | {"of": (plain.get("base") or plain) | {"market": market | _NO_RANGE}}
    )


def _overlapping(
    entry: Entry, space: overlap.SearchSpace, known: Sequence[tuple[Entry, overlap.SearchSpace]]
) -> list[overlap.SearchSpace]:
    """Those of ``known`` with the same code, on no fewer days than ``entry`` or on as many bars."""
    least = entry.trial.observations + _LEAD
    return [
        other
        for held, other in known
        if held.code == entry.code
        and (other.start == space.start or (other.start < space.start and held.trial.observations <= least))
    ]


def _remainder(trial: Trial, share: float) -> Trial:
    """``trial`` without the ``share`` of it that another entry contains."""
    if not share:
        return trial
    count, ratios = (round(number * (1 - share)) for number in (trial.count, trial.ratios))
    return replace(trial, count=count, rated=ratios, whole=trial if trial.count > 1 else None)


def pool(trials: Iterable[Trial], periods_per_year: float, observations: int) -> Pool:
    """All ``trials`` pooled, their Sharpe ratios per bar of a series with ``periods_per_year``, and their variance
    scaled to a record of ``observations`` returns.

    The variance is that of all ratios, within the entries and between their means. The variance of an estimate falls
    with the length of its record, so that of a two-year window is four times that of eight years. Differences between
    entries may be more than noise: those of longer records are not scaled up. An entry of unknown frequency is assumed
    to have the same.
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


def expected_best(trials: Sequence[Trial], periods_per_year: float, observations: int) -> float:
    """Sharpe ratio per bar that the best of ``trials`` is expected to reach without skill on a record of
    ``observations`` returns (see ``pool`` and ``statistics.expected_maximum_sharpe``).

    The maximum over the pool and over each search alone, as the best of a part is never better than the best of all: a
    wide search among similar combinations must not lower the bar for an earlier one. With fewer than two ratios the
    variance is that of the estimate on as many returns, which also bounds it for several families, whose strategies
    differ by more than luck.
    """
    pooled, null_variance = pool(trials, periods_per_year, observations), 1 / max(observations - 1, 1)
    variance = pooled.variance if pooled.rated > 1 else null_variance
    if len({trial.family for trial in trials}) > 1:
        variance = min(variance, null_variance)
    entries = (trial.whole or trial for trial in trials)
    searches = (pool((trial,), periods_per_year, observations) for trial in entries if trial.ratios > 1)
    alone = (expected_maximum_sharpe(search.variance, search.count) for search in searches)
    return max([expected_maximum_sharpe(variance, max(pooled.count, 1)), *alone])


@dataclass(frozen=True)
class ExpectedBest:
    """Expected maximum Sharpe ratio per bar of trials without skill: ``family`` over the ``trials`` of one family,
    ``all`` the higher of it and that over the ``on_data`` trials of any family on the same data.

    A run is deflated by ``all``. The paper counts every trial that the selected one was chosen from (Bailey and Lopez
    de Prado 2014), which includes other families on the same data. It assumes independent trials, so this is an upper
    bound where families are similar.
    """

    trials: int
    on_data: int
    family: float
    all: float

    @property
    def counted(self) -> str:
        """The counts as text: "12 trials", with ", 4,812 on these data" where that differs."""
        own = f"{self.trials:,} {'trial' if self.trials == 1 else 'trials'}"
        return own if self.on_data == self.trials else f"{own}, {self.on_data:,} on these data"


def expected_best_of(
    trials: Sequence[Trial], on_data: Sequence[Trial], periods_per_year: float, observations: int
) -> ExpectedBest:
    """``ExpectedBest`` for a record of ``observations`` returns; ``on_data`` defaults to the trials of the family."""
    own, every = (expected_best(found, periods_per_year, observations) for found in (trials, on_data))
    counts = [max(sum(trial.count for trial in found), 1) for found in (trials, on_data or trials)]
    return ExpectedBest(counts[0], counts[1], own, max(own, every))
