"""Arrays that are not computed but written down: what is done to them becomes the nodes of a graph in ONNX.

A ``GraphSymbol`` takes the operators and functions of NumPy that processors and networks are written with, so that
their own code says what goes into the graph. What it does not take raises ``TypeError``: nothing is left out silently.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.labels import Task
from engine.market.bars import Floats
from engine.models.export.operations import GraphOperations
from engine.models.export.trees import tree_ensemble
from engine.models.trees import Trees

BATCH = 8191
"""Stands for the number of rows, which a graph does not know, in shapes: no other size is this prime."""
Shape = tuple[int, ...]
_UFUNCS: Mapping[Any, str] = {
    np.add: "Add", np.subtract: "Sub", np.multiply: "Mul", np.divide: "Div", np.power: "Pow", np.negative: "Neg",
    np.exp: "Exp", np.log: "Log", np.sqrt: "Sqrt", np.tanh: "Tanh", np.absolute: "Abs", np.isnan: "IsNaN",
    np.isinf: "IsInf", np.less: "Less", np.less_equal: "LessOrEqual", np.greater: "Greater",
    np.greater_equal: "GreaterOrEqual", np.equal: "Equal", np.matmul: "MatMul", np.logical_not: "Not",
}  # fmt: skip
_TRUTHS = {"IsNaN", "IsInf", "Less", "LessOrEqual", "Greater", "GreaterOrEqual", "Equal", "Not"}


@dataclass(frozen=True)
class Node:
    """An operation of ONNX on the values of these names."""

    operation: str
    inputs: tuple[str, ...]
    output: str
    attributes: Mapping[str, Any]
    domain: str = ""


@dataclass(frozen=True, eq=False)
class Graph:
    """The ``nodes`` so far in their order, and the ``constants`` that they use, by name."""

    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, NDArray[Any]] = field(default_factory=dict)

    def constant(self, values: Any, dtype: Any) -> str:
        """The name of ``values``, each of which is held once."""
        array = np.ascontiguousarray(values, dtype=dtype).reshape(np.shape(values))
        for name, held in self.constants.items():
            if held.dtype == array.dtype and held.shape == array.shape and held.tobytes() == array.tobytes():
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def apply(
        self,
        operation: str,
        *inputs: GraphSymbol | str,
        shape: Shape,
        dtype: Any,
        place: int = 0,
        domain: str = "",
        **more: Any,
    ) -> GraphSymbol:
        """The output of a new node."""
        own = f"v{len(self.nodes)}"
        names = tuple(item.name if isinstance(item, GraphSymbol) else item for item in inputs)
        self.nodes.append(Node(operation, names, own, more, domain))
        return GraphSymbol(self, own, shape, np.dtype(dtype))


@dataclass(frozen=True, eq=False)
class GraphSymbol:
    """An array of a ``shape`` whose first size is ``BATCH``, under a ``name`` in its ``graph``."""

    graph: Graph
    name: str
    shape: Shape
    dtype: np.dtype[Any]

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __len__(self) -> int:
        return self.shape[0]

    def __bool__(self) -> bool:
        raise TypeError("What a graph does cannot depend on the values in it.")

    def __array__(self, *_: Any, **__: Any) -> NDArray[Any]:
        raise TypeError("An array that is not computed has no values.")

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, **more: Any) -> Any:
        if ufunc not in _UFUNCS or method != "__call__" or more:
            return NotImplemented
        return _applied(ufunc, *inputs)

    def __array_function__(self, function: Any, _: Any, arguments: Sequence[Any], more: Mapping[str, Any]) -> Any:
        known: Mapping[Any, Callable[..., GraphSymbol]] = {np.where: _where, np.clip: _clip, np.concatenate: _joined}
        if function not in known:
            return NotImplemented
        return known[function](*arguments, **more)

    def __add__(self, other: Any) -> GraphSymbol:
        return _applied(np.add, self, other)

    def __radd__(self, other: Any) -> GraphSymbol:
        return _applied(np.add, other, self)

    def __sub__(self, other: Any) -> GraphSymbol:
        return _applied(np.subtract, self, other)

    def __rsub__(self, other: Any) -> GraphSymbol:
        return _applied(np.subtract, other, self)

    def __mul__(self, other: Any) -> GraphSymbol:
        return _applied(np.multiply, self, other)

    def __rmul__(self, other: Any) -> GraphSymbol:
        return _applied(np.multiply, other, self)

    def __truediv__(self, other: Any) -> GraphSymbol:
        return _applied(np.divide, self, other)

    def __rtruediv__(self, other: Any) -> GraphSymbol:
        return _applied(np.divide, other, self)

    def __pow__(self, other: Any) -> GraphSymbol:
        return _applied(np.power, self, other)

    def __neg__(self) -> GraphSymbol:
        return _applied(np.negative, self)

    def __matmul__(self, other: Any) -> GraphSymbol:
        return _applied(np.matmul, self, other)

    def __lt__(self, other: Any) -> GraphSymbol:
        return _applied(np.less, self, other)

    def __le__(self, other: Any) -> GraphSymbol:
        return _applied(np.less_equal, self, other)

    def __gt__(self, other: Any) -> GraphSymbol:
        return _applied(np.greater, self, other)

    def __ge__(self, other: Any) -> GraphSymbol:
        return _applied(np.greater_equal, self, other)

    def __getitem__(self, index: Any) -> GraphSymbol:
        found, axis = self, 0
        for part in index if isinstance(index, tuple) else (index,):
            if part is None:
                found = found._unsqueezed(axis)
            elif isinstance(part, int):
                found = found._taken(part, axis)
                continue
            elif not isinstance(part, slice) or part.step not in (None, 1):
                raise TypeError("A graph takes whole numbers and slices as an index.")
            elif part != slice(None):
                found = found._sliced(part, axis)
            axis += 1
        return found

    def _unsqueezed(self, axis: int) -> GraphSymbol:
        shape = (*self.shape[:axis], 1, *self.shape[axis:])
        return self.graph.apply("Unsqueeze", self, self.graph.constant([axis], np.int64), shape=shape, dtype=self.dtype)

    def _taken(self, place: int, axis: int) -> GraphSymbol:
        shape = (*self.shape[:axis], *self.shape[axis + 1 :])
        where = self.graph.constant(place, np.int64)
        return self.graph.apply("Gather", self, where, shape=shape, dtype=self.dtype, axis=axis)

    def _sliced(self, part: slice, axis: int) -> GraphSymbol:
        start, stop, _ = part.indices(self.shape[axis])
        shape = (*self.shape[:axis], max(stop - start, 0), *self.shape[axis + 1 :])
        bounds = [self.graph.constant([value], np.int64) for value in (start, stop, axis)]
        return self.graph.apply("Slice", self, *bounds, shape=shape, dtype=self.dtype)

    def reshape(self, *sizes: int) -> GraphSymbol:
        """A size of -1 follows from the others; the first is the number of rows."""
        if sizes[0] != BATCH or self.shape[0] != BATCH:
            raise TypeError("A graph keeps its rows: no row may be joined with another.")
        whole, known = int(np.prod(self.shape[1:])), int(np.prod([size for size in sizes[1:] if size != -1]))
        shape = tuple(whole // known if size == -1 else size for size in sizes)
        to = self.graph.constant([0, *shape[1:]], np.int64)  # 0 is the size that is there
        return self.graph.apply("Reshape", self, to, shape=shape, dtype=self.dtype)

    def swapaxes(self, one: int, other: int) -> GraphSymbol:
        order = list(range(self.ndim))
        order[one], order[other] = order[other], order[one]
        shape = tuple(self.shape[axis] for axis in order)
        return self.graph.apply("Transpose", self, shape=shape, dtype=self.dtype, perm=order)

    def sum(self, axis: int) -> GraphSymbol:
        axis %= self.ndim
        shape = (*self.shape[:axis], *self.shape[axis + 1 :])
        along = self.graph.constant([axis], np.int64)
        return self.graph.apply("ReduceSum", self, along, shape=shape, dtype=self.dtype, keepdims=0)

    def argmax(self, axis: int) -> GraphSymbol:
        axis %= self.ndim
        shape = (*self.shape[:axis], *self.shape[axis + 1 :])
        return self.graph.apply("ArgMax", self, shape=shape, dtype=np.int64, axis=axis, keepdims=0)

    def equals(self, other: Any) -> GraphSymbol:
        return _applied(np.equal, self, other)

    def astype(self, dtype: Any) -> GraphSymbol:
        kinds = {"float32": 1, "int64": 7, "bool": 9, "float64": 11}  # of onnx.TensorProto
        wanted = np.dtype(dtype)
        return self.graph.apply("Cast", self, shape=self.shape, dtype=wanted, to=kinds[wanted.name])

    def elementwise(self, operation: str, **more: Any) -> GraphSymbol:
        return self.graph.apply(operation, self, shape=self.shape, dtype=self.dtype, **more)

    def linked(self, task: Task) -> GraphSymbol:
        if task == "multiclass":
            return self.elementwise("Softmax", axis=-1)
        return self[:, 0].elementwise("Sigmoid") if task == "binary" else self[:, 0]

    def tree_scores(self, nodes: Mapping[str, NDArray[Any]], baseline: Floats, weight: float) -> GraphSymbol:
        found = self.graph.apply(
            "TreeEnsembleRegressor",
            self,
            shape=(len(self), len(baseline)),
            dtype=np.float32,  # of this operation, whatever it is given
            domain="ai.onnx.ml",
            **tree_ensemble(Trees(**nodes), baseline, weight),
        )
        return found.astype(np.float64)

    def operations(self) -> GraphOperations:
        return GraphOperations()


def _applied(ufunc: Any, *inputs: Any) -> GraphSymbol:
    operation = _UFUNCS[ufunc]
    first = next(item for item in inputs if isinstance(item, GraphSymbol))
    names = [item if isinstance(item, GraphSymbol) else first.graph.constant(item, first.dtype) for item in inputs]
    shapes = [item.shape if isinstance(item, GraphSymbol) else np.shape(item) for item in inputs]
    shape = _product_shape(*shapes) if operation == "MatMul" else np.broadcast_shapes(*shapes)
    return first.graph.apply(operation, *names, shape=shape, dtype=bool if operation in _TRUTHS else first.dtype)


def _where(condition: GraphSymbol, yes: Any, no: Any) -> GraphSymbol:
    dtype = next((item.dtype for item in (yes, no) if isinstance(item, GraphSymbol)), np.dtype(np.float64))
    parts = [item if isinstance(item, GraphSymbol) else condition.graph.constant(item, dtype) for item in (yes, no)]
    shape = np.broadcast_shapes(*(item.shape if isinstance(item, GraphSymbol) else np.shape(item)
                                  for item in (condition, yes, no)))  # fmt: skip
    return condition.graph.apply("Where", condition, *parts, shape=shape, dtype=dtype)


def _clip(values: GraphSymbol, low: Any, high: Any) -> GraphSymbol:
    """As NumPy does, an unknown value stays so."""
    above = _where(values < low, low, values)
    return _where(above > high, high, above)


def _joined(parts: Sequence[GraphSymbol], axis: int = 0) -> GraphSymbol:
    """``np.concatenate`` of symbols alone."""
    first = parts[0]
    axis %= first.ndim
    size = sum(part.shape[axis] for part in parts)
    shape = (*first.shape[:axis], size, *first.shape[axis + 1 :])
    return first.graph.apply("Concat", *parts, shape=shape, dtype=first.dtype, axis=axis)


def _product_shape(one: Shape, other: Shape) -> Shape:
    if len(other) == 1:
        return (*np.broadcast_shapes(one[:-1]),)
    return (*np.broadcast_shapes(one[:-2], other[:-2]), one[-2], other[-1])
