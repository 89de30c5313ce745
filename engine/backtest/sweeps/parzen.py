"""A sampler for Optuna that draws combinations in batches.

Optuna's own sampler evaluates its densities over all trials at each draw, some 10 ms of Python, which would dominate a
search over kernels that run a backtest in a microsecond. Here the densities are tabulated once per batch.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray
from optuna.distributions import BaseDistribution, CategoricalDistribution, FloatDistribution, IntDistribution
from optuna.samplers import BaseSampler
from optuna.trial import TrialState

from engine.market.bars import Floats

CELLS = 512
"""Cells of an axis; within a cell the density is uniform."""
_STARTUP, _LARGEST = 32, 512  # random draws at the start; largest batch
_BEST, _SHARE, _KNOWN = 25, 0.1, 256  # the good trials: a tenth, at most 25; the number of others considered
_CANDIDATES, _EXPLORE = 4, 0.1  # draws of which the most promising is taken; share of random draws


class Parzen(BaseSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011) over ``spaces``, each axis by itself.

    A batch is drawn given the trials completed before it, a quarter as many as those. Failed and repeated trials are
    ignored. A tenth of all draws is uniform, more where many of the previous batch were repeated, so that a search
    keeps exploring.
    """

    def __init__(self, spaces: Mapping[str, BaseDistribution], seed: int) -> None:
        self._spaces, self._random = dict(spaces), np.random.default_rng(seed)
        self._waiting: list[dict[str, Any]] = []
        self._cells: list[list[int]] = []
        self._values: list[float] = []
        self._seen: set[tuple[Any, ...]] = set()
        self._completed = self._repeated = 0  # of the batch

    def infer_relative_search_space(self, study: Any, trial: Any) -> dict[str, BaseDistribution]:
        return self._spaces

    def sample_relative(self, study: Any, trial: Any, search_space: Any) -> dict[str, Any]:
        if not self._waiting:
            self._waiting = self._batch(int(np.clip(len(self._values) // 4, _STARTUP, _LARGEST)))
        return self._waiting.pop()

    def sample_independent(self, study: Any, trial: Any, param_name: str, param_distribution: Any) -> Any:
        raise ValueError(f"{param_name} is no axis of this search.")

    def after_trial(self, study: Any, trial: Any, state: TrialState, values: Sequence[float] | None) -> None:
        if state != TrialState.COMPLETE or values is None:
            return
        params = tuple(trial.params.values())
        self._completed += 1
        self._repeated += params in self._seen
        if params not in self._seen:
            self._seen.add(params)
            self._cells.append([_cell(space, trial.params[name]) for name, space in self._spaces.items()])
            self._values.append(values[0])

    def _batch(self, count: int) -> list[dict[str, Any]]:
        cells, values = np.array(self._cells).reshape(-1, len(self._spaces)), np.array(self._values)
        order = np.argsort(-values, kind="stable")
        best = min(int(np.ceil(_SHARE * len(order))), _BEST)
        good, others = order[:best], self._random.permutation(order[best:])[:_KNOWN]
        columns, explore = {}, max(_EXPLORE, self._repeated / max(self._completed, 1))
        self._completed = self._repeated = 0
        explored = self._random.random(count) < explore
        for axis, (name, space) in enumerate(self._spaces.items()):
            uniform = self._random.integers(0, _size(space), count)
            drawn = uniform
            if len(values) >= _STARTUP:
                drawn = self._drawn(space, cells[good, axis], cells[others, axis], count)
            columns[name] = self._plain(space, np.where(explored, uniform, drawn))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _drawn(
        self, space: BaseDistribution, good: NDArray[np.int64], others: NDArray[np.int64], count: int
    ) -> NDArray[np.int64]:
        """Cells drawn from the density of the good ones, the best of a few candidates by the ratio of the densities."""
        likely, unlikely = density(space, good), density(space, others)
        ends = np.cumsum(likely)
        found = np.searchsorted(ends, self._random.random((count, _CANDIDATES)) * ends[-1], side="right")
        found = np.minimum(found, len(likely) - 1)
        promise = (likely / unlikely)[found]
        return np.asarray(found[np.arange(count), promise.argmax(axis=1)])

    def _plain(self, space: BaseDistribution, cells: NDArray[np.int64]) -> list[Any]:
        """A value within each cell, drawn uniformly."""
        if isinstance(space, CategoricalDistribution):
            return [space.choices[cell] for cell in cells]
        share = (cells + self._random.random(len(cells))) / _size(space)
        if isinstance(space, FloatDistribution):
            return [float(value) for value in space.low + share * (space.high - space.low)]
        assert isinstance(space, IntDistribution)
        width = space.high - space.low + 1
        return [int(value) for value in space.low + np.minimum((share * width).astype(np.int64), width - 1)]


def density(space: BaseDistribution, cells: NDArray[np.int64]) -> Floats:
    """Parzen density of the observed ``cells`` over those of ``space``: a Gaussian about each, as wide as the gap to
    its neighbours, and a uniform prior; smoothed counts for a categorical space.
    """
    size, count = _size(space), len(cells)
    if isinstance(space, CategoricalDistribution):
        return np.asarray((np.bincount(cells, minlength=size) + 1) / (count + size))
    centres = np.sort(cells) + 0.5
    gaps = np.diff(np.concatenate(([0.0], centres, [float(size)])))
    widths = np.clip(np.maximum(gaps[:-1], gaps[1:]), size / min(100, count + 1), size)
    places = np.arange(size) + 0.5
    bells = np.exp(-0.5 * ((places - centres[:, None]) / widths[:, None]) ** 2)
    flat = np.full(size, 1 / size)
    found: Floats = ((bells / bells.sum(axis=1, keepdims=True)).sum(axis=0) + flat) / (count + 1)
    return found


def _size(space: BaseDistribution) -> int:
    if isinstance(space, CategoricalDistribution):
        return len(space.choices)
    return min(space.high - space.low + 1, CELLS) if isinstance(space, IntDistribution) else CELLS


def _cell(space: BaseDistribution, value: Any) -> int:
    if isinstance(space, CategoricalDistribution):
        return space.choices.index(value)
    assert isinstance(space, IntDistribution | FloatDistribution)
    width = space.high - space.low + isinstance(space, IntDistribution)
    return min(int((value - space.low) / (width or 1.0) * _size(space)), _size(space) - 1)
