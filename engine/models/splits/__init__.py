"""Splits in time: which rows a model is trained on, and which it is tested on."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING, ClassVar

from engine.core.registry import Registry
from engine.core.spec import Spec
from engine.models.splits.fold import Fold, Timeline


class Split(Spec):
    """A way to divide the rows of a panel in time.

    ``folds(rows)`` gives at least one fold. Rows of one time are on one side, whatever their symbol. No label of a
    training row shares a bar with a test block or its labels (closed intervals), and training rows stay ``embargo``
    bars of their symbol clear of it where the split's own description says so. Rows without a label may be tested, not
    trained on. All follows from the times in ``rows``. Raises ``DataError`` where there are too few.

    ``shares(bars)`` are the parts of all rows that each fold is trained on, with roughly so many bars a symbol: for
    estimates.
    """

    descriptions: ClassVar[tuple[str, ...]] = ("label",)

    kind: str
    if TYPE_CHECKING:
        embargo: int  # a field of every split, where its form wants it

    @classmethod
    def contract_problem(cls) -> str:
        wanted = "add embargo: int = parameter(0, title=..., unit='bars', ge=0)"
        return "" if "embargo" in cls.model_fields else f"has no field embargo: {wanted}"

    @abstractmethod
    def folds(self, rows: Timeline) -> tuple[Fold, ...]: ...

    @abstractmethod
    def shares(self, bars: int) -> tuple[float, ...]: ...

    def n_paths(self) -> int:
        """Out-of-sample paths: how often each tested row is tested."""
        return 1


SPLITS = Registry("splits", Split, "engine.models.splits")
