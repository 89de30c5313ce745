"""Comparing a champion with its challenger on the rows that both predict."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.metrics import bar_returns
from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.jobs.executors import computes
from engine.market.bars import Floats, Times, periods_per_year
from engine.models.resampling import MINIMUM_TIMES, block_length, central, resampled
from engine.models.scores import Scored, called, is_predicted, out_of_sample
from engine.research.bootstrap import MINIMUM_RETURNS, block_bootstrap
from engine.research.bootstrap import block_length as return_block
from engine.research.service.comparison.result import ComparisonResult, Difference
from engine.research.service.comparison.spec import ComparisonSpec
from engine.research.service.monitoring.result import MonitorResult
from engine.research.service.sequence import blocks, sequence

HIT = "hits"
"""The share of rows of which the sign or the class was called right: the one score that every task has."""
_SCORES = ("auc", "rank_ic", "ic")
_SAMPLES = 500


@dataclass(frozen=True, eq=False)
class _Shared:
    """The scored rows of both models that are the same, and the moment at which their labels were known."""

    models: tuple[Scored, Scored]
    time: Times
    end: Times


@computes(ComparisonSpec)
def compute(spec: ComparisonSpec, inputs: Mapping[str, Any], progress: Progress) -> ComparisonResult:
    """Raises ``DataError`` where the two answer different questions, or predict no row in common."""
    champion, challenger = inputs["champion"], inputs["challenger"]
    _require_comparable(spec)
    one, other = _same(champion, challenger, spec.bars == "new")
    if not len(one):
        new = " after the data of both ended" if spec.bars == "new" else ""
        raise DataError(f"No bar{new} is predicted by both that neither was trained on: update their bars.")
    shared = _shared(champion, challenger, one, other)
    horizon = spec.champion.trained.target.horizon
    progress(0.2, "Scores and their intervals")
    block, moment, differences = _blocks(shared, horizon)
    found = sequence(differences)
    time, growth = _growth(champion, challenger, spec.bars == "new")
    return ComparisonResult(
        label=spec.label(),
        names=(spec.champion.model, spec.challenger.model),
        rows=len(one),
        scored=len(shared.time),
        dates=len(np.unique(shared.time)),
        first=str(champion.time[one].min()),
        last=str(champion.time[one].max()),
        differences=(*_differences(shared, horizon, spec.seed), *_paper(time, growth, spec.seed, progress)),
        block=block,
        moment=moment,
        mean=found.mean,
        low=found.low,
        high=found.high,
        decided="" if found.decided is None else str(moment[found.decided]),
        time=time,
        champion=growth[0],
        challenger=growth[1],
        benchmark=growth[2],
        notes=_notes(shared, len(differences)),
    )


def _require_comparable(spec: ComparisonSpec) -> None:
    one, other = spec.champion.trained, spec.challenger.trained
    if one.target != other.target:
        raise DataError(
            f"{spec.champion.model} predicts {one.target.label()} and {spec.challenger.model} {other.target.label()}: "
            "only models of the same label can be compared."
        )
    if one.market.interval != other.market.interval:
        raise DataError(
            f"{spec.champion.model} is of bars of {one.market.interval} and {spec.challenger.model} of "
            f"{other.market.interval}: only models of the same bars can be compared."
        )


def _same(one: MonitorResult, other: MonitorResult, only_new: bool) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """The places in both of the rows of the same symbol and time that both predict."""
    places: list[dict[tuple[str, int], int]] = []
    for found in (one, other):
        usable = is_predicted(found.prediction) & (found.is_new | (not only_new))
        names = [found.symbols[number] for number in found.symbol]
        moments = found.time.astype(np.int64).tolist()
        places.append({(names[at], moments[at]): at for at in np.flatnonzero(usable).tolist()})
    keys = [key for key in places[0] if key in places[1]]
    return (
        np.array([places[0][key] for key in keys], dtype=np.int64),
        np.array([places[1][key] for key in keys], dtype=np.int64),
    )


def _shared(
    champion: MonitorResult, challenger: MonitorResult, one: NDArray[np.int64], other: NDArray[np.int64]
) -> _Shared:
    labelled = np.isfinite(champion.outcome[one]) & np.isfinite(challenger.outcome[other])
    one, other = one[labelled], other[labelled]
    parts = []
    for found, at in ((champion, one), (challenger, other)):
        every = found.scored()
        parts.append(Scored(every.task, every.label[at], every.prediction[at], every.base[at], every.returns[at]))
    return _Shared((parts[0], parts[1]), champion.time[one], champion.end[one])


def _hits(rows: Scored) -> Floats:
    label = rows.label > 0 if rows.task == "regression" else rows.label
    return np.asarray(called(rows.task, rows.prediction) == label, dtype=np.float64)


def _blocks(shared: _Shared, horizon: int) -> tuple[int, Times, Floats]:
    """The length of a block, half as long again as the labels overlap; when each was known, and the difference of the
    hit rates in it, each time counting alike.
    """
    length = 1 if horizon <= 1 else -(-3 * horizon // 2)
    moments, place = np.unique(shared.time, return_inverse=True)
    gap = _hits(shared.models[1]) - _hits(shared.models[0])
    daily = np.bincount(place, gap, minlength=len(moments)) / np.maximum(np.bincount(place), 1)
    found = blocks(daily, length)
    last = np.full(len(moments), np.datetime64(0, "ms"))
    np.maximum.at(last, place, shared.end)
    known = np.maximum.accumulate(last)[length - 1 :: length][: len(found)]
    return length, known, found


def _differences(shared: _Shared, horizon: int, seed: int) -> tuple[Difference, ...]:
    """Hit rate, main score and IC, with block-bootstrap intervals from the same samples of both."""
    if not len(shared.time):
        return ()
    scores = [out_of_sample(rows) for rows in shared.models]
    every = list(scores[0])
    bands = np.full((len(every), 2), np.nan)
    if len(np.unique(shared.time)) >= MINIMUM_TIMES:
        block = max(block_length(rows, shared.time, horizon) for rows in shared.models)
        one, other = resampled(shared.models, shared.time, block, seed)
        bands = central(other - one)
    hit = "hit_rate" if "hit_rate" in every else "accuracy"
    return tuple(
        Difference(
            HIT if name == hit else name,
            scores[0][name],
            scores[1][name],
            scores[1][name] - scores[0][name],
            *(float(end) for end in bands[every.index(name)]),
        )
        for name in (hit, *(name for name in _SCORES if name in every))
    )


def _growth(one: MonitorResult, other: MonitorResult, only_new: bool) -> tuple[Times, tuple[Floats, Floats, Floats]]:
    """The paper accounts of both, and buy and hold, on the times that both have, as growth of 1."""
    time, at, its = np.intersect1d(one.paper_time, other.paper_time, return_indices=True)
    if only_new and len(time):
        new = [found.time[found.is_new] for found in (one, other)]
        start = max(part.min() for part in new) if all(len(part) for part in new) else time[-1]
        kept = time >= start
        time, at, its = time[kept], at[kept], its[kept]
    if len(time) < 2:
        nothing = np.empty(0)
        return one.paper_time[:0], (nothing, nothing, nothing)
    lines = (one.equity[at], other.equity[its], one.benchmark[at])
    return time, (lines[0] / lines[0][0], lines[1] / lines[1][0], lines[2] / lines[2][0])


def _paper(time: Times, growth: tuple[Floats, Floats, Floats], seed: int, progress: Progress) -> tuple[Difference, ...]:
    """The mean returns of the paper accounts, a year."""
    if len(time) < MINIMUM_RETURNS + 1:
        return ()
    returns = np.column_stack([bar_returns(line) for line in growth[:2]])
    gap, yearly = returns[:, 1] - returns[:, 0], periods_per_year(time)
    drawn = block_bootstrap(
        _mean, gap, return_block(gap), samples=_SAMPLES, seed=seed, progress=progress, label="Resampled paper accounts"
    )
    low, high = central(drawn.reshape(1, -1))[0] * yearly
    mean = returns.mean(axis=0) * yearly
    return (
        Difference("paper_return", float(mean[0]), float(mean[1]), float(mean[1] - mean[0]), float(low), float(high)),
    )


def _mean(values: Floats) -> Floats:
    return np.array([values.mean()])


def _notes(shared: _Shared, count: int) -> tuple[str, ...]:
    if not len(shared.time):
        return ("No label of a bar that both predict is known yet.",)
    if count < 10:
        return (f"Only {count} blocks of labels are known: nothing can be decided by so few.",)
    return ()
