"""Findings of tests and the verdict that they add up to: values, whoever reaches them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True)
class Finding:
    """One test: what was asked in plain words, its grade, the figure to print, and what the figure is.

    ``test`` names it for a page that shows more of it ("costs"); ``remedy`` is a sentence on what would change the
    answer, empty where the grade is good.
    """

    question: str
    grade: Grade
    figure: str
    explanation: str
    test: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """``headline`` in two words, ``reason`` in a sentence, the findings behind it, and the number of trials: of the
    family, and ``on_data`` of all families on the same data. ``full`` says whether every test of a verification is
    among them.
    """

    headline: str
    reason: str
    findings: tuple[Finding, ...]
    trials: int
    full: bool = False
    on_data: int = 0

    @property
    def changes(self) -> tuple[str, ...]:
        """What would change the answer, what weighs most first."""
        ranked = sorted(self.findings, key=lambda finding: ("bad", "doubtful", "good").index(finding.grade))
        return tuple(dict.fromkeys(finding.remedy for finding in ranked if finding.remedy))
