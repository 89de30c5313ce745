"""Renamings under way, each noted on disk before its first step: one that a killed process has left is completed or
taken back with the next look at the stored series, so that these have one name again.

The note is locked by who renames. It names both places, and what lay at the old one.
"""

from __future__ import annotations

import contextlib
import fcntl
import json
import os
import secrets
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

from engine.core.config import settings
from engine.market.series_file import VERSIONS, Header, Version, beside, companions, header_or_complaint, version_of
from engine.market.series_file import folder as bars_folder
from engine.market.versions import journal

_SUFFIX = ".json"
_DEAD = 3600.0  # seconds after which a note without its name is that of a process that was killed


@dataclass(frozen=True)
class Move:
    """``old`` and ``new`` are paths; ``version`` is that of the file at ``old``, and the digests are those of its bars
    ``before``, and of the same ones ``after`` with their new name.
    """

    old: str
    new: str
    version: Version
    before: str
    after: str


@contextlib.contextmanager
def noted(move: Move) -> Iterator[None]:
    """Within, ``move`` is made, or taken back where that fails: nobody else settles it. Raises ``OSError``."""
    name = secrets.token_hex(8)
    folder().mkdir(mode=0o700, parents=True, exist_ok=True)
    unread, path = folder() / f".tmp-{name}", folder() / f"{name}{_SUFFIX}"
    with open(os.open(unread, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "r+b") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        file.write(_written(move))
        file.flush()
        os.fsync(file.fileno())
        os.replace(unread, path)
        try:
            yield
        except Exception:
            discard_all([str(path)])
            raise
        discard_all([str(path)])


def heal() -> None:
    """Settle what killed processes have left; without effect where the disk refuses."""
    try:
        names = os.listdir(folder())
    except OSError:
        return
    for name in names:
        with contextlib.suppress(OSError):
            _heal(folder() / name, name.endswith(_SUFFIX))


def settle(move: Move) -> None:
    """Leave the series of a killed process under one name with what belongs to it: under the new one if its bars are
    whole there, unless those at the old place were replaced meanwhile. Nothing is removed that is not elsewhere.
    """
    if not _is_copied(move):
        if version_of(move.old) and not version_of(move.new):
            discard_all(companions(move.new))
    elif (found := version_of(move.old)) is None or found == move.version:
        discard_all([*([] if found is None else [move.old]), *companions(move.old)])
    elif _is_superseded(move):
        discard_all([move.new, *companions(move.new)])


def folder() -> Path:
    """The folder of the notes."""
    return settings().cache / "renames"


def _is_copied(move: Move) -> bool:
    found = header_or_complaint(move.new) if version_of(move.new) else ""
    return isinstance(found, Header) and found.fingerprint == move.after


def _is_superseded(move: Move) -> bool:
    """Whether what was to be renamed is an earlier version of the bars at the old place."""
    journaled = journal.records(Path(beside(move.old, VERSIONS)))
    return any(record.header.get("fingerprint") == move.before for record in journaled)


def _heal(path: Path, is_note: bool) -> None:
    with path.open("rb") as file:
        status = os.fstat(file.fileno())
        if not is_note and time.time() - status.st_mtime < _DEAD:
            return
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:  # its process is at it
            return
        if not os.path.samestat(status, path.stat()):
            return
        if is_note and (move := _read(file.read())):
            settle(move)
        os.unlink(path)


def _written(move: Move) -> bytes:
    """With paths that hold wherever the cache is."""
    relative = {name: os.path.relpath(getattr(move, name), bars_folder()) for name in ("old", "new")}
    return json.dumps(asdict(move) | relative).encode()


def _read(text: bytes) -> Move | None:
    try:
        found = json.loads(text)
        paths = {name: os.path.join(bars_folder(), found[name]) for name in ("old", "new")}
        return Move(**(found | paths | {"version": Version(*found["version"])}))
    except (ValueError, KeyError, TypeError):
        return None


def discard_all(paths: list[str]) -> None:
    """Remove these files in turn, as far as that can be done."""
    for path in paths:
        with contextlib.suppress(OSError):
            os.unlink(path)
