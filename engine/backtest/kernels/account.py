"""The streaming account: bar by bar, any number of symbols, one cash. ``engine.backtest.account`` documents it.

Everything that a bar touches lies in NumPy records, which compiled code passes by address.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numba import njit

# Fills
NEXT_OPEN, NEXT_CLOSE, SAME_CLOSE, LIMIT = 0, 1, 2, 3
# Measures of a size
EQUITY, VALUE, UNITS, KELLY, WEIGHT = 0, 1, 2, 3, 4
# Decisions at a close
NOTHING, GO_LONG, GO_SHORT, EXIT, EXIT_LONG, EXIT_SHORT, TO_WEIGHT = 0, 1, 2, 3, 4, 5, 6
# Reasons, in the order of engine.backtest.result.REASONS
SIGNAL, REVERSAL, STOP_LOSS, TAKE_PROFIT, TRAILING_STOP, TIME_STOP, REBALANCE, LIQUIDATION, STILL_OPEN = range(9)

DUST = 1e-12  # of a position: what is left of it after selling all but for rounding


def _floats(*names: str) -> list[tuple[str, str]]:
    return [(name, "f8") for name in names]


def _whole(*names: str) -> list[tuple[str, str]]:
    return [(name, "i8") for name in names]


# Rates and shares are numbers, not percent; NaN is a stop that is not set, 0 no volume limit and no time stop.
RULES = np.dtype(
    _whole("fill", "limit_bars", "time_stop", "measure", "kelly_trades")
    + _floats("limit_offset", "commission", "per_order", "per_share", "minimum", "slip", "impact", "volume_limit")
    + _floats("stop_loss", "take_profit", "trailing_stop")
    + _floats("leverage", "maintenance", "cash_yield", "borrow_cost", "margin_rate", "scale", "cap")
)
BAR = np.dtype(_floats("open", "high", "low", "close", "volume"))
# A symbol's position, the order that waits for it, and the last known price.
PLACE = np.dtype(
    _whole("entry_bar", "pending", "pending_reason", "age")
    + _floats("units", "entry_value", "entry_units", "exit_value", "exit_units", "fees", "best", "lowest", "highest")
    + _floats("mark", "quote", "pending_amount", "limit", "wanted", "cost")
)
TRADE = np.dtype(
    _whole("symbol", "entry", "exit", "side", "reason", "ambiguous", "is_open")
    + _floats("entry_price", "exit_price", "size", "pnl", "fees", "mae", "mfe")
)
ORDER = np.dtype(_whole("bar", "symbol", "reason") + _floats("units", "price", "fee", "quote"))
# ``returns`` and ``squares`` add up bar returns; ``won`` and ``lost`` trades' profits over their entry values.
TOTALS = np.dtype(
    _whole("trades", "orders", "cut", "rejected", "ruined", "ambiguous", "wins", "losses", "kept")
    + _floats("cash", "slippage", "interest", "returns", "squares", "peak", "drawdown", "equity", "won", "lost")
)


@njit(cache=True)
def fee_of(units: float, price: float, rules: Any) -> float:
    """Commission of a fill."""
    return max(rules.per_order + rules.per_share * units + rules.commission * units * price, rules.minimum)


@njit(cache=True)
def units_for(budget: float, price: float, rules: Any) -> float:
    """Units whose price and commission together cost ``budget``."""
    units = (budget - rules.per_order) / (price * (1.0 + rules.commission) + rules.per_share)
    if units <= 0.0:
        return 0.0
    if rules.per_order + rules.per_share * units + rules.commission * units * price < rules.minimum:
        units = (budget - rules.minimum) / price
    return max(units, 0.0)


@njit(cache=True)
def fill_price(side: float, units: float, quote: float, volume: float, rules: Any) -> float:
    """The quote made worse by slippage and by the share of the bar's volume."""
    worse = rules.slip
    if rules.impact > 0.0 and volume > 0.0:
        worse += rules.impact * (units / volume) ** 2
    return quote * (1.0 + side * worse)


