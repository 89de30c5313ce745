"""The account: decisions to fills to equity, for one symbol or for several that share one cash balance.

The order of events on a bar:

1. Interest and borrow fees accrued since the previous bar, by calendar time. Dividends on open positions: received on
   longs, paid on shorts. They are part of the trade's profit.
2. Decisions of an earlier close fill at the open, exits before entries. Limit orders are tried.
3. Margin call: where the equity falls below the maintenance margin, all positions are closed, at the open if it is
   breached there, else at the level on the way to the bar's worst prices. Equity never goes below zero.
4. Stops and targets, with the bar's open, high and low. They are anchored to the fill price and checked on the entry
   bar too. A price that opens beyond a level fills at the open; a bar that reaches both fills at the stop and is
   counted as ambiguous. A trailing stop follows the best price of earlier bars.
5. Fills at the close.
6. Valuation at the close; a missing one is forward filled.
7. The decision at this close. A bar without a price postpones fills: an exit is never dropped. Of several pending
   decisions the last one counts; an exit overrides an entry of the same side. The exit of a side that is neither held
   nor pending changes nothing.

The quoted price of a fill lies within its bar. Slippage comes on top: buys pay more than the quote and sells receive
less, even beyond the bar's range, since a price clipped to the range would cost nothing where it matters most, and
nothing at all with closes only. Limit entries alone have no slippage, and never pay more than their limit.

Where entries on one bar exceed the buying power (leverage times equity, less the gross exposure), each is scaled by the
same factor, whatever the order of the symbols; limit entries of one bar count as entries on one bar.

- Sizes: a fraction of the equity pays for its commission too, a fixed value does not. Units are computed at the price
  before volume impact, and where a purchase with its impact would cost more than its budget, they are as many as the
  budget pays for. A short sale brings less than its budget by its impact. Units are those of the prices.
  Commission per share and fixed sizes count the shares of the day of the fill (``Bars.shares``), and a bar's volume is
  the number of units traded (``Bars.traded``): neither depends on the adjustment of the prices. The volume limit comes
  last. It is one fraction of a bar's volume for all fills of a symbol on it, those of stops and targets included. The
  rest of an entry is dropped; the rest of an exit stays pending for the next bar, and replaces a reversal's entry.
- A limit is anchored to the last known price at the decision and tried on the following bars with a price. On the bar
  that fills it below its open (a short one above) the best price may precede the fill: the target waits, and the
  trailing stop and the excursions see the close alone.
- A time stop triggers at the first close that many closes of the symbol after the bar of the first entry, and fills
  as decisions do; bars of the calendar on which the symbol has no close do not count. A signal for the same position at
  that close is ignored: as after any other stop, only a decision at a later close enters again.
- A pending exit of a stop or target, the time stop included, is not cancelled where the strategy signals the same
  position again; another exit or a reversal replaces it. A decision that preceded a stop or target, to enter or resize
  the position that it has closed, is ignored after it.
- A margin call is only checked while something is short or cash is borrowed. All symbols are marked to their worst
  prices, or their stops, together. It cancels the pending orders of the symbols that it closes, and ignores the volume
  limit, as a broker would: fills beyond it are counted. A symbol without an open is closed at its next price, its open
  or, where bars have none, its close, whatever the fill; until then decisions about it are ignored.
- Where the equity is not above zero at a close all is closed at the last prices, and the account stays at zero.
- The part of weights or of a rebalancing that lacks buying power stays pending while another position that they are to
  change waits for its market, unless that has been closed for over a week; a stop cancels it.
- Weights: targets are computed at the quotes, with the equity before any of them is filled; costs are paid from the
  cash. A reversal closes the position first, and reductions precede additions. A trade ends as "reversal" where the
  weight has the other sign, as "signal" at zero.
- Rebalancing is a decision at the first close of a period for every position that stays open, and filled like one;
  that close may be of a symbol that is still warming up. The sizing determines the new size of each position, at its
  quote, as of the symbol's last bar where it has none at that close; together with the entries of the moment all are
  scaled by the same factor where they exceed the buying power. Reductions are sold first. A position without a defined
  size stays as it is, and so do its pending orders. A pending new size gives way to exits and newer sizes alone.
- Excursions come from the lows and highs of bars that were held to their close, or from the close where these are
  missing; of a bar with an intrabar exit, only the open and the exit's quote are certain and count. A trailing stop
  likewise follows the close where there is no high.
- A stop by an expression keeps the distance that it had at the close at which the entry was decided, also where more is
  bought later. Where it had none above zero, nothing is entered.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import BASIS_POINT, Costs
from engine.backtest.kernels import kernels
from engine.backtest.kernels import records as kernel
from engine.backtest.sizings import Size
from engine.market.bars import MILLISECONDS_PER_YEAR, Floats, Times
from engine.market.days import Days
from engine.market.panel import Panel
from engine.strategies import Signals

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec, Direction, Rebalance

Codes = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Trades:
    """Positions from flat to flat, in the order of their ends; ``entry`` and ``exit`` are bars, ``symbol`` a column.

    Prices are averages over the fills of a side, slippage included. ``side`` is +1 or -1, ``reason`` indexes
    ``result.REASONS``; ``mae`` and ``mfe`` are the worst and best excursion as parts of the entry price, at most and at
    least zero.
    """

    symbol: Codes
    entry: Codes
    exit: Codes
    entry_price: Floats
    exit_price: Floats
    size: Floats
    pnl: Floats
    fees: Floats
    side: Codes
    reason: Codes
    mae: Floats
    mfe: Floats
    ambiguous: NDArray[np.bool_]
    is_open: NDArray[np.bool_]


@dataclass(frozen=True, eq=False)
class Account:
    """A simulated account: arrays over the bars of ``time``, then its trades.

    ``equity`` is cash plus positions at the close; ``gross`` the gross exposure. ``slippage`` is its total cost in
    cash, ``interest`` the amount earned (paid if negative), ``dividends`` likewise. ``count`` is the number of trades,
    recorded or not. ``cut`` orders were partially filled; ``rejected`` entries not at all, for lack of cash, of volume
    or below the minimum commission; ``forced`` fills of margin calls exceeded the volume limit. ``unfilled``: the last
    decision would change a position and no later bar can fill it. ``orders`` are records (bar, symbol, reason, units,
    price, fee, quote). ``target`` is, for each symbol, the value of its position at the last close once the waiting
    orders are filled, before costs and limits of cash: NaN where the sizing decides at the fill.
    """

    time: Times
    equity: Floats
    gross: Floats
    trades: Trades
    orders: NDArray[Any]
    slippage: float
    interest: float = 0.0
    dividends: float = 0.0
    count: int = 0
    cut: int = 0
    rejected: int = 0
    forced: int = 0
    ruined: bool = False
    unfilled: bool = False
    target: Floats = field(default_factory=lambda: np.empty(0))


def encode_signals(signals: Signals, direction: Direction) -> Codes:
    """Signals as one decision per bar (the codes of ``kernels.records``), on one side or both.

    Simultaneous entries of both sides cancel out.
    """
    none = np.zeros(len(signals.entries), dtype=bool)
    long_exit = none if direction == "short" else signals.exits
    long_entry = none if direction == "short" else signals.entries & ~signals.exits
    short_exit = none if direction == "long" or signals.short_exits is None else signals.short_exits
    short_entry = none if direction == "long" or signals.short_entries is None else signals.short_entries & ~short_exit
    return np.select(
        [
            long_entry & ~short_entry,
            short_entry & ~long_entry,
            long_exit & short_exit,
            long_exit,
            short_exit,
        ],
        [kernel.GO_LONG, kernel.GO_SHORT, kernel.EXIT, kernel.EXIT_LONG, kernel.EXIT_SHORT],
        kernel.NOTHING,
    ).astype(np.int64)


def encode_weights(weights: Floats) -> Codes:
    """Weights as decisions: ``TO_WEIGHT`` wherever there is one, NaN for none."""
    return np.where(np.isnan(weights), kernel.NOTHING, kernel.TO_WEIGHT).astype(np.int64)


def rebalancing(days: Days, every: Rebalance) -> NDArray[np.bool_]:
    """Bars that begin a trading day, week (from Monday), month or quarter; never the first bar of all."""
    if every == "never":
        return np.zeros(len(days), dtype=bool)
    day, month = days.astype(np.int64), days.astype("datetime64[M]").astype(np.int64)
    number = {"day": day, "week": (day + 3) // 7, "month": month, "quarter": month // 3}[every]
    return np.diff(number, prepend=number[:1]) > 0


def kernel_rules(spec: BacktestSpec, size: Size | None, costs: Costs) -> Any:
    """The kernel's rules for ``spec`` at ``costs``; no ``size`` means weights."""
    measures = {"equity": kernel.EQUITY, "value": kernel.VALUE, "units": kernel.UNITS, "kelly": kernel.KELLY}
    fills = ("next_open", "next_close", "same_close", "limit")
    stops, financing = spec.stops, spec.financing

    def level(value: float | None) -> float:
        return np.nan if value is None else float(value)

    rules = np.zeros(1, dtype=kernel.RULES)
    values = {
        "fill": fills.index(spec.fill),
        "limit_offset": spec.limit_offset * BASIS_POINT,
        "limit_bars": spec.limit_bars,
        "commission": costs.commission * BASIS_POINT,
        "per_order": costs.per_order,
        "per_share": costs.per_share,
        "minimum": costs.minimum,
        "slip": costs.slip(),
        "impact": costs.volume_impact,
        "volume_limit": costs.volume_limit or 0.0,
        "stop_loss": level(stops.stop_loss),
        "take_profit": level(stops.take_profit),
        "trailing_stop": level(stops.trailing_stop),
        "time_stop": stops.time_stop or 0,
        "leverage": financing.leverage,
        "maintenance": financing.maintenance,
        "cash_yield": financing.cash_yield,
        "borrow_cost": financing.borrow_cost,
        "margin_rate": financing.margin_rate,
        "measure": kernel.WEIGHT if size is None else measures[size.measure],
        "scale": 1.0 if size is None else size.scale,
        "cap": 1.0 if size is None else size.cap,
        "kelly_trades": 0 if size is None else size.trades,
    }
    for name, value in values.items():
        rules[name] = value
    return rules[0]


