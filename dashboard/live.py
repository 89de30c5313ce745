"""Live state of jobs under the cache: progress and outcome by key, as JSON, kept for a day."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from diskcache import Cache, JSONDisk
from diskcache.core import MODE_PICKLE

_KEPT = 24 * 3600  # seconds


class PlainDisk(JSONDisk):
    """JSON without exception: ``JSONDisk`` still unpickles an entry that somebody else has marked as a pickle."""

    def get(self, key: Any, raw: Any) -> Any:
        return super().get(key, True)

    def fetch(self, mode: int, filename: str | None, value: Any, read: bool) -> Any:
        if mode == MODE_PICKLE:
            raise ValueError("The live state holds an entry that is not JSON: empty the cache folder 'live'.")
        return super().fetch(mode, filename, value, read)


class LiveState:
    """What the pages that watch a job read; any thread may call."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o700)
        self._cache = Cache(str(folder), disk=PlainDisk, eviction_policy="none")

    def progress(self, key: str) -> dict[str, Any] | None:
        """The latest progress of a job."""
        return cast("dict[str, Any] | None", self._cache.get(f"progress:{key}"))

    def set_progress(self, key: str, progress: Mapping[str, Any]) -> None:
        """Replace the progress of a job."""
        self._cache.set(f"progress:{key}", dict(progress), expire=_KEPT)

    def outcome(self, key: str) -> dict[str, Any] | None:
        """``{"result": ...}`` or ``{"error": sentence}`` of a job that has ended."""
        return cast("dict[str, Any] | None", self._cache.get(f"outcome:{key}"))

    def set_outcome(self, key: str, outcome: Mapping[str, Any]) -> None:
        """Keep the outcome of a job."""
        self._cache.set(f"outcome:{key}", dict(outcome), expire=_KEPT)

    def clear(self, key: str) -> None:
        """Forget a job."""
        self._cache.delete(f"progress:{key}")
        self._cache.delete(f"outcome:{key}")

    def secret(self, name: str, fresh: str) -> str:
        """The text kept under ``name``; ``fresh`` becomes it if there is none. Whoever comes first wins."""
        self._cache.add(name, fresh)
        return str(self._cache.get(name))

    def close(self) -> None:
        """Close this thread's connection."""
        self._cache.close()
