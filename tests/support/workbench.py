"""A workbench in a process of its own, as a user starts it."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

_MODULE = re.compile(r"/site-packages/(\w+)/.*\.so$")


@dataclass(frozen=True)
class Server:
    """A running ``stratoscope serve``: its address, its process, when it was asked to start, its configuration."""

    address: str
    process: subprocess.Popen[str]
    asked: float
    config: Path

    def compiled(self) -> set[str]:
        """Top-level packages whose compiled modules the process has loaded; none where the system does not tell."""
        maps = Path(f"/proc/{self.process.pid}/maps")
        if not maps.exists():
            return set()
        return {found.group(1) for line in maps.read_text().splitlines() if (found := _MODULE.search(line))}


def free_port() -> int:
    """A port of the loopback interface that nobody listens on."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextmanager
def server(
    folder: Path, command: tuple[str, ...] = ("-m", "dashboard", "serve"), *, config: str = ""
) -> Iterator[Server]:
    """A server on a free port with ``folder`` as its configuration's and its cache's place, and further lines of
    ``config``; returns once it listens.
    """
    folder.mkdir(parents=True, exist_ok=True)
    # Somebody else may take a port between our look and the server's start.
    running = next((found for _ in range(3) if (found := _start(folder, command, config))), None)
    if running is None:
        raise RuntimeError("The server did not start: run it by hand to see why.")
    try:
        yield running
    finally:
        _end(running.process)


def _start(folder: Path, command: tuple[str, ...], more: str) -> Server | None:
    """The server once it listens, or None where it has ended instead."""
    port, config = free_port(), folder / "config.yaml"
    config.write_text(f"server: {{port: {port}}}\ncache: {folder / 'cache'}\n{more}", encoding="utf-8")
    environment = os.environ | {"STRATOSCOPE_CONFIG": str(config)}
    asked = time.perf_counter()
    process = subprocess.Popen(
        [sys.executable, *command], env=environment, text=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
    )
    assert process.stdout is not None
    if process.stdout.readline():
        return Server(f"http://127.0.0.1:{port}", process, asked, config)
    _end(process)
    return None


def _end(process: subprocess.Popen[str]) -> None:
    process.terminate()
    process.wait(60)
    assert process.stdout is not None
    process.stdout.close()
