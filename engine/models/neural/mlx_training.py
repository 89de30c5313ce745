"""Training by MLX."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from numpy.typing import NDArray

from engine.models.neural.arrays import Array
from engine.models.neural.initial import Weights
from engine.models.neural.networks.base import Pass
from engine.models.neural.rows import Batch
from engine.models.neural.trainer import State, Trainer


class MlxTrainer(Trainer):
    """MLX is lazy: each step is computed when it is made, or its graph would grow.

    Weights that decay and those that do not have an optimiser each; Adam's moments are corrected for their start, which
    MLX does only where it is told to.
    """

    def begin(self, weights: Mapping[str, NDArray[Any]]) -> None:
        self._weights = {name: self.arrays.place(values) for name, values in weights.items()}
        self._gradients: dict[str, Array] = {}
        self._groups = [
            (names, self._new_optimiser(decay))
            for names, decay in (
                (self.decayed, self.training.weight_decay),
                ([name for name in self.trained if name not in self.decayed], 0.0),
            )
            if names
        ]
        for names, optimiser in self._groups:
            optimiser.init({name: self._weights[name] for name in names})

    def _new_optimiser(self, decay: float) -> Any:
        from mlx import optimizers

        rate, training = self.training.learning_rate, self.training
        if training.optimiser == "sgd":
            return optimizers.SGD(rate, momentum=training.momentum, weight_decay=decay)
        if training.optimiser == "adamw":
            return optimizers.AdamW(rate, weight_decay=decay, bias_correction=True)
        return optimizers.Adam(rate, bias_correction=True)

    def weights(self) -> Weights:
        return {name: self.arrays.to_numpy(values) for name, values in self._weights.items()}

    def state(self) -> State:
        """``step`` is the same for all."""
        found: State = {}
        for names, optimiser in self._groups:
            found[":step"] = self.arrays.to_numpy(optimiser.state["step"])
            for name in names:
                for slot, value in optimiser.state[name].items():
                    found[f"{name}:{slot}"] = self.arrays.to_numpy(value)
        return found

    def restore(self, state: Mapping[str, NDArray[Any]]) -> None:
        import mlx.core as mx

        for names, optimiser in self._groups:
            optimiser.state["step"] = mx.array(state[":step"])
            for name in names:
                for slot in optimiser.state[name]:
                    optimiser.state[name][slot] = mx.array(state[f"{name}:{slot}"])

    def add(self, batch: Batch, share: float, seed: Sequence[int]) -> Array:
        import mlx.core as mx

        masks, targets = self.arrays.masks(seed), self.loss.smoothed(batch.targets)
        fixed = {name: values for name, values in self._weights.items() if name not in self.trained}

        def loss_of(weights: dict[str, Array]) -> tuple[Array, dict[str, Array]]:
            at = Pass(self.arrays, weights | fixed, masks)
            return self.mean_loss(at, batch, targets), at.updates

        trained = {name: self._weights[name] for name in self.trained}
        (loss, updates), found = mx.value_and_grad(loss_of)(trained)
        for name, gradient in found.items():
            added = gradient * share
            self._gradients[name] = self._gradients[name] + added if name in self._gradients else added
        self._weights.update(updates)
        mx.eval(loss, updates, self._gradients)
        return loss

    def gradients(self) -> State:
        return {name: self.arrays.to_numpy(values) for name, values in self._gradients.items()}

    def update(self, learning_rate: float) -> Array:
        import mlx.core as mx
        from mlx import optimizers

        gradients, training = self._gradients, self.training
        if training.l1:
            for name in self.decayed:
                gradients[name] = gradients[name] + training.l1 * mx.sign(self._weights[name])
        norm = _norm(gradients)
        if training.clip_norm:
            clip: Any = optimizers.clip_grad_norm
            gradients, norm = clip(gradients, training.clip_norm)
        if training.optimiser == "adam" and training.weight_decay:
            for name in self.decayed:
                gradients[name] = gradients[name] + training.weight_decay * self._weights[name]
        for names, optimiser in self._groups:
            optimiser.learning_rate = learning_rate
            weights = {name: self._weights[name] for name in names}
            self._weights.update(optimiser.apply_gradients({name: gradients[name] for name in names}, weights))
        self._gradients = {}
        mx.eval(self._weights, norm, *(optimiser.state for _, optimiser in self._groups))
        return norm

    def evaluated(self, batch: Batch) -> Array:
        import mlx.core as mx

        loss = self.mean_loss(Pass(self.arrays, self._weights), batch, batch.targets)
        mx.eval(loss)
        return loss


def _norm(gradients: Mapping[str, Array]) -> Array:
    import mlx.core as mx

    return mx.sqrt(sum(values.square().sum() for values in gradients.values()))
