"""The server of ``stratoscope serve``."""

from __future__ import annotations

import contextlib
import gc
import signal
import socket
import sys
import threading

from waitress import create_server

from dashboard import app, service
from dashboard.jobs.manager import DaskManager
from engine.core.config import Config
from engine.core.errors import StoreError
from engine.core.memory import return_large_blocks
from engine.core.store import remove_leftovers
from engine.jobs import housekeeping, records, runner
from engine.market.importers import uploads
from engine.market.sources import stored

THREADS = 16
HEAD_START = 3.0  # seconds that the first page has the processor to itself before the workers start; a job starts them


def serve(config: Config, listener: socket.socket) -> None:
    """Serve the workbench on ``listener`` until interrupted; collecting garbage begins with it."""
    return_large_blocks()
    manager = DaskManager(config, threads=THREADS)
    workbench = app.create_app(config, manager)
    server = create_server(workbench.server, sockets=[listener], threads=THREADS, ident="")
    gc.freeze()
    gc.enable()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    start = (_clean_up, manager.start, lambda: service.start(workbench.server))
    workers = threading.Timer(HEAD_START, lambda: [step() for step in start])
    workers.daemon = True
    workers.start()
    print(f"Stratoscope is at {address(config)}", flush=True)
    try:
        server.run()
    finally:
        workers.cancel()
        manager.close()
        service.close(workbench.server)


def address(config: Config) -> str:
    """Where a browser finds the server."""
    host = {"0.0.0.0": "127.0.0.1", "::": "localhost", "::1": "localhost"}.get(config.server.host, config.server.host)
    return f"http://{host}:{config.server.port}"


def _clean_up() -> None:
    """Remove what writers that were killed have left, and results beyond the limit, which may have been lowered."""
    remove_leftovers(stored.folder())
    uploads.remove_dead()
    runner.store().remove_leftovers()
    with contextlib.suppress(StoreError):  # the next run says so
        records.complete(runner.store().size)
        housekeeping.keep_within_limit(runner.store())
