"""Comparisons of a line with many others, as words of a bit for each bar."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import inlined, kernel, lowest, true64
from engine.backtest.kernels.crossing import level

_ONE, _NONE, _TOP = np.uint64(1), np.uint64(0), np.uint64(63)
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


@kernel
def cross(fast: Any, slow: Any, rises: Any, falls: Any) -> Any:
    """Into ``rises`` and ``falls`` (lines, words) the bars at which ``fast`` crosses each of ``slow`` (bars, lines), as
    ``strategies.crossing.cross`` defines it. All lines take a bar together, eight bars become a byte of each.
    """
    bars, count = slow.shape
    width = (bars + 63) // 64
    sides = np.zeros((3, count, 8 * width), np.uint8)
    up, down, near = np.empty(count, np.uint8), np.empty(count, np.uint8), np.empty(count, np.uint8)
    for at in range(0, bars, 8):
        up[:] = down[:] = near[:] = 0
        for j in range(min(8, bars - at)):
            _side_of(fast[at + j], slow[at + j], np.uint8(1 << j), up, down, near)
        for k in range(count):
            known = up[k] | down[k] | near[k]
            if near[k]:
                up[k], down[k] = _levelled(up[k], down[k], near[k], fast, slow, at, k)
            sides[0, k, at >> 3], sides[1, k, at >> 3], sides[2, k, at >> 3] = up[k], down[k], known
    for k in range(count):
        _turns(
            sides[0, k].view(np.uint64), sides[1, k].view(np.uint64), sides[2, k].view(np.uint64), rises[k], falls[k]
        )


@inlined
def _side_of(one: Any, others: Any, bit: Any, up: Any, down: Any, near: Any) -> Any:
    """Set ``bit`` of each line where ``one`` lies above it, below it, or so near that the levels decide."""
    reach = _NEAR * abs(one)
    for k in range(len(others)):
        apart = one - others[k]
        up[k] |= bit if apart > 0.0 else np.uint8(0)
        down[k] |= bit if apart < 0.0 else np.uint8(0)
        near[k] |= bit if abs(apart) <= reach else np.uint8(0)


@inlined
def _levelled(up: Any, down: Any, near: Any, fast: Any, slow: Any, at: Any, k: Any) -> Any:
    """``up`` and ``down`` of eight bars from ``at`` on, the bits of ``near`` by the levels of what they compare."""
    for j in range(8):
        bit = np.uint8(1 << j)
        if near & bit:
            one, other = level(_bits(fast[at + j])), level(_bits(slow[at + j, k]))
            up = np.uint8(up | bit if one > other else up & ~bit)
            down = np.uint8(down | bit if one < other else down & ~bit)
    return up, down


@inlined
def _turns(up: Any, down: Any, known: Any, rises: Any, falls: Any) -> Any:
    """Where the side changes from one known bar to the next; leaving a tie counts, entering one does not."""
    was_up = was_down = was_known = _NONE
    for word in range(len(up)):
        both = known[word] & ((known[word] << _ONE) | was_known)
        rises[word] = up[word] & ~((up[word] << _ONE) | was_up) & both
        falls[word] = down[word] & ~((down[word] << _ONE) | was_down) & both
        was_up, was_down, was_known = up[word] >> _TOP, down[word] >> _TOP, known[word] >> _TOP
