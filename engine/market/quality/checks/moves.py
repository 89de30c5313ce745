"""Large moves from one bar to the next, and what explains them: splits, currency units, bad prints, another company."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.market.bars import Bars
from engine.market.quality import edits
from engine.market.quality.edits import Edit
from engine.market.quality.finding import About, Family, Finding, counted

JUMP = 0.40
"""A move of the adjusted close that is reported."""
_UNUSUAL = 12.0
"""Robust standard deviations of the series' own moves, below which none is reported: volatility indices double."""
_HUNDRED, _NEAR_HUNDRED = np.log(100.0), np.log(1.25)
_RATIOS = np.array([1.5, 2, 2.5, 3, 4, 5, 6, 7, 8, 10, 12, 15, 20, 25, 30, 35, 40, 50])
_NEAR_RATIO = 0.04
_SMALLEST_SPLIT = 0.28
"""Move of the close that may be a split."""
_TICKS = 5
"""Steps of the smallest price that a move has, below which it has no ratio: pennies halve."""
_CALM = 0.2
"""Logarithm of the largest move that is no event."""
_REVERTS, _LEVEL = 3, 0.15
"""Bars within which a bad print is over, and how near its level is to the one before."""
_AWAY = np.timedelta64(180, "D")

_PRICES = ("open", "high", "low", "close", "adj_close")
_PRICE_COLUMNS = ("open", "high", "low", "close")


@dataclass(frozen=True, eq=False)
class _Moves:
    """Steps between consecutive bars with a positive close: ``rows`` are the later bars, ``before`` the earlier ones,
    ``close`` and ``adjusted`` the logarithms of the steps of close and adjusted close. ``open`` marks steps that no
    finding has explained yet. ``unusual`` is the size from which a move of this series is reported.
    """

    rows: NDArray[np.intp]
    before: NDArray[np.intp]
    close: NDArray[np.float64]
    adjusted: NDArray[np.float64]
    open: NDArray[np.bool_]
    unusual: float

    def large(self) -> NDArray[np.bool_]:
        """Moves without an explanation that are to be reported."""
        return self.open & (np.abs(np.expm1(self.adjusted)) > JUMP) & (np.abs(self.adjusted) > self.unusual)


def _search(bars: Bars) -> Iterator[Finding]:
    moves = _moves(bars)
    if not len(moves.rows):
        return
    for step in (_hundredfold, _another_company, _splits, _spikes, _rest):
        yield from step(bars, moves)


def _moves(bars: Bars) -> _Moves:
    valid = np.flatnonzero((bars.close > 0) & (bars.adj_close > 0) & np.isfinite(bars.close + bars.adj_close))
    if len(valid) < 2:
        nothing = np.empty(0)
        return _Moves(valid[:0], valid[:0], nothing, nothing, np.empty(0, dtype=np.bool_), 0.0)
    close, adjusted = np.diff(np.log(bars.close[valid])), np.diff(np.log(bars.adj_close[valid]))
    large = (
        (np.abs(np.expm1(adjusted)) > JUMP)
        | (np.abs(adjusted - close) > _CALM)
        | (np.abs(np.expm1(close)) > _SMALLEST_SPLIT)
        | (np.diff(bars.time[valid]) > _AWAY)
    )
    at = np.flatnonzero(large)
    unusual = _UNUSUAL * 1.4826 * float(np.median(np.abs(adjusted)))
    return _Moves(valid[at + 1], valid[at], close[at], adjusted[at], np.ones(len(at), dtype=np.bool_), unusual)


def _hundredfold(bars: Bars, moves: _Moves) -> Iterator[Finding]:
    """Blocks of bars in a unit a hundred times smaller or larger, such as pence among pounds."""
    is_step = np.abs(np.abs(moves.close) - _HUNDRED) < _NEAR_HUNDRED
    if not is_step.any():
        return
    starts = moves.rows[is_step]
    levels = np.concatenate(([0], np.cumsum(np.sign(moves.close[is_step])))).astype(int)
    bounds = np.concatenate(([0], starts, [len(bars)]))
    lengths = {level: int(np.diff(bounds)[levels == level].sum()) for level in set(levels.tolist())}
    right = max(lengths, key=lambda level: lengths[level])
    blocks = [
        (int(bounds[at]), int(bounds[at + 1]) - 1, 100.0 ** (right - int(level)))
        for at, level in enumerate(levels)
        if level != right
    ]
    moves.open[is_step] = False
    rows = np.concatenate([np.arange(first, last + 1) for first, last, _ in blocks])
    is_pence = bars.series.currency in ("GBP", "GBp", "GBX") or bars.series.timezone == "Europe/London"
    yield Finding(
        "hundredfold",
        "grave",
        rows,
        f"{counted(len(rows))} in {counted(len(blocks), 'block')} are a hundred times the others or a hundredth of them"
        + (": pounds and pence are mixed." if is_pence else ": two units of the currency are mixed."),
        "A position across the edge of a block gains or loses 99%, or a hundredfold.",
        repairs=tuple(_rescaled(bars, *block) for block in blocks),
    )


