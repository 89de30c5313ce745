"""Checkpoints of a training: what it needs to go on as if it had never been interrupted.

A checkpoint is arrays as safetensors and a JSON file that names them with their sha256. The JSON file is replaced in
one step after the arrays are on the disk, so that a process may be killed at any moment.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from engine.core.errors import StoreError
from engine.core.store import write_atomically

_STATE = "checkpoint.json"


@dataclass
class Checkpoints:
    """The place of one training, a ``folder`` of its own, written to at most every so many ``seconds``."""

    folder: Path
    seconds: float = 15.0
    _last: float = field(default_factory=time.monotonic)

    def due(self) -> bool:
        return time.monotonic() - self._last >= self.seconds

    def keep(self, tensors: Mapping[str, NDArray[Any]], state: Mapping[str, Any]) -> None:
        """Replace the checkpoint. Raises ``StoreError`` on a full disk."""
        from safetensors.numpy import save

        content = save(dict(tensors))
        digest = hashlib.sha256(content).hexdigest()
        path = self.folder / f"{digest[:16]}.safetensors"
        try:
            write_atomically(path, content)
            write_atomically(self.folder / _STATE, json.dumps({"sha256": digest, "state": state}).encode())
        except OSError as error:
            raise StoreError(f"{self.folder} cannot be written: {error.strerror or error}.") from None
        for other in self.folder.glob("*.safetensors"):
            if other != path:
                other.unlink(missing_ok=True)
        self._last = time.monotonic()

    def last(self) -> tuple[dict[str, NDArray[Any]], dict[str, Any]] | None:
        """The tensors and the state of the checkpoint; None where there is none, or it is damaged."""
        from safetensors import SafetensorError
        from safetensors.numpy import load

        try:
            stored = json.loads((self.folder / _STATE).read_text(encoding="utf-8"))
            digest, state = str(stored["sha256"]), dict(stored["state"])
            content = (self.folder / f"{digest[:16]}.safetensors").read_bytes()
            if hashlib.sha256(content).hexdigest() != digest:
                return None
            return dict(load(content)), state
        except (OSError, ValueError, KeyError, TypeError, SafetensorError):
            return None

    def remove(self) -> None:
        shutil.rmtree(self.folder, ignore_errors=True)
