"""Crossings of many lines, two at a time, found 64 bars at once.

Every line is replaced by a code of 16 bits at each bar: zero for an unknown value, else where its level lies between
the lowest and the highest line of that bar. Whether one line lies above another is then an integer comparison of two
contiguous rows, of which a processor does dozens in an instruction. Codes never contradict levels, and where two are
equal the levels themselves decide. The answers are words of 64 bits, of which only those that change are looked at.

*Orders* and *accounts* are those of ``kernels.orders``.
"""

from __future__ import annotations

from typing import Any

import numpy as np

from engine.backtest.kernels.compiled import above64, equal64, inlined, kernel, known64, lowest, ones
from engine.backtest.kernels.holdings import summarise
from engine.backtest.kernels.orders import make_scratch, order_metrics, record, reset_scratch, shift_to_fills
from engine.backtest.kernels.stops import has_stops

_TILE = 512  # bars coded at a time
_TOP_CODE = 65533.0
_ONE, _TWO, _TOP = np.uint64(1), np.uint64(2), np.uint64(63)
_HALF, _DROPPED = np.int64(0x7FFFF), np.int64(20)  # levels keep 33 bits of 53
_EXPONENT = np.int64(0x7FF0_0000_0000_0000)


@inlined
def level(bits: Any) -> Any:
    """``strategies.crossing.levels`` of a normal number given by its bits; NaN and infinity stay."""
    rounded = (bits + _HALF + ((bits >> _DROPPED) & 1)) >> _DROPPED << _DROPPED
    return np.int64(bits if bits & _EXPONENT == _EXPONENT else rounded).view(np.float64)


@kernel
def encode(lines: Any, codes: Any, start: Any, stop: Any) -> Any:
    """Fill ``codes`` (lines, bars or more) from bar ``start`` to ``stop``, of ``lines`` (lines, bars): float64 as
    int64.
    """
    lowest_level, scale = np.empty(_TILE), np.empty(_TILE)
    for begin in range(start, stop, _TILE):
        width = min(_TILE, stop - begin)
        lowest_level[:] = np.inf
        scale[:] = -np.inf
        for k in range(len(lines)):
            for t in range(width):
                value = level(lines[k, begin + t])
                lowest_level[t] = value if value < lowest_level[t] else lowest_level[t]
                scale[t] = value if value > scale[t] else scale[t]
        for t in range(width):
            steps = _TOP_CODE / (scale[t] - lowest_level[t])
            scale[t] = steps if steps < 1e300 else 0.0
        for k in range(len(lines)):
            for t in range(width):
                place = (level(lines[k, begin + t]) - lowest_level[t]) * scale[t]
                codes[k, begin + t] = np.uint16(np.int32(place) + 1) if place >= 0.0 else np.uint16(0)


@kernel
def survey(codes: Any, bars: Any) -> Any:
    """First bar of each line with a code, ``bars`` for none; and whether one without follows it."""
    starts = np.full(len(codes), bars)
    broken = np.zeros(len(codes), np.bool_)
    for k in range(len(codes)):
        t = 0
        while t < bars and codes[k, t] == 0:
            t += 1
        starts[k] = t
        missing = 0
        for i in range(t, bars):
            missing += codes[k, i] == 0
        broken[k] = missing > 0
    return starts, broken


@kernel
def _settle(same: Any, at: Any, fast: Any, slow: Any, lines: Any) -> Any:
    """Of the bars ``same`` (bits from bar ``at`` on) those where ``fast`` lies above after all, and those of ties."""
    above = ties = np.uint64(0)
    while same != 0:
        place = lowest(same)
        if at + place < lines.shape[1]:
            one, other = level(lines[fast, at + place]), level(lines[slow, at + place])
            if one > other:
                above |= _ONE << np.uint64(place)
            elif one == other:
                ties |= _ONE << np.uint64(place)
        same &= same - _ONE
    return above, ties


@inlined
def _sides(codes: Any, lines: Any, fast: Any, slow: Any, start: Any, words: Any) -> Any:
    """Bit by bit whether the line ``fast`` lies above ``slow``, in ``words`` from that of bar ``start`` on; before
    ``start`` and after the last bar the next or last answer is repeated. False where the lines tie.
    """
    bars = lines.shape[1]
    one, other = fast * codes.shape[1], slow * codes.shape[1]
    first, last = start >> 6, (bars - 1) >> 6
    unknown = (_ONE << np.uint64(start & 63)) - _ONE
    for word in range(first, last + 1):
        at = word << 6
        above = above64(codes, one + at, other + at)
        same = equal64(codes, one + at, other + at)
        if same != 0:
            more, ties = _settle(same & ~unknown if word == first else same, at, fast, slow, lines)
            if ties != 0:
                return False
            above |= more
        words[word] = above
    begin = (words[first] >> np.uint64(start & 63)) & _ONE
    words[first] = words[first] | unknown if begin else words[first] & ~unknown
    final = np.uint64((bars - 1) & 63)
    after = ~((_TWO << final) - _ONE)
    words[last] = words[last] | after if (words[last] >> final) & _ONE else words[last] & ~after
    return True


