"""The result of training a model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.store import Trial
from engine.features.processing import FittedProcessors, from_json
from engine.labels import Task
from engine.market.availability import align_known
from engine.market.bars import Bars, Floats, Times
from engine.models import Reproducibility
from engine.models.artifact import Artifact
from engine.models.scores import HEADLINE


@dataclass(frozen=True, eq=False)
class ModelResult:
    """A trained model, its predictions on bars that it has not seen, and what they are worth.

    ``task`` and ``classes`` are those of the label; ``unit`` is that of its values. Over the steps that were run, each
    of them called a ``step``: ``train_loss`` and ``validation_loss``, the mean loss (the latter is empty without early
    stopping); the model keeps the first ``best_step`` of them. A model that is solved at once has empty ones and None.
    Over the features, named ``features``: ``importance``, measured as ``importance_of``; empty where the model tells
    none. Over the rows of the test part, symbol after symbol: ``time`` datetime64[ms], ``known`` (the moment in UTC at
    which the bar had ended), ``symbol`` int32 (index into ``symbols``), ``prediction`` (see ``Model.predict``: the
    probability of the second class, of each class, or a number; NaN where there is none), and ``outcome``, the label,
    NaN where it lies beyond the data.

    ``scores`` holds the ``scores.SCORES`` of the task over the ``n_scored`` rows with a prediction and a known label.
    ``null_scores`` are the headline scores on the test of models trained the same way on labels that have nothing to do
    with the features (``label_permutation``), sorted; empty if none was asked for. ``n_train`` rows were trained on,
    ``n_validation`` decided when to stop, ``n_purged`` were dropped because their label reaches into a later part.
    ``train_start``, ``train_end`` and ``test_start`` are ISO times of bars. ``content`` uint8 are the bytes of the
    ``artifact``, in the format ``media_type``. It was trained on the processor ``device``, where the same request gives
    again what ``reproducibility`` says. ``processing`` holds the fitted ``processors`` as JSON. ``warnings`` are
    sentences on grave faults of the data.
    """

    label: str
    family: str
    task: Task
    classes: tuple[str, ...]
    unit: str
    features: tuple[str, ...]
    symbols: tuple[str, ...]
    step: str
    train_loss: Floats
    validation_loss: Floats
    best_step: int | None
    importance: Floats
    importance_of: str
    time: Times
    known: Times
    symbol: NDArray[np.int32]
    prediction: Floats
    outcome: Floats
    scores: dict[str, float]
    null_scores: Floats
    n_train: int
    n_validation: int
    n_purged: int
    n_test: int
    n_scored: int
    train_start: str
    train_end: str
    test_start: str
    media_type: str
    content: NDArray[np.uint8]
    device: str
    reproducibility: Reproducibility
    processing: str = "[]"
    warnings: tuple[str, ...] = ()

    @property
    def artifact(self) -> Artifact:
        """The model itself. Raises ``DataError`` where the stored bytes are no model."""
        return Artifact(self.media_type, self.content.tobytes())

    @property
    def processors(self) -> FittedProcessors:
        """What is done to features before the model sees them. Raises ``DataError`` where that cannot be read."""
        return from_json(self.processing)

    @property
    def headline(self) -> float:
        """The score that null models are compared on."""
        return self.scores[HEADLINE[self.task]]

    def directional(self) -> Floats:
        """What the predictions say of a rise: the probability of the highest class, or the number itself (rows)."""
        return self.prediction if self.prediction.ndim == 1 else self.prediction[:, -1]

    def usable(self, bars: Bars, lowest: bool = False) -> Floats:
        """What a decision at the close of each of ``bars`` can follow, NaN where nothing: the probability of the
        highest class (with ``lowest``, that of the lowest of several), or the number that is predicted.

        Each prediction is there on the first bar that had not ended before it was known (``market.known.joined``),
        whatever the interval and the clock of the model's own bars. Raises ``DataError`` as ``predictions`` does.
        """
        rows = self._rows_of(bars.series.symbol)
        values = self.prediction[:, 0] if lowest and self.prediction.ndim == 2 else self.directional()
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
        """The 5% and 95% points of ``null_scores``: where a model without knowledge scores nine times in ten."""
        if not len(self.null_scores):
            return None
        low, high = np.quantile(self.null_scores, (0.05, 0.95))
        return float(low), float(high)

    def p_value(self) -> float | None:
        """Share of models without knowledge that score as well, this one counted among them (Phipson, Smyth 2010)."""
        if not len(self.null_scores):
            return None
        return (1 + int((self.null_scores >= self.headline).sum())) / (1 + len(self.null_scores))

    def summary(self) -> Mapping[str, object]:
        """Scores, null band, sizes of the parts, for the command line."""
        band, p_value = self.null_band(), self.p_value()
        return {
            "label": self.label,
            "scores": {name: round(value, 6) for name, value in self.scores.items()},
            "null_band": [round(value, 6) for value in band] if band else None,
            "p_value": None if p_value is None else round(p_value, 6),
            "task": self.task,
            "steps": self.best_step,
            "rows": {
                "train": self.n_train,
                "validation": self.n_validation,
                "purged": self.n_purged,
                "test": self.n_test,
                "scored": self.n_scored,
            },
            "train_start": self.train_start,
            "train_end": self.train_end,
            "test_start": self.test_start,
        }

    def trial(self) -> Trial:
        """What the ledger keeps of this run. A model holds nothing, so it has no Sharpe ratio."""
        return Trial(self.family, None, self.n_scored)
