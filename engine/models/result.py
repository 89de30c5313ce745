"""What training a model returns."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.store import Trial
from engine.market.bars import Bars, Floats, Times
from engine.market.known import joined


@dataclass(frozen=True, eq=False)
class ModelResult:
    """A trained model, its predictions on bars that it has not seen, and what they are worth.

    Over the rounds that were run: ``train_loss`` and ``validation_loss``, mean log loss (the latter is empty
    without early stopping); the model keeps the first ``best_round``. Over the features, named ``features``:
    ``importance``, the loss that splits on them saved. Over the rows of the test part, symbol after symbol:
    ``time`` datetime64[ms], ``known`` (the moment in UTC at which the bar had ended), ``symbol`` int32 (index into
    ``symbols``), ``probability`` of a rise, and ``outcome``, 1, 0 or NaN where the outcome lies beyond the data.

    ``scores`` holds the figures of ``scores.SCORES`` over the ``n_scored`` rows with a known label.
    ``null_auc`` is the test AUC of models trained the same way on labels that have nothing to do with the
    features (``null``), sorted; empty if none was asked for. ``n_train`` rows were learnt from,
    ``n_validation`` decided when to stop, ``n_purged`` were dropped because their label reaches into a later
    part. ``train_start``, ``train_end`` and ``test_start`` are ISO times of bars. ``text`` is the model.
    """

    label: str
    family: str
    features: tuple[str, ...]
    symbols: tuple[str, ...]
    train_loss: Floats
    validation_loss: Floats
    best_round: int
    importance: Floats
    time: Times
    known: Times
    symbol: NDArray[np.int32]
    probability: Floats
    outcome: Floats
    scores: dict[str, float]
    null_auc: Floats
    n_train: int
    n_validation: int
    n_purged: int
    n_test: int
    n_scored: int
    train_start: str
    train_end: str
    test_start: str
    text: str

    def usable(self, bars: Bars) -> Floats:
        """The probability of a rise that a decision at the close of each of ``bars`` can follow, NaN where none: each
        prediction is there on the first bar that had not ended before it was known (``market.known.joined``), whatever
        the interval and the clock of the model's own bars. Raises ``DataError`` as ``predictions`` does.
        """
        rows = self._of(bars.series.symbol)
        return joined(self.probability[rows], self.known[rows], bars)

    def predictions(self, symbol: str) -> tuple[Times, Floats]:
        """Times and probabilities of a rise for ``symbol``, of the test part alone, ascending.

        The times are those at which the model's bars began, to be shown: ``usable`` says when they can be followed.
        Raises ``DataError`` for a symbol that the model was not trained on.
        """
        rows = self._of(symbol)
        return self.time[rows], self.probability[rows]

    def _of(self, symbol: str) -> NDArray[np.bool_]:
        if symbol not in self.symbols:
            raise DataError(
                f"This model was trained on {', '.join(self.symbols)} and has no predictions for {symbol}: "
                "train one that includes it."
            )
        return np.asarray(self.symbol == self.symbols.index(symbol))

    def null_band(self) -> tuple[float, float] | None:
        """The 5% and 95% points of ``null_auc``: where the AUC of a model without knowledge falls nine times in ten."""
        if not len(self.null_auc):
            return None
        low, high = np.quantile(self.null_auc, (0.05, 0.95))
        return float(low), float(high)

    def p_value(self) -> float | None:
        """Share of models without knowledge that score as well, this one counted among them (Phipson, Smyth 2010)."""
        if not len(self.null_auc):
            return None
        return (1 + int((self.null_auc >= self.scores["auc"]).sum())) / (1 + len(self.null_auc))

    def summary(self) -> Mapping[str, object]:
        """Scores, null band, sizes of the parts, for the command line."""
        band, p_value = self.null_band(), self.p_value()
        return {
            "label": self.label,
            "scores": {name: round(value, 6) for name, value in self.scores.items()},
            "null_band": [round(value, 6) for value in band] if band else None,
            "p_value": None if p_value is None else round(p_value, 6),
            "rounds": self.best_round,
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
