"""One symbol on Backtrader. The only module that knows that library."""

from __future__ import annotations

import warnings
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.costs import BASIS_POINT, Costs
from engine.errors import DeviceError
from engine.market.bars import Bars, Floats
from engine.strategies import Signals

if TYPE_CHECKING:
    from engine.backtest.spec import BacktestSpec

KEEP = 1 - 1e-12
"""Of an order that takes all the cash: Backtrader refuses one that rounding makes too large by a trillionth."""

_EXIT_LONG, _EXIT_SHORT, _GO_LONG, _GO_SHORT = 1, 2, 4, 8


@dataclass(frozen=True)
class RepeatedTrade:
    """A trade from flat to flat; ``entry`` and ``exit`` are bars. An open one ends at the last close, without a fee."""

    side: int
    entry: int
    exit: int
    entry_price: float
    exit_price: float
    size: float
    pnl: float


@dataclass(frozen=True)
class Repeated:
    """What Backtrader made of a symbol: its trades in order, and cash and position at the last close."""

    trades: tuple[RepeatedTrade, ...]
    equity: float


def version() -> str:
    """Backtrader's version. Raises ``DeviceError`` where it is not installed."""
    return str(_library().__version__)


def repeat(spec: BacktestSpec, bars: Bars, signals: Signals, cash: float) -> Repeated:
    """``signals`` on ``bars`` by the rules of ``spec``, starting with ``cash``. Raises ``DeviceError`` where Backtrader
    is not installed.
    """
    library, at_open = _library(), spec.fill == "next_open"
    cerebro = library.Cerebro(stdstats=False, cheat_on_open=at_open)
    broker = cerebro.broker
    broker.setcash(cash)
    broker.set_checksubmit(False)
    broker.set_coc(not at_open)
    if slip := spec.costs.slip():
        broker.set_slippage_perc(slip, slip_open=True, slip_limit=True, slip_match=True, slip_out=True)
    broker.addcommissioninfo(_classes()["costs"](costs=spec.costs))
    cerebro.adddata(_classes()["feed"](columns=_columns(bars)))
    size = spec.sizing.size(bars)
    cerebro.addstrategy(
        _classes()["strategy"],
        decisions=decisions(signals, spec.direction),
        quotes=np.append(bars.open if at_open else bars.close, np.nan),
        amounts=np.append(size.amount, np.nan),
        measure=size.measure,
        costs=spec.costs,
        same_bar=spec.fill == "same_close",
    )
    (done,) = cerebro.run()
    return Repeated(tuple(trades_of(done.fills, bars)), float(broker.getvalue()))


def decisions(signals: Signals, direction: str) -> NDArray[np.int64]:
    """What the signals ask for at each bar, as a sum of codes; one side or both are followed.

    The exit of a side beats its entry, and entries of both sides at once are none.
    """
    count = len(signals.entries)
    none = np.zeros(count, dtype=bool)
    use_long, use_short = direction != "short", direction != "long"
    exit_long = signals.exits if use_long else none
    exit_short = none if signals.short_exits is None or not use_short else signals.short_exits
    go_long = signals.entries & ~exit_long if use_long else none
    go_short = none if signals.short_entries is None or not use_short else signals.short_entries & ~exit_short
    torn = go_long & go_short
    asked = _GO_LONG * (go_long & ~torn) + _GO_SHORT * (go_short & ~torn)
    exits = _EXIT_LONG * exit_long + _EXIT_SHORT * exit_short
    return np.append(np.where(asked > 0, asked, exits), 0).astype(np.int64)


def units_for(amount: float, measure: str, equity: float, price: float, costs: Costs) -> float:
    """Units of an entry at ``price``, its commission included, bounded by what ``equity`` pays for."""

    def affordable(budget: float) -> float:
        units = (budget - costs.per_order) / (price * (1 + costs.commission * BASIS_POINT) + costs.per_share)
        if units > 0 and commission(units, price, costs) <= costs.minimum:
            units = (budget - costs.minimum) / price
        return max(units, 0.0)

    if not (amount > 0 and np.isfinite(amount)):
        return 0.0
    if measure == "equity":
        return affordable(min(amount, 1.0) * equity)
    units = amount if measure == "units" else amount / price
    return min(units, affordable(equity))


def orders_for(
    wanted: int, held: float, amount: float, measure: str, cash: float, quote: float, costs: Costs
) -> list[float]:
    """Units to buy, or to sell where negative, at ``quote``: out of the position first, then into the other one."""
    slip = costs.slip()
    orders: list[float] = []
    closes = wanted & (_EXIT_LONG | _GO_SHORT) if held > 0 else wanted & (_EXIT_SHORT | _GO_LONG)
    if held and closes:
        price = quote * (1 - slip if held > 0 else 1 + slip)
        orders.append(-held)
        cash, held = cash + held * price - commission(abs(held), price, costs), 0.0
    if not held and wanted & (_GO_LONG | _GO_SHORT):
        side = 1 if wanted & _GO_LONG else -1
        units = units_for(amount, measure, cash, quote * (1 + side * slip), costs)
        orders += [side * units * KEEP] if units > 0 else []
    return orders


