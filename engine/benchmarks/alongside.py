"""Other jobs beside a benchmark: it waits for them to end, or says that they ran."""

from __future__ import annotations

import time
from collections.abc import Mapping

from engine.core.progress import Progress
from engine.jobs.fan_out import other_jobs

PAUSE = 0.5  # seconds between two looks


class Alongside:
    """Looks out for other jobs of the cluster that this benchmark runs in; outside of one there are none.

    ``seen`` says whether one ran while something was measured, ``waited`` for how many seconds it waited so far.
    ``progress`` is the benchmark's own, which stays where it is while that waits.
    """

    def __init__(self, allowed: bool, progress: Progress) -> None:
        self._allowed, self._progress = allowed, progress
        self._fraction = 0.0
        self.seen, self.waited = False, 0.0

    def progress(self, fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        self._fraction = fraction
        self._progress(fraction, message, partial)

    def wait(self) -> None:
        """Return once no other job runs, unless they are allowed. Raises ``Cancelled``."""
        began = time.monotonic()
        while (count := other_jobs()) and not self._allowed:
            jobs = "another job" if count == 1 else f"{count} other jobs"
            self._progress(self._fraction, f"Waiting until {jobs} ended")
            time.sleep(PAUSE)
        self.waited += time.monotonic() - began

    def look(self) -> None:
        """Note whether another job runs now."""
        self.seen = self.seen or other_jobs() > 0
