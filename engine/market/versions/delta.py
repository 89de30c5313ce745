"""An older version of a series as what it has otherwise than the newer one that took its place, in few bytes.

A restatement mostly multiplies a column by one factor: all adjusted closes before a dividend, all prices before a
split. So a value is predicted as the newer one times the usual ratio, rounded as the older values are, and only the
difference of the bits is stored, which is zero or small. Whatever the prediction, the older values come back bit for
bit. Values that a prediction does not fit cost what they cost: where the whole older file is smaller, that is stored.
"""

from __future__ import annotations

import json
import math
import zlib
from dataclasses import replace
from io import BytesIO
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars, Floats, Series
from engine.market.series_file import decoded, encoded
from engine.market.versions.change import VALUES, Rows, bits, common

Form = Literal["prefix", "delta", "whole"]
"""``prefix``: the first bars of the newer version; ``delta``: ``_delta``; ``whole``: a file of its own."""

_GRIDS = (*map(str, range(7)), "single")
"""Roundings: that many decimals, or float32."""
_CHEAP = 0.1
"""Share of the bytes of all values below which a delta is taken without trying the whole file."""

Arrays = dict[str, NDArray[Any]]
Plain = dict[str, Any]


def encode(old: Bars, new: Bars) -> tuple[Form, bytes]:
    """How ``old`` is stored beside ``new``: the form with the fewest bytes that gives it back exactly."""
    mine, yours = common(old, new)
    if len(mine) == len(old) and np.array_equal(yours, np.arange(len(old))) and _has_same_values(old, new):
        return "prefix", b""
    delta = _packed(*_delta(old, new, mine, yours))
    whole = encoded(old, compact=True) if len(delta) > _CHEAP * old.nbytes else None
    if whole is None or len(delta) < len(whole):
        found = decode("delta", delta, new, old.series, len(old))
        if found.digest() == old.digest():
            return "delta", delta
    return "whole", whole or encoded(old, compact=True)


def decode(form: Form, payload: bytes, new: Bars, series: Series, rows: int) -> Bars:
    """The older version of ``rows`` bars, of ``series``, that ``encode`` has stored beside ``new``. For a payload that
    is none raises what ``columns.readable`` turns into a ``DataError``.
    """
    if form == "whole":
        return decoded(BytesIO(payload), series)
    if form == "prefix":
        return _sealed(replace(new.slice(0, rows), series=series))
    return _restored(*_unpacked(payload), new, series, rows)


def _has_same_values(old: Bars, new: Bars) -> bool:
    """Whether all columns of ``old`` are the first values of those of ``new``."""
    for name in VALUES:
        before, after = getattr(old, name), getattr(new, name)
        if (before is None) != (after is None):
            return False
        if before is not None and not np.array_equal(bits(before), bits(after[: len(before)])):
            return False
    return True


def _delta(old: Bars, new: Bars, mine: Rows, yours: Rows) -> tuple[Plain, Arrays]:
    """The rows of ``new`` that ``old`` has, its times that ``new`` lacks, and of each column how it is predicted and
    where that fails.
    """
    lost = np.delete(np.arange(len(old)), mine)
    arrays: Arrays = {"common": _steps(yours), "lost": _steps(lost)}
    arrays["time"] = np.diff(old.time[lost].astype(np.int64), prepend=0)
    plain: Plain = {}
    for name in VALUES:
        values, after = getattr(old, name), getattr(new, name)
        if values is None:
            continue
        guess = np.zeros(len(old))
        plain[name] = {} if after is None else _prediction(values[mine], after[yours], values)
        if after is not None:
            guess[mine] = _predicted(after[yours], **plain[name])
        difference = bits(values) - bits(guess)
        at = np.flatnonzero(difference)
        arrays |= {f"{name}.at": _steps(at), f"{name}.bits": _planes(difference[at])} if len(at) else {}
    return plain, arrays


