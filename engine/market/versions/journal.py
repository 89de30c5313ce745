"""The file of a series' earlier versions: records that are only ever appended, each found from the end.

A record is a header in JSON, a payload, and a trailer with the lengths of both, their checksum and a mark. The newest
is the last. What a killed process left unfinished at the end has no valid trailer: readers pass over it, and the next
writer cuts it off.
"""

from __future__ import annotations

import fcntl
import json
import os
import struct
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

_TRAILER = struct.Struct("<IQI8s")
_MARK = b"\xf1version"


class Record(NamedTuple):
    """One record: what its header says, and its payload."""

    header: Mapping[str, Any]
    payload: bytes


@contextmanager
def locked(path: Path) -> Iterator[BinaryIO]:
    """The file, made if need be, open for ``append`` to one process at a time. Raises ``OSError``."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with open(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield file


def append(file: BinaryIO, header: Mapping[str, Any], payload: bytes) -> int:
    """Write a record after the last whole one, wait until it is on disk, and return where it begins: truncated there,
    the file is as before. Raises ``OSError``, and leaves it as before.
    """
    end = _whole_length(file)
    text = json.dumps(header, separators=(",", ":")).encode()
    body = text + payload
    try:
        file.truncate(end)
        file.seek(end)
        file.write(body + _TRAILER.pack(len(text), len(payload), zlib.crc32(body), _MARK))
        file.flush()
        os.fsync(file.fileno())
    except OSError:
        file.truncate(end)
        raise
    return end


def records(path: Path) -> Iterator[Record]:
    """The records in the file, the newest first; none where there is no file."""
    try:
        data = path.read_bytes()
    except FileNotFoundError:
        return
    end = len(data)
    while end:
        found = _record(data, end)
        if found is None:  # unfinished, or damaged: go on with the one before
            end = _earlier(data, end)
            continue
        record, end = found
        yield record


def _record(data: bytes, end: int) -> tuple[Record, int] | None:
    """The record that ends at ``end``, and where it begins; None where none does."""
    if end < _TRAILER.size:
        return None
    text, payload, checksum, mark = _TRAILER.unpack(data[end - _TRAILER.size : end])
    start = end - _TRAILER.size - text - payload
    if mark != _MARK or start < 0:
        return None
    body = data[start : end - _TRAILER.size]
    if zlib.crc32(body) != checksum:
        return None
    return Record(json.loads(body[:text]), body[text:]), start


def _whole_length(file: BinaryIO) -> int:
    """Bytes up to the end of the last whole record."""
    size = file.seek(0, os.SEEK_END)
    if size >= _TRAILER.size:
        file.seek(size - _TRAILER.size)
        text, payload, _, mark = _TRAILER.unpack(file.read(_TRAILER.size))
        if mark == _MARK and (start := size - _TRAILER.size - text - payload) >= 0:
            file.seek(start)
            if _record(file.read(), size - start):
                return size
    file.seek(0)
    data = file.read()
    end = len(data)
    while end and _record(data, end) is None:
        end = _earlier(data, end)
    return end


def _earlier(data: bytes, end: int) -> int:
    """The last place before ``end`` where a record may end; 0 where there is none."""
    place = data.rfind(_MARK, 0, end - 1)
    return 0 if place < 0 else place + len(_MARK)
