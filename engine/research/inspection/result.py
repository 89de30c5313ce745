"""Result of a trained model's inspection."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Floats, Times
from engine.models.breakdown import Group


@dataclass(frozen=True, eq=False)
class Agreement:
    """Spearman's rank ``correlation`` of two measures of importance over the features, NaN where one never changes."""

    first: str
    second: str
    correlation: float


@dataclass(frozen=True, eq=False)
class Inspection:
    """Scores by market regime (``regimes``, see ``market_regimes``), by year and by symbol, on the first path.

    ``contributions`` (features) is the mean absolute SHAP contribution of each feature to the score of the highest
    class, over ``explained`` rows, the newest of each test by the model of its fold; empty where the model tells none,
    for the reason that ``unexplained`` says.
    ``agreement`` is that of each pair of the measures of importance that there are, of three features or more.

    The learning curve: models trained on the newest ``learning_rows`` training rows of the newest fold score
    ``learning_train`` on these and ``learning_test`` on its test, by the headline score; NaN where they are too few.

    ``attention`` float64 (rows, window) are the weights of the bars of a window, the oldest first, in the newest
    predictions, at ``attention_time`` of ``attention_symbol`` (index into the model's); ``attention_mean`` (window) is
    their mean over all rows of the newest test. All are empty where the model has no attention.
    """

    label: str
    regimes: tuple[Group, ...]
    years: tuple[Group, ...]
    symbols: tuple[Group, ...]
    contributions: Floats
    explained: int
    unexplained: str
    agreement: tuple[Agreement, ...]
    learning_rows: NDArray[np.int64]
    learning_train: Floats
    learning_test: Floats
    attention: Floats
    attention_mean: Floats
    attention_time: Times
    attention_symbol: NDArray[np.int32]

    def summary(self) -> Mapping[str, object]:
        """The headline score by regime, year and symbol, and how far the measures of importance agree."""
        return {
            "label": self.label,
            "regimes": _scores(self.regimes),
            "years": _scores(self.years),
            "symbols": _scores(self.symbols),
            "agreement": {f"{pair.first}, {pair.second}": _rounded(pair.correlation) for pair in self.agreement},
        }


def _scores(groups: Sequence[Group]) -> dict[str, float | None]:
    return {group.name: _rounded(group.score) for group in groups}


def _rounded(value: float) -> float | None:
    return round(value, 6) if np.isfinite(value) else None
