"""Arrays under the cache by the key of their content, built once by any process and memory-mapped by all.

Each is one .npy file, ``panels/<key>-<name>.npy``, that ends with its key: a file that was cut short, or lies under
another name, is none. The arrays used longest ago are dropped beyond a limit; a process that has one mapped keeps it.
"""

from __future__ import annotations

import contextlib
import os
import tempfile
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core.config import settings

LIMIT = 4 << 30
"""Bytes of all arrays."""
_FOLDER, _SUFFIX, _TEMPORARY = "panels", ".npy", ".tmp-"

_DEAD = 3600.0  # seconds after which a temporary file is that of a process that was killed

Array = NDArray[Any]


def mapped(key: str, names: Sequence[str]) -> tuple[Array, ...] | None:
    """The read-only arrays ``names`` under ``key``; None unless all of them are there and whole."""
    found = [_mapped(_path(key, name), key, name) for name in names]
    complete = tuple(item for item in found if item is not None)
    return complete if len(complete) == len(names) else None


def keep(key: str, arrays: Mapping[str, Array]) -> None:
    """Write ``arrays`` under ``key``, a sha256; nothing where there is no room: what can be built again is never worth
    an error.
    """
    size = sum(array.nbytes for array in arrays.values())
    if size > LIMIT:
        return
    with contextlib.suppress(OSError):
        _path(key, "").parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        _make_room(size)
        for name, array in arrays.items():
            _write(_path(key, name), array, _seal(key, name))


def _path(key: str, name: str) -> Path:
    return settings().cache / _FOLDER / f"{key}-{name}{_SUFFIX}"


def _seal(key: str, name: str) -> bytes:
    return f"{key}-{name}".encode()


def _mapped(path: Path, key: str, name: str) -> Array | None:
    seal = _seal(key, name)
    try:
        with path.open("rb") as file:
            file.seek(-len(seal), os.SEEK_END)
            if file.read() != seal:
                return None
            size = file.tell()
        array: Array = np.load(path, mmap_mode="r", allow_pickle=False)
        with contextlib.suppress(OSError):
            os.utime(path)  # the time of the last use
    except (OSError, ValueError):
        return None
    offset = getattr(array, "offset", 0)
    return array if offset + array.nbytes + len(seal) == size else None


def _write(path: Path, array: Array, seal: bytes) -> None:
    """Replace the file at once, by one that is whole on the disk."""
    handle, temporary = tempfile.mkstemp(dir=path.parent, prefix=_TEMPORARY)
    try:
        with os.fdopen(handle, "wb") as file:
            np.lib.format.write_array(file, array, allow_pickle=False)
            file.write(seal)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def _make_room(need: int) -> None:
    """Drop what was used longest ago until ``need`` more bytes are within ``LIMIT``."""
    folder = settings().cache / _FOLDER
    found = []
    for path in folder.glob(f"{_TEMPORARY}*"):
        with contextlib.suppress(OSError):
            if time.time() - path.stat().st_mtime > _DEAD:
                path.unlink()
    for path in folder.glob(f"*{_SUFFIX}"):
        with contextlib.suppress(OSError):
            status = path.stat()
            found.append((status.st_mtime_ns, status.st_size, path))
    total = sum(size for _, size, _ in found) + need
    for _, size, path in sorted(found):
        if total <= LIMIT:
            return
        path.unlink(missing_ok=True)
        total -= size
