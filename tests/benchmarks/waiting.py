"""Waiting until a page shows something, and until a server has come to rest."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import psutil

from tests.support.workbench import Server


def wait(driver: Any, script: str, seconds: float = 30) -> None:
    """Until ``script`` returns something true in the page."""
    limit = time.perf_counter() + seconds
    while not driver.execute_script(script):
        if time.perf_counter() > limit:
            raise TimeoutError(f"The page never showed: {script}")
        time.sleep(0.01)


def settle(running: Server, seconds: float = 90) -> None:
    """Until the server and its workers have stopped starting up: under a tenth of a core for three seconds."""
    tree = psutil.Process(running.process.pid)
    limit, quiet = time.perf_counter() + seconds, 0
    time.sleep(3)
    while quiet < 3 and time.perf_counter() < limit:
        before = busy(tree)
        time.sleep(1)
        quiet = quiet + 1 if busy(tree) - before < 0.1 else 0


def busy(tree: psutil.Process) -> float:
    """Processor seconds of a process and its descendants so far."""
    total = 0.0
    for process in [tree, *tree.children(recursive=True)]:
        try:
            times: Callable[[], Any] = process.cpu_times
            total += times().user + times().system
        except psutil.NoSuchProcess:
            continue
    return total
