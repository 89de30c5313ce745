"""Figures of windows built by doubling: those of 2, 4, 8... values, each from two of the half.

A window of 200 follows from those of 128, 64 and 8. In the difference of two cumulative sums rounding grows with the
history and a NaN never leaves; here a window's figure follows from its own values alone, through as many roundings as
its length has binary digits. Arrays are any library's that slice and add, (series, bars); what is returned for a window
begins with the bar at which the first one ends.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple, TypeVar

T = TypeVar("T")


class Moments(NamedTuple):
    """Of windows of one or more series: ``means`` less the last value, and sums of ``products`` of the distances from
    the means, by the places of two series, the lower first.
    """

    means: tuple[Any, ...]
    products: dict[tuple[int, int], Any]


def by_doubling(single: T, windows: Sequence[int], bars: int, joined: Callable[[T, T, int, int], T]) -> dict[int, T]:
    """Figures by window, from those of a ``single`` value; windows longer than ``bars`` are left out.

    ``joined(older, newer, m, n)`` gives those of windows of ``m + n`` values from those of ``m`` older and ``n`` newer
    ones, of which the last and the first are cut off. Raises ``ValueError`` for a window without a bar.
    """
    if not windows or min(windows) < 1:
        raise ValueError(f"Windows must hold at least one bar, not {tuple(windows)}.")
    fitting = {window for window in windows if window <= bars}
    found: dict[int, T] = {}
    block, width = single, 1
    while fitting and width <= max(fitting):
        for window in fitting:
            have = window & (width - 1)  # so many values are joined already
            if window & width:
                found[window] = joined(block, found[window], width, have) if have else block
        if 2 * width <= bars:
            block = joined(block, block, width, width)
        width *= 2
    return found


def window_sums(x: Any, windows: Sequence[int]) -> dict[int, Any]:
    """Sums of every ``window`` adjacent values along the second axis, by window."""
    return by_doubling(x, windows, int(x.shape[1]), lambda older, newer, m, n: older[:, :-n] + newer[:, m:])


def window_extremes(x: Any, windows: Sequence[int], choose: Callable[[Any, Any], Any]) -> dict[int, Any]:
    """What ``choose`` (the larger or the smaller of two) leaves of every ``window`` adjacent values."""
    return by_doubling(x, windows, int(x.shape[1]), lambda older, newer, m, n: choose(older[:, :-n], newer[:, m:]))


def window_moments(series: Sequence[Any], windows: Sequence[int]) -> dict[int, Moments]:
    """Moments of windows of ``series``, joined pairwise (Chan, Golub and LeVeque, The American Statistician 37, 1983).

    Means are held as distances from the window's last value, so that prices far from zero lose no digits, and equal
    values have a variance of zero.
    """
    bars, places = int(series[0].shape[1]), range(len(series))
    nothing = tuple(x - x for x in series)
    pairs = [(i, j) for i in places for j in places if i <= j]

    def joined(older: Moments, newer: Moments, m: int, n: int) -> Moments:
        count = bars - m - n + 1
        centres = [newer.means[i][:, m:] for i in places]
        apart = []
        for i, x in enumerate(series):
            moved = x[:, m - 1 : m - 1 + count] - x[:, m + n - 1 :]  # from the last value of the older to the newer's
            apart.append(older.means[i][:, :-n] + moved - centres[i])
        means = tuple(centres[i] + apart[i] * (m / (m + n)) for i in places)
        products = {
            (i, j): older.products[i, j][:, :-n] + newer.products[i, j][:, m:] + apart[i] * apart[j] * (m * n / (m + n))
            for i, j in pairs
        }
        return Moments(means, products)

    single = Moments(nothing, {(i, j): nothing[i] * nothing[j] for i, j in pairs})
    return by_doubling(single, windows, bars, joined)
