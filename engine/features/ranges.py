"""Ranges of parameters: one entry of a list of features that stands for many.

A number of an indicator may be written as text that lists numbers and ranges of them: ``5..200 step 5`` is forty
windows, ``5, 10, 20..40 step 10`` five. Several such parameters of one entry are combined, each with each.
"""

from __future__ import annotations

import itertools
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from engine.core.errors import EngineError
from engine.indicators import INDICATORS

MOST = 10_000
"""Features that one entry may stand for."""
_TOO_MANY = f"One entry stands for at most {MOST:,} features: choose wider steps."
_NUMBER = r"[+-]?(?:\d+\.?\d*|\.\d+)"
_PART = re.compile(rf"\s*({_NUMBER})(?:\s*\.\.\s*({_NUMBER})(?:\s+step\s+({_NUMBER}))?)?\s*")
_SHORTEST = 3  # values in a row that are written as a range

Entry = Mapping[str, Any]
"""Plain values of an indicator."""


def expanded(entries: Sequence[Any]) -> list[Any]:
    """``entries`` with each that has ranges replaced by what it stands for, the last parameter varying fastest; others,
    and whatever is no plain values of an indicator, stay as they are. Raises ``ValueError`` for a range that is none.
    """
    return [feature for entry in entries for feature in _features(entry)]


def counts(entries: Sequence[Any]) -> list[int]:
    """How many features each of ``entries`` stands for. Raises ``ValueError`` as ``expanded`` does."""
    return [len(list(_features(entry))) for entry in entries]


def problems(entries: Sequence[Any]) -> list[tuple[str, str]]:
    """What is wrong with ranges, as sentences by the place of the parameter: ``0.window``."""
    found = []
    for place, entry in enumerate(entries):
        sizes: dict[str, int] = {}
        for name, text in _ranged(entry).items():
            try:
                sizes[name] = len(values(text))
            except ValueError as error:
                found.append((f"{place}.{name}", str(error)))
        if math.prod(sizes.values()) > MOST:
            found.append((f"{place}.{next(iter(sizes))}", _TOO_MANY))
    return found


def compact(entries: Sequence[Entry]) -> list[Entry]:
    """Fewer entries that stand for the same features in the same order: neighbours that differ in one number are one
    entry with a range of it.
    """
    found: list[Entry] = []
    start = 0
    while start < len(entries):
        name, stop = _run(entries, start)
        if name and stop - start >= _SHORTEST:
            found.append({**entries[start], name: written([entry[name] for entry in entries[start:stop]])})
            start = stop
        else:
            found.append(entries[start])
            start += 1
    return found


def values(text: str) -> tuple[float, ...]:
    """The numbers that ``text`` lists. Raises ``ValueError`` with a sentence for a text that is no list of numbers and
    ranges, or for more than ``MOST``.
    """
    found: list[float] = []
    for part in text.split(","):
        match = _PART.fullmatch(part)
        if not match:
            raise ValueError(f"'{text[:40]}' is not a range: write 5..200 step 5, or 5, 10, 20.")
        found += _between(*match.groups())
    return tuple(dict.fromkeys(found))


def written(numbers: Sequence[float]) -> str:
    """The shortest text that ``values`` reads as ``numbers``."""
    parts: list[str] = []
    start = 0
    while start < len(numbers):
        stop = _evenly(numbers, start)
        if stop - start >= _SHORTEST:
            step = _step(numbers, start)
            ends = f"{_text(numbers[start])}..{_text(numbers[stop - 1])}"
            parts.append(ends if step == 1 else f"{ends} step {_text(step)}")
            start = stop
        else:
            parts.append(_text(numbers[start]))
            start += 1
    return ", ".join(parts)


def _features(entry: Any) -> Iterator[Any]:
    ranges = {name: values(text) for name, text in _ranged(entry).items()}
    if math.prod(map(len, ranges.values())) > MOST:
        raise ValueError(_TOO_MANY)
    for chosen in itertools.product(*ranges.values()):
        yield {**entry, **dict(zip(ranges, chosen, strict=True))} if ranges else entry


def _ranged(entry: Any) -> dict[str, str]:
    """The parameters of ``entry`` whose text lists more than a number."""
    if not isinstance(entry, Mapping):
        return {}
    texts = {name: value for name, value in entry.items() if isinstance(value, str) and re.search(r"\.\.|,", value)}
    if not texts:
        return {}
    try:
        fields = INDICATORS.get(str(entry.get("kind"))).model_fields
    except EngineError:
        return {}  # its own validator says what is wrong with the kind
    return {name: text for name, text in texts.items() if name in fields and fields[name].annotation in (int, float)}


def _between(low: str, high: str | None, step: str | None) -> list[float]:
    first = _number(low)
    if high is None:
        return [first]
    last, width = _number(high), _number(step or "1")
    if width <= 0 or last < first:
        raise ValueError(f"{low}..{high} step {step or 1} has no values: a range goes up, by a step above zero.")
    count = math.floor((last - first) / width * (1 + 1e-12) + 1e-9) + 1
    if count > MOST:
        raise ValueError(f"{low}..{high} has {count:,} values, more than {MOST:,}: choose a wider step.")
    return [_at(first, width, place, _decimals(low, step or "1")) for place in range(count)]


def _run(entries: Sequence[Entry], start: int) -> tuple[str, int]:
    """The one number in which the entries from ``start`` on differ, and the first entry that differs in more."""
    name, stop = "", start + 1
    seen: set[Any] = set()
    while stop < len(entries):
        one, two = entries[stop - 1], entries[stop]
        differing = [key for key in one if one[key] != two.get(key)] if one.keys() == two.keys() else []
        if len(differing) != 1 or (name and differing != [name]) or not _is_number(one, differing[0], two):
            break
        name = differing[0]
        seen.add(one[name])
        if two[name] in seen:
            break
        stop += 1
    return name, stop


def _is_number(one: Entry, name: str, two: Entry) -> bool:
    return all(isinstance(entry[name], int | float) and not isinstance(entry[name], bool) for entry in (one, two))


def _evenly(numbers: Sequence[float], start: int) -> int:
    """The end of the longest range that begins at ``start``, as ``values`` would read it again."""
    stop, step = start + 1, _step(numbers, start)
    decimals = _decimals(_text(numbers[start]), _text(step))
    while step > 0 and stop < len(numbers) and numbers[stop] == _at(numbers[start], step, stop - start, decimals):
        stop += 1
    return stop


def _step(numbers: Sequence[float], start: int) -> float:
    """From the number at ``start`` to the next one; 0 for the last."""
    return _number(f"{numbers[start + 1] - numbers[start]:.12g}") if start + 1 < len(numbers) else 0


def _at(first: float, step: float, place: int, decimals: int) -> float:
    return _plain(round(first + place * step, decimals))


def _decimals(*texts: str) -> int:
    return max(len(text.partition(".")[2]) for text in texts)


def _number(text: str) -> float:
    return _plain(float(text))


def _plain(value: float) -> float:
    return int(value) if float(value).is_integer() and abs(value) < 1e15 else value


def _text(value: float) -> str:
    plain = f"{_plain(value)}"
    return plain if "e" not in plain else f"{value:.15f}".rstrip("0")