def _rescaled(bars: Bars, first: int, last: int, factor: float) -> Edit:
    """Only the columns that have the wrong unit: adjusted closes are often right."""
    at = first - 1 if first else last + 1
    level = np.log(bars.close[first if first else last])
    columns = [name for name in _PRICE_COLUMNS if bars.series.has_ohlc or name == "close"]
    edge = first if first else last
    with np.errstate(divide="ignore", invalid="ignore"):
        wrong = [name for name in columns if not abs(np.log(getattr(bars, name)[edge]) - level) > np.log(10)]
        step = np.log(bars.adj_close[edge] / bars.adj_close[at]) if at < len(bars) else 0.0
    is_adjusted_too = bool(abs(step + np.log(factor)) < _NEAR_HUNDRED)
    return edits.scale(bars, first, last, factor, (*wrong, *(["adj_close"] if is_adjusted_too else [])))


def _another_company(bars: Bars, moves: _Moves) -> Iterator[Finding]:
    """A long time without bars, and then another price level or another volume."""
    time = bars.time
    for at in np.flatnonzero(moves.open & (time[moves.rows] - time[moves.before] > _AWAY)).tolist():
        row, before = int(moves.rows[at]), int(moves.before[at])
        busier = _volume_step(bars, row)
        if abs(moves.adjusted[at]) < np.log(2) and not abs(busier) > np.log(10):
            continue
        moves.open[at] = False
        away = int((time[row] - time[before]) / np.timedelta64(1, "D"))
        other = f"the price at {np.exp(moves.close[at]):,.3g} times its last"
        if abs(busier) > np.log(10):
            other += f" and the volume at {np.exp(busier):,.3g} times its usual"
        yield Finding(
            "another company",
            "grave",
            np.arange(row, dtype=np.intp),
            f"{away:,} days without a bar before {bars.days[row]}, then {other}: the symbol may have named another "
            "company before.",
            f"{counted(row)} before that day may belong to a company that cannot be bought any more: start the range "
            f"on {bars.days[row]}.",
        )


def _volume_step(bars: Bars, row: int) -> float:
    """Logarithm of the median volume of the 20 bars from ``row`` on over that of the 20 before; 0 if unknown."""
    if not bars.series.has_volume:
        return 0.0
    sides = [side[side > 0] for side in (bars.volume[max(0, row - 20) : row], bars.volume[row : row + 20])]
    if not (len(sides[0]) and len(sides[1])):
        return 0.0
    return float(np.log(np.median(sides[1]) / np.median(sides[0])))


def _splits(bars: Bars, moves: _Moves) -> Iterator[Finding]:
    """Splits that only one of close and adjusted close shows, or neither."""
    if bars.series.kind not in ("equity", "etf", "fund"):
        return
    found: dict[str, list[int]] = {"missing split": [], "doubled split": []}
    repairs: dict[str, list[Edit]] = {"missing split": [], "doubled split": []}
    texts: dict[str, str] = {}
    tick = _tick(bars)
    for at in np.flatnonzero(moves.open).tolist():
        row, close, adjusted = int(moves.rows[at]), float(moves.close[at]), float(moves.adjusted[at])
        is_reported = bars.splits is not None and bars.splits[row] not in (0.0, 1.0)
        if abs(bars.close[row] - bars.close[moves.before[at]]) < _TICKS * tick:
            continue
        gap, ratio = adjusted - close, 0.0 if _passes(bars.close, moves, at) else _ratio(-close)
        if abs(gap) < 0.01 and ratio and not is_reported and _opens_there(bars, row, close):
            name, edit, words = "missing split", edits.split(bars, row, ratio), _in_words(ratio)
        elif abs(close) < _CALM and abs(gap) > _CALM and _ratio(gap):
            name, edit, words = "doubled split", edits.readjust(bars, row, float(np.exp(gap))), _in_words(_ratio(gap))
        else:
            continue
        moves.open[at] = False
        found[name].append(row)
        repairs[name].append(edit)
        texts.setdefault(name, words)
    for name, (sentence, effect) in _SPLIT_TEXTS.items():
        if found[name]:
            rows = np.array(found[name], dtype=np.intp)
            words = sentence.format(bars=counted(len(rows)), ratio=texts[name], day=bars.days[rows[0]])
            yield Finding(name, "grave", rows, words, effect, repairs=tuple(repairs[name]))


_SPLIT_TEXTS = {
    "missing split": (
        "{bars} on which the price changes as at a split ({ratio} on {day}), which the adjusted close does not follow.",
        "A holder keeps the value at a split, but a backtest sees it as a gain or a loss.",
    ),
    "doubled split": (
        "{bars} on which the adjusted close follows a split ({ratio} on {day}) that the price does not show.",
        "The price is without the split already: total returns contain it twice.",
    ),
}


