"""The gate of a device: a network is trained on it only if it computes the gradients that the CPU computes.

Accelerators have computed wrong ones without a word (pytorch#190056, pytorch#177116), the latter after a change of the
size of the batch: a last smaller batch is compared too. What was found is kept for the machine and its libraries.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

import numpy as np

from engine import devices
from engine.core.config import settings
from engine.core.errors import DeviceError, StoreError
from engine.core.store import write_atomically
from engine.models.neural.arrays import Arrays
from engine.models.neural.initial import fresh
from engine.models.neural.losses import Loss
from engine.models.neural.networks.base import Network
from engine.models.neural.rows import Batch
from engine.models.neural.torch_arrays import TorchArrays
from engine.models.neural.trainer import State
from engine.models.neural.trainers import trainer_of

BOUND = 1e-3
"""The largest difference of a gradient, as a share of the largest gradient."""
_BATCHES = (64, 64, 23)


@dataclass(frozen=True)
class Verdict:
    """``difference`` is the largest between gradients on the device called ``title`` and on torch's CPU, as a share of
    the largest gradient.
    """

    title: str
    difference: float

    @property
    def agrees(self) -> bool:
        return bool(self.difference <= BOUND)  # not if it is no number

    def sentence(self) -> str:
        """For the badge beside the device."""
        if self.agrees:
            return f"Gradients on {self.title} agree with the CPU's to {self.difference:.0e}."
        return (
            f"Gradients of this network on {self.title} differ from the CPU's by {self.difference:.1%} of the largest: "
            "train it on the CPU."
        )


def require_agreement(network: Network, loss: Loss, shape: tuple[int, int], arrays: Arrays) -> Verdict:
    """The verdict on windows of ``shape`` (bars, features), measured once for a machine. Raises ``DeviceError`` with it
    where the gradients do not agree.
    """
    path = _path(network, loss, shape, arrays)
    verdict = _kept(path)
    if verdict is None:
        verdict = compare(network, loss, shape, arrays)
        _keep(path, verdict)
    if not verdict.agrees:
        raise DeviceError(verdict.sentence())
    return verdict


def compare(network: Network, loss: Loss, shape: tuple[int, int], arrays: Arrays) -> Verdict:
    """The verdict, measured now, without dropout."""
    plain = cast(Network, replace(cast(Any, network), dropout=0.0))
    reference, found = (_gradients(plain, loss, shape, where) for where in (TorchArrays("cpu"), arrays))
    largest = max(float(np.abs(values).max(initial=0.0)) for part in reference for values in part.values())
    difference = max(
        float(np.abs(values.astype(np.float64) - other[name]).max(initial=0.0))
        for part, other in zip(reference, found, strict=True)
        for name, values in part.items()
    )
    title = devices.NAMES[f"{arrays.framework}:{arrays.device}"]
    return Verdict(title, difference / largest if largest else difference)


def _gradients(network: Network, loss: Loss, shape: tuple[int, int], arrays: Arrays) -> Sequence[State]:
    """Those of batches of random windows, one after another without a step."""
    random, found = np.random.default_rng(0), list[State]()
    with arrays.computing():
        trainer = trainer_of(network, loss, fresh(network, 0), arrays)
        for rows in _BATCHES:
            values = random.standard_normal((rows, *shape))
            label = random.standard_normal(rows) if loss.task == "regression" else np.arange(rows) % loss.classes
            targets = loss.targets(np.asarray(label, dtype=np.float64))
            trainer.begin(fresh(network, 0))
            trainer.add(Batch(arrays.place(values), arrays.place(targets), None), 1.0, (0,))
            found.append(trainer.gradients())
    return found


def _path(network: Network, loss: Loss, shape: tuple[int, int], arrays: Arrays) -> Path:
    told = repr((network, loss.task, loss.classes, shape, arrays.framework, arrays.device, devices.fingerprint()))
    return settings().cache / "devices" / "gradients" / f"{hashlib.sha256(told.encode()).hexdigest()[:32]}.json"


def _kept(path: Path) -> Verdict | None:
    try:
        return Verdict(**json.loads(path.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError):
        return None


def _keep(path: Path, verdict: Verdict) -> None:
    try:
        write_atomically(path, json.dumps({"title": verdict.title, "difference": verdict.difference}).encode())
    except OSError as error:
        raise StoreError(f"{path} cannot be written: {error.strerror or error}.") from None
