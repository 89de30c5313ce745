"""A scheduler and a worker in processes of their own, as on another machine."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parents[2]


@contextmanager
def outside_cluster(folder: Path) -> Iterator[str]:
    """The address of a scheduler on the loopback interface that has one worker, with a nanny."""
    file = folder / "scheduler.json"
    common = ["--scheduler-file", str(file), "--host", "127.0.0.1", "--no-dashboard"]
    scheduler = _start("dask_scheduler", *common, "--port", "0")
    started = [scheduler]
    try:
        address = _address(file)
        started.append(_start("dask_worker", *common, "--nthreads", "1", "--local-directory", str(folder)))
        yield address
    finally:
        for process in reversed(started):
            process.terminate()
            process.wait(60)


def _start(program: str, *arguments: str) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-m", f"distributed.cli.{program}", *arguments]
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    return subprocess.Popen(command, env=environment, cwd=ROOT, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def _address(file: Path) -> str:
    deadline = time.monotonic() + 60
    while time.monotonic() < deadline:
        try:
            return str(json.loads(file.read_text())["address"])
        except (FileNotFoundError, ValueError):
            time.sleep(0.05)
    raise TimeoutError("The scheduler did not start.")
