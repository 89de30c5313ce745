"""Block bootstrap of scored rows: whole times of a panel are drawn in blocks, so that what overlaps stays together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from engine.core.progress import Progress, silent
from engine.market.bars import Floats, Times
from engine.models.scores import Scored, brier_scores, weighted

SAMPLES = 200
LEAST_SAMPLES = 40
MINIMUM_TIMES = 20
_VALUES = 4_000_000
"""Weights that are looked at together."""
_EFFORT = 40_000_000


def intervals(rows: Scored, time: Times, horizon: int, seed: int, progress: Progress = silent) -> Floats:
    """The 95% interval of every score of ``scores.out_of_sample`` (scores, 2), in its order, by percentiles of the
    stationary bootstrap (Politis and Romano 1994, by arch); empty for fewer than ``MINIMUM_TIMES`` times.

    ``time`` is that of each row. The mean block is that of Politis and White (2004) for the mean squared error of each
    time, at least the ``horizon`` of the labels and at most a quarter of the times.
    """
    if len(np.unique(time)) < MINIMUM_TIMES:
        return np.empty((0, 2))
    (drawn,) = resampled([rows], time, block_length(rows, time, horizon), seed, progress)
    return central(drawn)


def resampled(
    models: Sequence[Scored], time: Times, block: float, seed: int, progress: Progress = silent
) -> list[Floats]:
    """Every score of ``scores.out_of_sample`` in each sample (scores, samples), of each of ``models`` on the same rows:
    they share the samples, so that their differences can be taken.
    """
    samples = int(np.clip(_EFFORT // len(time), LEAST_SAMPLES, SAMPLES))
    parts: list[list[Floats]] = [[] for _ in models]
    done = 0
    for weight in weights(time, block, samples, seed):
        progress(done / samples, f"Block bootstrap: {done} of {samples} samples")
        for rows, found in zip(models, parts, strict=True):
            found.append(np.stack(list(weighted(rows, weight).values())))
        done += len(weight)
    return [np.concatenate(found, axis=1) for found in parts]


def central(drawn: Floats) -> Floats:
    """The central 95% of each row (rows, 2), NaN where no sample has the score."""
    found = np.full((len(drawn), 2), np.nan)
    defined = np.isfinite(drawn).any(axis=1)
    found[defined] = np.nanquantile(drawn[defined], (0.025, 0.975), axis=1).T
    return found


def block_length(rows: Scored, time: Times, horizon: int) -> float:
    """The mean block, in times."""
    from arch.bootstrap import optimal_block_length

    error = (
        (rows.label - rows.prediction) ** 2 if rows.task == "regression" else brier_scores(rows.label, rows.prediction)
    )
    place = np.unique(time, return_inverse=True)[1]
    series = np.bincount(place, error) / np.bincount(place)
    most = max(len(series) / 4, 1.0)
    if np.ptp(series) <= 1e-14:
        return float(np.clip(horizon, 1.0, most))
    with np.errstate(all="ignore"):
        optimal = float(optimal_block_length(series)["stationary"].iloc[0])
    return float(np.clip(max(optimal if np.isfinite(optimal) else 1.0, horizon), 1.0, most))


def weights(time: Times, block: float, samples: int, seed: int) -> Iterator[Floats]:
    """How often each row is in each sample (samples, rows), some samples at a time."""
    from arch.bootstrap import StationaryBootstrap

    moments, place = np.unique(time, return_inverse=True)
    source = StationaryBootstrap(block, np.arange(len(moments)), seed=np.random.default_rng(seed))  # type: ignore[arg-type]
    counts: list[Floats] = []
    for (drawn,), _ in source.bootstrap(samples):
        counts.append(np.bincount(drawn, minlength=len(moments)).astype(np.float64))
        if len(counts) * len(time) >= _VALUES:
            yield np.stack(counts)[:, place]
            counts = []
    if counts:
        yield np.stack(counts)[:, place]
