"""Decisions of the strategy at each close, for every symbol of an account, encoded independently of the account."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.backtest.decisions import Decisions
from engine.backtest.measured import sizes_of, stop_distances_of
from engine.backtest.sizings import Measure
from engine.market.bars import Bars, Floats
from engine.market.days import Days
from engine.market.panel import Panel
from engine.strategies import Signals

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec, Rebalance

EXIT_LONG, EXIT_SHORT, GO_LONG, GO_SHORT, TO_WEIGHT, RESIZE = 1, 2, 4, 8, 16, 32
EXITS, ENTRIES = EXIT_LONG | EXIT_SHORT, GO_LONG | GO_SHORT
PERIODS: dict[str, Callable[[date], object]] = {
    "never": lambda day: None,
    "day": lambda day: day,
    "week": lambda day: day.isocalendar()[:2],
    "month": lambda day: (day.year, day.month),
    "quarter": lambda day: (day.year, (day.month - 1) // 3),
}
"""Keys that are equal for all days of a period."""


@dataclass(frozen=True, eq=False)
class Targets:
    """``codes`` (bars, symbols) are sums of the codes above, zero for no decision; ``RESIZE`` is only for what is held.
    ``amounts`` are their sizes in the unit ``measure`` (``sizings.Size``), or weights where it is "weight"; ``stops``
    the distances of the stops of what they enter, NaN where those are the same at every bar.
    """

    codes: NDArray[np.int64]
    amounts: Floats
    measure: Measure | str
    stops: Floats
    scale: float = 1.0
    cap: float = 1.0
    trades: int = 0


def targets_of(spec: BacktestSpec, panel: Panel, bars: Sequence[Bars], decisions: Decisions) -> Targets:
    """``decisions`` on the account's calendar, that of ``panel``."""
    if decisions.divides_account:
        return from_weights(spec, decisions.weights)
    return from_signals(spec, panel, bars, decisions.signals)


def from_signals(spec: BacktestSpec, panel: Panel, bars: Sequence[Bars], signals: Sequence[Signals]) -> Targets:
    """Decisions by signals on the account's calendar, that of ``panel``."""
    codes = np.zeros((len(panel), len(bars)), dtype=np.int64)
    amounts = np.full(codes.shape, np.nan)
    stops = np.full(codes.shape, np.nan)
    sizes, distances = sizes_of(spec, bars), stop_distances_of(spec, bars)
    for place, (item, decided, size) in enumerate(zip(bars, signals, sizes, strict=True)):
        codes[np.searchsorted(panel.time, item.time), place] = codes_of(decided, spec.direction)
        for row, moment in enumerate(panel.time):
            if known := int((item.time <= moment).sum()):
                amounts[row, place] = size.amount[known - 1]
                stops[row, place] = distances[place][known - 1] if distances else np.nan
    if spec.cash == "shared":
        codes[rebalancing(panel.days, spec.rebalance)] |= RESIZE
    first = sizes[0]
    return Targets(codes, amounts, first.measure, stops, first.scale, first.cap, first.trades)


def rebalancing(days: Days, every: Rebalance) -> NDArray[np.bool_]:
    """Bars that begin a period of trading days; never the first bar of all."""
    keys = [PERIODS[every](day) for day in days.tolist()]
    return np.array([False] + [key != before for before, key in pairwise(keys)], dtype=bool)


def from_weights(spec: BacktestSpec, weights: Floats) -> Targets:
    """Decisions of an allocation; ``weights`` (bars, symbols), NaN for none."""
    part = spec.sizing.fixed_part() or 1.0
    return Targets(
        np.where(np.isnan(weights), 0, TO_WEIGHT).astype(np.int64),
        weights * part,
        "weight",
        np.full(weights.shape, np.nan),
    )


def codes_of(signals: Signals, direction: str) -> NDArray[np.int64]:
    """``signals`` as codes, on one side or both.

    The exit of a side overrides its entry; simultaneous entries of both sides cancel out.
    """
    none = np.zeros(len(signals.entries), dtype=bool)
    use_long, use_short = direction != "short", direction != "long"
    exit_long = signals.exits if use_long else none
    exit_short = none if signals.short_exits is None or not use_short else signals.short_exits
    go_long = signals.entries & ~exit_long if use_long else none
    go_short = none if signals.short_entries is None or not use_short else signals.short_entries & ~exit_short
    conflicting = go_long & go_short
    entries = GO_LONG * (go_long & ~conflicting) + GO_SHORT * (go_short & ~conflicting)
    exits = EXIT_LONG * exit_long + EXIT_SHORT * exit_short
    return np.where(entries > 0, entries, exits).astype(np.int64)


def effective_code(code: int, pending: int, held: float) -> int:
    """``code``, where it is no exit, or that of a side that is held or waited for; of one that waits, which only
    withdraws its entry, an exit of either side.
    """
    if code not in (EXIT_LONG, EXIT_SHORT):
        return code
    own, other = (GO_LONG, GO_SHORT) if code == EXIT_LONG else (GO_SHORT, GO_LONG)
    if pending & own:
        return EXITS
    return code if not pending & other and ends(code, 0.0, held) else 0


def ends(code: int, amount: float, held: float) -> bool:
    """Whether a decision ends a position of ``held`` units."""
    if code == TO_WEIGHT:
        return amount * held <= 0
    return bool(code & ((EXIT_LONG | GO_SHORT) if held > 0 else (EXIT_SHORT | GO_LONG)))