@dataclass(frozen=True, eq=False)
class KernelPanel:
    """A panel as the kernel reads it: records (bars, symbols), the years from each bar to the next and dividends;
    ``has_gaps`` where one of several symbols lacks a price on some bar.
    """

    time: Times
    bars: NDArray[Any]
    years: Floats
    payments: NDArray[Any]
    has_gaps: bool


@lru_cache(maxsize=4)
def kernel_panel(panel: Panel) -> KernelPanel:
    """The prices of ``panel`` for the kernel, cached per panel."""
    bars = np.empty(panel.close.shape, dtype=kernel.BAR)
    for name in ("open", "high", "low", "close", "shares"):
        bars[name] = getattr(panel, name)
    bars["volume"] = panel.traded
    years = np.diff(panel.time).astype("timedelta64[ms]").astype(np.float64) / MILLISECONDS_PER_YEAR
    at, symbol = np.nonzero(panel.dividends)
    payments = np.empty(len(at), dtype=kernel.PAYMENT)
    payments["bar"], payments["symbol"], payments["cash"] = at, symbol, panel.dividends[at, symbol]
    has_gaps = len(panel.symbols) > 1 and bool(np.isnan(panel.open).any() or np.isnan(panel.close).any())
    return KernelPanel(panel.time, bars, np.concatenate(([0.0], years)), payments, has_gaps)


