"""A run that dies at each line between the end of its computation and the last of its record, and who reads then.

``python -m tests.support.dying <folder>`` prints a JSON line for each place of death: what a fresh process found. The
first child of each place computes the run and ends at that line as a killed process does; the second reads.
"""

from __future__ import annotations

import json
import os
import sys
from functools import partial
from pathlib import Path
from types import FrameType
from typing import Any

import engine
from engine.core import config
from engine.jobs import executors, library, records, runner
from engine.market.sources.stored import save
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.requests import spec
from tests.support.workspace import forget

STEPS = ("_keep", "_count_trial", "record", "enter", "put", "write_atomically", "set_size")
"""The functions whose lines are the places: all between a result and the end of its record."""

KILLED, ENDED = 9, 0


def main(folder: str) -> None:
    """Every place of death, from the first to the end of the run."""
    os.environ[config.PATH_VARIABLE] = f"{folder}/config.yaml"
    configure(folder, "warm")
    engine.run(spec())  # imports and compiles
    place, status = 0, KILLED
    while status == KILLED:
        place += 1
        configure(folder, f"cache-{place}")
        status = in_child(partial(die_at, place))
        in_child(report)


def configure(folder: str, cache: str) -> None:
    """A cache of its own."""
    Path(folder, "config.yaml").write_text(f"cache: {cache}\n", encoding="utf-8")
    forget()
    save(random_walk(300))


def in_child(act: Any) -> int:
    """The exit status of a copy of this process that does ``act``."""
    child = os.fork()
    if child == 0:
        act()
        sys.stdout.flush()
        os._exit(ENDED)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1])


def die_at(place: int) -> None:
    """Run the request; end at line ``place`` after its computation."""
    compute, left = executors.compute, [place]

    def trace(frame: FrameType, event: str, _: Any) -> Any:
        if frame.f_code.co_name not in STEPS or "/engine/" not in frame.f_code.co_filename:
            return None
        if event == "line":
            left[0] -= 1
            if left[0] == 0:
                os._exit(KILLED)
        return trace

    def computed(*arguments: Any) -> Any:
        result = compute(*arguments)
        sys.settrace(trace)
        return result

    executors.compute = computed
    engine.run(spec())


def report() -> None:
    """Print what ``read`` finds."""
    print(json.dumps(read()), flush=True)


def read() -> dict[str, Any]:
    """What there is before anybody asks for the run again, and after."""
    key = engine.run_key(spec())
    files = sorted(runner.store().sizes())
    listed = [(item.key, item.size > 0, bool(item.metrics)) for item in library.saved("backtest")]
    before = {"files": files == [key], "listed": listed == [(key, files == [key], True)], "trials": ledger.count()}
    strays = [name for name in files if name not in records.known(files)]
    engine.run(spec())
    (item,) = library.saved("backtest")
    after = {
        "whole": item.key == key and item.size == runner.store().size(key) > 0 and item.origin == runner.origin(spec()),
        "figures": item.metrics == engine.run(spec()).metrics,
        "trials_after": ledger.count(),
    }
    return {**before, "strays": strays, "nothing": not listed and not files, **after}


if __name__ == "__main__":
    main(sys.argv[1])
