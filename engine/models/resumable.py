"""Trainings that go on where they were interrupted: a folder of checkpoints for each, in the cache."""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core import libraries
from engine.core.config import settings
from engine.core.spec import canonical_json
from engine.jobs.closure import closure
from engine.models import Fitted, Model, OnStep
from engine.models.dataset import Dataset

_FORGOTTEN = 30 * 86_400
"""Seconds after which a checkpoint that nobody went on from is removed."""


def fit(model: Model, train: Dataset, validation: Dataset | None, seed: int, on_step: OnStep | None) -> Fitted:
    """``model.fit`` on the processor that it names. Where it can resume, and the same training was interrupted on this
    machine, it goes on from there; what it kept is removed at its end.
    """
    model = model.placed()
    device = model.processor()
    if not model.resumes:
        return model.fit(train, validation, seed, device=device, on_step=on_step)
    place = folder(key(model, train, validation, seed))
    fitted = model.resume(train, validation, seed, device, on_step, place)
    shutil.rmtree(place, ignore_errors=True)
    forget()
    return fitted


def key(model: Model, train: Dataset, validation: Dataset | None, seed: int) -> str:
    """sha256 in hexadecimal over all that the weights follow from: the request, its code and its libraries, the rows
    and the seed.
    """
    code = closure(frozenset({type(model).__module__}))
    said = [
        canonical_json(model),
        code.digest,
        dict(libraries.versions(code.packages)),
        seed,
        train.task,
        train.classes,
    ]
    found = hashlib.sha256(json.dumps(said, sort_keys=True).encode())
    found.update(np.ascontiguousarray(train.matrix).data)
    for rows in (train, validation):
        for values in () if rows is None else (rows.place, rows.label, rows.symbol, rows.time, rows.weight):
            found.update(_bytes(values))
    return found.hexdigest()


def folder(name: str) -> Path:
    """The folder in which something keeps what it goes on from, under a ``name`` of its own."""
    return _root() / name


def _bytes(values: NDArray[Any] | None) -> bytes:
    return b"-" if values is None else f"{values.dtype.str}{values.shape}".encode() + values.tobytes()


def _root() -> Path:
    return settings().cache / "checkpoints"


def forget() -> None:
    """Remove the folders of what was given up long ago."""
    root = _root()
    for folder in root.iterdir() if root.is_dir() else ():
        if time.time() - folder.stat().st_mtime > _FORGOTTEN:
            shutil.rmtree(folder, ignore_errors=True)
