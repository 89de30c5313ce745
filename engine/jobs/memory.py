"""In-memory cache of results that are computed directly, in the requesting process."""

from __future__ import annotations

import dataclasses
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import numpy as np

CAPACITY = 16
"""Number of cached results; the least recently used is evicted."""


class ResultCache:
    """Results by run key. A request for one that another thread is computing waits for it, as several callbacks of a
    page need the same at the same time.
    """

    def __init__(self) -> None:
        self._held: dict[str, Future[Any]] = {}
        self._lock = threading.Lock()  # guards _held

    def result(self, key: str, compute: Callable[[], Any]) -> Any:
        """The result of ``key``, computed if it is not there; its arrays cannot be written to."""
        with self._lock:
            known = self._held.pop(key, None)
            future = self._held[key] = known or Future()
            for old in list(self._held)[:-CAPACITY]:
                del self._held[old]
        if known is None:
            try:
                future.set_result(_read_only(compute()))
            except BaseException as error:
                with self._lock:
                    self._held.pop(key, None)
                future.set_exception(error)
                raise
        return future.result()


def _read_only(result: Any) -> Any:
    for field in dataclasses.fields(result):
        if isinstance(value := getattr(result, field.name), np.ndarray):
            value.setflags(write=False)
    return result
