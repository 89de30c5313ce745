"""Subclasses of Backtrader's classes: feeds from arrays, commission and prices by ``Costs``, a trader's orders."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from engine.backtest.crosscheck import sizes
from engine.backtest.crosscheck.library import library
from engine.backtest.crosscheck.position import OrderTerms
from engine.backtest.crosscheck.script import ACCRUE, Script
from engine.backtest.crosscheck.trader import Trader

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.backtest.spec import BacktestSpec

FIRST_DAY, UNLIMITED = 700_000.0, 1e15
ROUNDED = 1 + 1e-9
"""Leverage that covers rounding errors, for which Backtrader would reject fully invested orders."""


@cache
def classes() -> tuple[Any, Any, Any, Any]:
    """Commission, feed, broker and strategy classes, cached."""
    bt = library()
    return _charges(bt), _feed(bt), _broker(bt), _strategy(bt)


def _charges(bt: Any) -> Any:
    class Charges(bt.CommInfoBase):  # type: ignore[misc]
        """Commission by ``Costs``; ``years`` is the period of the borrow fee, ``shares`` the shares per unit on this
        day.
        """

        params = (("costs", None), ("borrow_cost", 0.0), ("stocklike", True), ("percabs", True))
        years, shares = 0.0, 1.0

        def _getcommission(self, size: float, price: float, pseudoexec: bool) -> float:
            return sizes.commission(abs(size), price, self.shares, self.p.costs) if size else 0.0

        def get_credit_interest(self, data: Any, pos: Any, dt: Any) -> float:
            return float(max(-pos.size, 0.0) * data.close[-1] * self.p.borrow_cost * self.years)

    return Charges


def _feed(bt: Any) -> Any:
    class Feed(bt.feed.DataBase):  # type: ignore[misc]
        """Rows of open, high, low and close, on consecutive days, as the calendar does not matter here."""

        params = (("rows", None),)

        def start(self) -> None:
            super().start()
            self.at = -1

        def _load(self) -> bool:
            self.at += 1
            if self.at >= len(self.p.rows):
                return False
            lines = self.lines
            lines.datetime[0] = FIRST_DAY + self.at
            lines.open[0], lines.high[0], lines.low[0], lines.close[0] = self.p.rows[self.at]
            lines.volume[0] = lines.openinterest[0] = 0.0
            return True

    return Feed


def _broker(bt: Any) -> Any:
    class Broker(bt.brokers.BackBroker):  # type: ignore[misc]
        """Fills of at most ``max_units`` at prices by ``Costs``, given the volume of the bar that a row belongs to."""

        params = (("costs", None),)

        def _execute(self, order: Any, ago: Any = None, price: Any = None, **options: Any) -> None:
            if ago is None:
                return super()._execute(order, ago, price, **options)  # type: ignore[no-any-return]
            info, left = order.info, abs(order.executed.remsize)
            info.touched = True
            units = min(left, info.max_units)
            if not units:
                return None
            if not info.without_slippage:
                price = sizes.filled_price(1 if order.isbuy() else -1, units, price, info.volume, self.p.costs)
            self.set_filler(lambda order, price, ago: units)
            return super()._execute(order, ago, price, **options)  # type: ignore[no-any-return]

    return Broker


def _strategy(bt: Any) -> Any:
    kinds = {"market": bt.Order.Market, "stop": bt.Order.Stop, "limit": bt.Order.Limit}

    class TraderStrategy(BrokerStrategy, bt.Strategy):  # type: ignore[misc]
        """``make_trader`` makes the trader."""

        params = (("make_trader", None), ("script", None), ("kinds", kinds))

    return TraderStrategy


class BrokerStrategy:
    """Base of the strategy: passes a trader's orders to Backtrader, and its notifications back."""

    p: Any
    data: Any
    datas: Any
    broker: Any
    buy: Any
    sell: Any
    cancel: Any
    getposition: Any

    def __init__(self) -> None:
        self.trader: Trader = self.p.make_trader(self)
        self.given: list[Any] = []
        self.rejected = 0
        self.places = {data: place for place, data in enumerate(self.datas)}

    def next_open(self) -> None:
        row = len(self.data) - 1  # the strategy itself is a row behind before the open
        step, bar = self.p.script.step[row], self.p.script.bar[row]
        for data, shares in zip(self.datas, self.p.script.shares[bar], strict=True):
            charges = self.broker.getcommissioninfo(data)
            charges.years, charges.shares = float(self.p.script.years[bar]) if step == ACCRUE else 0.0, float(shares)
        self.volumes = self.p.script.volume[bar]
        self.trader.before(row)

    prenext_open = next_open

    def next(self) -> None:
        for order in self.given:
            if order.info.closes and order.info.touched and self.getposition(order.data).size:
                self.trader.unfinished(self.places[order.data])
            if order.alive():
                self.cancel(order)
        self.given = []
        self.trader.after(len(self.data) - 1, float(self.broker.getvalue()))

    def held(self, symbol: int) -> float:
        return float(self.getposition(self.datas[symbol]).size)

    def order(self, symbol: int, units: float, terms: OrderTerms) -> None:
        facts = {
            "max_units": terms.max_units, "without_slippage": terms.without_slippage, "closes": terms.closes,
            "touched": False,
        }  # fmt: skip
        if terms.one_cancels_other:
            facts["oco"] = self.given[-1]
        order = (self.buy if units > 0 else self.sell)(
            data=self.datas[symbol], size=abs(units), exectype=self.p.kinds[terms.kind], price=terms.price,
            volume=float(self.volumes[symbol]), **facts,
        )  # fmt: skip
        self.given.append(order)

    def add_cash(self, cash: float) -> None:
        if cash:
            self.broker.add_cash(cash)

    def notify_order(self, order: Any) -> None:
        self.rejected += order.status == order.Margin
        if order.status in (order.Completed, order.Partial):
            done = order.executed.exbits[-1]  # the order's own price is a quotient, and a stop lies exactly below it
            self.trader.filled(
                self.places[order.data], float(done.size), float(done.price), float(done.closedcomm + done.openedcomm)
            )

    def notify_trade(self, trade: Any) -> None:
        if trade.isclosed:
            self.trader.closed(self.places[trade.data], float(trade.pnlcomm))


def run_cerebro(spec: BacktestSpec, script: Script, cash: float, make_trader: Callable[[Any], Trader]) -> Any:
    """Run Backtrader over ``script`` with ``cash`` and the trader of ``make_trader``; returns its strategy."""
    bt = library()
    charges, feed, broker, strategy = classes()
    cerebro = bt.Cerebro(stdstats=False, cheat_on_open=True)
    cerebro.broker = broker(costs=spec.costs)
    cerebro.broker.setcash(cash)
    cerebro.broker.set_checksubmit(False)
    cerebro.broker.set_int2pnl(False)
    leverage = UNLIMITED if spec.financing.leverage > 1 else ROUNDED
    for place in range(script.prices.shape[1]):
        terms = charges(costs=spec.costs, borrow_cost=spec.financing.borrow_cost, leverage=leverage)
        cerebro.broker.addcommissioninfo(terms, name=str(place))
        cerebro.adddata(feed(rows=script.prices[:, place].tolist()), name=str(place))
    cerebro.addstrategy(strategy, make_trader=make_trader, script=script)
    (done,) = cerebro.run()
    return done
