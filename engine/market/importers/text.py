"""Cells as numbers, with those that are none."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError

NULLS: Final = frozenset({"", "null", "nan", "n/a", "na", "none", "-", "."})
"""What stands for an unknown number, in lower case."""
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9}


def numbers_of(cells: Any, separator: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``cells`` (an Arrow column of text or of numbers) as float64, NaN for what stands for none, and which are no
    number at all.

    Signs of currency, separators of thousands and the suffixes K, M and B are understood. Between semicolons a comma
    is the decimal point, and a point before one separates thousands.
    """
    import pyarrow as arrow
    import pyarrow.compute as compute

    if not _is_text(cells.type):
        return _typed(cells)
    number = _european if separator == ";" else _american
    try:
        found = cells.cast(arrow.float64()).to_numpy(zero_copy_only=False).copy()
    except arrow.ArrowInvalid:
        plain = compute.if_else(compute.match_substring_regex(cells, _PLAIN), cells, None)
        found = plain.cast(arrow.float64()).to_numpy(zero_copy_only=False).copy()
    odd = np.flatnonzero(~np.isfinite(found))
    if len(odd):
        coded = cells.take(arrow.array(odd)).dictionary_encode()
        coded = coded.combine_chunks() if isinstance(coded, arrow.ChunkedArray) else coded
        values = np.array([_value(text, number) for text in coded.dictionary.to_pylist()], dtype=np.float64)
        found[odd] = values[coded.indices.to_numpy()]
    wrong = np.isinf(found)
    found[wrong] = np.nan
    return found, wrong


def _is_text(type_: Any) -> bool:
    import pyarrow.types as types

    return bool(types.is_string(type_) or types.is_large_string(type_))


def _typed(cells: Any) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """A column of numbers. Raises ``DataError`` for one of another type."""
    import pyarrow as arrow
    import pyarrow.types as types

    if types.is_boolean(cells.type) or types.is_temporal(cells.type):
        raise DataError(f"A column of prices or volume has values of the type {cells.type}: save it as numbers.")
    try:
        found = cells.cast(arrow.float64(), safe=False).to_numpy(zero_copy_only=False).astype(np.float64)
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError) as error:
        raise DataError(
            f"A column of prices or volume has values of the type {cells.type}: save it as numbers."
        ) from error
    wrong = np.isinf(found)
    found[wrong] = np.nan
    return found, wrong


def _value(text: str | None, number: Callable[[str], float]) -> float:
    """The number in ``text``, NaN for what stands for none, infinity for what is no number."""
    plain = (text or "").strip().strip('"')
    if plain.lower() in NULLS:
        return np.nan
    try:
        return number(plain)
    except ValueError:
        return np.inf


def _scaled(read: Callable[[str], float], text: str) -> float:
    plain = text.strip("$€£ ")
    factor = _SUFFIXES.get(plain[-1:].lower(), 1.0)
    return read(plain[:-1] if factor != 1.0 else plain) * factor


def _american(text: str) -> float:
    return _scaled(lambda plain: float(_grouped(plain, ",")), text)


def _european(text: str) -> float:
    return _scaled(lambda plain: float(_grouped(plain, ".").replace(",", ".")) if "," in plain else float(plain), text)


def _grouped(text: str, sign: str) -> str:
    """``text`` without the ``sign`` between its thousands. Raises ``ValueError`` where it stands elsewhere."""
    integer = re.split(r"[.,]", text.replace(sign, ""))[0] if sign in text else text
    if sign in text and not re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(sign)}\d{{3}})+([.,]\d*)?", text):
        raise ValueError(f"'{text}' is not a number")
    return text.replace(sign, "") if integer else text
