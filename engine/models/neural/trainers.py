"""The trainer of each framework."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from numpy.typing import NDArray

from engine.models.neural.arrays import Arrays
from engine.models.neural.losses import Loss
from engine.models.neural.mlx_arrays import MlxArrays
from engine.models.neural.mlx_training import MlxTrainer
from engine.models.neural.networks.base import Network
from engine.models.neural.torch_arrays import TorchArrays
from engine.models.neural.torch_training import TorchTrainer
from engine.models.neural.trainer import Trainer


def arrays_of(framework: str, device: str) -> Arrays:
    """The operations of a framework on a device."""
    return TorchArrays(device) if framework == "torch" else MlxArrays(device)


def trainer_of(network: Network, loss: Loss, weights: Mapping[str, NDArray[Any]], arrays: Arrays) -> Trainer:
    return (TorchTrainer if arrays.framework == "torch" else MlxTrainer)(network, loss, weights, arrays)