@njit(cache=True)
def allowed(units: float, volume: float, rules: Any) -> float:
    """``units``, or what the volume limit leaves of them."""
    return min(units, rules.volume_limit * volume) if rules.volume_limit > 0.0 else units


@njit(cache=True)
def kelly(totals: Any, rules: Any, first: float) -> float:
    """The Kelly fraction of the trades so far, ``first`` while they are too few."""
    if totals.wins + totals.losses < rules.kelly_trades:
        return first
    if totals.wins == 0:
        return 0.0
    if totals.losses == 0 or totals.lost == 0.0:
        return rules.cap
    rate = totals.wins / (totals.wins + totals.losses)
    payoff = (totals.won / totals.wins) / (totals.lost / totals.losses)
    return min(max(rules.scale * (rate - (1.0 - rate) / payoff), 0.0), rules.cap)


@njit(cache=True)
def note_price(place: Any, price: float) -> None:
    """``price`` was seen while the position was held."""
    place.lowest = min(place.lowest, price)
    place.highest = max(place.highest, price)


@njit(cache=True)
def close_trade(s: int, t: int, reason: int, ambiguous: int, place: Any, trades: Any, totals: Any) -> None:
    """Enter the finished trade of symbol ``s`` and clear its place."""
    side = 1 if place.entry_value > 0.0 else -1
    entry_value = abs(place.entry_value)
    pnl = side * (place.exit_value - entry_value) - place.fees
    relative = pnl / entry_value
    if relative > 0.0:
        totals.wins += 1
        totals.won += relative
    else:
        totals.losses += 1
        totals.lost -= relative
    if totals.kept:
        entry_price = entry_value / place.entry_units
        low, high = place.lowest / entry_price - 1.0, place.highest / entry_price - 1.0
        trade = trades[totals.trades]
        trade.symbol = s
        trade.entry = place.entry_bar
        trade.exit = t
        trade.side = side
        trade.reason = reason
        trade.ambiguous = ambiguous
        trade.is_open = 1 if reason == STILL_OPEN else 0
        trade.entry_price = entry_price
        trade.exit_price = place.exit_value / place.exit_units
        trade.size = place.entry_units
        trade.pnl = pnl
        trade.fees = place.fees
        trade.mae = min(low if side > 0 else -high, 0.0)
        trade.mfe = max(high if side > 0 else -low, 0.0)
    totals.trades += 1
    place.units = 0.0
    place.entry_value = 0.0
    place.entry_units = 0.0
    place.exit_value = 0.0
    place.exit_units = 0.0
    place.fees = 0.0


@njit(cache=True)
def execute(
    s: int,
    t: int,
    delta: float,
    quote: float,
    price: float,
    reason: int,
    ambiguous: int,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
) -> None:
    """Change the position of symbol ``s`` by ``delta`` units at ``price``; never across zero."""
    size, before = abs(delta), place.units
    fee = fee_of(size, price, rules)
    totals.cash -= delta * price + fee
    totals.slippage += size * abs(price - quote)
    if before == 0.0:
        place.entry_bar = t
        place.best = price
        place.lowest = price
        place.highest = price
    if before * delta >= 0.0:
        place.entry_value += delta * price
        place.entry_units += size
    else:
        place.exit_value += size * price
        place.exit_units += size
        note_price(place, quote)
    place.fees += fee
    place.units = before + delta
    if totals.kept:
        order = orders[totals.orders]
        order.bar = t
        order.symbol = s
        order.reason = reason
        order.units = delta
        order.price = price
        order.fee = fee
        order.quote = quote
    totals.orders += 1
    if before * delta < 0.0 and abs(place.units) <= DUST * abs(before):
        close_trade(s, t, reason, ambiguous, place, trades, totals)


