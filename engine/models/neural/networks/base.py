"""The contract of a network, and the layers that all are built of."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from engine.models.neural.arrays import Activation, Array, Masks, Operations

Start = Literal["weight", "recurrent", "zeros", "ones", "forget"]
Normalisation = Literal["none", "batch", "layer"]
_MOMENTUM, _EPSILON = 0.1, 1e-5


@dataclass(frozen=True)
class Parameter:
    """An array of weights: its ``shape``, and how it begins (``initial.fresh``). Only weights of layers decay. Running
    statistics are not ``trained``.
    """

    shape: tuple[int, ...]
    start: Start = "weight"
    trained: bool = True

    @property
    def decays(self) -> bool:
        return self.trained and self.start in ("weight", "recurrent")


Parameters = dict[str, Parameter]


@dataclass(frozen=True, eq=False)
class Pass:
    """One way through a network: its ``weights`` by name, and where it is trained the ``masks`` of its dropout.

    ``updates`` receives new values of weights that are not trained.
    """

    arrays: Operations
    weights: Mapping[str, Array]
    masks: Masks | None = None
    updates: dict[str, Array] = field(default_factory=dict)

    def dropped(self, x: Array, rate: float) -> Array:
        """``x``, in training without a share ``rate`` of its values, the others grown in turn (Srivastava 2014)."""
        if self.masks is None or not rate:
            return x
        return x * self.masks.kept(x, 1 - rate) / (1 - rate)

    def linear(self, x: Array, name: str) -> Array:
        return self.arrays.linear(x, self.weights[f"{name}.weight"], self.weights[f"{name}.bias"])

    def normalised(self, x: Array, name: str, how: Normalisation) -> Array:
        """Over the last axis of ``x`` (layer; Ba et al. 2016), or each of it over all others (batch; Ioffe and Szegedy
        2015).
        """
        if how == "none":
            return x
        weight, bias = self.weights[f"{name}.weight"], self.weights[f"{name}.bias"]
        if how == "layer":
            return self.arrays.layer_norm(x, weight, bias)
        mean, variance = self.weights[f"{name}.mean"], self.weights[f"{name}.variance"]
        if self.masks is not None:
            mean, variance = self._batch_statistics(x, name)
        return (x - mean) / (variance + _EPSILON) ** 0.5 * weight + bias

    def _batch_statistics(self, x: Array, name: str) -> tuple[Array, Array]:
        """Those of this batch; the running ones are moved towards them."""
        flat = x.reshape(-1, x.shape[-1])
        mean = flat.mean(0)
        variance = ((flat - mean) ** 2).mean(0)
        unbiased = variance * (len(flat) / max(len(flat) - 1, 1))
        for part, value in (("mean", mean), ("variance", unbiased)):
            running = self.weights[f"{name}.{part}"]
            self.updates[f"{name}.{part}"] = self.arrays.constant((1 - _MOMENTUM) * running + _MOMENTUM * value)
        return mean, variance


def linear(name: str, inputs: int, outputs: int) -> Parameters:
    return {f"{name}.weight": Parameter((outputs, inputs)), f"{name}.bias": Parameter((outputs,), "zeros")}


def normalisation(name: str, units: int, how: Normalisation) -> Parameters:
    if how == "none":
        return {}
    found = {f"{name}.weight": Parameter((units,), "ones"), f"{name}.bias": Parameter((units,), "zeros")}
    if how == "batch":
        found[f"{name}.mean"] = Parameter((units,), "zeros", trained=False)
        found[f"{name}.variance"] = Parameter((units,), "ones", trained=False)
    return found


class Network(ABC):
    """A network from windows (windows, window, features) to scores (windows, outputs), as frozen fields."""

    outputs: int
    dropout: float

    @abstractmethod
    def parameters(self) -> Parameters:
        """All weights by name, in a fixed order."""

    @abstractmethod
    def scores(self, at: Pass, x: Array) -> Array:
        """Logits of classes (one of two classes), or the number."""

    def held(self, window: int) -> int:
        """Numbers that one window takes in training, at least: its own, and what layers keep for the way back."""
        return 0

    @property
    def rectifies(self) -> bool:
        """Whether its units cut off what is below zero, so that weights begin larger (He et al. 2015)."""
        return False


class SequenceNetwork(Network):
    """A network that says something at each bar of its window, and predicts by what it says at the last."""

    @property
    @abstractmethod
    def width(self) -> int:
        """Numbers that are said at each bar."""

    @abstractmethod
    def body(self) -> Parameters: ...

    @abstractmethod
    def sequence(self, at: Pass, x: Array) -> Array:
        """What is said at each bar (windows, window, width), by that bar and those before it alone."""

    def pooled(self, at: Pass, x: Array) -> Array:
        """``sequence`` as the one thing (windows, width) that is predicted from."""
        return self.sequence(at, x)[:, -1]

    def parameters(self) -> Parameters:
        return self.body() | linear("head", self.width, self.outputs)

    def scores(self, at: Pass, x: Array) -> Array:
        return at.linear(self.pooled(at, x), "head")


RECTIFIERS: frozenset[Activation] = frozenset({"relu", "gelu", "silu", "elu"})
