"""Result of one fold: the model that was trained, its rows, and its scores on the test."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from engine.features.processing import FittedProcessors, from_json
from engine.market.bars import Floats, Times
from engine.models.artifact import Artifact


@dataclass(frozen=True, eq=False)
class FoldResult:
    """A model trained on the training rows of a fold.

    Over the steps that were run: ``train_loss`` and ``validation_loss``, the mean loss (the latter is empty without
    early stopping); the model keeps the first ``best_step`` of them. A model that is solved at once has empty ones and
    None. ``importance`` has a number a feature, empty where the model tells none. ``content`` uint8 are the bytes of
    the ``artifact``, in the format ``media_type``, ``processing`` the fitted ``processors`` as JSON.

    ``n_train`` rows were trained on and ``n_validation`` decided when to stop. ``n_purged`` were dropped because their
    label shares bars with a later part or with the test, ``n_embargoed`` because they lie in the embargo. Of the
    ``n_test`` rows ``n_scored`` have a prediction and a known label: ``scores`` are theirs, and ``intervals`` (scores,
    2) the 95% intervals of the block bootstrap, in their order, empty where there are none. ``null_scores`` are the
    headline scores of null models on the same rows, in no order. ``train_start``, ``train_end`` and ``test_start`` are
    ISO times of bars, ``blocks`` the test in time (``Fold.blocks``). ``in_time``: every training label ended before the
    test began, so that the predictions could have been made.
    """

    train_loss: Floats
    validation_loss: Floats
    best_step: int | None
    importance: Floats
    media_type: str
    content: NDArray[np.uint8]
    n_train: int
    n_validation: int
    n_purged: int
    n_embargoed: int
    n_test: int
    n_scored: int
    train_start: str
    train_end: str
    test_start: str
    blocks: Times
    in_time: bool
    scores: dict[str, float]
    intervals: Floats = field(default_factory=lambda: np.empty((0, 2)))
    null_scores: Floats = field(default_factory=lambda: np.empty(0))
    processing: str = "[]"

    @property
    def null_band(self) -> tuple[float, float] | None:
        """The 5% and 95% points of the ``null_scores``; None without them, or where one is not defined."""
        if not len(self.null_scores) or not np.isfinite(self.null_scores).all():
            return None
        low, high = np.quantile(self.null_scores, (0.05, 0.95))
        return float(low), float(high)

    @property
    def artifact(self) -> Artifact:
        """The model itself. Raises ``DataError`` where the stored bytes are no model."""
        return Artifact(self.media_type, self.content.tobytes())

    @property
    def processors(self) -> FittedProcessors:
        """What is done to features before the model sees them. Raises ``DataError`` where that cannot be read."""
        return from_json(self.processing)
