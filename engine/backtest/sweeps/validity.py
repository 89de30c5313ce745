"""Strategies of combinations, and which combinations a strategy's own validation accepts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.sweeps.rows import CheckCancelled, never_cancelled, unique_rows
from engine.core.axes import ResolvedAxis
from engine.core.errors import SpecError
from engine.core.field_paths import changed
from engine.market.bars import Floats
from engine.strategies.conditional import LONG_SIDES, Conditional, Reading

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

_PARSED = 1_000  # strategies built between two checks for cancellation
_STRATEGY = "strategy."
_BOUNDS = {"Ge", "Gt", "Le", "Lt"}  # of a field, which hold for a range where they hold for its ends
Mask = NDArray[np.bool_]


def strategy_of(strategy: Any, scales: Sequence[ResolvedAxis], row: Floats) -> Any:
    """``strategy`` with the values of ``row``, one for each of ``scales`` (paths that begin with "strategy.")."""
    values = {
        scale.path.removeprefix(_STRATEGY): scale.plain(float(value)) for scale, value in zip(scales, row, strict=True)
    }
    return changed(strategy, values)


def part_axes(strategy: Any, scales: Sequence[ResolvedAxis]) -> dict[str, list[int]]:
    """The axes of each condition that is a field of its own, by its path: see ``Conditional.parts``."""
    found = [strategy.parts(side) for side in LONG_SIDES] if isinstance(strategy, Conditional) else []
    paths = [path for parts in found if parts is not None for path in parts.paths]
    return {
        path: [axis for axis, scale in enumerate(scales) if scale.path.startswith(f"{_STRATEGY}{path}.")]
        for path in paths
    }


def valid(
    scales: Sequence[ResolvedAxis],
    base: BacktestSpec,
    parameters: Floats,
    check_cancelled: CheckCancelled = never_cancelled,
) -> Mask:
    """Mask of the rows of ``parameters`` (combinations, axes) that the strategy's own validation accepts.

    Conditions that are fields of their own are valid by themselves; a validation of the whole is asked once for all
    combinations that are equal in the fields that it reads.
    """
    inside = [axis for axis, scale in enumerate(scales) if scale.path.startswith(_STRATEGY)]
    found = np.ones(len(parameters), dtype=bool)
    if not inside or not len(parameters):
        return found
    strategy = base.strategy
    if all("." not in scales[axis].path.removeprefix(_STRATEGY) for axis in inside):
        if hasattr(type(strategy), "valid"):
            return _vectorised(strategy, scales, parameters)
        validators = _watched(type(strategy), [scales[axis] for axis in inside])
        if validators is not None:
            return _by_what_is_read(strategy, scales, inside, parameters, validators, check_cancelled)
    parts = [axes for axes in part_axes(strategy, scales).values() if axes]
    alone = {axis for axes in parts for axis in axes}
    for axes in (*parts, [axis for axis in inside if axis not in alone]):
        found &= _by_parsing(strategy, scales, axes, parameters, check_cancelled)
    return found


def _vectorised(strategy: Any, scales: Sequence[ResolvedAxis], parameters: Floats) -> Mask:
    """By the strategy's ``valid`` for arrays."""
    names = {scale.path.removeprefix(_STRATEGY): axis for axis, scale in enumerate(scales)}
    fields: dict[str, NDArray[Any]] = {}
    for name, value in strategy:
        if name in names:
            column = parameters[:, names[name]]
            fields[name] = column.astype(np.int64) if scales[names[name]].whole else column
        elif isinstance(value, int | float):
            fields[name] = np.broadcast_to(np.asarray(value), (len(parameters),))
    return np.asarray(type(strategy).valid(fields), dtype=bool)


def _watched(cls: Any, scales: Sequence[ResolvedAxis]) -> list[Callable[[Any], Any]] | None:
    """The validations of the whole, where nothing else can refuse a combination: the ends of an axis have been held
    against its bounds. None where a field, or what comes before the fields, is validated by code.
    """
    decorators = cls.__pydantic_decorators__
    if decorators.field_validators or decorators.validators or decorators.root_validators:
        return None
    whole = list(decorators.model_validators.values())
    rules = [rule for scale in scales for rule in cls.model_fields[scale.path.removeprefix(_STRATEGY)].metadata]
    if any(item.info.mode != "after" for item in whole) or {type(rule).__name__ for rule in rules} - _BOUNDS:
        return None
    return [item.func for item in whole]


def _by_what_is_read(
    strategy: Any,
    scales: Sequence[ResolvedAxis],
    inside: Sequence[int],
    parameters: Floats,
    validators: Sequence[Callable[[Any], Any]],
    check_cancelled: CheckCancelled,
) -> Mask:
    names = {scales[axis].path.removeprefix(_STRATEGY): axis for axis in inside}
    read: set[str] = set()
    while True:
        axes = sorted(names[name] for name in read)
        rows, place = unique_rows(parameters[:, axes], check_cancelled)
        fine = np.empty(len(rows), dtype=bool)
        before = len(read)
        fields = [(scales[axis].path.removeprefix(_STRATEGY), scales[axis]) for axis in axes]
        for number, row in enumerate(rows.tolist()):
            values = {name: scale.plain(value) for (name, scale), value in zip(fields, row, strict=True)}
            reading = Reading(strategy, values)
            fine[number] = all(_accepts(validator, reading) for validator in validators)
            read |= reading.read & names.keys()
            if len(read) > before:
                break
            if not number % _PARSED:
                check_cancelled()
        else:
            return fine[place]


def _accepts(validator: Callable[[Any], Any], reading: Reading) -> bool:
    try:
        validator(reading)
    except (ValueError, AssertionError):
        return False
    return True


def _by_parsing(
    strategy: Any,
    scales: Sequence[ResolvedAxis],
    axes: Sequence[int],
    parameters: Floats,
    check_cancelled: CheckCancelled,
) -> Mask:
    """With the values of ``axes``, the base's on all others."""
    if not axes:
        return np.ones(len(parameters), dtype=bool)
    rows, place = unique_rows(parameters[:, axes], check_cancelled)
    fine = np.empty(len(rows), dtype=bool)
    for number, row in enumerate(rows):
        fine[number] = _parses(strategy, [scales[axis] for axis in axes], row)
        if not number % _PARSED:
            check_cancelled()
    return fine[place]


def _parses(strategy: Any, scales: Sequence[ResolvedAxis], row: Floats) -> bool:
    try:
        strategy_of(strategy, scales, row)
    except SpecError:
        return False
    return True