def _restored(plain: Plain, arrays: Arrays, new: Bars, series: Series, rows: int) -> Bars:
    yours, lost = np.cumsum(arrays["common"]), np.cumsum(arrays["lost"])
    mine = np.delete(np.arange(rows), lost)
    time = np.empty(rows, dtype="datetime64[ms]")
    time[mine], time[lost] = new.time[yours], np.cumsum(arrays["time"]).view("datetime64[ms]")
    columns: dict[str, Any] = dict.fromkeys(VALUES)
    for name, prediction in plain.items():
        guess = np.zeros(rows)
        if prediction:
            guess[mine] = _predicted(getattr(new, name)[yours], **prediction)
        difference = np.zeros(rows, dtype=np.int64)
        if f"{name}.at" in arrays:
            difference[np.cumsum(arrays[f"{name}.at"])] = _from_planes(arrays[f"{name}.bits"])
        columns[name] = (bits(guess) + difference).view(np.float64)
    return _sealed(Bars(series, time, **columns))


def _prediction(before: Floats, after: Floats, whole: Floats) -> Plain:
    """The arguments of ``_predicted`` for ``before`` from ``after``: the usual ratio of the values up to the last that
    changed, and the rounding of the ``whole`` column.
    """
    differs = np.flatnonzero(bits(before) != bits(after))
    stop = int(differs[-1]) + 1 if len(differs) else 0
    return {"stop": stop, "factor": _ratio(before[:stop], after[:stop]), "grid": _grid(whole) if stop else ""}


def _grid(values: Floats) -> str:
    """The coarsest rounding that all ``values`` have; "" for none."""
    known = values[np.isfinite(values)]
    return next((name for name in _GRIDS if np.array_equal(_rounded(known, name), known)), "")


def _rounded(values: Floats, grid: str) -> Floats:
    if not grid:
        return values
    with np.errstate(over="ignore", invalid="ignore"):
        return values.astype(np.float32).astype(np.float64) if grid == "single" else np.round(values, int(grid))


def _ratio(before: Floats, after: Floats) -> float:
    """The usual ratio of values that changed, older over newer; one where there is none."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        ratio = before / after
    known = ratio[np.isfinite(ratio) & (ratio > 0)]
    return float(np.median(known)) if len(known) else 1.0


def _predicted(after: Floats, stop: int, factor: float, grid: str) -> Floats:
    """Older values from newer ones, of which the first ``stop`` are multiplied by ``factor`` and rounded."""
    if factor == 1.0:
        return after
    found = after.copy()
    with np.errstate(over="ignore", invalid="ignore"):
        found[:stop] = _rounded(after[:stop] * factor, grid)
    return found


def _steps(rows: Rows) -> NDArray[np.int32]:
    """Ascending ``rows`` as the steps between them, which repeat and pack well."""
    return np.diff(rows, prepend=0).astype(np.int32)


def _planes(values: NDArray[np.int64]) -> NDArray[np.uint8]:
    """Signed values with the sign in the lowest bit, first the lowest byte of each, then the next, and so on: the
    bytes of small values are zeros in a row.
    """
    unsigned = ((values << 1) ^ (values >> 63)).astype("<i8")
    return np.ascontiguousarray(unsigned.view(np.uint8).reshape(-1, 8).T)


def _from_planes(planes: NDArray[np.uint8]) -> NDArray[np.int64]:
    unsigned = np.ascontiguousarray(planes.T).view("<u8").reshape(-1)
    return (unsigned >> np.uint64(1)).astype(np.int64) ^ -(unsigned & np.uint64(1)).astype(np.int64)


def _packed(plain: Plain, arrays: Arrays) -> bytes:
    """Compressed: a line of JSON that describes what follows, the bytes of each array."""
    shapes = {name: (values.dtype.str, values.shape) for name, values in arrays.items()}
    head = json.dumps([plain, shapes], separators=(",", ":")).encode()
    return zlib.compress(b"\n".join([head, b"".join(values.tobytes() for values in arrays.values())]))


def _unpacked(payload: bytes) -> tuple[Plain, Arrays]:
    head, _, rest = zlib.decompress(payload).partition(b"\n")
    plain, shapes = json.loads(head)
    arrays, start = {}, 0
    for name, (kind, shape) in shapes.items():
        dtype, count = np.dtype(kind), math.prod(shape)
        arrays[name] = np.frombuffer(rest, dtype, count, start).reshape(shape)
        start += count * dtype.itemsize
    return plain, arrays


def _sealed(bars: Bars) -> Bars:
    """``bars`` with arrays that cannot be written."""
    for values in (bars.time, *(getattr(bars, name) for name in VALUES)):
        if values is not None:
            values.setflags(write=False)
    return bars
