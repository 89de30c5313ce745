"""Holdings of an account at each close, and its next target positions."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from engine.backtest.result import BacktestResult
from engine.market.bars import Bars, Floats, Times

_ROUNDING = 1e-9  # of the largest position in a symbol: less is none


@dataclass(frozen=True, eq=False)
class Holdings:
    """``units`` and ``values`` (at the close, in the market's currency, negative for short) are (bars, symbols);
    ``weights`` are the values over the equity, zero after ruin, ``cash`` is what is left to one.
    """

    time: Times
    symbols: tuple[str, ...]
    units: Floats
    values: Floats
    weights: Floats

    @property
    def cash(self) -> Floats:
        """Share of the equity in cash, below zero where it is borrowed."""
        found: Floats = 1.0 - self.weights.sum(axis=1)
        return found


@dataclass(frozen=True)
class Position:
    """A symbol at the last close: held ``units`` at the ``price``, worth ``value`` or ``weight`` of the equity, and
    what they are to become; the target is None where its size is decided at the fill.
    """

    symbol: str
    units: float
    price: float
    value: float
    weight: float
    target_value: float | None
    target_weight: float | None
    target_units: float | None


def holdings(result: BacktestResult, bars: Sequence[Bars]) -> Holdings:
    """The positions that the fills of ``result`` add up to, valued at the closes of ``bars``, those of its symbols in
    their order, adjusted as the run had them.
    """
    shape = len(result.time), len(result.symbols)
    changes = np.zeros(shape)
    np.add.at(changes, (np.searchsorted(result.time, result.fill_time), result.fill_symbol), result.fill_units)
    units = np.cumsum(changes, axis=0)
    units[np.abs(units) < _ROUNDING * np.abs(units).max(axis=0, initial=0.0)] = 0.0
    values = np.where(units == 0.0, 0.0, units * closes(result.time, bars))
    alive = (result.equity > 0)[:, None]
    values = np.where(alive, values, 0.0)
    weights = np.divide(values, result.equity[:, None], out=np.zeros(shape), where=alive)
    return Holdings(result.time, result.symbols, units, values, weights)


def closes(time: Times, bars: Sequence[Bars]) -> Floats:
    """The last known close of each of ``bars`` at each of ``time``, (times, symbols); NaN before the first."""
    found = np.full((len(time), len(bars)), np.nan)
    for column, item in enumerate(bars):
        known = np.flatnonzero(np.isfinite(item.close))
        place = np.searchsorted(item.time[known], time, side="right") - 1
        seen = place >= 0
        found[seen, column] = item.close[known[place[seen]]]
    return found


def now(result: BacktestResult, held: Holdings, bars: Sequence[Bars]) -> tuple[Position, ...]:
    """Every symbol at the last close, those without a position included."""
    price, equity = closes(result.time[-1:], bars)[0], float(result.equity[-1])
    targets = result.target if len(result.target) == len(price) else np.full(len(price), np.nan)
    found = []
    for i, symbol in enumerate(result.symbols):
        target = float(targets[i]) if np.isfinite(targets[i]) else None
        found.append(
            Position(
                symbol=symbol,
                units=float(held.units[-1, i]),
                price=float(price[i]),
                value=float(held.values[-1, i]),
                weight=float(held.weights[-1, i]),
                target_value=target,
                target_weight=target / equity if target is not None and equity > 0 else None,
                target_units=target / float(price[i]) if target is not None and price[i] > 0 else None,
            )
        )
    return tuple(found)
