"""Shared parts of all neural models: training, prediction and how long it takes."""

from __future__ import annotations

import importlib
import math
from abc import abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar, Self

import numpy as np

from engine.core.errors import DataError, DeviceError
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.neural.arrays import Array, Arrays
from engine.models.neural.checkpoints import Checkpoints
from engine.models.neural.device_gate import require_agreement
from engine.models.neural.initial import fresh
from engine.models.neural.loop import Loop
from engine.models.neural.losses import Loss
from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.rows import Gathered, Rows
from engine.models.neural.trainer import Trainer
from engine.models.neural.trainers import arrays_of, trainer_of
from engine.models.neural.training import Training
from engine.models.scaling import Scaling
from engine.models.symbol import Symbol

_NUMBER = 4  # bytes


class Neural(Training, Model):
    """A network that is trained epoch by epoch on standardised features, in float32.

    With early stopping the latest part of the training rows is set aside, and the weights of the epoch with the lowest
    loss on them are kept. The artifact is the same for every framework: it holds the weights under the names and in the
    shapes of ``Network.parameters``, and the scaling.
    """

    step: ClassVar[str] = "epoch"
    resumes: ClassVar[bool] = True
    measured_as: ClassVar[str] = ""
    """The network of the benchmark whose timings tell where this kind is trained; one of the kind's name by default."""

    @abstractmethod
    def network(self, features: int, outputs: int) -> Network:
        """What is trained."""

    def processor(self) -> str:
        return self.placed().device

    def placed(self) -> Self:
        if self.device != "auto":
            return self
        framework, processor = _choice().chosen(self.measured_as or self.kind, self.batch_size)
        return self.model_copy(update={"framework": framework, "device": processor})

    def wants_validation(self) -> bool:
        return self.early_stopping > 0

    def loss(self, data: Dataset) -> Loss:
        return Loss(self, data.task, len(data.classes))

    @contextmanager
    def training_on(self, train: Dataset, seed: int, device: str) -> Iterator[tuple[Trainer, Rows]]:
        """A trainer whose weights begin by the ``seed``, and the rows to train it on. Within, the framework computes on
        ``device``. Raises ``DeviceError`` where that is not there or computes other gradients than the CPU,
        ``DataError`` where no window fits.
        """
        arrays, loss, features = self._arrays(device), self.loss(train), train.matrix.shape[1]
        network = self.network(features, loss.outputs)
        with arrays.computing():
            if device != "cpu":
                with self._excluding(f"{arrays.framework}:{device}"):
                    require_agreement(network, loss, (self.lookback(), features), arrays)
            trainer = trainer_of(network, loss, fresh(network, seed, self.initialisation), arrays)
            yield trainer, Rows(train, self.lookback(), loss, Scaling.of(train), arrays)

    def _arrays(self, device: str) -> Arrays:
        return arrays_of(self.placed().framework, device)

    @contextmanager
    def _excluding(self, device: str) -> Iterator[None]:
        """Nothing is left to ``device`` any more once its gradients do not agree."""
        try:
            yield
        except DeviceError as error:
            _choice().exclude(self.measured_as or self.kind, device, str(error))
            raise

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        return self._fitted(train, validation, seed, device, on_step, None)

    def resume(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str,
        on_step: OnStep | None,
        folder: Path,
    ) -> Fitted:
        return self._fitted(train, validation, seed, device, on_step, Checkpoints(folder))

    def _fitted(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str,
        on_step: OnStep | None,
        checkpoints: Checkpoints | None,
    ) -> Fitted:
        with self.training_on(train, seed, device) as (trainer, rows):
            later = None if validation is None else rows.alike(validation)
            unit = trainer.loss.in_label_units(float(rows.scaling.label[1]))
            weights, course = Loop(trainer, rows, later, seed, unit).run(on_step, checkpoints)
        return Fitted(
            from_tensors(rows.scaling.tensors() | weights),
            train_loss=np.array(course.train_loss),
            validation_loss=np.array(course.validation_loss),
            best_step=course.epoch if later is None else course.best_epoch,
            gradient_norm=np.array(course.gradient_norm),
        )

    def memory(self, rows: int, features: int) -> float:
        """Weights with their gradients and the optimiser's states, and a batch with what its layers keep. CUDA has a
        memory of its own.
        """
        placed = self.placed()
        if placed.device == "cuda":
            return 0.0
        network = placed.network(features, 1)
        weights = sum(math.prod(item.shape) for item in network.parameters().values())
        copies = 2 + (int(placed.momentum > 0) if placed.optimiser == "sgd" else 2)
        return _NUMBER * (copies * weights + min(placed.batch_size, rows) * network.held(placed.lookback()))

    def answer_seconds(self, rows: int, features: int, trained: int) -> float:
        """A third of an epoch on as many rows: the way forward."""
        return self.seconds(rows, features) / (3 * self.epochs)

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        network = self.network(data.matrix.shape[1], self.loss(data).outputs)
        scores = self.evaluated(artifact, data, device, network.scores, self.loss(data).outputs)
        return _answers(data, scores, Scaling.stored(to_tensors(artifact)))

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        tensors = to_tensors(artifact)
        scaling = Scaling.stored(tensors)
        windows = x if x.ndim == 3 else x[:, None, :]
        at = Pass(x.operations(), {name: tensors[name] for name in tensors if name not in scaling.tensors()})
        scaled = ((windows - scaling.mean) / scaling.scale).astype(np.float32)
        found: Symbol = self.network(x.shape[-1], outputs).scores(at, scaled).astype(np.float64)
        if task == "regression":
            found = found * scaling.label[1] + scaling.label[0]
        return found.linked(task)

    def evaluated(
        self, artifact: Artifact, data: Dataset, device: str, function: Callable[[Pass, Array], Array], columns: int
    ) -> Floats:
        """What ``function`` says of the window of each row of ``data`` (rows, columns), NaN where no window ends.

        Raises ``DataError`` where the artifact is not one of this model.
        """
        tensors, arrays = to_tensors(artifact), self._arrays(device)
        scaling = Scaling.stored(tensors)
        weights = {name: values for name, values in tensors.items() if name not in scaling.tensors()}
        expected = self.network(data.matrix.shape[1], self.loss(data).outputs).parameters()
        shapes = {name: values.shape for name, values in weights.items()}
        if {name: item.shape for name, item in expected.items()} != shapes:
            raise DataError("This model has other layers than its request describes: train it again.")
        with arrays.computing(), arrays.without_gradients():
            at = Pass(arrays, {name: arrays.place(values) for name, values in weights.items()})
            gathered = Gathered(data, self.lookback(), scaling, arrays)
            return _in_chunks(arrays, gathered, len(data), lambda x: function(at, x), columns)


