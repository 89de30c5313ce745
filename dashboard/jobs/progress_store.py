"""Live state of jobs under the cache: progress and outcome by key, as JSON, kept for a day."""

from __future__ import annotations

import json
import logging
import sqlite3
import threading
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from diskcache import Cache, JSONDisk, Timeout
from diskcache.core import MODE_PICKLE

REMEMBERED = 1000
_KEPT = 24 * 3600  # seconds
_UNWRITTEN = (
    OSError,
    sqlite3.Error,
    Timeout,
)  # what diskcache lets through where the disk is full or cannot be written
_log = logging.getLogger("stratoscope.jobs")


class PlainDisk(JSONDisk):
    """JSON without exception: ``JSONDisk`` still unpickles an entry that another program has marked as a pickle."""

    def get(self, key: Any, raw: Any) -> Any:
        return super().get(key, True)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == MODE_PICKLE:
            raise ValueError("The live state holds an entry that is not JSON: empty the cache folder 'live'.")
        return super().fetch(mode, filename, value, read)


class ProgressStore:
    """What the pages that watch a job read; any thread may call. What the disk has no room for is kept in memory, the
    latest ``REMEMBERED`` entries of it.
    """

    def __init__(self, folder: Path) -> None:
        self._memory: dict[str, str] = {}  # JSON, as on disk
        self._lock = threading.Lock()  # guards _memory
        self._cache: Cache | None = None
        try:
            folder.mkdir(parents=True, exist_ok=True)
            folder.chmod(0o700)
            self._cache = Cache(str(folder), disk=PlainDisk, eviction_policy="none")
        except _UNWRITTEN as error:
            _log.warning("%s cannot be used (%s): the progress of jobs is kept in memory only.", folder, error)

    def progress(self, key: str) -> dict[str, Any] | None:
        """The latest progress of a job."""
        return cast("dict[str, Any] | None", self._get(f"progress:{key}"))

    def set_progress(self, key: str, progress: Mapping[str, Any]) -> None:
        """Replace the progress of a job."""
        self._set(f"progress:{key}", dict(progress))

    def outcome(self, key: str) -> dict[str, Any] | None:
        """``{"result": ...}`` or ``{"error": sentence}`` of a job that has ended."""
        return cast("dict[str, Any] | None", self._get(f"outcome:{key}"))

    def set_outcome(self, key: str, outcome: Mapping[str, Any]) -> None:
        """Keep the outcome of a job."""
        self._set(f"outcome:{key}", dict(outcome))

    def clear(self, key: str) -> None:
        """Forget a job."""
        for name in (f"progress:{key}", f"outcome:{key}"):
            self._forget(name)
            try:
                if self._cache is not None:
                    self._cache.delete(name)
            except _UNWRITTEN:
                self._remember(name, None)  # hides what is on disk

    def secret(self, name: str, fresh: str) -> str:
        """The text kept under ``name``; ``fresh`` becomes it if there is none. Whoever comes first wins."""
        if (found := self._get(name)) is not None:
            return str(found)
        try:
            if self._cache is not None:
                self._cache.add(name, fresh)
                return str(self._cache.get(name))
        except _UNWRITTEN:
            pass
        self._remember(name, fresh)
        return str(self._get(name))

    def close(self) -> None:
        """Close this thread's connection."""
        if self._cache is not None:
            self._cache.close()

    def _get(self, name: str) -> Any:
        if (held := self._memory.get(name)) is not None:
            return json.loads(held)
        return self._cache.get(name) if self._cache is not None else None

    def _set(self, name: str, value: Any) -> None:
        try:
            if self._cache is not None:
                self._cache.set(name, value, expire=_KEPT)
                self._forget(name)
                return
        except _UNWRITTEN as error:
            _log.debug("%s could not be written: %s", name, error)
        self._remember(name, value)

    def _remember(self, name: str, value: Any) -> None:
        with self._lock:
            self._memory.pop(name, None)
            self._memory[name] = json.dumps(value)
            while len(self._memory) > REMEMBERED:
                self._memory.pop(next(iter(self._memory)))

    def _forget(self, name: str) -> None:
        with self._lock:
            self._memory.pop(name, None)