def commission(units: float, price: float, costs: Costs) -> float:
    """Commission of a fill, by ``Costs``."""
    charged = costs.per_order + costs.per_share * units + costs.commission * BASIS_POINT * units * price
    return max(costs.minimum, charged)


def trades_of(fills: list[tuple[int, float, float, float]], bars: Bars) -> list[RepeatedTrade]:
    """Trades out of fills (bar, units with their sign, price, commission), which alternate between in and out."""
    found = []
    for place in range(0, len(fills), 2):
        entry, units, price, fee = fills[place]
        side, size = (1 if units > 0 else -1), abs(units)
        if place + 1 < len(fills):
            exit_, _, end, last_fee = fills[place + 1]
        else:
            exit_, end, last_fee = len(bars) - 1, float(_carried(bars.close)[-1]), 0.0
        pnl = side * size * (end - price) - fee - last_fee
        found.append(RepeatedTrade(side, entry, exit_, price, end, size, pnl))
    return found


def _carried(values: Floats) -> Floats:
    last = np.maximum.accumulate(np.where(np.isfinite(values), np.arange(len(values)), 0))
    return values[last]


def _columns(bars: Bars) -> Floats:
    """Open, high, low and close (bars + 1, 4): a missing price is the last known close, and a bar after the last one
    gives orders at its close a chance to be reported.
    """
    close = _carried(bars.close)
    before = np.concatenate((close[:1], close[:-1]))
    open = np.where(np.isfinite(bars.open), bars.open, before)
    high, low = np.fmax(bars.high, np.fmax(open, close)), np.fmin(bars.low, np.fmin(open, close))
    rows = np.column_stack([open, high, low, close])
    return np.vstack([rows, np.full(4, close[-1])])


def _library() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # escapes in its docstrings that newer Pythons warn of
            import backtrader
    except ImportError:
        raise DeviceError(
            "Backtrader is not installed, so there is no second opinion: install it with "
            "pip install 'stratoscope[backtrader]', or pip install backtrader."
        ) from None
    return backtrader


@cache
def _classes() -> dict[str, Any]:
    """Our subclasses of Backtrader's classes, made once it is there."""
    bt = _library()

    class Charges(bt.CommInfoBase):  # type: ignore[misc, name-defined]
        """Commission by ``Costs``."""

        params = (("costs", None), ("commtype", bt.CommInfoBase.COMM_PERC), ("stocklike", True), ("percabs", True))

        def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
            return commission(abs(size), price, self.p.costs) if size else 0.0

    class Feed(bt.feed.DataBase):  # type: ignore[misc, name-defined]
        """Bars from an array, a day apart whatever they are: Backtrader needs no calendar here."""

        params = (("columns", None),)

        def start(self) -> None:
            super().start()
            self.at = -1

        def _load(self) -> bool:
            self.at += 1
            if self.at >= len(self.p.columns):
                return False
            self.lines.datetime[0] = 700_000.0 + self.at
            for line, value in zip(("open", "high", "low", "close"), self.p.columns[self.at], strict=True):
                getattr(self.lines, line)[0] = float(value)
            self.lines.volume[0] = self.lines.openinterest[0] = 0.0
            return True

    return {"costs": Charges, "feed": Feed, "strategy": _strategy(bt)}


def _strategy(bt: Any) -> Any:  # noqa: C901 - a class whose short methods count as one function
    class Follow(bt.Strategy):  # type: ignore[misc]
        """Follows decisions: the last one that waits is tried at the next quote."""

        params = (
            *(("decisions", None), ("quotes", None), ("amounts", None), ("measure", "equity"), ("costs", None)),
            ("same_bar", False),
        )

        def __init__(self) -> None:
            self.waiting, self.amount = 0, 0.0
            self.fills: list[tuple[int, float, float, float]] = []

        def next_open(self) -> None:
            self.try_at(len(self.data) - 1)  # the strategy itself is a bar behind before the open

        def next(self) -> None:
            at = len(self.data) - 1
            if self.p.same_bar:
                self.hear(at)
            if not self.cerebro.p.cheat_on_open:
                self.try_at(at)
            if not self.p.same_bar:
                self.hear(at)

        def hear(self, at: int) -> None:
            if self.p.decisions[at]:
                self.waiting, self.amount = int(self.p.decisions[at]), float(self.p.amounts[at])

        def try_at(self, at: int) -> None:
            quote, wanted, held = float(self.p.quotes[at]), self.waiting, self.position.size
            if not wanted or not np.isfinite(quote):
                return
            self.waiting = 0
            asked = (self.amount, self.p.measure, self.broker.getcash(), quote, self.p.costs)
            for units in orders_for(wanted, held, *asked):
                self.order(units, at)

        def order(self, units: float, at: int) -> None:
            (self.buy if units > 0 else self.sell)(size=abs(units), exectype=bt.Order.Market, bar=at)

        def notify_order(self, order: Any) -> None:
            if order.status == order.Completed:
                done = order.executed
                self.fills.append((order.info.bar, float(done.size), float(done.price), float(done.comm)))

    return Follow
