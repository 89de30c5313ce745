"""Features by the kernels of a device: those whose outputs are expressions, window by window of all symbols at once."""

from __future__ import annotations

from collections.abc import Container, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from engine import devices
from engine.features.device import ON_CPU, Choice
from engine.features.kernels import Kernels, backend, kernels_for
from engine.features.kernels.bounds import BOUNDS, Precision
from engine.features.kernels.series import compute
from engine.indicators import Indicator, call_indicator, require_inputs
from engine.indicators.averages import Ema
from engine.indicators.expressions.evaluation import Evaluation
from engine.indicators.expressions.nodes import Column, Line, Node, Number, Operation, walk
from engine.indicators.expressions.parser import parse
from engine.market.bars import Bars, Floats, Market

PRECISION: Precision = "float32"
"""What every device computes in: the GPUs of Apple have nothing else, and others are many times as fast in it."""

TIME = Number(0.0)
"""In place of a series: the number of each bar."""

_OF_ONE = {
    "sum": "rolling_sum", "mean": "rolling_mean", "std": "rolling_std", "ts_rank": "rolling_rank",
    "ts_max": "rolling_max", "ts_min": "rolling_min", "quantile": "rolling_quantile",
}  # fmt: skip
_OF_TIME = {"slope": "regression_slope", "residual": "regression_residual", "r_squared": "regression_r_squared"}
_OF_TWO = {
    "correlation": "rolling_correlation",
    "regression_slope": "regression_slope",
    "regression_residual": "regression_residual",
}


class Call(NamedTuple):
    """A kernel of some series, with the numbers that it takes after the windows."""

    kernel: str
    inputs: tuple[Node, ...]
    constants: tuple[float, ...] = ()


def call_of(node: Node) -> tuple[Call, int] | None:
    """The kernel that has the values of ``node``, and its window; None where no kernel has."""
    match node:
        case Operation(name=name, inputs=inputs, constants=(bars, *more)):
            if name in _OF_ONE:
                return Call(_OF_ONE[name], inputs, tuple(more)), int(bars)
            if name in _OF_TIME:
                return Call(_OF_TIME[name], (TIME, *inputs)), int(bars)
            if name in _OF_TWO:
                return Call(_OF_TWO[name], inputs), int(bars)
        case Line(indicator=Ema(window=window), inputs=inputs):
            return Call("exponential_mean", inputs or (Column("close"),)), window
    return None


def _in_steps(node: Node) -> Node:
    """``node`` with what follows from kernels in a few steps written as those."""
    match node:
        case Operation(name="zscore", inputs=(x,), constants=(bars,)):
            apart = Operation("subtract", (x, Operation("mean", (x,), (bars,))))
            return Operation("divide", (apart, Operation("std", (x,), (bars,))))
        case Operation(name="var", inputs=inputs, constants=constants):
            return Operation("power", (Operation("std", inputs, constants), Number(2.0)))
    return node


class DeviceEvaluation(Evaluation):
    """Expressions whose windows are computed by ``kernels``, all that any of ``nodes`` has of a series in one call."""

    def __init__(self, bars: Sequence[Bars], kernels: Kernels, nodes: Sequence[Node]) -> None:
        super().__init__(bars)
        self._kernels = kernels
        self._windows: dict[Call, set[int]] = {}
        self._results: dict[Call, dict[int, Floats]] = {}
        for call, window in (found for node in nodes for found in calls(node)):
            self._windows.setdefault(call, set()).add(window)

    def _computed(self, node: Node) -> Floats:
        found = call_of(node)
        if found is None:
            steps = _in_steps(node)
            return self._value(steps) if steps is not node else super()._computed(node)
        call, window = found
        if call not in self._results:
            self._results[call] = self._by_window(call, sorted(self._windows.get(call, {window})))
        return self._results[call][window]

    def _by_window(self, call: Call, windows: list[int]) -> dict[int, Floats]:
        series = [self._time() if node is TIME else self._whole(self._value(node)) for node in call.inputs]
        found = compute(self._kernels, call.kernel, series, windows, PRECISION, *call.constants)
        return {window: np.ascontiguousarray(found[:, place]) for place, window in enumerate(windows)}

    def _time(self) -> Floats:
        return np.array(np.broadcast_to(np.arange(float(self._shape[1])), self._shape))


def calls(node: Node) -> Iterator[tuple[Call, int]]:
    """The kernels that ``node`` needs, with their windows."""
    for item in walk(node):
        for part in walk(_in_steps(item)) if _in_steps(item) is not item else (item,):
            if found := call_of(part):
                yield found


def formulas(feature: Indicator) -> tuple[Node, ...]:
    """The outputs of ``feature`` as expressions, if kernels have a part in them."""
    nodes = tuple(parse(text) for text in feature.formulas())
    return nodes if any(True for node in nodes for _ in calls(node)) else ()


def on_device(features: Sequence[Indicator], market: Market, name: str) -> Mapping[Indicator, list[Floats]]:
    """The values of those of ``features`` that the device ``name`` computes: (bars, outputs) for each symbol. Raises
    ``DeviceError`` for one that this machine lacks, ``DataError`` for a missing column.
    """
    chosen = {feature: nodes for feature in features if (nodes := formulas(feature))}
    kernels = kernels_for(devices.get(name))
    evaluation = DeviceEvaluation(market.bars, kernels, [node for nodes in chosen.values() for node in nodes])
    found: dict[Indicator, list[Floats]] = {}
    for feature, nodes in chosen.items():
        for bars in market.bars:
            require_inputs(feature, bars)
        warm_ups = call_indicator.warm_ups(feature)
        found[feature] = [
            np.column_stack(
                [_warmed(evaluation.row(node, at), bars) for node, bars in zip(nodes, warm_ups, strict=True)]
            )
            for at in range(len(market.bars))
        ]
    kernels.release()
    return found


def code(name: str) -> tuple[type, ...]:
    """What the values of the device ``name`` follow from, beside the indicators: for run keys."""
    return DeviceEvaluation, backend(name.partition(":")[0])


def explanation(choice: Choice, features: Sequence[Indicator], found: Container[Indicator]) -> str:
    """Why a device computed what it did, how exact it is, and what the CPU computed all the same."""
    own = [feature for feature in features if feature in found]
    if not own:
        return (
            f"{ON_CPU.reason.partition(',')[0]}: {devices.NAMES[choice.device]} has a part in none of these features."
        )
    kernels = {call.kernel for feature in own for node in formulas(feature) for call, _ in calls(node)}
    bounds = [
        f"{name.replace('_', ' ')} {BOUNDS[name].at(PRECISION):.0e} of {BOUNDS[name].of}" for name in sorted(kernels)
    ]
    others = [feature.label() for feature in features if feature not in found]
    rest = f" On the CPU in float64: {', '.join(others)}." if others else ""
    return f"{choice.reason} Within these bounds of float64: {'; '.join(bounds)}.{rest}"


def _warmed(values: Floats, bars: int) -> Floats:
    values[:bars] = np.nan
    return values
