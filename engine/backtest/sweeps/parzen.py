"""A sampler for Optuna that draws many combinations at once.

Optuna's own weighs every trial so far anew for each draw, some 10 ms of Python; over kernels that run a backtest in a
microsecond nothing else would be seen of a search. Here the densities are tabulated once a batch.
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
"""Parts of an axis that are told apart; within one every value is as likely."""
_STARTUP, _LARGEST = 32, 512  # draws at random before anything is known; most draws of a batch
_BEST, _SHARE, _KNOWN = 25, 0.1, 256  # what counts as good: a tenth, at most 25; how many others are looked at
_CANDIDATES, _ASTRAY = 4, 0.1  # draws out of which the most promising is taken; share of draws that are at random


class Parzen(BaseSampler):
    """Tree-structured Parzen estimator (Bergstra et al. 2011) over ``spaces``, each axis by itself.

    A batch is drawn from what trials had told when it began, a quarter as many as those. Failed trials and repeated
    ones teach nothing. A tenth of all draws is at random, more where many of the batch before were repeated: so a
    search never ends in one place.
    """

    def __init__(self, spaces: Mapping[str, BaseDistribution], seed: int) -> None:
        self._spaces, self._random = dict(spaces), np.random.default_rng(seed)
        self._waiting: list[dict[str, Any]] = []
        self._cells: list[list[int]] = []
        self._values: list[float] = []
        self._told: set[tuple[Any, ...]] = set()
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
        told = tuple(trial.params.values())
        self._completed += 1
        self._repeated += told in self._told
        if told not in self._told:
            self._told.add(told)
            self._cells.append([_cell(space, trial.params[name]) for name, space in self._spaces.items()])
            self._values.append(values[0])

    def _batch(self, count: int) -> list[dict[str, Any]]:
        cells, values = np.array(self._cells).reshape(-1, len(self._spaces)), np.array(self._values)
        order = np.argsort(-values, kind="stable")
        best = min(int(np.ceil(_SHARE * len(order))), _BEST)
        good, others = order[:best], self._random.permutation(order[best:])[:_KNOWN]
        columns, astray = {}, max(_ASTRAY, self._repeated / max(self._completed, 1))
        self._completed = self._repeated = 0
        lost = self._random.random(count) < astray
        for axis, (name, space) in enumerate(self._spaces.items()):
            wild = self._random.integers(0, _size(space), count)
            drawn = wild
            if len(values) >= _STARTUP:
                drawn = self._drawn(space, cells[good, axis], cells[others, axis], count)
            columns[name] = self._plain(space, np.where(lost, wild, drawn))
        return [dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]

    def _drawn(
        self, space: BaseDistribution, good: NDArray[np.int64], others: NDArray[np.int64], count: int
    ) -> NDArray[np.int64]:
        """Cells drawn from where good ones lie, of a few candidates each the one where the others are rarest."""
        likely, unlikely = density(space, good), density(space, others)
        ends = np.cumsum(likely)
        found = np.searchsorted(ends, self._random.random((count, _CANDIDATES)) * ends[-1], side="right")
        found = np.minimum(found, len(likely) - 1)
        promise = (likely / unlikely)[found]
        return np.asarray(found[np.arange(count), promise.argmax(axis=1)])

    def _plain(self, space: BaseDistribution, cells: NDArray[np.int64]) -> list[Any]:
        """A value of each cell, any of those in it."""
        if isinstance(space, CategoricalDistribution):
            return [space.choices[cell] for cell in cells]
        share = (cells + self._random.random(len(cells))) / _size(space)
        if isinstance(space, FloatDistribution):
            return [float(value) for value in space.low + share * (space.high - space.low)]
        assert isinstance(space, IntDistribution)
        width = space.high - space.low + 1
        return [int(value) for value in space.low + np.minimum((share * width).astype(np.int64), width - 1)]


def density(space: BaseDistribution, cells: NDArray[np.int64]) -> Floats:
    """How likely each cell of ``space`` is, by the observed ``cells``: a bell about each, as wide as the gap to its
    neighbours, and a flat one over all; counts of words.
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
