"""What all neural models share: training, prediction and how long it takes."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable
from pathlib import Path
from typing import ClassVar

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset
from engine.models.neural.arrays import Array, Arrays
from engine.models.neural.checkpoints import Checkpoints
from engine.models.neural.initial import fresh
from engine.models.neural.loop import Loop
from engine.models.neural.losses import Loss
from engine.models.neural.mlx_arrays import MlxArrays
from engine.models.neural.mlx_training import MlxTrainer
from engine.models.neural.networks.base import Network, Pass
from engine.models.neural.rows import Gathered, Rows
from engine.models.neural.torch_arrays import TorchArrays
from engine.models.neural.torch_training import TorchTrainer
from engine.models.neural.trainer import Trainer
from engine.models.neural.training import Training
from engine.models.scaling import Scaling


class Neural(Training, Model):
    """A network that is trained epoch by epoch on standardised features, in float32.

    With early stopping the latest part of the training rows is set aside, and the weights of the epoch with the lowest
    loss on them are kept. The artifact is the same for every framework: it holds the weights under the names and in the
    shapes of ``Network.parameters``, and the scaling.
    """

    step: ClassVar[str] = "epoch"
    resumes: ClassVar[bool] = True

    @abstractmethod
    def network(self, features: int, outputs: int) -> Network:
        """What is trained."""

    def processor(self) -> str:
        return self.device

    def wants_validation(self) -> bool:
        return self.early_stopping > 0

    def arrays(self, device: str) -> Arrays:
        """The operations of the framework on a device."""
        return TorchArrays(device) if self.framework == "torch" else MlxArrays(device)

    def loss(self, data: Dataset) -> Loss:
        return Loss(self, data.task, len(data.classes))

    def trainer(self, data: Dataset, seed: int, arrays: Arrays) -> Trainer:
        """A trainer on the label of ``data``, whose weights begin by the ``seed``."""
        loss = self.loss(data)
        network = self.network(data.matrix.shape[1], loss.outputs)
        made = TorchTrainer if self.framework == "torch" else MlxTrainer
        return made(network, loss, fresh(network, seed, self.initialisation), arrays)

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
        arrays, scaling = self.arrays(device), Scaling.of(train)
        with arrays.computing():
            trainer = self.trainer(train, seed, arrays)
            rows = Rows(train, self.lookback(), trainer.loss, scaling, arrays)
            later = None
            if validation is not None:
                later = Rows(validation, self.lookback(), trainer.loss, scaling, arrays)
            unit = trainer.loss.in_label_units(float(scaling.label[1]))
            weights, course = Loop(trainer, rows, later, seed, unit).run(on_step, checkpoints)
        return Fitted(
            from_tensors(scaling.tensors() | weights),
            train_loss=np.array(course.train_loss),
            validation_loss=np.array(course.validation_loss),
            best_step=course.epoch if later is None else course.best_epoch,
            gradient_norm=np.array(course.gradient_norm),
        )

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        network = self.network(data.matrix.shape[1], self.loss(data).outputs)
        scores = self.evaluated(artifact, data, device, network.scores, self.loss(data).outputs)
        return _answers(data, scores, Scaling.stored(to_tensors(artifact)))

    def evaluated(
        self, artifact: Artifact, data: Dataset, device: str, function: Callable[[Pass, Array], Array], columns: int
    ) -> Floats:
        """What ``function`` says of the window of each row of ``data`` (rows, columns), NaN where no window ends.

        Raises ``DataError`` where the artifact is not one of this model.
        """
        tensors, arrays = to_tensors(artifact), self.arrays(device)
        scaling = Scaling.stored(tensors)
        weights = {name: values for name, values in tensors.items() if name not in scaling.tensors()}
        expected = self.network(data.matrix.shape[1], self.loss(data).outputs).parameters()
        shapes = {name: values.shape for name, values in weights.items()}
        if {name: item.shape for name, item in expected.items()} != shapes:
            raise DataError("This model has other layers than its request describes: train it again.")
        with arrays.computing(), arrays.without_gradients():
            at = Pass(arrays, {name: arrays.place(values) for name, values in weights.items()})
            return _in_chunks(at, Gathered(data, self.lookback(), scaling, arrays), len(data), function, columns)


def _in_chunks(
    at: Pass, gathered: Gathered, count: int, function: Callable[[Pass, Array], Array], columns: int
) -> Floats:
    """The last windows of a chunk are filled up: products of matrices of one shape round alike."""
    found = np.full((count, columns), np.nan)
    size = at.arrays.chunk
    for start in range(0, len(gathered), size):
        part = slice(start, start + size)
        values = gathered.on_host(part)
        filled = np.zeros((size, *values.shape[1:]), dtype=np.float32)
        filled[: len(values)] = values
        said = at.arrays.to_numpy(function(at, at.arrays.place(filled)))
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
