"""The same network in torch and in MLX: how long each takes, what memory it adds, and how far they are apart."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import numpy as np
import psutil

from engine import devices
from engine.core.errors import EngineError
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset
from engine.models.diagnosis.result import FrameworkRun, Parity
from engine.models.neural.kind import Neural
from engine.models.neural.trainer import State

Framework = Literal["torch", "mlx"]
FRAMEWORKS: tuple[Framework, ...] = ("torch", "mlx")
_DEVICES = {"torch": ("cuda", "mps"), "mlx": ("gpu",)}
_SAMPLED = 0.002  # seconds between two looks at the memory


def on_framework(model: Neural, framework: Framework) -> Neural:
    """``model`` in a framework, on its fastest device that is there, without early stopping."""
    there = {device.name for device in devices.available()}
    device = next((name for name in _DEVICES[framework] if f"{framework}:{name}" in there), "cpu")
    return model.model_copy(update={"framework": framework, "device": device, "early_stopping": 0})


def trained(model: Neural, rows: Dataset, seed: int, epochs: int) -> tuple[FrameworkRun, Artifact | None]:
    """``model`` trained for ``epochs`` after one step that loads and compiles, and its artifact; None, with the
    problem, where the framework or its device cannot do it.
    """
    long = model.model_copy(update={"epochs": epochs})
    try:
        with model.training_on(rows, seed, model.device) as (trainer, windows):
            trainer.add(windows.batch(np.arange(min(len(windows), model.batch_size))), 1.0, (seed, 0))
            trainer.arrays.numbers([trainer.update(model.learning_rate)])
        with _peak() as added:
            began = time.perf_counter()
            fitted = long.fit(rows, None, seed, model.device)
            seconds = (time.perf_counter() - began) / epochs
    except EngineError as error:
        return FrameworkRun(model.framework, model.device, np.nan, np.nan, np.nan, str(error)), None
    run = FrameworkRun(model.framework, model.device, seconds, added[0] / 1e6, float(fitted.train_loss[-1]))
    return run, fitted.artifact


def parity(models: tuple[Neural, Neural], rows: Dataset, artifact: Artifact | None, seed: int) -> Parity:
    """Differences between two frameworks: of what both predict by the same ``artifact``, and of the gradients of one
    batch from the same first weights, without dropout. NaN where either cannot.
    """
    nothing = float("nan")
    try:
        gradients = [_gradients(model, rows, seed) for model in models]
        outputs = [model.predict(artifact, rows, model.device) for model in models] if artifact else []
    except EngineError:
        return Parity(nothing, nothing)
    apart = float(np.nanmax(np.abs(outputs[0] - outputs[1]))) if outputs else nothing
    largest = max(float(np.abs(values).max(initial=0.0)) for values in gradients[0].values())
    farthest = max(float(np.abs(values - gradients[1][name]).max(initial=0.0)) for name, values in gradients[0].items())
    return Parity(apart, farthest / largest if largest else farthest)


def _gradients(model: Neural, rows: Dataset, seed: int) -> State:
    plain = model.model_copy(update={"dropout": 0.0})
    with plain.training_on(rows, seed, plain.device) as (trainer, windows):
        trainer.add(windows.batch(np.arange(min(len(windows), 64))), 1.0, (seed, 0))
        return {name: values.astype(np.float64) for name, values in trainer.gradients().items()}


@contextmanager
def _peak() -> Iterator[list[int]]:
    """The largest growth of this process's memory meanwhile, in bytes, in a list of one."""
    process, ended, added = psutil.Process(), threading.Event(), [0]
    before = process.memory_info().rss

    def watch() -> None:
        while not ended.wait(_SAMPLED):
            added[0] = max(added[0], process.memory_info().rss - before)

    watcher = threading.Thread(target=watch, daemon=True)
    watcher.start()
    try:
        yield added
    finally:
        ended.set()
        watcher.join()