def simulate(
    panel: KernelPanel,
    decisions: Codes,
    amounts: Floats,
    rules: Any,
    capital: float,
    *,
    stops: Floats | None = None,
    record_trades: bool = True,
) -> Account:
    """The account over ``panel``, starting with ``capital`` in cash; decisions, amounts and, where they are decided bar
    by bar, the distances of ``stops`` are (bars, symbols).

    Without ``record_trades`` the account records neither trades nor orders, which is faster; all else is the same.
    """
    bars, symbols = decisions.shape
    decided = int(np.count_nonzero(decisions))
    partial = 2 * bars * symbols if rules["volume_limit"] > 0 or panel.has_gaps else 0
    trades = np.zeros((decided + symbols) * record_trades, dtype=kernel.TRADE)
    orders = np.zeros((3 * decided + 2 * symbols + partial) * record_trades, dtype=kernel.ORDER)
    equity, gross = np.zeros(bars), np.zeros(bars)
    totals = np.zeros(1, dtype=kernel.TOTALS)[0]
    totals["cash"] = totals["equity"] = capital
    totals["recording"] = record_trades
    book = np.zeros(symbols, dtype=kernel.POSITION)
    book["mark"] = np.nan
    inputs = (
        panel.bars,
        panel.years,
        panel.payments,
        decisions,
        np.ascontiguousarray(amounts, dtype=np.float64),
        np.empty((0, 0)) if stops is None else np.ascontiguousarray(stops, dtype=np.float64),
        rules,
    )
    kernels().account.run(*inputs, book=book, trades=trades, orders=orders, totals=totals, equity=equity, gross=gross)
    return Account(
        time=panel.time,
        equity=equity,
        gross=gross,
        trades=_trades(trades[: totals["trades"]]),
        orders=orders[: totals["orders"]],
        slippage=float(totals["slippage"]),
        interest=float(totals["interest"]),
        dividends=float(totals["dividends"]),
        count=int(totals["trades"]),
        cut=int(totals["cut"]),
        rejected=int(totals["rejected"]),
        forced=int(totals["forced"]),
        ruined=bool(totals["ruined"]),
        unfilled=_would_change(book["pending"], book["units"]),
        target=_targets(book, rules, float(equity[-1])),
    )