def _tick(bars: Bars) -> float:
    """The smallest difference between two closes, in millionths."""
    levels = np.unique(np.round(bars.close[np.isfinite(bars.close)], 6))
    return float(np.diff(levels).min()) if len(levels) > 1 else 0.0


def _ratio(change: float) -> float:
    """The split of usual numbers whose logarithm is ``change``; 0 for none."""
    steps = np.log(_RATIOS)
    nearest = int(np.argmin(np.abs(steps - abs(change))))
    is_whole = change > 0 or float(_RATIOS[nearest]).is_integer()  # nobody merges three shares into two
    if abs(steps[nearest] - abs(change)) > _NEAR_RATIO or not is_whole:
        return 0.0
    return float(_RATIOS[nearest] if change > 0 else 1 / _RATIOS[nearest])


def _opens_there(bars: Bars, row: int, close: float) -> bool:
    """Whether the whole bar is at the new level, as after a split; a crash has its fall, and its volume, in the bar."""
    if bars.series.has_ohlc and bars.open[row] > 0 and bars.high[row] > 0 and bars.low[row] > 0:
        opening = np.log(bars.open[row] / bars.close[row - 1]) if bars.close[row - 1] > 0 else 0.0
        if abs(opening - close) > 2 * _NEAR_RATIO or np.log(bars.high[row] / bars.low[row]) > _CALM:
            return False
    if not bars.series.has_volume:
        return True
    usual = bars.volume[max(0, row - 20) : row]
    return bool(not len(usual) or bars.volume[row] <= 4 * max(np.exp(-close), 1.0) * np.median(usual))


def _in_words(ratio: float) -> str:
    return f"{ratio:g} for 1" if ratio > 1 else f"1 for {1 / ratio:g}"


def _spikes(bars: Bars, moves: _Moves) -> Iterator[Finding]:
    """Moves that are undone within a few bars."""
    found: list[int] = []
    worst = 0.0
    prices = bars.adj_close
    for at in np.flatnonzero(moves.large()).tolist():
        row = int(moves.rows[at])
        if not moves.open[at] or not (end := _undone(prices, moves, at)):
            continue
        moves.open[(moves.rows >= row) & (moves.rows <= end)] = False
        found += range(row, end)
        worst = max(worst, abs(float(np.expm1(moves.adjusted[at]))))
    if found:
        rows = np.array(sorted(set(found)), dtype=np.intp)
        yield Finding(
            "spike",
            "grave" if bars.series.kind in ("equity", "etf", "fund", "fx") else "warning",
            rows,
            f"{counted(len(rows))} at a price that is gone after at most {_REVERTS} bars, up to {worst:,.0%} away.",
            f"A strategy that trades there wins or loses up to {worst:,.0%} on prices that are probably errors.",
        )


def _undone(prices: NDArray[np.float64], moves: _Moves, at: int) -> int:
    """The row within a few bars of a move on which the price is near its level before it again; 0 for none."""
    row = int(moves.rows[at])
    after = prices[row + 1 : row + 1 + _REVERTS]
    back = np.flatnonzero(np.abs(after / prices[moves.before[at]] - 1) < _LEVEL)
    return row + 1 + int(back[0]) if len(back) else 0


def _passes(prices: NDArray[np.float64], moves: _Moves, at: int) -> bool:
    """Whether a move is undone within a few bars, or undoes another: nobody splits shares for so short a time."""
    before = int(moves.before[at])
    earlier = prices[max(0, before - _REVERTS) : before]
    undoes = np.abs(earlier / prices[moves.rows[at]] - 1) < _LEVEL
    return bool(undoes.any()) or _undone(prices, moves, at) > 0


def _rest(bars: Bars, moves: _Moves) -> Iterator[Finding]:
    moved = np.expm1(moves.adjusted)
    at = np.flatnonzero(moves.large())
    if len(at):
        worst = at[np.argmax(np.abs(moves.adjusted[at]))]
        yield Finding(
            "jump",
            "warning",
            moves.rows[at],
            f"{counted(len(at))} with a move of more than {JUMP:.0%} after adjustment, the largest of "
            f"{moved[worst]:+,.1%}.",
            f"One bar, {bars.days[moves.rows[worst]]}, can decide the whole result: check that it is real.",
        )


FAMILY = Family(
    {
        "hundredfold": About("Currency units", "No block of bars is in another unit of the currency."),
        "another company": About("Same company", "No long gap is followed by another price level or volume."),
        "missing split": About("Splits", "No price changes as at a split that the adjusted close does not follow."),
        "doubled split": About("Doubled splits", "No split is adjusted for twice."),
        "spike": About("Bad prints", f"No move of more than {JUMP:.0%} is undone within {_REVERTS} bars."),
        "jump": About("Jumps", f"No bar moves by more than {JUMP:.0%} after adjustment."),
    },
    _search,
)
