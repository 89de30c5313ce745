"""Cells of text as times and numbers, with those that are neither."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

NULLS: Final = frozenset({"", "null", "nan", "n/a", "na", "none", "-", "."})
"""What stands for an unknown number, in lower case."""
_OFFSET = re.compile(r"(?:Z|[+-]\d\d:?\d\d)$")
_PLAIN = r"^[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?$"
_SUFFIXES = {"k": 1e3, "m": 1e6, "b": 1e9}
_MICROSECONDS, _MILLISECONDS = 10**14, 10**11  # the least numbers since 1970 that are so many


def times_of(cells: Any, patterns: Sequence[str]) -> tuple[NDArray[np.datetime64], bool]:
    """``cells`` (an Arrow column of text) as datetime64[ms] by whichever of ``patterns`` reads most of them, NaT where
    it does not read one, and whether they come with their offset and are UTC.
    """
    found = [_read(cells, pattern) for pattern in patterns]
    return max(found, key=lambda item: int((~np.isnat(item[0])).sum()))


def _read(cells: Any, pattern: str) -> tuple[NDArray[np.datetime64], bool]:
    if pattern == "epoch":
        return _epoch(cells), True
    return _quickly(cells, pattern) or _one_by_one(cells.to_pandas(), pattern)


def _quickly(cells: Any, pattern: str) -> tuple[NDArray[np.datetime64], bool] | None:
    """All of ``cells`` by Arrow, which is fast; None where it does not read each."""
    import pyarrow as arrow
    import pyarrow.compute as compute

    try:
        if pattern != "iso":
            times = compute.strptime(cells, format=pattern, unit="ms")
            return times.to_numpy().astype("datetime64[ms]"), False
        is_utc = bool(len(cells)) and bool(_OFFSET.search(str(cells[0])[10:]))
        times = cells.cast(arrow.timestamp("ms", "UTC" if is_utc else None))
        return times.cast(arrow.timestamp("ms")).to_numpy().astype("datetime64[ms]"), is_utc
    except (arrow.ArrowInvalid, arrow.ArrowNotImplementedError):
        return None


def _one_by_one(cells: Any, pattern: str) -> tuple[NDArray[np.datetime64], bool]:
    import pandas as pd

    format_ = "ISO8601" if pattern == "iso" else pattern
    is_utc = pattern == "iso" and bool(cells.str[10:].str.contains(_OFFSET).any())
    times = pd.to_datetime(cells, format=format_, errors="coerce", utc=is_utc)
    plain = times.dt.tz_localize(None) if is_utc else times
    return plain.to_numpy().astype("datetime64[ms]"), is_utc


def _epoch(cells: Any) -> NDArray[np.datetime64]:
    numbers, _ = numbers_of(cells, ",")
    known = numbers[np.isfinite(numbers)]
    largest = float(np.abs(known).max()) if len(known) else 0.0
    unit = 1e-3 if largest >= _MICROSECONDS else 1.0 if largest >= _MILLISECONDS else 1e3
    times = np.full(len(numbers), np.datetime64("NaT"), dtype="datetime64[ms]")
    sane = np.isfinite(numbers) & (np.abs(numbers * unit) < 2.5e14)
    times[sane] = (numbers[sane] * unit).round().astype(np.int64).astype("datetime64[ms]")
    return times


def numbers_of(cells: Any, separator: str) -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """``cells`` (an Arrow column of text) as numbers, NaN for what stands for none, and which are no number at all.

    Signs of currency, separators of thousands and the suffixes K, M and B are understood. Between semicolons a comma
    is the decimal point, and a point before one separates thousands.
    """
    import pyarrow as arrow
    import pyarrow.compute as compute

    number = _european if separator == ";" else _american
    try:
        found = cells.cast(arrow.float64()).to_numpy().copy()
    except arrow.ArrowInvalid:
        plain = compute.if_else(compute.match_substring_regex(cells, _PLAIN), cells, None)
        found = plain.cast(arrow.float64()).to_numpy(zero_copy_only=False).copy()
    odd = np.flatnonzero(~np.isfinite(found))
    if len(odd):
        coded = cells.take(arrow.array(odd)).combine_chunks().dictionary_encode()
        values = np.array([_value(text, number) for text in coded.dictionary.to_pylist()], dtype=np.float64)
        found[odd] = values[coded.indices.to_numpy()]
    wrong = np.isinf(found)
    found[wrong] = np.nan
    return found, wrong


def _value(text: str, number: Callable[[str], float]) -> float:
    """The number in ``text``, NaN for what stands for none, infinity for what is no number."""
    plain = text.strip().strip('"')
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
    whole = re.split(r"[.,]", text.replace(sign, ""))[0] if sign in text else text
    if sign in text and not re.fullmatch(rf"[+-]?\d{{1,3}}({re.escape(sign)}\d{{3}})+([.,]\d*)?", text):
        raise ValueError(f"'{text}' is not a number")
    return text.replace(sign, "") if whole else text
