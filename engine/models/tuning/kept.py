"""Trials that are kept while a search is under way, and after it: one that was stopped goes on from them."""

from __future__ import annotations

import json
import logging
from collections.abc import Sequence
from dataclasses import astuple
from pathlib import Path

from engine.jobs import runner
from engine.models import resumable
from engine.models.tuning.objective import Answer
from engine.models.tuning.spec import TuningSpec

_FILE = "trials.jsonl"
_log = logging.getLogger("stratoscope")


class KeptTrials:
    """The outcomes of the search ``key``, on this machine: a line of JSON each, written as they are known."""

    def __init__(self, key: str) -> None:
        self._path = resumable.folder(key) / _FILE
        self._known = _read(self._path)

    def get(self, number: int, values: Sequence[float]) -> Answer | None:
        """The outcome of the trial ``number``; None where it is not known with these ``values``."""
        found = self._known.get(number)
        return found[1] if found and found[0] == list(values) else None

    def add(self, number: int, values: Sequence[float], answer: Answer) -> None:
        """Keep an outcome; a full disk does not stop the search."""
        self._known[number] = (list(values), answer)
        line = json.dumps([number, list(values), *astuple(answer)])
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as file:
                file.write(f"\n{line}\n")  # what a killed process has begun to write stays apart
        except OSError as error:
            _log.warning("%s cannot be written: %s. The search could not go on from here.", self._path, error)


def search_key(spec: TuningSpec) -> str:
    """What the outcomes of trials are kept under: all that they follow from, but not how many there are to be."""
    return runner.run_key(spec.as_trial())


def count(key: str) -> int:
    """How many trials of the search are kept."""
    return len(_read(resumable.folder(key) / _FILE))


def _read(path: Path) -> dict[int, tuple[list[float], Answer]]:
    found: dict[int, tuple[list[float], Answer]] = {}
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return found
    for line in text.split("\n"):
        try:
            number, values, scores, seconds, problem = json.loads(line)
            found[int(number)] = (list(values), Answer(tuple(map(float, scores)), float(seconds), str(problem)))
        except (ValueError, TypeError):
            continue  # empty, or cut off
    return found
