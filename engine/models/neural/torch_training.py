"""Training by torch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.neural.arrays import Array
from engine.models.neural.initial import Weights
from engine.models.neural.networks.base import Pass
from engine.models.neural.rows import Batch
from engine.models.neural.trainer import State, Trainer


class TorchTrainer(Trainer):
    def begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._weights = {name: self.arrays.place(np.array(values)) for name, values in weights.items()}
        for name in self.trained:
            self._weights[name].requires_grad_()
        self._optimiser = self._new_optimiser()

    def _new_optimiser(self) -> Any:
        import torch

        decayed, others = set(self.decayed), [name for name in self.trained if name not in self.decayed]
        groups: list[dict[str, Any]] = [
            {"params": [self._weights[name] for name in self.trained if name in decayed]},
            {"params": [self._weights[name] for name in others], "weight_decay": 0.0},
        ]
        groups = [group for group in groups if group["params"]]
        rate, decay = self.training.learning_rate, self.training.weight_decay
        if self.training.optimiser == "sgd":
            return torch.optim.SGD(groups, lr=rate, momentum=self.training.momentum, weight_decay=decay)
        made = torch.optim.AdamW if self.training.optimiser == "adamw" else torch.optim.Adam
        return made(groups, lr=rate, weight_decay=decay)

    def weights(self) -> Weights:
        return {name: self.arrays.to_numpy(values) for name, values in self._weights.items()}

    def state(self) -> State:
        kept = self._optimiser.state
        return {
            f"{name}:{slot}": self.arrays.to_numpy(value)
            for name in self.trained
            for slot, value in kept.get(self._weights[name], {}).items()
            if value is not None
        }

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        import torch

        for key, value in state.items():
            name, _, slot = key.rpartition(":")
            weights = self._weights[name]
            place = "cpu" if slot == "step" else weights.device
            self._optimiser.state[weights][slot] = torch.tensor(value, device=place)

    def add(self, batch: Batch, share: float, seed: Sequence[int]) -> Array:
        at = Pass(self.arrays, self._weights, self.arrays.masks(seed))
        loss = self.mean_loss(at, batch, self.loss.smoothed(batch.targets))
        (loss * share if share != 1 else loss).backward()
        self._weights.update(at.updates)
        return loss.detach()

    def gradients(self) -> State:
        return {name: self.arrays.to_numpy(self._weights[name].grad) for name in self.trained}

    def update(self, learning_rate: float) -> Array:
        import torch

        weights = [self._weights[name] for name in self.trained]
        if self.training.l1:
            for name in self.decayed:
                self._weights[name].grad.add_(self._weights[name].detach().sign(), alpha=self.training.l1)
        gradients = [item.grad for item in weights]
        norm = torch.nn.utils.get_total_norm(gradients)
        if self.training.clip_norm:
            torch.nn.utils.clip_grads_with_norm_(weights, self.training.clip_norm, norm)
        for group in self._optimiser.param_groups:
            group["lr"] = learning_rate
        self._optimiser.step()
        self._optimiser.zero_grad()
        return norm

    def evaluated(self, batch: Batch) -> Array:
        with self.arrays.without_gradients():
            return self.mean_loss(Pass(self.arrays, self._weights), batch, batch.targets)
