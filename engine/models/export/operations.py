"""Networks' operations as nodes of a graph: the layers' own code writes it."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.models.neural.arrays import Activation, Array, Cell, Operations

_OF_OURS = {"rnn": (0,), "gru": (1, 0, 2), "lstm": (0, 3, 1, 2)}
"""The gates in the order of ONNX: update, reset, new; input, output, forget, cell."""
_EPSILON = 1e-5


class GraphOperations(Operations):
    """float32 throughout."""

    def place(self, values: NDArray[Any]) -> Array:
        return values.astype(np.float32)

    def constant(self, array: Array) -> Array:
        return array

    def softmax(self, x: Array) -> Array:
        return x.elementwise("Softmax", axis=-1)

    def activation(self, name: Activation, x: Array) -> Array:
        if name == "gelu":
            return x * 0.5 * ((x / np.sqrt(2)).elementwise("Erf") + 1.0)
        if name == "silu":
            return x * x.elementwise("Sigmoid")
        return x.elementwise({"relu": "Relu", "elu": "Elu", "tanh": "Tanh"}[name])

    def linear(self, x: Array, weight: Array, bias: Array) -> Array:
        return x @ weight.T + bias

    def layer_norm(self, x: Array, weight: Array, bias: Array) -> Array:
        scale, shift = (x.graph.constant(values, np.float32) for values in (weight, bias))
        return x.graph.apply(
            "LayerNormalization", x, scale, shift, shape=x.shape, dtype=np.float32, axis=-1, epsilon=_EPSILON
        )

    def recurrent(self, cell: Cell, x: Array, inputs: Array, recurrent: Array, bias: Array, new: Array | None) -> Array:
        units = recurrent.shape[1]
        second = np.zeros_like(bias)
        if new is not None:
            second[2 * units :] = new
        both = np.concatenate([_ordered(cell, bias), _ordered(cell, second)])
        weights = [
            x.graph.constant(values[None], np.float32)
            for values in (_ordered(cell, inputs), _ordered(cell, recurrent), both)
        ]
        more = {"linear_before_reset": 1} if cell == "gru" else {}
        steps = x.swapaxes(0, 1)
        found = x.graph.apply(
            cell.upper(), steps, *weights, shape=(steps.shape[0], 1, len(x), units), dtype=np.float32,
            hidden_size=units, **more,
        )  # fmt: skip
        return found[:, 0].swapaxes(0, 1)

    def convolution(self, x: Array, weight: Array, dilation: int, groups: int) -> Array:
        before = (weight.shape[2] - 1) * dilation
        found = x.graph.apply(
            "Conv", x.swapaxes(1, 2), x.graph.constant(weight, np.float32), shape=(len(x), len(weight), x.shape[1]),
            dtype=np.float32, dilations=[dilation], group=groups, pads=[before, 0], kernel_shape=[weight.shape[2]],
        )  # fmt: skip
        return found.swapaxes(1, 2)

    def causal_attention(self, query: Array, key: Array, value: Array) -> Array:
        steps, width = query.shape[-2:]
        later = np.triu(np.full((steps, steps), -np.inf, dtype=np.float32), 1)
        return self.softmax(query @ key.swapaxes(2, 3) / np.sqrt(width) + later) @ value


def _ordered(cell: Cell, values: NDArray[Any]) -> NDArray[Any]:
    """``values`` (gates x units, ...) with the gates in the order of ONNX."""
    gates = np.split(values, len(_OF_OURS[cell]))
    return np.concatenate([gates[place] for place in _OF_OURS[cell]])
