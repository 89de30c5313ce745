"""Parts of a computation that are kept while it is under way: one that was stopped goes on from them."""

from __future__ import annotations

import hashlib
import logging
import os
import shutil
from pathlib import Path
from typing import Generic, TypeVar

from engine.core.store import DAMAGE, Result, decode, encode
from engine.models import resumable

_HASH = hashlib.sha256().digest_size
_log = logging.getLogger("stratoscope")

R = TypeVar("R", bound=Result)


class KeptParts(Generic[R]):
    """The outcomes of parts, each of type ``kept``, of what has the ``key``, in a folder of this machine: a file each,
    its sha256 in front, written when the part is done.
    """

    def __init__(self, key: str, kept: type[R]) -> None:
        self._folder, self._kept = resumable.folder(key), kept

    def __len__(self) -> int:
        """How many are done, from the first on."""
        number = 0
        while self._path(number).exists():
            number += 1
        return number

    def get(self, number: int) -> R | None:
        """The outcome of the part ``number``; None where it is not known, or its file is damaged."""
        try:
            stored = self._path(number).read_bytes()
            if hashlib.sha256(stored[_HASH:]).digest() != stored[:_HASH]:
                return None
            return decode(stored[_HASH:], self._kept)
        except DAMAGE:
            return None

    def add(self, number: int, outcome: R) -> None:
        """Keep an outcome; a full disk does not stop the computation."""
        path = self._path(number)
        written = path.with_suffix(".part")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            content = encode(outcome)
            written.write_bytes(hashlib.sha256(content).digest() + content)
            os.replace(written, path)
        except OSError as error:
            _log.warning("%s cannot be written: %s. A run that is stopped could not go on from here.", path, error)

    def forget(self) -> None:
        """Remove them, and what others gave up long ago."""
        shutil.rmtree(self._folder, ignore_errors=True)
        resumable.forget()

    def _path(self, number: int) -> Path:
        return self._folder / f"part-{number:04d}"