@njit(cache=True)
def close_position(
    s: int,
    t: int,
    quote: float,
    reason: int,
    ambiguous: int,
    volume: float,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
) -> None:
    """Sell or buy back what is held, or the part that the volume limit allows; the rest waits for the next fill."""
    held = place.units
    size = allowed(abs(held), volume, rules)
    whole = size >= abs(held)
    side = -1.0 if held > 0.0 else 1.0
    if size > 0.0:
        price = fill_price(side, size, quote, volume, rules)
        delta = -held if whole else side * size
        execute(s, t, delta, quote, price, reason, ambiguous, place, trades, orders, totals, rules)
    if not whole:
        totals.cut += 1
        place.pending = EXIT
        place.pending_reason = reason


@njit(cache=True)
def open_position(
    s: int,
    t: int,
    side: float,
    size: float,
    budget: float,
    quote: float,
    slipping: bool,
    volume: float,
    place: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    rules: Any,
) -> None:
    """Enter ``size`` units, or fewer where the volume limits them or ``budget`` does not reach."""
    taken = allowed(size, volume, rules)
    if taken < size:
        totals.cut += 1
    price = fill_price(side, taken, quote, volume, rules) if slipping else quote
    within = units_for(budget, price, rules)
    if taken > within:
        taken = within
        price = fill_price(side, taken, quote, volume, rules) if slipping else quote
    if taken > 0.0:
        execute(s, t, side * taken, quote, price, SIGNAL, 0, place, trades, orders, totals, rules)
    else:
        totals.rejected += 1


@njit(cache=True)
def worth(book: Any, totals: Any) -> tuple[float, float]:
    """Equity and the sum of the positions' sizes, at the quotes of the moment or the last known prices."""
    equity, gross = totals.cash, 0.0
    for s in range(len(book)):
        place = book[s]
        if place.units != 0.0:
            value = place.units * (place.mark if np.isnan(place.quote) else place.quote)
            equity += value
            gross += abs(value)
    return equity, gross


@njit(cache=True)
def want(
    side: float, equity: float, quote: float, slipping: bool, place: Any, totals: Any, rules: Any
) -> tuple[float, float]:
    """Units that an entry asks for, and what they cost with commission."""
    amount = place.pending_amount
    if not amount > 0.0 or np.isinf(amount):
        return 0.0, 0.0
    price = quote * (1.0 + side * rules.slip) if slipping else quote
    if rules.measure == EQUITY or rules.measure == KELLY:
        part = kelly(totals, rules, amount) if rules.measure == KELLY else amount
        return units_for(part * equity, price, rules), part * equity
    units = amount if rules.measure == UNITS else amount / price
    return units, units * price + fee_of(units, price, rules)


@njit(cache=True)
def enters(place: Any) -> bool:
    """Whether an entry waits that this moment has a quote for."""
    return (place.pending == GO_LONG or place.pending == GO_SHORT) and not np.isnan(place.quote)


@njit(cache=True)
def enter_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting entries; where they ask for more than the account can bear, each gets the same part of it."""
    equity, gross = worth(book, totals)
    total = 0.0
    for s in range(len(book)):
        place = book[s]
        if enters(place) and place.units == 0.0:
            side = 1.0 if place.pending == GO_LONG else -1.0
            place.wanted, place.cost = want(side, equity, place.quote, True, place, totals, rules)
            total += place.cost
    capacity = max(rules.leverage * equity - gross, 0.0)
    part = 1.0
    if total > capacity * (1.0 + 1e-12):
        part = capacity / total
        totals.cut += 1
    for s in range(len(book)):
        place = book[s]
        if enters(place):
            if place.units == 0.0 and place.wanted > 0.0:
                side = 1.0 if place.pending == GO_LONG else -1.0
                bounded = part < 1.0 or rules.measure == EQUITY or rules.measure == KELLY
                budget = place.cost * part if bounded else np.inf
                volume = bars[t, s].volume
                open_position(
                    s, t, side, place.wanted, budget, place.quote, True, volume, place, trades, orders, totals, rules
                )
            place.pending = NOTHING


@njit(cache=True)
def exit_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill the waiting exits, those of reversals among them."""
    for s in range(len(book)):
        place = book[s]
        code, held = place.pending, place.units
        if code in (NOTHING, TO_WEIGHT) or np.isnan(place.quote):
            continue
        closes_long = code in (GO_SHORT, EXIT, EXIT_LONG)
        closes_short = code in (GO_LONG, EXIT, EXIT_SHORT)
        is_entry = code in (GO_LONG, GO_SHORT)
        if not is_entry:
            place.pending = NOTHING
        if (held > 0.0 and closes_long) or (held < 0.0 and closes_short):
            reason = REVERSAL if is_entry else place.pending_reason
            close_position(s, t, place.quote, reason, 0, bars[t, s].volume, place, trades, orders, totals, rules)


