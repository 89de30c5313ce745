"""Comparisons of a line with many, each the same two lines at another multiple, as words of a bit for each bar."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import inlined, kernel, lowest, true64
from engine.backtest.kernels.crossing import level

_ONE, _NONE = np.uint64(1), np.uint64(0)
_NEAR = 1e-9  # of a value: what is farther apart has levels in the same order (see ``strategies.flags``)


@kernel
def compare(lines: Any, values: Any, operation: Any, words: Any) -> Any:
    """See ``strategies.columns.Compare``: ``operation`` is 0 for >, 1 for >= and 2 for > by more than rounding."""
    one, base, unit = lines[0], lines[1], lines[2]
    flags, near = np.zeros(len(one), np.uint8), np.zeros(len(one), np.uint8)
    reach = _NEAR * np.abs(one)
    for row in range(len(values)):
        value = values[row]
        ties = np.uint8(0)
        if operation == 0:
            _greater(one, base, unit, value, flags)
        elif operation == 1:
            _at_least(one, base, unit, value, flags)
        else:
            ties = _above(one, base, unit, reach, value, flags)
        if ties:
            _mark_near(one, base, unit, reach, value, near)
        for word in range(words.shape[1]):
            found = true64(flags, word << 6)
            words[row, word] = _settled(found, true64(near, word << 6), lines, value, word << 6) if ties else found


@inlined
def _greater(one: Any, base: Any, unit: Any, value: Any, flags: Any) -> Any:
    for t in range(len(one)):
        flags[t] = one[t] > base[t] + value * unit[t]


@inlined
def _at_least(one: Any, base: Any, unit: Any, value: Any, flags: Any) -> Any:
    for t in range(len(one)):
        flags[t] = one[t] >= base[t] + value * unit[t]


@inlined
def _above(one: Any, base: Any, unit: Any, reach: Any, value: Any, flags: Any) -> Any:
    """``_greater``; returns whether the lines are anywhere so near one another that their levels decide."""
    ties = np.uint8(0)
    for t in range(len(one)):
        apart = one[t] - (base[t] + value * unit[t])
        flags[t] = apart > 0.0
        ties |= np.uint8(abs(apart) <= reach[t])
    return ties


@inlined
def _mark_near(one: Any, base: Any, unit: Any, reach: Any, value: Any, near: Any) -> Any:
    for t in range(len(one)):
        near[t] = abs(one[t] - (base[t] + value * unit[t])) <= reach[t]


@inlined
def _settled(found: Any, ties: Any, lines: Any, value: Any, at: Any) -> Any:
    """``found`` with the bits of ``ties`` by the levels of what they compare."""
    found &= ~ties
    while ties != _NONE:
        place = lowest(ties)
        t = at + place
        other = lines[1, t] + value * lines[2, t]
        one_level, other_level = level(_bits(lines[0, t])), level(_bits(other))
        if one_level > other_level:
            found |= _ONE << np.uint64(place)
        ties &= ties - _ONE
    return found


@inlined
def _bits(value: Any) -> Any:
    return np.float64(value).view(np.int64)


@kernel
def store(words: Any, lead: Any, allowed: Any, rows: Any, out: Any, begin: Any) -> Any:
    """Into the rows ``rows`` of ``out``, from its word ``begin`` on, the bits of ``words`` from ``lead`` on where those
    of ``allowed`` are set too. ``words`` has one row for all of them, or one for each.
    """
    skipped, shift = lead >> 6, np.uint64(lead & 63)
    back = np.uint64(64) - shift
    width = words.shape[1]
    for number in range(len(rows)):
        given = words[number if len(words) > 1 else 0]
        row = rows[number]
        for word in range(len(allowed)):
            found = given[skipped + word] >> shift
            if shift != _NONE and skipped + word + 1 < width:
                found |= given[skipped + word + 1] << back
            out[row, begin + word] = found & allowed[word]
