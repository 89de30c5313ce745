"""Comparisons of a line with many others, as words of a bit for each bar."""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import above8, below8, exceeds64, inlined, kernel, lowest, unknown8
from engine.backtest.kernels.crossing import level

_ONE, _NONE, _TOP = np.uint64(1), np.uint64(0), np.uint64(63)
_TILE = 8  # words of bars
_NEAR = 1e-9  # of a value: what is farther apart has levels in the same order (see ``strategies.flags``)


@kernel
def compare(lines: Any, values: Any, operation: Any, words: Any) -> Any:
    """See ``strategies.columns.Compare``: ``operation`` is 0 for >, 1 for >= and 2 for > by more than rounding; fewer
    than 65,536 values.

    On each bar a comparison holds for the values below some limit, or above where the third line is negative: their
    number is looked for, and the bits of a value say where it is among them.
    """
    count, width, size = len(values), words.shape[1], 1
    while size <= count:
        size *= 2
    finite = np.where(np.isfinite(values), values, np.inf)
    order = np.argsort(finite)
    ordered = np.full(size, np.inf)
    ordered[:count] = finite[order]
    number, codes = np.empty(64 * _TILE, np.int64), np.empty(64 * _TILE, np.uint16)
    negative = np.empty(_TILE, np.uint64)
    for first in range(0, width, _TILE):
        tile = min(_TILE, width - first)
        at, bars = 64 * first, 64 * tile
        part = lines[0, at : at + bars], lines[1, at : at + bars], lines[2, at : at + bars]
        _count(part, ordered, operation, number[:bars])
        codes[:bars] = number[:bars]
        for word in range(tile):
            negative[word] = _NONE
            for g in range(8):
                below = below8(lines, 2 * lines.shape[1] + at + 64 * word + 8 * g, 0.0)
                negative[word] |= below << np.uint64(8 * g)
        for k in range(count):
            for word in range(tile):
                words[order[k], first + word] = exceeds64(codes, 64 * word, k) ^ negative[word]
        _answer_infinite(part, at, values, operation, words)


@inlined
def _count(part: Any, ordered: Any, operation: Any, number: Any) -> Any:
    """Into ``number``, for each bar of ``part``, for how many of the ``ordered`` values the comparison holds; where the
    third line is negative, for how many it does not.
    """
    one, base, unit = part
    number[:] = 0
    half = len(ordered) >> 1
    while half:
        for t in range(len(number)):
            value = ordered[np.uint64(number[t] + half - 1)]
            number[t] += half if _holds(one[t], base[t] + value * unit[t], operation) != (unit[t] < 0.0) else 0
        half >>= 1


@inlined
def _holds(one: Any, other: Any, operation: Any) -> Any:
    if operation == 0:
        return one > other
    if operation == 1:
        return one >= other
    apart = one - other
    if abs(apart) <= _NEAR * abs(one):
        return level(_bits(one)) > level(_bits(other))
    return apart > 0.0


