"""Script of a run for Backtrader: each bar split into one bar per step of the account.

Backtrader fills all orders of a bar in the order of submission. The account has consecutive steps within a bar: exits
at the open, then entries with the proceeds, then stops between high and low, then the close. So one bar becomes
several: a step at the open or the close is a bar of that single price, which fills market orders; the intrabar step is
the bar itself, on which Backtrader matches stops and limits.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from engine.backtest.crosscheck.targets import RESIZE, TO_WEIGHT
from engine.backtest.fill_prices import forward_fill
from engine.market.bars import MILLISECONDS_PER_YEAR, Floats
from engine.market.panel import Panel

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

ACCRUE, EXIT, REDUCE, ENTER, INTRABAR = range(5)
"""Interest, dividends and postponed margin calls; exits; reductions; entries and additions; stops, targets and margin
calls.
"""


@dataclass(frozen=True, eq=False)
class Script:
    """``bar`` and ``step`` of each row; ``prices`` (rows, symbols, 4: open, high, low, close) as Backtrader sees them.

    Per bar: ``years`` since the bar before. Per bar and symbol: ``quote`` at which decisions fill (NaN for none),
    ``open``, ``high``, ``low``, ``close`` (NaN for none), ``mark``, the last known close, ``closes``, how many were
    known by then, ``years_since_close``, years since the last one before the bar, ``volume`` in units of the prices,
    zero where unknown, the ``shares`` that a unit is, and ``dividends``, cash a unit.
    """

    bar: NDArray[np.int64]
    step: NDArray[np.int64]
    prices: Floats
    years: Floats
    quote: Floats
    open: Floats
    high: Floats
    low: Floats
    close: Floats
    mark: Floats
    closes: NDArray[np.int64]
    years_since_close: Floats
    volume: Floats
    shares: Floats
    dividends: Floats


def build_script(spec: BacktestSpec, panel: Panel, codes: NDArray[np.int64]) -> Script:
    """The script of ``panel`` for the decisions ``codes`` (bars, symbols)."""
    at_open = spec.fill in ("next_open", "limit")
    quote = panel.open if at_open else panel.close
    mark = np.column_stack([_filled(column) for column in panel.close.T])
    before = np.vstack([mark[:1], mark[:-1]])
    open = np.where(np.isfinite(panel.open), panel.open, before)
    ohlc = np.stack(
        [
            open,
            np.where(np.isfinite(panel.high), panel.high, np.fmax(open, mark)),
            np.where(np.isfinite(panel.low), panel.low, np.fmin(open, mark)),
            mark,
        ],
        axis=-1,
    )
    busy = _fill_bars(spec, codes, quote)
    trims, due = bool((codes & (TO_WEIGHT | RESIZE)).any()), _accrual_bars(spec, panel)
    rows = [(bar, step) for bar in range(len(panel)) for step in _steps(at_open, trims, busy[bar], due[bar])]
    bar, step = (np.array(column, dtype=np.int64) for column in zip(*rows, strict=True))
    moment = (open if at_open else mark)[bar][:, :, None].repeat(4, axis=2)
    moment[step == ACCRUE] = open[bar[step == ACCRUE]][:, :, None]
    within = (step == INTRABAR) | ((step == ENTER) & (spec.fill == "limit"))
    now = (panel.time - panel.time[0]).astype("timedelta64[ms]").astype(np.float64) / MILLISECONDS_PER_YEAR
    seen = np.maximum.accumulate(np.where(np.isfinite(panel.close), now[:, None], -np.inf), axis=0)
    return Script(
        bar=bar,
        step=step,
        prices=np.where(within[:, None, None], ohlc[bar], moment),
        years=np.diff(now, prepend=0.0),
        quote=quote,
        open=panel.open,
        high=panel.high,
        low=panel.low,
        close=panel.close,
        mark=mark,
        closes=np.cumsum(np.isfinite(panel.close), axis=0),
        years_since_close=now[:, None] - np.vstack([seen[:1], seen[:-1]]),
        volume=np.where(panel.traded > 0, panel.traded, 0.0),
        shares=panel.shares,
        dividends=panel.dividends,
    )


def _accrual_bars(spec: BacktestSpec, panel: Panel) -> NDArray[np.bool_]:
    """Mask of the bars with interest, a dividend, or a market that opens again, where a margin call may be waiting."""
    rates, priced = spec.financing, np.isfinite(panel.open)
    due = (panel.dividends != 0).any(axis=1) | bool(rates.cash_yield or rates.borrow_cost or rates.margin_rate)
    due[1:] |= (priced[1:] & ~priced[:-1]).any(axis=1)
    return np.asarray(due)


def _steps(at_open: bool, trims: bool, busy: bool, due: bool) -> Iterator[int]:
    """The steps of a bar: with fills where ``busy``, with accruals where ``due``."""
    fills = ((EXIT, REDUCE, ENTER) if trims else (EXIT, ENTER)) if busy else ()
    if due:
        yield ACCRUE
    if at_open:
        yield from fills
    yield INTRABAR
    if not at_open:
        yield from fills


def _fill_bars(spec: BacktestSpec, codes: NDArray[np.int64], quote: Floats) -> NDArray[np.bool_]:
    """Mask of the bars on which a decision may be filled: the first with a quote after it, or any where it may wait."""
    count, waits = len(codes), bool((codes & (TO_WEIGHT | RESIZE)).any() and np.isnan(quote).any())
    if waits or spec.stops.time_stop or spec.costs.volume_limit or spec.fill == "limit":
        return np.ones(count, dtype=bool)
    found = np.zeros(count + 1, dtype=bool)
    later = 0 if spec.fill == "same_close" else 1
    for decided, fill_prices in zip(codes.T, quote.T, strict=True):
        priced = np.append(np.flatnonzero(np.isfinite(fill_prices)), count)
        found[priced[np.searchsorted(priced[:-1], np.flatnonzero(decided) + later)]] = True
    return found[:count]


def _filled(close: Floats) -> Floats:
    """The forward filled close, back filled before the first."""
    known = np.flatnonzero(np.isfinite(close))
    return np.where(np.arange(len(close)) < known[0], close[known[0]], forward_fill(close)) if len(known) else close
