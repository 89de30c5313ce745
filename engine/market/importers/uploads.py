"""Files on their way from a browser: each under an id that the server draws, received in slices, gone after an hour.

The name that the browser gives is shown and never part of a path.
"""

from __future__ import annotations

import contextlib
import json
import os
import re
import secrets
import shutil
import time
from dataclasses import dataclass
from pathlib import Path

from engine.core.config import settings
from engine.core.errors import EngineError
from engine.core.sizes import size_text
from engine.core.store import write_atomically

SLICE = 8 << 20
"""Bytes of a slice at most."""
LIFETIME = 3600.0
"""Seconds that a file is there after it was last used."""
_QUOTA = 4  # times the limit of a file, that all of them may take
_SPARE = 256 << 20  # bytes of the disk that uploads leave free
_ID = re.compile(r"[0-9a-f]{32}")
_NAME = 120  # characters of a name that are kept


class UploadError(EngineError):
    """An upload that cannot go on."""


class UnknownUpload(UploadError):
    """There is no file of that id, or no longer."""


class UploadTooLarge(UploadError):
    """Beyond the limit of a file."""


class NoRoom(UploadError):
    """Beyond the limit of all of them, or of the disk."""


@dataclass(frozen=True)
class Upload:
    """A file: ``name`` as its user calls it, ``size`` in bytes as was declared, of which ``received`` are there."""

    id: str
    name: str
    size: int
    received: int
    path: Path

    @property
    def is_complete(self) -> bool:
        return self.received == self.size


def is_id(text: str) -> bool:
    """Whether ``text`` may be the id of an upload."""
    return bool(_ID.fullmatch(text))


def folder() -> Path:
    """The folder of the files."""
    return settings().cache / "uploads"


def limit() -> int:
    """Bytes that a file may have."""
    return settings().server.upload_limit


def begin(name: str, size: int) -> Upload:
    """Make room for a file of ``size`` bytes, before any of them is read. Raises ``UploadError``."""
    shown = re.sub(r"[\\/]", "_", "".join(sign for sign in name if sign.isprintable()))[-_NAME:].strip() or "file"
    if size <= 0:
        raise UploadError(f"{shown} is empty.")
    if size > limit():
        raise UploadTooLarge(
            f"{shown} has {size_text(size)}, more than the {size_text(limit())} that a file may have: split it, "
            "import it with 'stratoscope import', or raise server.upload_limit_mb in config.yaml."
        )
    remove_dead()
    folder().mkdir(parents=True, exist_ok=True)
    others = sum(item.size for item in _all())
    free = shutil.disk_usage(folder()).free
    if others + size > _QUOTA * limit():
        raise NoRoom(
            f"There is no room for {shown}: other uploads take {size_text(others)}. Import or remove them first; "
            "unused ones are removed after an hour."
        )
    if size + _SPARE > free:
        raise NoRoom(
            f"There is no room for {shown}: the disk has {size_text(free)} left. 'stratoscope clean' frees some."
        )
    found = secrets.token_hex(16)
    try:
        write_atomically(folder() / f"{found}.json", json.dumps({"name": shown, "size": size}).encode())
        (folder() / f"{found}.data").touch()
    except OSError as error:
        remove(found)
        raise NoRoom(f"{shown} cannot be stored: {error.strerror}.") from error
    return find(found)


def append(id_: str, at: int, data: bytes) -> Upload:
    """Add the slice ``data`` that begins at byte ``at``; one that is there already is left as it is. Two calls for one
    file must not overlap. Raises ``UploadError``; what had been received before is there still.
    """
    found = find(id_)
    if at + len(data) <= found.received:
        return found
    if at != found.received:
        raise UploadError(f"{found.name} is to go on at byte {found.received:,}, not {at:,}.")
    if at + len(data) > found.size:
        raise UploadTooLarge(f"{found.name} has more bytes than the {found.size:,} that were declared.")
    try:
        with found.path.open("r+b") as file:
            file.seek(at)
            try:
                file.write(data)
                file.flush()
            except OSError:
                with contextlib.suppress(OSError):
                    file.truncate(at)
                raise
    except FileNotFoundError:
        raise _unknown() from None
    except OSError as error:
        raise NoRoom(f"{found.name} cannot be stored: {error.strerror}. Make room, then try again.") from error
    return find(id_)


def find(id_: str) -> Upload:
    """The file of that id. Raises ``UnknownUpload``."""
    if not is_id(id_):
        raise _unknown()
    path = folder() / f"{id_}.data"
    try:
        about = json.loads((folder() / f"{id_}.json").read_bytes())
        return Upload(id_, str(about["name"]), int(about["size"]), path.stat().st_size, path)
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise _unknown() from error


def complete(id_: str) -> Upload:
    """The file of that id, all of it, which then stays for another hour. Raises ``UploadError``."""
    found = find(id_)
    if not found.is_complete:
        raise UploadError(f"{found.name} has not arrived yet: {found.received:,} of {found.size:,} bytes are here.")
    with contextlib.suppress(OSError):
        os.utime(found.path)
    return found


def remove(id_: str) -> None:
    """Remove the file of that id, if there is one."""
    if is_id(id_):
        for suffix in (".data", ".json"):
            (folder() / f"{id_}{suffix}").unlink(missing_ok=True)


def remove_dead(older_than: float = LIFETIME) -> None:
    """Remove the files that nobody has used for so many seconds."""
    for path in dead(older_than):
        with contextlib.suppress(OSError):
            path.unlink()


def dead(older_than: float = LIFETIME) -> tuple[Path, ...]:
    """The files that nobody has used for so many seconds."""
    before = time.time() - older_than
    found = []
    with contextlib.suppress(OSError):
        for item in os.scandir(folder()):
            with contextlib.suppress(OSError):
                if item.stat().st_mtime < before and not _is_used(item, before):
                    found.append(Path(item.path))
    return tuple(found)


def _is_used(item: os.DirEntry[str], before: float) -> bool:
    """Whether ``item`` says what a younger file is."""
    data = Path(item.path).with_suffix(".data")
    return item.name.endswith(".json") and data.exists() and data.stat().st_mtime >= before


def _all() -> list[Upload]:
    found = []
    for item in os.scandir(folder()):
        with contextlib.suppress(UploadError):
            found.append(find(item.name.removesuffix(".json")))
    return found


def _unknown() -> UnknownUpload:
    return UnknownUpload("This file is no longer here: uploads are removed after an hour. Choose it again.")