@inlined
def _answer_infinite(part: Any, at: Any, values: Any, operation: Any, words: Any) -> Any:
    """The bits of bars whose lines are infinite, and of values that are no number: one by one, since nothing times
    infinity is unknown in the midst of values that have an answer.
    """
    one, base, unit = part
    odd = infinite = np.int64(0)
    for row in range(len(values)):
        odd += np.int64(not np.isfinite(values[row]))
    for t in range(len(one)):
        infinite += np.int64(abs(base[t]) == np.inf) + np.int64(abs(unit[t]) == np.inf)
    for t in range(len(one) if odd or infinite else 0):
        every = abs(base[t]) == np.inf or abs(unit[t]) == np.inf
        bit, word = _ONE << np.uint64(t & 63), (at + t) >> 6
        for row in range(len(values)):
            if every or not np.isfinite(values[row]):
                holds = _holds(one[t], base[t] + values[row] * unit[t], operation)
                words[row, word] = words[row, word] | bit if holds else words[row, word] & ~bit


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
    ``strategies.crossing.cross`` defines it. The lines take a bar together, as bits of a word, and 64 such words are
    turned into a word of 64 bars for each line.
    """
    bars, count = slow.shape
    flat, last = slow.reshape(-1), (bars - 1) >> 6
    block, sides, before = np.empty(64 * count + 64), np.empty((3, 64), np.uint64), np.zeros((3, count), np.uint64)
    for word in range(last + 1):
        own = fast[word << 6 : (word + 1) << 6]
        lines = flat[(word << 6) * count :]
        if word == last:  # lanes are read beyond a bar's lines, and so beyond the array
            block[: len(lines)] = lines
            lines = block
        for first in range(0, count, 64):
            _sides_of(own, lines, first, count, sides)
            for k in range(min(64, count - first)):
                line = first + k
                up, down, known = sides[0, k], sides[1, k], sides[2, k]
                both = known & ((known << _ONE) | before[2, line])
                rises[line, word] = up & ~((up << _ONE) | before[0, line]) & both
                falls[line, word] = down & ~((down << _ONE) | before[1, line]) & both
                before[0, line], before[1, line], before[2, line] = up >> _TOP, down >> _TOP, known >> _TOP


@inlined
def _sides_of(fast: Any, lines: Any, first: Any, count: Any, sides: Any) -> Any:
    """Words of 64 bars for up to 64 of the ``count`` lines from ``first`` on: where ``fast`` lies above each, where
    below, and where both are known.
    """
    up, down, known = sides[0], sides[1], sides[2]
    up[:] = down[:] = known[:] = _NONE
    ties, unknown = _NONE, np.uint64(len(fast) < 64)
    groups = (min(64, count - first) + 7) >> 3
    every = ~_NONE >> np.uint64(64 - min(64, count - first))
    for t in range(len(fast)):
        at = t * count + first
        margin = 2.0 * _NEAR * abs(fast[t])
        under, over = fast[t] - margin, fast[t] + margin
        above = below = _NONE
        for g in range(groups):
            above |= below8(lines, at + 8 * g, under) << np.uint64(8 * g)
            below |= above8(lines, at + 8 * g, over) << np.uint64(8 * g)
        above, below = above & every, below & every
        near = every & ~(above | below)
        if near != _NONE:
            above, below, near = _levelled(fast[t], lines, at, above, below, near)
            ties |= near
            unknown |= every & ~(above | below | near)
        up[t], down[t], known[t] = above, below, above | below | near
    _turn(up)
    if unknown:
        _turn(known)
    else:
        known[:] = ~_NONE
    if ties:
        _turn(down)
    else:
        down[:] = known & ~up


@inlined
def _levelled(fast: Any, lines: Any, at: Any, above: Any, below: Any, near: Any) -> Any:
    """``above`` and ``below``, with the lines ``near`` by the levels of what they compare; and the ties of these."""
    ties = _NONE
    for g in range(8):
        near &= ~(unknown8(lines, at + 8 * g) << np.uint64(8 * g)) if near >> np.uint64(8 * g) else near
    while near != _NONE:
        place = lowest(near)
        one, other = level(_bits(fast)), level(_bits(lines[at + place]))
        bit = _ONE << np.uint64(place)
        if one > other:
            above |= bit
        elif one < other:
            below |= bit
        elif one - other == 0.0:
            ties |= bit
        near &= near - _ONE
    return above, below, ties


@inlined
def _turn(words: Any) -> Any:
    """Bit i of word k becomes bit k of word i (Warren, Hacker's Delight, 2012): halves change places, then theirs."""
    _swap(words, 32, np.uint64(0x00000000FFFFFFFF))
    _swap(words, 16, np.uint64(0x0000FFFF0000FFFF))
    _swap(words, 8, np.uint64(0x00FF00FF00FF00FF))
    _swap(words, 4, np.uint64(0x0F0F0F0F0F0F0F0F))
    _swap(words, 2, np.uint64(0x3333333333333333))
    _swap(words, 1, np.uint64(0x5555555555555555))


@inlined
def _swap(words: Any, size: Any, mask: Any) -> Any:
    for block in range(0, 64, 2 * size):
        for k in range(block, block + size):
            swapped = ((words[k] >> np.uint64(size)) ^ words[k + size]) & mask
            words[k + size] ^= swapped
            words[k] ^= swapped << np.uint64(size)