@njit(cache=True)
def shrink(
    s: int, t: int, target: float, volume: float, place: Any, trades: Any, orders: Any, totals: Any, rules: Any
) -> None:
    """Take a position back towards ``target`` units, to zero where that lies on the other side."""
    held = place.units
    if held != 0.0 and target * held <= 0.0:
        close_position(s, t, place.quote, SIGNAL, 0, volume, place, trades, orders, totals, rules)
        if place.units != 0.0:
            place.wanted = np.nan
    elif abs(target) < abs(held):
        size = allowed(abs(held) - abs(target), volume, rules)
        if size > DUST * abs(held):
            side = -1.0 if held > 0.0 else 1.0
            price = fill_price(side, size, place.quote, volume, rules)
            execute(s, t, side * size, place.quote, price, REBALANCE, 0, place, trades, orders, totals, rules)


@njit(cache=True)
def growth(place: Any, rules: Any) -> tuple[float, float]:
    """Units that are missing to the wanted ones, and what they cost with commission; zero where none are."""
    units = abs(place.wanted) - abs(place.units)
    if not units > DUST * abs(place.wanted):
        return 0.0, 0.0
    price = place.quote * (1.0 + (1.0 if place.wanted > 0.0 else -1.0) * rules.slip)
    return units, units * price + fee_of(units, price, rules)


