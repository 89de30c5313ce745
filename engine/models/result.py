"""The result of training a model on the folds of a split."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.store import Trial
from engine.features.processing import FittedProcessors
from engine.labels import Task
from engine.market.availability import align_known
from engine.market.bars import Bars, Floats, Times
from engine.models import Reproducibility
from engine.models.artifact import Artifact
from engine.models.baselines import Baseline
from engine.models.fold_result import FoldResult
from engine.models.scores import HEADLINE, LOWER_IS_BETTER, Scored, is_predicted

_NONE: Floats = np.empty(0)


NOT_IN_TIME = (
    "Out of sample, not in time: most of these predictions come from models that were trained on later bars, too. "
    "Nobody could have followed them."
)


@dataclass(frozen=True, eq=False)
class ModelResult:
    """Models of a request, one a fold, their predictions on bars that they have not seen, and what they are worth.

    ``task`` and ``classes`` are those of the label; ``unit`` is that of its values. A step of the training is called
    ``step``; importance of the ``features`` is measured as ``importance_of``, and ``permutation`` float64 is what
    permuting each costs the headline score of the tests, the mean of the folds, empty where not measured. What follows
    from one training is in ``folds``; that of the last fold, the newest model, is found here too.

    Over the rows that were tested, symbol after symbol: ``time`` datetime64[ms], ``known`` (the moment in UTC at
    which the bar had ended), ``symbol`` int32 (index into ``symbols``), ``prediction`` (see ``Model.predict``: the
    probability of the second class, of each class, or a number; NaN where there is none), ``base``, that of a constant
    model of the same training rows, ``outcome``, the label, and ``realised``, the total return over its bars, both NaN
    where it lies beyond the data. ``fold`` int32 (paths, rows) is the fold that each prediction comes from. Splits that
    test a row more than once give several out-of-sample paths: ``prediction`` is the first, ``more_paths`` (paths - 1,
    rows or rows, classes) the others, and ``path_scores`` the headline score of each.

    ``scores`` holds the ``scores.SCORES`` of the task over the ``n_scored`` rows with a prediction and a known label,
    ``intervals`` (scores, 2) the 95% interval of each by a block bootstrap (``resampling``), in their order, NaN or
    empty where there is none. ``null_scores`` are the headline scores on the tests of models trained the same way on
    labels that have nothing to do with the features (``label_permutation``), sorted; empty if none was asked for;
    ``null_table`` (null models, scores) are all their scores but the training's, in the order of ``scores``.
    ``baselines`` are scores of predictions without a model on the same rows.

    ``split`` is the split in words. ``holdout`` is what a model trained on all rows before the sealed holdout made of
    it, None where there is none or it is still sealed; ``holdout_start`` is its ISO time, empty where there is none.
    Trained on the processor ``device``, where the same request gives again what ``reproducibility`` says. ``warnings``
    are sentences on grave faults of the data, and on what the predictions cannot be used for.
    """

    label: str
    family: str
    task: Task
    classes: tuple[str, ...]
    unit: str
    features: tuple[str, ...]
    symbols: tuple[str, ...]
    step: str
    importance_of: str
    time: Times
    known: Times
    symbol: NDArray[np.int32]
    prediction: Floats
    base: Floats
    outcome: Floats
    realised: Floats
    fold: NDArray[np.int32]
    more_paths: Floats
    path_scores: Floats
    folds: tuple[FoldResult, ...]
    scores: dict[str, float]
    intervals: Floats
    null_scores: Floats
    null_table: Floats
    baselines: tuple[Baseline, ...]
    permutation: Floats
    split: str
    device: str
    reproducibility: Reproducibility
    holdout: FoldResult | None = None
    holdout_start: str = ""
    warnings: tuple[str, ...] = ()

    @property
    def newest(self) -> FoldResult:
        """The last fold: that of the newest test."""
        return self.folds[-1]

    @property
    def artifact(self) -> Artifact:
        """The newest model. Raises ``DataError`` where the stored bytes are no model."""
        return self.newest.artifact

    @property
    def processors(self) -> FittedProcessors:
        """What is done to features before the newest model sees them. Raises ``DataError`` where it is damaged."""
        return self.newest.processors

    @property
    def importance(self) -> Floats:
        """The importance of each feature, each fold's divided by its sum, in the mean; empty where models tell none."""
        shares = [fold.importance / max(fold.importance.sum(), 1e-300) for fold in self.folds if len(fold.importance)]
        return np.mean(shares, axis=0) if len(self.folds) > 1 and shares else self.newest.importance

    @property
    def in_time(self) -> bool:
        """Whether every prediction could have been made: each model was trained on what had been known before."""
        return all(fold.in_time for fold in self.folds)

    @property
    def caveats(self) -> tuple[str, ...]:
        """What a strategy that follows the predictions has to say of itself."""
        return () if self.in_time else (NOT_IN_TIME,)

    @property
    def test_start(self) -> str:
        """The ISO time of the first tested bar."""
        return min(fold.test_start for fold in self.folds)

    @property
    def n_test(self) -> int:
        return len(self.time)

    @property
    def n_scored(self) -> int:
        return int((is_predicted(self.prediction) & np.isfinite(self.outcome)).sum())

    @property
    def n_paths(self) -> int:
        """Out-of-sample paths."""
        return len(self.fold)

    def path_range(self) -> tuple[float, float, float]:
        """The lowest, the median and the highest of the ``path_scores``."""
        low, middle, high = np.quantile(self.path_scores, (0, 0.5, 1))
        return float(low), float(middle), float(high)

    def on_path(self, path: int) -> Floats:
        """The predictions of a path, from 0 on. Raises ``DataError`` where there are fewer."""
        if not 0 <= path < self.n_paths:
            raise DataError(f"This model has {self.n_paths} out-of-sample paths, and path {path + 1} is none of them.")
        return np.asarray(self.more_paths[path - 1]) if path else self.prediction

    def scored(self, path: int = 0) -> tuple[Scored, NDArray[np.bool_]]:
        """The rows of a path with a prediction and a known label, and which of the rows they are."""
        prediction = self.on_path(path)
        mask = is_predicted(prediction) & np.isfinite(self.outcome)
        return Scored(self.task, self.outcome, prediction, self.base, self.realised).where(mask), mask

    def interval(self, name: str) -> tuple[float, float] | None:
        """The 95% interval of a score by a block bootstrap, None where there is none."""
        names = list(self.scores)
        if name not in names or names.index(name) >= len(self.intervals):
            return None
        low, high = self.intervals[names.index(name)]
        return (float(low), float(high)) if np.isfinite(low) else None

    def nulls_of(self, name: str) -> Floats:
        """A score of the null models, sorted; empty where there are none."""
        place = list(self.scores).index(name)
        return np.sort(self.null_table[:, place]) if place < self.null_table.shape[1] else _NONE

    def band_of(self, name: str) -> tuple[float, float] | None:
        """The 5% and 95% points of a score of the null models; None without them, or where it is not defined."""
        nulls = self.nulls_of(name)
        if not len(nulls) or not np.isfinite(nulls).all():
            return None
        low, high = np.quantile(nulls, (0.05, 0.95))
        return float(low), float(high)

    def p_value_of(self, name: str) -> float | None:
        """``p_value`` of any score: the share of null models that are as good, this one counted among them."""
        nulls, own = self.nulls_of(name), self.scores[name]
        if not len(nulls) or not np.isfinite(own) or not np.isfinite(nulls).all():
            return None
        as_good = (nulls <= own) if name in LOWER_IS_BETTER else (nulls >= own)
        return (1 + int(as_good.sum())) / (1 + len(nulls))

    @property
    def headline(self) -> float:
        """The score that null models are compared on."""
        return self.scores[HEADLINE[self.task]]

    def directional(self, path: int = 0) -> Floats:
        """What the predictions say of a rise: the probability of the highest class, or the number itself (rows)."""
        prediction = self.on_path(path)
        return prediction if prediction.ndim == 1 else prediction[:, -1]

    def usable(self, bars: Bars, lowest: bool = False, path: int = 0) -> Floats:
        """What a decision at the close of each of ``bars`` can follow, NaN where nothing: the probability of the
        highest class (with ``lowest``, that of the lowest of several), or the number that is predicted, on a ``path``.

        Each prediction is there on the first bar that had not ended before it was known (``market.known.joined``),
        whatever the interval and the clock of the model's own bars. Raises ``DataError`` as ``predictions`` does.
        """
        rows = self._rows_of(bars.series.symbol)
        prediction = self.on_path(path)
        values = prediction[:, 0] if lowest and prediction.ndim == 2 else self.directional(path)
        return align_known(values[rows], self.known[rows], bars)

    def predictions(self, symbol: str) -> tuple[Times, Floats]:
        """Times and predictions of ``symbol`` as ``directional`` gives them, of the test part alone, ascending.

        The times are those at which the model's bars began, to be shown: ``usable`` says when they can be followed.
        Raises ``DataError`` for a symbol that the model was not trained on.
        """
        rows = self._rows_of(symbol)
        return self.time[rows], self.directional()[rows]

    def _rows_of(self, symbol: str) -> NDArray[np.bool_]:
        if symbol not in self.symbols:
            raise DataError(
                f"This model was trained on {', '.join(self.symbols)} and has no predictions for {symbol}: "
                "train one that includes it."
            )
        return np.asarray(self.symbol == self.symbols.index(symbol))

    def null_band(self) -> tuple[float, float] | None:
        """The 5% and 95% points of ``null_scores``: where a model without knowledge scores nine times in ten;
        None without them, or where the score of one is not defined.
        """
        if not len(self.null_scores) or not np.isfinite(self.null_scores).all():
            return None
        low, high = np.quantile(self.null_scores, (0.05, 0.95))
        return float(low), float(high)

    def p_value(self) -> float | None:
        """Share of models without knowledge that score as well, this one counted among them (Phipson, Smyth 2010);
        None without them, or where a score is not defined.
        """
        if not len(self.null_scores) or not np.isfinite([self.headline, *self.null_scores]).all():
            return None
        return (1 + int((self.null_scores >= self.headline).sum())) / (1 + len(self.null_scores))

    def summary(self) -> Mapping[str, object]:
        """Scores, null band, sizes of the parts, for the command line."""
        band, p_value, newest = self.null_band(), self.p_value(), self.newest
        opened = {"holdout": _rounded(self.holdout.scores)} if self.holdout else {}
        return {
            "label": self.label,
            "scores": _rounded(self.scores),
            "null_band": [round(value, 6) for value in band] if band else None,
            "p_value": None if p_value is None else round(p_value, 6),
            "task": self.task,
            "split": self.split,
            "folds": len(self.folds),
            "paths": self.n_paths,
            "in_time": self.in_time,
            "steps": newest.best_step,
            "rows": {
                "train": newest.n_train,
                "validation": newest.n_validation,
                "purged": newest.n_purged + newest.n_embargoed,
                "test": self.n_test,
                "scored": self.n_scored,
            },
            "train_start": newest.train_start,
            "train_end": newest.train_end,
            "test_start": self.test_start,
            **opened,
        }

    def trial(self) -> Trial:
        """What the ledger keeps of this run. A model holds nothing, so it has no Sharpe ratio."""
        return Trial(self.family, None, self.n_scored)


def _rounded(scores: Mapping[str, float]) -> dict[str, float]:
    return {name: round(value, 6) for name, value in scores.items()}
