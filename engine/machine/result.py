"""The report on a machine: facts in sections, and checks with a way out for each that fails."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

State = Literal["passed", "warning", "failed", "skipped"]


@dataclass(frozen=True)
class Fact:
    """``value`` is text for people, with its unit; ``note`` what is to be known of it, or why it is not readable."""

    name: str
    value: str
    note: str = ""


@dataclass(frozen=True)
class Section:
    """Facts of one kind."""

    title: str
    facts: tuple[Fact, ...]


@dataclass(frozen=True)
class Check:
    """What was ``found``, a sentence; ``remedy`` is what to do, empty where nothing has to be done."""

    title: str
    state: State
    found: str
    remedy: str = ""


@dataclass(frozen=True)
class MachineReport:
    """All that is known of a machine: ``sections`` of facts, and ``checks`` of its fitness for the work."""

    sections: tuple[Section, ...]
    checks: tuple[Check, ...]

    def of_state(self, state: State) -> tuple[Check, ...]:
        """The checks that came out so."""
        return tuple(check for check in self.checks if check.state == state)

    def verdict(self) -> str:
        """How many checks failed or warn, in a sentence."""
        counts = [
            f"{len(found)} {word}"
            for state, word in (("failed", "failed"), ("warning", "with a warning"), ("passed", "passed"))
            if (found := self.of_state(state))  # type: ignore[arg-type]
        ]
        return f"{', '.join(counts)}." if counts else "Nothing was checked."

    def text(self) -> str:
        """The whole report in lines, to be pasted into a report of a fault."""
        lines = []
        for section in self.sections:
            lines += [section.title, *(_line(fact) for fact in section.facts), ""]
        lines.append("Checks")
        for check in self.checks:
            remedy = f" {check.remedy}" if check.remedy else ""
            lines.append(f"  [{check.state}] {check.title}: {check.found}{remedy}")
        return "\n".join(lines)

    def summary(self) -> Mapping[str, object]:
        """Sections and checks, for programs."""
        return {
            "sections": {item.title: {fact.name: fact.value for fact in item.facts} for item in self.sections},
            "checks": [vars(check) for check in self.checks],
        }


def _line(fact: Fact) -> str:
    note = f" ({fact.note})" if fact.note else ""
    return f"  {fact.name}: {fact.value}{note}"
