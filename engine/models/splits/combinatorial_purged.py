"""Combinatorial purged cross-validation: every choice of some groups of time is a test."""

from __future__ import annotations

from itertools import combinations
from math import comb
from typing import Literal

from pydantic import model_validator

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.models.splits import Split
from engine.models.splits.fold import Fold, Timeline
from engine.models.splits.intervals import around, groups

MAXIMUM_FOLDS = 500


@plugin("combinatorial_purged", title="Combinatorial purged")
class CombinatorialPurged(Split):
    """Every choice of some groups is the test of one model, so that each row is tested several times: as many
    out-of-sample paths, each a history of its own (López de Prado 2018, chapter 12).

    Out of sample, but not in time: most models have seen bars that came after their test.
    """

    kind: Literal["combinatorial_purged"] = "combinatorial_purged"
    n_groups: int = parameter(
        6, title="Groups", help="Blocks of time that tests are chosen from.", ge=2, le=50, section="Validation"
    )
    test_groups: int = parameter(
        2, title="Test groups", help="Groups that are the test of each model.", ge=1, le=10, section="Validation"
    )
    embargo: int = parameter(
        0,
        title="Embargo",
        unit="bars",
        help="Bars left out after each test block, beyond those that share bars with its labels.",
        ge=0,
        le=500,
        section="Validation",
    )

    @model_validator(mode="after")
    def _leaves_training(self) -> CombinatorialPurged:
        if self.test_groups >= self.n_groups:
            raise ValueError(f"{self.test_groups} of {self.n_groups} groups leave nothing to train on.")
        if (count := comb(self.n_groups, self.test_groups)) > MAXIMUM_FOLDS:
            raise ValueError(
                f"{self.test_groups} of {self.n_groups} groups are {count:,} models, more than {MAXIMUM_FOLDS}: choose "
                "fewer groups."
            )
        return self

    def label(self) -> str:
        return f"{self.test_groups} of {self.n_groups} groups, {self.n_paths()} paths"

    def n_paths(self) -> int:
        """Out-of-sample paths: how often each row is tested (López de Prado 2018, section 12.4)."""
        return comb(self.n_groups - 1, self.test_groups - 1)

    def folds(self, rows: Timeline) -> tuple[Fold, ...]:
        spans = groups(rows, self.n_groups)
        return tuple(around(rows, chosen, self.embargo) for chosen in combinations(spans, self.test_groups))

    def shares(self, bars: int) -> tuple[float, ...]:
        return (1 - self.test_groups / self.n_groups,) * comb(self.n_groups, self.test_groups)
