"""Findings of tests, and the verdict that summarises them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Grade = Literal["good", "doubtful", "bad"]


@dataclass(frozen=True)
class Finding:
    """One test: the question in plain words, its grade, the formatted ``value``, and its explanation.

    ``test`` identifies it for pages with details ("costs"); ``remedy`` is a sentence on what would change the answer,
    empty where the grade is good.
    """

    question: str
    grade: Grade
    value: str
    explanation: str
    test: str = ""
    remedy: str = ""


@dataclass(frozen=True)
class Verdict:
    """``headline`` in two words, ``reason`` in a sentence, the findings, and the number of trials: of the family, and
    ``on_data`` of all families on the same data. ``full``: the tests of a verification are included.
    """

    headline: str
    reason: str
    findings: tuple[Finding, ...]
    trials: int
    full: bool = False
    on_data: int = 0

    @property
    def changes(self) -> tuple[str, ...]:
        """Remedies, those of the worst grades first."""
        ranked = sorted(self.findings, key=lambda finding: ("bad", "doubtful", "good").index(finding.grade))
        return tuple(dict.fromkeys(finding.remedy for finding in ranked if finding.remedy))
