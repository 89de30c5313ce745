"""Memory of a training, before it begins."""

from __future__ import annotations

import math
from bisect import bisect_right

from engine.core.config import settings
from engine.core.errors import DataError
from engine.core.memory import available_memory
from engine.core.sizes import size_text
from engine.jobs.worker import this_worker
from engine.models import Model
from engine.models.spec import ModelSpec

_CELL = 8  # bytes: each value of the matrix once, which is the least that any model needs
_ROW = 64  # bytes of a row's time, place, label and prediction
_PROGRAM = 500_000_000
"""Bytes of a process that has loaded the libraries."""
_SIZES = {"batch_size": "batches of {:,} rows", "window": "a window of {:,} bars"}
"""Fields of a network that its memory grows with, and how to call them."""


def require_memory(spec: ModelSpec) -> None:
    """Raise ``DataError``, with how much would fit, where not even the rows of ``spec`` do, or a network beside them.
    What a model takes beyond is known once it is trained: a lack of that is told by ``call_model``, or by the job whose
    process it ends.
    """
    rows, columns = spec.expected_size()
    needed, room = rows * (columns * _CELL + _ROW), usable_memory()
    if needed > room:
        raise DataError(
            f"The rows of this training take {size_text(needed)} and {size_text(room)} may be used: "
            f"{_fewer_rows(spec, room / needed)} would fit."
        )
    room -= needed
    for model in (item for item in spec.model.walk() if isinstance(item, Model)):
        if (taken := model.memory(int(rows), columns)) > room:
            raise DataError(
                f"The {model.label()} takes at least {size_text(taken)} in training, and beside the rows "
                f"{size_text(room)} may be used: {_smaller(spec, model, room)}."
            )


def _fewer_rows(spec: ModelSpec, share: float) -> str:
    symbols, features = len(spec.market.symbols), spec.expected_size()[1]
    fewer_symbols, fewer_features = math.floor(symbols * share), math.floor(features * share)
    fits = [
        *([f"{fewer_symbols:,} of the {symbols:,} symbols"] if fewer_symbols else []),
        *([f"{fewer_features:,} of the {features:,} features"] if fewer_features else []),
        f"{math.floor(100 * share)}% of the days",
    ]
    return " or ".join(fits)


def _smaller(spec: ModelSpec, model: Model, room: float) -> str:
    """What of ``model`` would fit into ``room``."""
    fits = [
        words.format(size)
        for field, words in _SIZES.items()
        if field in type(model).model_fields and (size := _largest(spec, model, field, room))
    ]
    return f"{' or '.join(fits)} would fit" if fits else "choose smaller layers or fewer features"


def _largest(spec: ModelSpec, model: Model, field: str, room: float) -> int:
    """The largest value of ``field``, up to what it is, with which ``model`` fits into ``room``; 0 where none is."""
    rows, columns = spec.expected_size()
    sizes = range(1, getattr(model, field) + 1)
    return bisect_right(sizes, room, key=lambda size: model.model_copy(update={field: size}).memory(int(rows), columns))


def usable_memory() -> float:
    """Bytes for the rows: what is free, and of a worker what its limit leaves."""
    free = float(available_memory())
    if this_worker() is None:
        return free
    return max(min(free, settings().compute.memory_limit - _PROGRAM), 0.0)
