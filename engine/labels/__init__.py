"""Labels: what happened after a bar. They use the future, and say how far they reach into it."""

from __future__ import annotations

from abc import abstractmethod
from dataclasses import dataclass
from typing import ClassVar, Literal

from engine.core.registry import Registry
from engine.core.spec import Count, Spec
from engine.market.bars import Bars, Floats, Times

Task = Literal["binary", "multiclass", "regression"]
"""Task of a model of the label: binary classification, multiclass classification or regression."""


@dataclass(frozen=True, eq=False)
class Labels:
    """Outcomes of one series, a row a bar.

    ``value`` float64 is the index of the outcome's class, of a regression the outcome itself, and NaN where it is not
    known (yet). ``end`` datetime64[ms] is the time of the last bar whose price the outcome used, NaT where there is
    none: what purging goes by.
    """

    value: Floats
    end: Times


class Label(Spec):
    """A question about the bars after t.

    ``task`` is the kind of answer. ``classes`` names the classes from the lowest outcome to the highest, two of a
    binary label, three or more of a multi-class one; a regression has none. ``unit`` is that of a regression's values:
    "%" where they are fractions to be shown as percentages. ``is_direction``: the highest outcome is a rise and the
    lowest a fall, which a strategy may follow as they are.

    ``compute(bars)`` answers for each bar. ``horizon`` is the largest number of bars ahead that an answer uses: ``end``
    at bar t is the time of one of the bars t+1..t+horizon, and the last bars have no answer where that lies beyond the
    data. A value that is not NaN has an end, and the other way round. A bar without a price makes unknown what asks
    about it, and nothing else: of the bars before t it asks about the last ``lookback()``.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label", "lookback")
    task: ClassVar[Task] = "binary"
    classes: ClassVar[tuple[str, ...]] = ("down", "up")
    unit: ClassVar[str] = ""
    is_direction: ClassVar[bool] = True

    @classmethod
    def contract_problem(cls) -> str:
        fewest, most = {"binary": (2, 2), "multiclass": (3, None), "regression": (0, 0)}[cls.task]
        if len(cls.classes) < fewest or (most is not None and len(cls.classes) > most):
            expected = {"binary": "two", "multiclass": "three or more", "regression": "no"}[cls.task]
            return f"has the classes {cls.classes}: a label of the task '{cls.task}' has {expected}"
        return ""

    kind: str
    horizon: int

    def lookback(self) -> Count:
        """Bars before t that the answer at t uses, such as those that a volatility is measured on."""
        return 0

    @abstractmethod
    def compute(self, bars: Bars) -> Labels: ...


LABELS = Registry("labels", Label, "engine.labels", further=("engine.strategies.labels",))
