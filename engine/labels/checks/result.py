"""Result of the check of a label."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from engine.labels.honesty import DishonestEnd

Verdict = Literal["clean", "leaks"]


@dataclass(frozen=True)
class LabelCheck:
    """Whether the label called ``label`` uses bars after its end on one of ``symbols``, with ``bars`` in all of which
    ``answers`` have a known outcome. ``histories`` counts the recomputations of each symbol on bars that go on
    otherwise; ``found`` is the first answer that changed, None where none did.
    """

    label: str
    symbols: tuple[str, ...]
    bars: int
    answers: int
    histories: int
    found: DishonestEnd | None = None

    @property
    def verdict(self) -> Verdict:
        return "clean" if self.found is None else "leaks"

    @property
    def words(self) -> str:
        """The verdict, with the bar at which a leak shows first."""
        return "clean" if self.found is None else f"leaks at bar {self.found.bar:,} ({self.found.time})"

    def sentence(self) -> str:
        """What was found, for the user."""
        if self.found is not None:
            return self.found.sentence()
        return (
            f"No value of the label {self.label} changed on {self.histories} histories that go on otherwise after its "
            f"end; {self.answers:,} of {self.bars:,} bars have one."
        )

    def summary(self) -> Mapping[str, object]:
        """The verdict, and the numbers of bars and answers."""
        return {"label": self.label, "verdict": self.words, "bars": self.bars, "answers": self.answers}
