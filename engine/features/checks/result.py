"""Result of the check of features."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Literal

from engine.features.checks.stability import Unsettled
from engine.features.leakage import LookAhead

Verdict = Literal["clean", "leaks", "unstable warm-up", "as stated"]
"""In order of the check: what leaks is not asked how it begins. Stored values are "as stated": they are as old as their
table says, which no recomputation can check."""


@dataclass(frozen=True)
class FeatureVerdict:
    """The ``verdict`` on one feature, with the values that prove it: ``leaks``, of each output the first few, or the
    worst ``unsettled`` of each.

    ``feature`` is its label, ``warm_up`` the bars that it says to drop. ``histories`` counts the recomputations of each
    symbol on shortened and changed bars; ``certified`` says that TA-Lib's streaming form, which sees one bar at a time,
    gives the same values on every symbol.
    """

    feature: str
    verdict: Verdict
    warm_up: int
    histories: int
    certified: bool
    leaks: tuple[LookAhead, ...] = ()
    unsettled: tuple[Unsettled, ...] = ()

    @property
    def words(self) -> str:
        """The verdict, with the bar at which a leak shows first."""
        if self.verdict != "leaks":
            return self.verdict
        first = min(self.leaks, key=lambda sign: sign.bar)
        return f"leaks at bar {first.bar:,} ({first.time})"

    def sentence(self) -> str:
        """What was found, for the user."""
        if found := self.leaks[:1] or self.unsettled[:1]:
            return replace(found[0], output=f"{self.feature} \u00b7 {found[0].output}").sentence()
        if self.verdict == "as stated":
            return f"{self.feature} is known when its table says: no recomputation can check that."
        proof = ", and TA-Lib's streaming form gives the same bar by bar" if self.certified else ""
        return f"{self.feature} did not change on {self.histories} shorter or changed histories{proof}."


@dataclass(frozen=True)
class FeatureCheck:
    """Verdicts on features, in the order of the request, on ``symbols`` with ``bars`` in all."""

    label: str
    symbols: tuple[str, ...]
    bars: int
    verdicts: tuple[FeatureVerdict, ...]

    @property
    def counts(self) -> Mapping[str, int]:
        """Features by verdict."""
        return Counter(item.verdict for item in self.verdicts)

    def summary(self) -> Mapping[str, object]:
        """Numbers of features by verdict, and the verdict on each that is not clean."""
        found = {item.feature: item.words for item in self.verdicts if item.verdict != "clean"}
        return {"features": len(self.verdicts), **self.counts, "found": found}