@njit(cache=True)
def rebalance_all(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Bring positions to their wanted weights: what shrinks first, then what grows, each by the same part."""
    equity, _ = worth(book, totals)
    for s in range(len(book)):
        place = book[s]
        place.wanted = np.nan
        if place.pending == TO_WEIGHT and not np.isnan(place.quote):
            place.pending = NOTHING
            place.wanted = place.pending_amount * equity / place.quote
            shrink(s, t, place.wanted, bars[t, s].volume, place, trades, orders, totals, rules)
    equity, gross = worth(book, totals)
    total = 0.0
    for s in range(len(book)):
        total += growth(book[s], rules)[1]
    capacity = max(rules.leverage * equity - gross, 0.0)
    part = min(capacity / total, 1.0) if total > 0.0 else 1.0
    for s in range(len(book)):
        place = book[s]
        units, cost = growth(place, rules)
        if units > 0.0:
            side = 1.0 if place.wanted > 0.0 else -1.0
            budget = part * cost if part < 1.0 else np.inf
            volume = bars[t, s].volume
            open_position(s, t, side, units, budget, place.quote, True, volume, place, trades, orders, totals, rules)


@njit(cache=True)
def quote_all(t: int, at_open: bool, bars: Any, book: Any) -> bool:
    """Put this moment's quotes into the book; whether an order waits for one of them."""
    waiting = False
    for s in range(len(book)):
        book[s].quote = bars[t, s].open if at_open else bars[t, s].close
        waiting = waiting or (book[s].pending != NOTHING and not np.isnan(book[s].quote))
    return waiting


@njit(cache=True)
def trade_at(t: int, at_open: bool, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Fill everything that waits, at the bar's open or close."""
    if quote_all(t, at_open, bars, book):
        if rules.measure == WEIGHT:
            rebalance_all(t, bars, book, trades, orders, totals, rules)
        exit_all(t, bars, book, trades, orders, totals, rules)
        if rules.fill != LIMIT and rules.measure != WEIGHT:
            enter_all(t, bars, book, trades, orders, totals, rules)


@njit(cache=True)
def try_limits(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Entries by limit order: filled at the limit or the open, whichever is better, and never worse than the limit."""
    for s in range(len(book)):
        place, bar = book[s], bars[t, s]
        if not enters(place):
            continue
        side = 1.0 if place.pending == GO_LONG else -1.0
        reached = bar.low <= place.limit if side > 0.0 else bar.high >= place.limit
        if place.units == 0.0 and reached:
            quote = min(bar.open, place.limit) if side > 0.0 else max(bar.open, place.limit)
            equity, gross = worth(book, totals)
            units, cost = want(side, equity, quote, False, place, totals, rules)
            budget = min(cost, max(rules.leverage * equity - gross, 0.0))
            if units > 0.0:
                open_position(s, t, side, units, budget, quote, False, bar.volume, place, trades, orders, totals, rules)
        place.age += 1
        if reached or place.units != 0.0 or place.age >= rules.limit_bars:
            place.pending = NOTHING


@njit(cache=True)
def stop_level(place: Any, rules: Any) -> tuple[float, int]:
    """Where the stop of a position lies and which it is; NaN where there is none."""
    side = 1.0 if place.units > 0.0 else -1.0
    level, reason = np.nan, STOP_LOSS
    if not np.isnan(rules.stop_loss):
        level = abs(place.entry_value) / place.entry_units * (1.0 - side * rules.stop_loss)
    if not np.isnan(rules.trailing_stop):
        trail = place.best * (1.0 - side * rules.trailing_stop)
        if np.isnan(level) or side * trail > side * level:
            level, reason = trail, TRAILING_STOP
    return level, reason


@njit(cache=True)
def check_stop(s: int, t: int, bar: Any, place: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Stop and target of a position that is held when the bar begins, or was filled during it."""
    side = 1.0 if place.units > 0.0 else -1.0
    entry = abs(place.entry_value) / place.entry_units
    # A limit order that was filled below the open: the bar's best price may lie before the fill, its worst does not.
    within = rules.fill == LIMIT and place.entry_bar == t and side * entry < side * bar.open
    level, reason = stop_level(place, rules)
    target = entry * (1.0 + side * rules.take_profit)
    worst, best = (bar.low, bar.high) if side > 0.0 else (bar.high, bar.low)
    stopped = side * worst <= side * level
    reached = side * best >= side * target and not within
    quote, ambiguous = np.nan, 0
    if stopped and not within and side * bar.open <= side * level:
        quote = bar.open
    elif reached and side * bar.open >= side * target:
        quote, reason = bar.open, TAKE_PROFIT
    elif stopped:
        quote, ambiguous = level, 1 if reached else 0
    elif reached:
        quote, reason = target, TAKE_PROFIT
    if np.isnan(quote):
        seen = bar.close if within else best
        place.best = max(place.best, seen) if side > 0.0 else min(place.best, seen)
        return
    totals.ambiguous += ambiguous
    if not within:
        note_price(place, bar.open)
    close_position(s, t, quote, reason, ambiguous, bar.volume, place, trades, orders, totals, rules)


@njit(cache=True)
def check_stops(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Stops and targets of every position whose symbol has a bar."""
    for s in range(len(book)):
        if book[s].units != 0.0 and not np.isnan(bars[t, s].open):
            check_stop(s, t, bars[t, s], book[s], trades, orders, totals, rules)


@njit(cache=True)
def way_down(bar: Any, place: Any, rules: Any) -> tuple[float, float]:
    """Where a position begins the bar, and the worst price that it meets before its stop."""
    if np.isnan(bar.open):
        return place.mark, place.mark
    worst = bar.low if place.units > 0.0 else bar.high
    level, _ = stop_level(place, rules)
    if not np.isnan(level):
        worst = max(worst, level) if place.units > 0.0 else min(worst, level)
    return bar.open, min(worst, bar.open) if place.units > 0.0 else max(worst, bar.open)


@njit(cache=True)
def margin_call(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any) -> None:
    """Close everything where the equity falls below maintenance, at the open or on the way to the bar's worst.

    All symbols are taken to go to their worst prices together, or to their stops where those lie before.
    """
    at_open, at_worst, needed_open, needed_worst = totals.cash, totals.cash, 0.0, 0.0
    short = False
    for s in range(len(book)):
        held = book[s].units
        if held != 0.0:
            short = short or held < 0.0
            first, worst = way_down(bars[t, s], book[s], rules)
            at_open += held * first
            at_worst += held * worst
            needed_open += abs(held * first)
            needed_worst += abs(held * worst)
    if not short and totals.cash >= -1e-9 * needed_open:
        return
    spare_open = at_open - rules.maintenance * needed_open
    spare_worst = at_worst - rules.maintenance * needed_worst
    if spare_open >= 0.0 and spare_worst >= 0.0:
        return
    way = 0.0 if spare_open <= 0.0 else spare_open / (spare_open - spare_worst)
    for s in range(len(book)):
        place = book[s]
        held = place.units
        if held != 0.0:
            first, worst = way_down(bars[t, s], place, rules)
            quote = first + way * (worst - first)
            price = fill_price(-1.0 if held > 0.0 else 1.0, abs(held), quote, bars[t, s].volume, rules)
            execute(s, t, -held, quote, price, LIQUIDATION, 0, place, trades, orders, totals, rules)
            place.pending = NOTHING


@njit(cache=True)
def accrue(years: float, book: Any, totals: Any, rules: Any) -> None:
    """Interest since the last bar: what shorts brought in earns nothing, what is borrowed costs."""
    short = 0.0
    for s in range(len(book)):
        if book[s].units < 0.0:
            short -= book[s].units * book[s].mark
    free = totals.cash - short
    earned = free * (rules.cash_yield if free > 0.0 else rules.margin_rate) - short * rules.borrow_cost
    totals.cash += earned * years
    totals.interest += earned * years


@njit(cache=True)
def see_bar(t: int, bars: Any, book: Any) -> None:
    """Lows and highs of the bar, for what is held through it."""
    for s in range(len(book)):
        if book[s].units != 0.0 and not np.isnan(bars[t, s].low):
            note_price(book[s], bars[t, s].low)
            note_price(book[s], bars[t, s].high)


@njit(cache=True)
def decide(t: int, decisions: Any, amounts: Any, book: Any, rules: Any) -> None:
    """Turn the decisions of this close into waiting orders; a later one replaces an earlier one that still waits."""
    for s in range(len(book)):
        place, code = book[s], decisions[t, s]
        if code != NOTHING:
            place.pending = code
            place.pending_amount = amounts[t, s]
            place.pending_reason = SIGNAL
            place.age = 0
            place.limit = place.mark * (1.0 - (1.0 if code == GO_LONG else -1.0) * rules.limit_offset)
        elif place.units != 0.0 and place.pending == NOTHING and 0 < rules.time_stop <= t - place.entry_bar:
            place.pending = EXIT
            place.pending_reason = TIME_STOP


@njit(cache=True)
def settle(t: int, reason: int, book: Any, trades: Any, totals: Any) -> None:
    """Enter what is still held as trades, at the last price and without a cost of leaving."""
    for s in range(len(book)):
        place = book[s]
        if place.units != 0.0:
            held = place.units
            place.exit_value += abs(held) * place.mark
            place.exit_units += abs(held)
            close_trade(s, t, reason, 0, place, trades, totals)
            place.units = held if reason == STILL_OPEN else 0.0


@njit(cache=True)
def ruin(t: int, book: Any, trades: Any, totals: Any) -> None:
    """An account whose equity is gone is closed at zero: nobody loses more than there is."""
    totals.ruined = 1
    totals.cash = 0.0
    settle(t, LIQUIDATION, book, trades, totals)
    for s in range(len(book)):
        book[s].pending = NOTHING


@njit(cache=True)
def trade_bar(t: int, bars: Any, book: Any, trades: Any, orders: Any, totals: Any, rules: Any, stops: bool) -> None:
    """What happens from the open of a bar to its close."""
    if rules.fill == NEXT_OPEN or rules.fill == LIMIT:
        trade_at(t, True, bars, book, trades, orders, totals, rules)
    if rules.fill == LIMIT:
        try_limits(t, bars, book, trades, orders, totals, rules)
    margin_call(t, bars, book, trades, orders, totals, rules)
    if stops:
        check_stops(t, bars, book, trades, orders, totals, rules)
    if totals.kept:
        see_bar(t, bars, book)
    if rules.fill == NEXT_CLOSE:
        trade_at(t, False, bars, book, trades, orders, totals, rules)


@njit(cache=True, nogil=True)
def run(
    bars: Any,
    years: Any,
    decisions: Any,
    amounts: Any,
    rules: Any,
    book: Any,
    trades: Any,
    orders: Any,
    totals: Any,
    equity: Any,
    gross: Any,
) -> None:
    """Take the account through all bars.

    ``bars`` (bars, symbols) of BAR, ``years`` since the bar before, ``decisions`` (int64) and ``amounts`` (float64)
    (bars, symbols); ``rules`` and ``totals`` are records, ``book`` one PLACE a symbol. ``trades`` and ``orders`` are
    filled where ``totals.kept`` and must be long enough, and so are ``equity`` and ``gross``.

    The loop itself only looks whether anything can happen on a bar: a call costs more than most bars need.
    """
    costly = rules.cash_yield != 0.0 or rules.borrow_cost != 0.0 or rules.margin_rate != 0.0
    stops = not (np.isnan(rules.stop_loss) and np.isnan(rules.take_profit) and np.isnan(rules.trailing_stop))
    watched = stops or totals.kept == 1
    symbols = len(book)
    waiting = holding = short = False
    for t in range(len(bars)):
        if costly and t > 0 and totals.ruined == 0:
            accrue(years[t], book, totals, rules)
        if waiting or (holding and (watched or short or totals.cash < -1e-9 * totals.equity)):
            trade_bar(t, bars, book, trades, orders, totals, rules, stops)
        decided = False
        value, size = totals.cash, 0.0
        for s in range(symbols):
            close = bars[t, s].close
            book[s].quote = close
            if not np.isnan(close):
                book[s].mark = close
            if book[s].units != 0.0:
                worth_now = book[s].units * book[s].mark
                value += worth_now
                size += abs(worth_now)
            decided = decided or decisions[t, s] != NOTHING
        if totals.ruined == 0:
            if decided or (holding and rules.time_stop > 0):
                decide(t, decisions, amounts, book, rules)
                if rules.fill == SAME_CLOSE:
                    trade_at(t, False, bars, book, trades, orders, totals, rules)
                    value, size = worth(book, totals)
            if value <= 0.0:
                ruin(t, book, trades, totals)
                value, size = 0.0, 0.0
        waiting = holding = short = False
        for s in range(symbols):
            waiting = waiting or book[s].pending != NOTHING
            holding = holding or book[s].units != 0.0
            short = short or book[s].units < 0.0
        if t > 0:
            change = value / totals.equity - 1.0 if totals.equity > 0.0 else 0.0
            totals.returns += change
            totals.squares += change * change
        totals.equity = value
        totals.peak = max(totals.peak, value)
        totals.drawdown = min(totals.drawdown, value / totals.peak - 1.0)
        if totals.kept:
            equity[t] = value
            gross[t] = size
    settle(len(bars) - 1, STILL_OPEN, book, trades, totals)