@inlined
def changes(codes: Any, lines: Any, fast: Any, slow: Any, start: Any, shift: Any, buffers: Any) -> Any:
    """Bars (plus ``shift``) at which the lines ``fast`` and ``slow``, known from bar ``start`` on, change places.

    Returns the place of the first entry in the events of ``buffers`` and the end of what is in them; (-1, 0) where the
    lines tie. Nothing here waits for a guess of the processor: words without a change are passed over by arithmetic,
    and of the others four bits are written without asking whether they are there.
    """
    events, words, turns, places = buffers
    bars = lines.shape[1]
    if start >= bars:
        return 0, 0
    if not _sides(codes, lines, fast, slow, start, words):
        return -1, 0
    found = 0
    before = words[start >> 6] & _ONE
    begins_above = np.int64(before)
    for word in range(start >> 6, (bars + 63) >> 6):
        turn = words[word] ^ ((words[word] << _ONE) | before)
        before = words[word] >> _TOP
        turns[found] = turn
        places[found] = (word << 6) + shift
        found += turn != 0
    count = 0
    for k in range(found):
        turn, base = turns[k], places[k]
        number = ones(turn)
        for i in range(4):
            events[count + i] = base + lowest(turn)
            turn &= turn - _ONE
        for i in range(4, number):
            events[count + i] = base + lowest(turn)
            turn &= turn - _ONE
        count += number
    return min(begins_above, count), count


@kernel
def make_buffers(bars: Any) -> Any:
    """Room for ``changes``: events, words, words with a change, and their bars."""
    number = (bars + 63) // 64 + 1
    return (
        np.empty(bars + 72, np.int64),
        np.empty(number, np.uint64),
        np.empty(number, np.uint64),
        np.empty(number, np.int64),
    )


@kernel
def crossings(codes: Any, lines: Any, fast: Any, slow: Any, lead: Any, orders: Any) -> Any:
    """Orders at every crossing as ``strategies.crossing.cross`` defines it, ties and gaps included; bars are counted
    from the bar ``lead`` of the lines on.
    """
    one, other = fast * codes.shape[1], slow * codes.shape[1]
    was_up = was_down = was_known = np.uint64(0)
    count = 0
    for at in range(0, lines.shape[1], 64):
        known = known64(codes, one + at) & known64(codes, other + at)
        up = above64(codes, one + at, other + at) & known
        down = above64(codes, other + at, one + at) & known
        more, ties = _settle(known & ~up & ~down, at, fast, slow, lines)
        up |= more
        down |= known & ~up & ~down & ~ties
        both = known & ((known << _ONE) | was_known)
        rises = up & ~((up << _ONE) | was_up) & both
        falls = down & ~((down << _ONE) | was_down) & both
        events = rises | falls
        while events != 0:
            place = lowest(events)
            if at + place < lines.shape[1]:
                orders[count] = 2 * (at + place - lead) + np.int64((rises >> np.uint64(place)) & _ONE)
                count += 1
            events &= events - _ONE
        was_up, was_down, was_known = up >> _TOP, down >> _TOP, known >> _TOP
    return count


@kernel
def sweep(rows: Any, pairs: Any, account: Any, rules: Any, rule_of: Any, chunk: Any, metrics: Any) -> Any:
    """Figures of combinations: for each position in ``chunk``, a pair of lines in ``pairs`` (combinations, 2), into the
    same positions of ``metrics`` (total returns, Sharpe ratios per bar, drawdowns, numbers of trades).

    ``rows`` are codes, the lines themselves, starts and whether a line has gaps. Lines may have a bar more than the
    account, the one before its first. ``rules`` (settings, 7) are costs and
    stops, ``rule_of`` each combination's row of them, empty where there is one.
    """
    codes, values, starts, broken = rows
    lines, drawdowns, fills, _, shift, _ = account
    bars = len(lines) - 1
    lead = values.shape[1] - bars
    buffers = make_buffers(values.shape[1])
    events = buffers[0]
    scratch = make_scratch(bars)
    setting = -1
    for c in chunk:
        fast, slow = pairs[c, 0], pairs[c, 1]
        row = rule_of[c] if len(rule_of) else 0
        rule = rules[row]
        stops = has_stops(rule)
        if stops and row != setting:
            reset_scratch(scratch)
        setting = row
        first = -1
        if not broken[fast] and not broken[slow] and len(fills) == 0:
            first, count = changes(codes, values, fast, slow, max(starts[fast], starts[slow]), shift - lead, buffers)
        if first < 0:
            count = crossings(codes, values, fast, slow, lead, events)
            count = shift_to_fills(events, count, fills, shift, bars)
        else:
            if count > first and events[count - 1] >= bars:
                count -= 1
            count -= first
            if not stops:
                found = summarise(events, first, count, lines, drawdowns, rule[0], rule[1])
                record(metrics, c, found, (count + 1) >> 1)
                continue
            for i in range(count):
                events[i] = 2 * events[first + i] + ((i + 1) & 1)
        found, number = order_metrics(events, count, account, rule, scratch)
        record(metrics, c, found, number)