def one_column(values: Sequence[Any] | NDArray[Any]) -> NDArray[Any]:
    """An array over bars as the column of a single symbol."""
    return np.ascontiguousarray(np.asarray(values)[:, None])


def _trades(rows: NDArray[Any]) -> Trades:
    columns: dict[str, Any] = {name: np.ascontiguousarray(rows[name]) for name in rows.dtype.names or ()}
    columns |= {name: columns[name] > 0 for name in ("ambiguous", "is_open")}
    return Trades(**columns)


def _would_change(pending: Codes, units: Floats) -> bool:
    """Whether a pending order would change a position."""
    enters = ((pending == kernel.GO_LONG) & (units <= 0)) | ((pending == kernel.GO_SHORT) & (units >= 0))
    exits = ((pending == kernel.EXIT) | (pending == kernel.EXIT_LONG)) & (units > 0)
    covers = ((pending == kernel.EXIT) | (pending == kernel.EXIT_SHORT)) & (units < 0)
    return bool(np.any(enters | exits | covers | (pending == kernel.TO_WEIGHT)))


def _targets(book: NDArray[Any], rules: Any, equity: float) -> Floats:
    """The values of ``Account.target``."""
    mark = np.nan_to_num(book["mark"])
    pending, units, amount, held = book["pending"], book["units"], book["pending_amount"], book["units"] * mark
    sized = {
        kernel.EQUITY: amount * equity,
        kernel.VALUE: amount,
        kernel.UNITS: amount * mark,
        kernel.WEIGHT: amount * equity,
    }
    size = sized.get(int(rules["measure"]), np.full(len(book), np.nan))
    leaves = (
        (pending == kernel.EXIT)
        | ((pending == kernel.EXIT_LONG) & (units > 0))
        | ((pending == kernel.EXIT_SHORT) & (units < 0))
    )
    cases = [
        leaves,
        (pending == kernel.GO_LONG) & (units <= 0),
        (pending == kernel.GO_SHORT) & (units >= 0),
        pending == kernel.TO_WEIGHT,
        pending == kernel.RESIZE,
    ]
    found: Floats = np.select(cases, [np.zeros(len(book)), size, -size, amount * equity, np.sign(units) * size], held)
    return found
