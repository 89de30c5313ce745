"""The causal Transformer encoder."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from engine.market.bars import Floats
from engine.models.neural.arrays import Array
from engine.models.neural.networks.base import Parameters, Pass, SequenceNetwork, linear, normalisation

_PROJECTIONS = ("query", "key", "value")


@dataclass(frozen=True)
class Transformer(SequenceNetwork):
    """Blocks of causal self-attention and two dense layers (Vaswani et al. 2017), normalised before each (Xiong et al.
    2020) and after the last, on a linear map of the features to which sines of the place in the window are added.
    """

    features: int
    outputs: int
    width_: int
    heads: int
    blocks: int
    feed_forward: int
    dropout: float = 0.0

    @property
    def width(self) -> int:
        return self.width_

    def body(self) -> Parameters:
        found = linear("embedding", self.features, self.width)
        for number in range(self.blocks):
            name = f"block.{number}"
            found |= normalisation(f"{name}.before_attention", self.width, "layer")
            for part in (*_PROJECTIONS, "out"):
                found |= linear(f"{name}.{part}", self.width, self.width)
            found |= normalisation(f"{name}.before_dense", self.width, "layer")
            found |= linear(f"{name}.widen", self.width, self.feed_forward)
            found |= linear(f"{name}.narrow", self.feed_forward, self.width)
        return found | normalisation("last", self.width, "layer")

    def held(self, window: int) -> int:
        of_block = (
            6 * self.width + 2 * self.feed_forward
        )  # query, key, value, what is attended to, two norms; two dense
        return window * (self.features + self.blocks * of_block)

    def sequence(self, at: Pass, x: Array) -> Array:
        x = at.linear(x, "embedding") + at.arrays.place(places(x.shape[1], self.width))
        x = at.dropped(x, self.dropout)
        for number in range(self.blocks):
            name = f"block.{number}"
            x = x + at.dropped(
                self._attended(at, at.normalised(x, f"{name}.before_attention", "layer"), name), self.dropout
            )
            wide = at.arrays.activation(
                "gelu", at.linear(at.normalised(x, f"{name}.before_dense", "layer"), f"{name}.widen")
            )
            x = x + at.dropped(at.linear(at.dropped(wide, self.dropout), f"{name}.narrow"), self.dropout)
        return at.normalised(x, "last", "layer")

    def _attended(self, at: Pass, x: Array, name: str) -> Array:
        count, steps, _ = x.shape
        split = (count, steps, self.heads, self.width // self.heads)
        parts = [at.linear(x, f"{name}.{part}").reshape(*split).swapaxes(1, 2) for part in _PROJECTIONS]
        joined = at.arrays.causal_attention(*parts).swapaxes(1, 2).reshape(count, steps, self.width)
        return at.linear(joined, f"{name}.out")


def places(window: int, width: int) -> Floats:
    """Sines and cosines (window, width) that say how far a bar is from the last one, the same in a longer window."""
    back = np.arange(window - 1, -1, -1)[:, None]
    angle = back / 10_000 ** (np.arange(0, width, 2) / width)
    return np.concatenate([np.sin(angle), np.cos(angle)], axis=1)[:, :width]