def _choice() -> Any:
    """The module that knows of measurements, which no result on a named device follows from."""
    return importlib.import_module("engine.models.neural.choice")


def _in_chunks(
    arrays: Arrays, gathered: Gathered, count: int, function: Callable[[Array], Array], columns: int
) -> Floats:
    """The last windows of a chunk are filled up: products of matrices of one shape round alike."""
    found = np.full((count, columns), np.nan)
    size = arrays.chunk
    for start in range(0, len(gathered), size):
        part = slice(start, start + size)
        values = gathered.on_host(part)
        filled = np.zeros((size, *values.shape[1:]), dtype=np.float32)
        filled[: len(values)] = values
        said = arrays.to_numpy(function(arrays.place(filled)))
        found[gathered.windows.row[part]] = said[: len(values)]
    return found


def _answers(data: Dataset, scores: Floats, scaling: Scaling) -> Floats:
    """Scores as ``Model.predict`` returns them."""
    if data.task == "regression":
        return np.asarray(scores[:, 0] * scaling.label[1] + scaling.label[0])
    if data.task == "binary":
        return np.asarray(1 / (1 + np.exp(-scores[:, 0])))
    odds = np.exp(scores - scores.max(axis=1, keepdims=True))
    return np.asarray(odds / odds.sum(axis=1, keepdims=True))
