"""Intervals of labels in time: training rows that share no bar with a test, before it or around it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from engine.core.errors import DataError
from engine.market.bars import Times
from engine.models.splits.fold import NEVER, Fold, Mask, Timeline

Moment = np.datetime64


def cut(time: Times, fraction: float) -> np.datetime64:
    """The time from which on the latest ``fraction`` of the rows is; rows of one time stay together, so that it may be
    a little more. Raises ``DataError`` where all rows have one time.
    """
    ordered = np.sort(time)
    start = ordered[min(int(len(ordered) * (1 - fraction)), len(ordered) - 1)] if len(ordered) else NEVER
    if not (time < start).any():
        raise DataError("Too few bars to split in time: choose a longer range.")
    found: np.datetime64 = start
    return found


def latest(time: Times, end: Times, fraction: float) -> Fold:
    """The latest ``fraction`` of the rows is the test, the earlier ones whose labels end before it are the training.

    ``time`` and ``end`` are the rows' times and the ends of their labels, embargo included, in any order and pooled
    over any calendars. Rows whose label is unknown (NaT) can be tested on, not trained on. Raises as ``cut``.
    """
    start = cut(time, fraction)
    earlier = time < start
    train = earlier & (end < start)
    purged = earlier & ~train & ~np.isnat(end)
    return Fold(train, ~earlier, purged, np.zeros(len(time), dtype=bool), _block(time, end, ~earlier)[None])


def forward(rows: Timeline, start: Moment, stop: Moment, embargo: int, since: Moment | None = None) -> Fold:
    """The rows from ``start`` to before ``stop`` are the test, the earlier ones, from ``since`` on, whose labels end
    ``embargo`` bars before it are the training.
    """
    test = (rows.time >= start) & (rows.time < stop)
    earlier = rows.time < start
    if since is not None:
        earlier &= rows.time >= since
    own = earlier & (rows.end < start)
    train = own & (rows.embargoed(embargo) < start)
    purged = earlier & ~own & ~np.isnat(rows.end)
    return Fold(train, test, purged, own & ~train, _block(rows.time, rows.end, test)[None])


def around(rows: Timeline, spans: Sequence[tuple[np.datetime64, np.datetime64]], embargo: int) -> Fold:
    """The rows in the ``spans`` of time [start, stop) are the test, those around them the training but for those whose
    labels overlap a test block or its labels, and those in the ``embargo`` bars after it (López de Prado 2018, 7.4).
    """
    test, overlaps, held = (np.zeros(len(rows), dtype=bool) for _ in range(3))
    blocks = []
    for start, stop in spans:
        inside = (rows.time >= start) & (rows.time < stop)
        first, last = block = _block(rows.time, rows.end, inside)
        test |= inside
        overlaps |= (rows.time <= last) & (rows.end >= first)
        held |= (rows.time > last) & (rows.time < rows.after(last, embargo))
        blocks.append(block)
    others = ~test & ~np.isnat(rows.end)
    purged = others & overlaps
    embargoed = others & ~overlaps & held
    return Fold(others & ~purged & ~embargoed, test, purged, embargoed, np.stack(blocks))


def groups(rows: Timeline, count: int) -> list[tuple[np.datetime64, np.datetime64]]:
    """``count`` spans of time [start, stop) that follow each other, with about as many rows each. Raises ``DataError``
    where there are fewer times than groups.
    """
    moments = np.unique(rows.time)
    if len(moments) < count:
        raise DataError(
            f"{len(moments)} bars after warm-up cannot be divided into {count} groups: choose fewer of them, or a "
            "longer range."
        )
    ordered = np.sort(rows.time)
    starts = ordered[np.arange(count) * len(ordered) // count]
    if len(np.unique(starts)) < count:  # many symbols at few times
        starts = moments[np.arange(count) * len(moments) // count]
    return list(zip(starts, [*starts[1:], NEVER], strict=True))


def _block(time: Times, end: Times, inside: Mask) -> Times:
    """First row, and last bar that a row or its label uses, of the rows ``inside``."""
    known = inside & ~np.isnat(end) & (end < NEVER)
    last = max([time[inside].max(), *([end[known].max()] if known.any() else [])])
    return np.array([time[inside].min(), last])
