"""Latency of the latest requests, and how many were answered."""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Mapping

_LATEST = 1000


class Latencies:
    """Counts of answers and the seconds of the latest; any thread may call."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._seconds: deque[float] = deque(maxlen=_LATEST)
        self._answered = self._refused = 0
        self._since = time.time()

    def note(self, seconds: float, is_answered: bool) -> None:
        """Take an answer into account; a refusal counts, but its time does not."""
        with self._lock:
            if is_answered:
                self._answered += 1
                self._seconds.append(seconds)
            else:
                self._refused += 1

    def summary(self) -> Mapping[str, float | None]:
        """Requests that were ``answered`` and ``refused`` ``since`` then (seconds since 1970), and the median and the
        99th percentile of the latest thousand in milliseconds, None before the first.
        """
        with self._lock:
            known, answered, refused = sorted(self._seconds), self._answered, self._refused
        return {
            "since": self._since,
            "answered": answered,
            "refused": refused,
            "median_ms": _percentile(known, 0.5),
            "p99_ms": _percentile(known, 0.99),
        }


def _percentile(known: list[float], share: float) -> float | None:
    """The smallest of ascending ``known`` that as large a ``share`` of them does not exceed, in milliseconds."""
    if not known:
        return None
    return round(1000 * known[max(-(-len(known) * int(100 * share) // 100) - 1, 0)], 3)
