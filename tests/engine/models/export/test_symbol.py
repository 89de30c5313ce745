"""Graphs of NumPy's operations, run by ONNX Runtime, give what NumPy gives."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

pytest.importorskip("onnx", reason="graphs need onnx: pip install 'stratoscope[onnx]'")
pytest.importorskip("onnxruntime", reason="graphs need onnxruntime: pip install 'stratoscope[onnx]'")

from engine.models.export import writer
from engine.models.export.symbol import BATCH, Graph, GraphSymbol
from engine.models.symbol import joined

VALUES = np.random.default_rng(0).normal(size=(7, 4, 3))
VALUES[2, 1] = np.nan
SCALE = np.array([2.0, -1.0, 0.5])
WEIGHT = np.random.default_rng(1).normal(size=(3, 5))
OPERATIONS: dict[str, Callable[[Any], Any]] = {
    "arithmetic": lambda x: (3 - x / SCALE + 2 * x) * x - 1.0 / (x**2 + 1),
    "negative": lambda x: -x + np.abs(x),
    "elementary": lambda x: np.tanh(np.exp(x)) + np.sqrt(np.log(x**2 + 2)),
    "known": lambda x: np.where(np.isnan(x), SCALE, x),
    "clipped": lambda x: np.clip(x, -0.5 * np.abs(SCALE), np.abs(SCALE)),
    "compared": lambda x: np.where((x > 0.2) & (x <= 1), 1.0, x) if isinstance(x, np.ndarray) else both(x),
    "product": lambda x: x @ WEIGHT,
    "vector": lambda x: x @ SCALE,
    "last": lambda x: x[:, -1],
    "slice": lambda x: x[:, 1:3, :2],
    "new axis": lambda x: x[:, :, None, 1] - x[:, 0][:, None, None, 0],
    "flat": lambda x: x.reshape(len(x), -1),
    "swapped": lambda x: x.swapaxes(1, 2).reshape(len(x), 6, 2),
    "sum": lambda x: x.sum(1) + x.sum(-1).sum(1)[:, None],
    "argmax": lambda x: np.where(np.isnan(x), 0, x).argmax(2).astype(np.float64),
    "single": lambda x: x.astype(np.float32).astype(np.float64),
}


def both(x: GraphSymbol) -> Any:
    return np.where(x > 0.2, np.where(x <= 1, 1.0, x), x)


def run(function: Callable[[Any], Any]) -> np.ndarray:
    given = GraphSymbol(Graph(), writer.INPUT, (BATCH, 4, 3), np.dtype(np.float64))
    found = function(given)
    made = writer.run(writer.to_bytes(given, found, {}), VALUES)
    assert made.shape[1:] == found.shape[1:]
    return made


@pytest.mark.parametrize("name", OPERATIONS)
def test_an_operation_gives_what_numpy_gives(name: str) -> None:
    np.testing.assert_allclose(run(OPERATIONS[name]), OPERATIONS[name](VALUES), rtol=1e-12)


def test_parts_are_joined() -> None:
    expected = np.concatenate([VALUES, 2 * VALUES], axis=2)
    np.testing.assert_array_equal(run(lambda x: joined([x, 2 * x], 2)), expected)


@pytest.mark.parametrize(
    "function",
    [
        lambda x: x if x > 0 else -x, lambda x: np.interp(x, [0, 1], [1, 2]), lambda x: np.asarray(x),
        lambda x: np.sinh(x), lambda x: x.reshape(3, -1), lambda x: x[::2], lambda x: np.median(x),
        lambda x: np.add.reduce(x), lambda x: x[np.array([0])],
    ],
)  # fmt: skip
def test_what_cannot_be_written_down_raises(function: Callable[[Any], Any]) -> None:
    with pytest.raises(TypeError):
        run(function)


def test_the_same_graph_is_the_same_bytes_and_holds_a_constant_once() -> None:
    def made() -> tuple[Graph, bytes]:
        given = GraphSymbol(Graph(), writer.INPUT, (BATCH, 3), np.dtype(np.float64))
        found = (given + SCALE) * SCALE
        return given.graph, writer.to_bytes(given, found, {"run": "a", "model": "b"})

    (graph, first), (_, second) = made(), made()
    assert first == second
    assert len(graph.constants) == 1
