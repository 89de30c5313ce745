"""The process of one library in a benchmark: it does what it is told on its standard input, a JSON object a line.

It answers with JSON objects on what was its standard output, which libraries may not print to here. It ends with the
process that started it, in the middle of a call too.
"""

from __future__ import annotations

import json
import os
import sys
import threading
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import IO, Any

import numpy as np

from engine.benchmarks import ceilings
from engine.benchmarks.lane import Lane, expected_of
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads import NOUN, Workload
from engine.core.errors import EngineError
from engine.core.memory import peak_memory, reset_peak_memory
from engine.core.plugin_errors import plugin_errors

FLUSH = 0.1  # seconds between two messages of samples: each disturbs the next call a little


class Child:
    """What this process holds: one workload at one size, its inputs, and the lanes of its library's variants."""

    def __init__(self, answers: IO[str]) -> None:
        self._answers = answers
        self._workload: Workload | None = None
        self._inputs: Any = None
        self._lanes: dict[str, Lane] = {}

    def obey(self, order: Mapping[str, Any]) -> None:
        """Do one thing and tell the outcome; an error of ours is told as such."""
        does: Mapping[str, Callable[[Mapping[str, Any]], Mapping[str, Any]]] = {
            "expect": self._expect, "begin": self._begin, "warm_up": self._warm_up, "sample": self._sample,
            "close": self._close, "ceiling": self._ceiling, "steadiness": self._steadiness,
        }  # fmt: skip
        try:
            outcome = does[order["do"]](order)
        except EngineError as error:
            outcome = {"raise": type(error).__name__, "message": str(error)}
        self.tell({"done": True, **outcome})

    def tell(self, told: Mapping[str, Any]) -> None:
        self._answers.write(json.dumps(told) + "\n")
        self._answers.flush()

    def _at(self, order: Mapping[str, Any]) -> Workload:
        """The workload of an order, whose inputs are then here."""
        workload = BenchmarkSpec.parse({"workload": order["workload"]}).workload
        assert isinstance(workload, Workload)
        if workload != self._workload:
            self._drop()
            with plugin_errors(workload, NOUN):
                self._inputs = workload.inputs()
            self._workload = workload
        return workload

    def _drop(self) -> None:
        for lane in self._lanes.values():
            lane.close()
        self._lanes, self._workload, self._inputs = {}, None, None

    def _expect(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        """What results are compared with, into a file of NumPy's that holds numbers and no objects."""
        workload = self._at(order)
        np.save(order["file"], np.asarray(expected_of(workload, self._inputs)), allow_pickle=False)
        return {}

    def _begin(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        workload = self._at(order)
        expected = np.load(order["file"], allow_pickle=False)
        lane = self._lanes[order["variant"]] = Lane(workload.variant(order["variant"]))
        return self._watched(lane, lambda: lane.begin(workload, self._inputs, expected, _nothing))

    def _warm_up(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        lane = self._lanes[order["variant"]]
        return self._watched(lane, lambda: lane.warm_up(order["seconds"], _nothing))

    def _sample(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        lane, sent, due = self._lanes[order["variant"]], 0, time.monotonic() + FLUSH
        lane.samples.clear()

        def report() -> None:
            nonlocal sent, due
            if time.monotonic() >= due:
                self.tell({"samples": lane.samples[sent:]})
                sent, due = len(lane.samples), time.monotonic() + FLUSH

        state = self._watched(lane, lambda: lane.sample(order["count"], report))
        return {**state, "samples": lane.samples[sent:]}

    def _watched(self, lane: Lane, work: Callable[[], None]) -> Mapping[str, Any]:
        """The lane after some work, with the most memory that this process held meanwhile."""
        reset_peak_memory()
        work()
        return {
            "pace": lane.pace, "threads": lane.threads, "error": lane.error, "usable": lane.usable, "note": lane.note,
            "peak": peak_memory(), "joules": lane.joules, "joules_error": lane.joules_error, "metered": lane.metered,
        }  # fmt: skip

    def _close(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        self._drop()
        return {}

    def _ceiling(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        self._drop()
        return {"ceiling": ceilings.measured(order["device"], order["number"])}

    def _steadiness(self, order: Mapping[str, Any]) -> Mapping[str, Any]:
        return {"relative_iqr": ceilings.relative_iqr()}


def _nothing() -> None:
    return


def _follow(parent: int) -> None:
    """End this process once the one that started it is gone: its pipe is read only between two calls."""
    while os.getppid() == parent:
        time.sleep(1.0)
    os._exit(1)


def main() -> None:
    """Obey until the standard input ends."""
    answers = os.fdopen(os.dup(sys.stdout.fileno()), "w", encoding="utf-8")
    with Path(os.devnull).open("w", encoding="utf-8") as nowhere:
        os.dup2(nowhere.fileno(), sys.stdout.fileno())
    threading.Thread(target=_follow, args=(os.getppid(),), daemon=True).start()
    child = Child(answers)
    for line in sys.stdin:
        child.obey(json.loads(line))


if __name__ == "__main__":
    main()
