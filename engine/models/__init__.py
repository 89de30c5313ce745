"""Models: probabilities of a label, learnt from features of earlier bars."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.market.bars import Floats

OnRound = Callable[[int, int, float, float | None], None]
"""Called after each round: rounds done, rounds at most, training loss, validation loss where there is one."""


@dataclass(frozen=True, eq=False)
class Sample:
    """Rows to learn from: ``values`` float64, rows x features, all finite; ``label`` float64, 1 up and 0 down."""

    values: Floats
    label: Floats


@dataclass(frozen=True, eq=False)
class Fitted:
    """A trained model.

    ``text`` is everything that ``Model.predict`` needs: plain text, never a pickle. ``train_loss`` and
    ``validation_loss`` hold the mean log loss after each round that was run (the latter is empty without
    validation rows; both are where nobody watched), ``best_round`` the number of rounds that ``text`` keeps,
    and ``importance`` one non-negative number a feature.
    """

    text: str
    train_loss: Floats
    validation_loss: Floats
    best_round: int
    importance: Floats


class Model(Spec):
    """A way to learn.

    ``fit`` sees the training rows and, where ``wants_validation()`` says so, a later part of them that is set
    aside to decide when to stop; it never sees a test row. It runs in one thread and gives the same text bit
    for bit for the same arguments. ``predict(text, values)`` returns the probability of "up" for each row.
    """

    kind: str

    def wants_validation(self) -> bool:
        """Whether ``fit`` needs validation rows."""
        return False

    def fit(self, train: Sample, validation: Sample | None, seed: int, on_round: OnRound | None = None) -> Fitted:
        """Learn; ``on_round`` is called after every round, and what it raises ends the training."""
        raise TypeError(f"{type(self).__name__} has no fit method.")

    def predict(self, text: str, values: Floats) -> Floats:
        raise TypeError(f"{type(self).__name__} has no predict method.")

    def seconds(self, rows: int, features: int) -> float:
        """Roughly how long one unwatched ``fit`` takes on one core; more for more rows and features."""
        return 1.0


MODELS = Registry("models", Model, "engine.models.kinds")
