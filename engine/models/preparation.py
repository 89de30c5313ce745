"""Preparation of a model's rows from its request: bars, features, the folds, and what is sealed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.features.evaluation import load_context
from engine.features.matrix import FeatureMatrix, matrix
from engine.market import catalog
from engine.market.bars import Floats, Market, Times
from engine.models.dataset import Dataset, from_panel, timeline
from engine.models.fitting import require_trainable
from engine.models.spec import ModelSpec
from engine.models.splits import call_split
from engine.models.splits.fold import NEVER, Fold
from engine.models.splits.intervals import cut, forward

_LOOKED_AT = 4096  # rows that are compared at a time: most often the first of them tell


@dataclass(frozen=True, eq=False)
class Parts:
    """The ``rows`` of a request before its sealed holdout, and the ``folds`` over them.

    ``holdout`` is the fold of the holdout over ``everything``, all rows; None where there is none. Labels of ``rows``
    that reach into it are not known. Of each row of the matrix, ``close`` float64
    is the adjusted close and ``bar`` int32 its number in its symbol.
    """

    rows: Dataset
    folds: tuple[Fold, ...]
    everything: Dataset
    close: Floats
    bar: NDArray[np.int32]
    holdout: Fold | None = None

    def train(self, number: int) -> Dataset:
        return self.rows.where(self.folds[number].train)

    def test(self, number: int) -> Dataset:
        return self.rows.where(self.folds[number].test)

    def returns(self, rows: Dataset) -> Floats:
        """The total return of each of ``rows`` from its close to that of its label's end, NaN where that is unknown."""
        with np.errstate(all="ignore"):
            found = self.close[rows.place + rows.reach] / self.close[rows.place] - 1
        return np.where((rows.reach > 0) & np.isfinite(found), found, np.nan)


def prepare(spec: ModelSpec) -> tuple[Market, FeatureMatrix]:
    """Bars and features, read and computed here: for workers that get the spec alone."""
    market = catalog.load(spec.market)
    return market, matrix(spec.features, market, context=load_context(spec.features, spec.market))


def rows_of(spec: ModelSpec, market: Market, features: FeatureMatrix) -> Dataset:
    """The rows that ``spec`` can use, of any part."""
    return from_panel(features, market, spec.target, spec.validation.embargo, complete=not spec.fills_unknown())


def parts(spec: ModelSpec, market: Market, features: FeatureMatrix) -> Parts:
    """Rows and folds. Raises ``DataError`` where they are too few, or have labels of one sort only."""
    _require_known(features)
    everything = rows_of(spec, market, features)
    rows, holdout = everything, None
    if spec.holdout:
        all_times = timeline(everything, features)
        holdout = forward(all_times, cut(everything.time, spec.holdout), NEVER, spec.validation.embargo)
        rows = sealed(everything.where(~holdout.test), all_times.end[~holdout.test], holdout.start)
    close = np.concatenate([bars.adj_close for bars in market.bars])
    found = Parts(
        rows, call_split.folds(spec.validation, timeline(rows, features)), everything, close, features.bar, holdout
    )
    _require_folds(found)
    return found


def sealed(rows: Dataset, end: Times, start: np.datetime64) -> Dataset:
    """``rows`` whose labels end at ``end``, without the labels that use bars from ``start`` on: they would tell of what
    is sealed.
    """
    within = ~(end >= start)
    return replace(
        rows,
        label=np.where(within, rows.label, np.nan),
        end=np.where(within, rows.end, np.datetime64("NaT", "ms")),
        reach=np.where(within, rows.reach, 0),
    )


def named(number: int, count: int) -> str:
    """How a fold is called among so many; nothing where it is the only one."""
    return f"fold {number + 1} of {count}" if count > 1 else ""


@contextmanager
def naming(number: int, count: int) -> Iterator[None]:
    """Errors of the data inside name the fold."""
    try:
        yield
    except DataError as error:
        name = named(number, count)
        raise DataError(f"{name[:1].upper()}{name[1:]}: {error}" if name else str(error)) from None


def _require_known(features: FeatureMatrix) -> None:
    """Raise ``DataError`` where a feature has no value on any bar: no row would be left, and nobody would see why."""
    never = [
        name for name, column in zip(features.names, features.values.T, strict=True) if not np.isfinite(column).any()
    ]
    if never:
        raise DataError(
            f"{_listed(never)} unknown on every bar: change "
            f"{'it' if len(never) == 1 else 'them'}, or choose a range of days longer than the warm-up."
        )


def constant_features(rows: Dataset, names: Sequence[str]) -> str:
    """A sentence that names the features with one value on all ``rows``; "" where each of them varies."""
    first, varied = rows.matrix[rows.place[0]], np.zeros(len(names), dtype=bool)
    for start in range(0, len(rows), _LOOKED_AT):
        varied |= (rows.matrix[rows.place[start : start + _LOOKED_AT]] != first).any(axis=0)
        if varied.all():
            return ""
    still = [name for name, varies in zip(names, varied, strict=True) if not varies]
    return f"{_listed(still)} constant on all rows and cannot inform the model."


def _listed(names: Sequence[str]) -> str:
    """The first of ``names`` and how many more, with the verb."""
    more = f" and {len(names) - 3:,} more" if len(names) > 3 else ""
    return f"{', '.join(names[:3])}{more} {'is' if len(names) == 1 else 'are'}"


def _require_folds(found: Parts) -> None:
    tested = np.any([fold.test for fold in found.folds], axis=0)
    for number in range(len(found.folds)):
        with naming(number, len(found.folds)):
            require_trainable(found.train(number), "training")
    require_trainable(found.rows.where(tested).labelled(), "test")
    if found.holdout is not None:
        require_trainable(found.everything.where(found.holdout.test).labelled(), "holdout")
