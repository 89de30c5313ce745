"""Multi-layer perceptron by torch, for every task, on one bar or on a window of them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from engine import devices
from engine.core.errors import DataError
from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.labels import Task
from engine.market.bars import Floats
from engine.models import Fitted, Model, OnStep, TrainingStep
from engine.models.artifact import Artifact, from_tensors, to_tensors
from engine.models.dataset import Dataset, Indices

if TYPE_CHECKING:
    import torch

_CHUNK = 1024
"""Windows that are predicted at a time, the last ones filled up: products of matrices of one shape round alike."""


@plugin("mlp", title="MLP (torch)")
class Mlp(Model):
    """Fully connected layers with rectified linear units, on standardised features, trained by AdamW (Loshchilov and
    Hutter 2019) on the cross entropy or the squared error, in float32.

    With early stopping the latest part of the training rows is set aside, and the weights of the epoch with the lowest
    loss on them are kept.
    """

    step: ClassVar[str] = "epoch"

    kind: Literal["mlp"] = "mlp"
    hidden: Annotated[tuple[Annotated[int, Field(ge=1, le=4096)], ...], Field(max_length=8)] = parameter(
        (32, 16), title="Hidden layers", help="Units in each, such as 64, 32; empty is a linear model.", section="Model"
    )
    window: int = parameter(
        1, title="Window", unit="bars", help="Bars that a prediction sees, its own included.", ge=1, le=500,
        section="Model",
    )  # fmt: skip
    epochs: int = parameter(
        30, title="Epochs", help="Maximum passes over the training rows.", ge=1, le=5000, section="Model"
    )
    batch_size: int = parameter(256, title="Batch size", help="Rows per step.", ge=1, le=65_536, section="Model")
    learning_rate: float = parameter(0.003, title="Learning rate", gt=0, le=1, step=0.001, section="Model")
    weight_decay: float = parameter(
        0.01, title="Weight decay", help="Shrinks the weights at each step.", ge=0, le=10, step=0.01, section="Model"
    )
    early_stopping: int = parameter(
        5,
        title="Early stopping",
        unit="epochs",
        help="Epochs without a better validation loss before training stops; 0 never stops.",
        ge=0,
        le=5000,
        section="Model",
    )
    device: Literal["cpu", "cuda", "mps"] = parameter(
        "cpu", title="Device", help="Only training on a CPU is reproducible bit for bit.", section="Model"
    )

    def label(self) -> str:
        layers = "-".join(map(str, self.hidden)) or "linear"
        return f"MLP {layers}" + (f" on {self.window} bars" if self.window > 1 else "")

    def processor(self) -> str:
        return self.device

    def lookback(self) -> int:
        return self.window

    def wants_validation(self) -> bool:
        return self.early_stopping > 0

    def fit(
        self,
        train: Dataset,
        validation: Dataset | None,
        seed: int,
        device: str = "cpu",
        on_step: OnStep | None = None,
    ) -> Fitted:
        with _one_thread():
            network = _Network.fresh(self, train, seed, device)
            rows, later = _Rows(self, train), validation and _Rows(self, validation)
            step = network.optimiser(self.learning_rate, self.weight_decay)
            order = np.random.default_rng(seed)
            curve: list[float] = []
            watched: list[float] = []
            best, best_epoch, tensors = np.inf, 0, network.tensors()
            for epoch in range(1, self.epochs + 1):
                curve.append(_finite(network.epoch(rows, order, step), epoch))
                if later:
                    watched.append(_finite(network.loss_on(later), epoch))
                if later and watched[-1] < best:
                    best, best_epoch, tensors = watched[-1], epoch, network.tensors()
                if on_step:
                    on_step(TrainingStep(epoch, self.epochs, curve[-1], watched[-1] if watched else None))
                if later and epoch - best_epoch >= self.early_stopping:
                    break
        if not later:
            best_epoch, tensors = len(curve), network.tensors()
        return Fitted(from_tensors(tensors), np.array(curve), np.array(watched), best_epoch)

    def predict(self, artifact: Artifact, data: Dataset, device: str = "cpu") -> Floats:
        with _one_thread():
            network = _Network.stored(to_tensors(artifact), data.task, device)
            return network.answers(data, self.window)

    def seconds(self, rows: int, features: int) -> float:
        """Of all epochs. Fitted to the processor time of one core for 1,000 to 50,000 rows with 2 to 32 features,
        windows of 1 to 50 bars, none to 256 and 128 hidden units, batches of 32 to 2,048: within a factor of two.
        """
        widths = (features * self.window, *self.hidden, 1)
        weights = sum(one * other for one, other in pairwise(widths))
        steps = -(-rows // self.batch_size) * (len(widths) - 1) * 3.1e-4
        return self.epochs * (steps + rows * (7e-7 + 9.2e-9 * widths[0] + 7.9e-11 * weights))


class _Rows:
    """The windows of a data set with the labels that they end at. Raises ``DataError`` where there is none."""

    def __init__(self, model: Mlp, data: Dataset) -> None:
        self.windows = data.windows(model.window)
        if not len(self.windows):
            raise DataError(
                f"No window of {model.window} bars fits into the {len(data):,} rows without a gap: choose a shorter "
                "window or a longer range of days."
            )
        self.label = data.label[self.windows.row]
        self.weight = None if data.weight is None else data.weight[self.windows.row]
        self.total_weight = float(len(self.label) if self.weight is None else self.weight.sum())
        self.batch = model.batch_size

    def batches(self, order: Indices) -> Iterator[tuple[Floats, Floats, Floats | None]]:
        """Values (windows, lookback, features), labels and weights, in this order."""
        for start in range(0, len(order), self.batch):
            rows = order[start : start + self.batch]
            yield self.windows.batch(rows), self.label[rows], None if self.weight is None else self.weight[rows]


@dataclass(frozen=True, eq=False)
class _Network:
    """Weights and biases on a device, and what is taken out of the features (and of a number to be predicted) before:
    ``mean`` and ``scale`` a feature, ``shift`` and ``factor`` of the label.
    """

    layers: list[tuple[torch.Tensor, torch.Tensor]]
    mean: Floats
    scale: Floats
    label: Floats
    task: Task
    place: str

    @classmethod
    def fresh(cls, model: Mlp, train: Dataset, seed: int, device: str) -> _Network:
        """Random weights (He et al. 2015); the scaling is that of the training rows."""
        import torch

        random = torch.Generator().manual_seed(seed)
        outputs = len(train.classes) if train.task == "multiclass" else 1
        widths = (train.matrix.shape[1] * model.window, *model.hidden, outputs)
        place = devices.get(f"torch:{device}").processor
        layers = []
        for inputs, units in pairwise(widths):
            weights = torch.randn((units, inputs), generator=random) * (2 / inputs) ** 0.5
            layers.append((weights.to(place).requires_grad_(), torch.zeros(units).to(place).requires_grad_()))
        values = train.values
        scale = values.std(axis=0)
        label = (
            np.array([train.label.mean(), train.label.std()]) if train.task == "regression" else np.array([0.0, 1.0])
        )
        return cls(layers, values.mean(axis=0), np.where(scale > 0, scale, 1.0), label, train.task, place)

    @classmethod
    def stored(cls, tensors: Mapping[str, NDArray[Any]], task: Task, device: str) -> _Network:
        import torch

        place = devices.get(f"torch:{device}").processor
        count = sum(name.startswith("weight") for name in tensors)
        named = [(tensors[f"weight.{number}"], tensors[f"bias.{number}"]) for number in range(count)]
        layers = [(torch.tensor(weights, device=place), torch.tensor(bias, device=place)) for weights, bias in named]
        return cls(layers, tensors["mean"], tensors["scale"], tensors["label"], task, place)

    def tensors(self) -> dict[str, NDArray[Any]]:
        """A copy of everything, as it is kept."""
        tensors: dict[str, NDArray[Any]] = {"mean": self.mean, "scale": self.scale, "label": self.label}
        for number, (weights, bias) in enumerate(self.layers):
            tensors[f"weight.{number}"] = weights.detach().cpu().numpy().copy()
            tensors[f"bias.{number}"] = bias.detach().cpu().numpy().copy()
        return tensors

    def optimiser(self, learning_rate: float, weight_decay: float) -> torch.optim.Optimizer:
        """AdamW on all weights; biases do not decay."""
        import torch

        weights, biases = zip(*self.layers, strict=True)
        groups = [{"params": weights, "weight_decay": weight_decay}, {"params": biases, "weight_decay": 0.0}]
        return torch.optim.AdamW(groups, lr=learning_rate)

    def epoch(self, rows: _Rows, order: np.random.Generator, step: torch.optim.Optimizer) -> float:
        """A pass over all rows; the mean loss of its batches as they came."""
        total = 0.0
        for values, label, weight in rows.batches(order.permutation(len(rows.label))):
            step.zero_grad()
            loss = self._loss(self._scores(values), label, weight)
            loss.backward()  # type: ignore[no-untyped-call]
            step.step()
            total += loss.item() * len(label)
        return total / rows.total_weight * float(self.label[1]) ** 2

    def loss_on(self, rows: _Rows) -> float:
        """Mean loss per row without training on it, in the unit of ``epoch``."""
        import torch

        with torch.no_grad():
            batches = rows.batches(np.arange(len(rows.label)))
            total = sum(
                self._loss(self._scores(values), label, weight).item() * len(label) for values, label, weight in batches
            )
        return total / rows.total_weight * float(self.label[1]) ** 2

    def answers(self, data: Dataset, window: int) -> Floats:
        """Predictions of ``data``, as ``Model.predict`` returns them."""
        import torch

        windows = data.windows(window)
        found = np.full((len(data), len(self.layers[-1][1])), np.nan)
        with torch.no_grad():
            for start in range(0, len(windows), _CHUNK):
                part = slice(start, start + _CHUNK)
                values = windows.batch(part)
                filled = np.zeros((_CHUNK, *values.shape[1:]))
                filled[: len(values)] = values
                found[windows.row[part]] = self._scores(filled)[: len(values)].cpu().numpy()
        if self.task == "regression":
            return np.asarray(found[:, 0] * self.label[1] + self.label[0])
        if self.task == "binary":
            return np.asarray(1 / (1 + np.exp(-found[:, 0])))
        odds = np.exp(found - found.max(axis=1, keepdims=True))
        return np.asarray(odds / odds.sum(axis=1, keepdims=True))

    def _scores(self, values: Floats) -> torch.Tensor:
        """What the last layer says of windows (windows, lookback, features)."""
        import torch

        scaled = ((values - self.mean) / self.scale).reshape(len(values), -1).astype(np.float32)
        passed = torch.from_numpy(scaled).to(self.place)
        for weights, bias in self.layers[:-1]:
            passed = torch.relu(torch.addmm(bias, passed, weights.T))
        weights, bias = self.layers[-1]
        return torch.addmm(bias, passed, weights.T)

    def _loss(self, score: torch.Tensor, label: Floats, weight: Floats | None) -> torch.Tensor:
        """The mean over the rows of their losses, times the weights if there are any."""
        if weight is None:
            return self._losses(score, label, "mean")
        import torch

        return (self._losses(score, label, "none") * torch.from_numpy(weight.astype(np.float32)).to(self.place)).mean()

    def _losses(self, score: torch.Tensor, label: Floats, reduction: str) -> torch.Tensor:
        import torch
        from torch.nn import functional

        if self.task == "multiclass":
            classes = torch.from_numpy(label.astype(np.int64)).to(self.place)
            return functional.cross_entropy(score, classes, reduction=reduction)
        scaled = torch.from_numpy(((label - self.label[0]) / self.label[1]).astype(np.float32)).to(self.place)
        if self.task == "regression":
            return functional.mse_loss(score[:, 0], scaled, reduction=reduction)
        return functional.binary_cross_entropy_with_logits(score[:, 0], scaled, reduction=reduction)


def _finite(loss: float, epoch: int) -> float:
    if not np.isfinite(loss):
        raise DataError(f"The loss of epoch {epoch} is not a number: lower the learning rate.")
    return loss


@contextmanager
def _one_thread() -> Iterator[None]:
    """Sums in another order differ in the last bits."""
    import torch

    before = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(before)
