"""A server that is killed while two jobs wait or run: ``python -m tests.support.crash <folder>``, then a kill."""

from __future__ import annotations

import sys
import time

from dashboard.jobs.manager import DaskManager
from engine.core.config import settings
from tests.support import background


def main(folder: str) -> None:
    background.register()
    manager = DaskManager(settings(), "tests.support.background:register", warm=())

    def call(key: str, name: str, *args: object) -> None:
        manager.call_job_fn(key, manager.func_registry[background.JOBS[name]], list(args), {})

    call("sum", "add", 1, 2)
    while manager.get_result("sum", "sum") is manager.UNDEFINED:
        pass
    call("running", "deaf", f"{folder}/pid")
    while not (manager.progress("running") or {}).get("fraction"):
        time.sleep(0.02)
    call("queued", "deaf", f"{folder}/never")
    print("ready", flush=True)
    time.sleep(600)


if __name__ == "__main__":
    main(sys.argv[1])
