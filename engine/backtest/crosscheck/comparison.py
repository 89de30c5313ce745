"""A cross-check: the trades of a run beside those that Backtrader made of the same decisions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from engine.backtest.crosscheck.position import RepeatedTrade
from engine.backtest.crosscheck.trader import GAP, MARGIN, PEEK
from engine.backtest.result import BacktestResult
from engine.backtest.simulator import total
from engine.market.bars import Floats, Times

if TYPE_CHECKING:
    from engine.backtest.crosscheck.repeat import Repeated

AGREES = 1e-9
"""Prices, sizes and profits that differ by less than this part of themselves are equal but for rounding."""

BOTH, OURS, THEIRS = 0, 1, 2
REASONS = ("", "only here", "only there", "exit time", "size", "price in", "price out", "costs")
"""What sets a trade apart from its repetition, the first that applies; none where they agree."""

OWN = {
    MARGIN: (
        "1 position was",
        "{} positions were",
        "closed by a margin call. Backtrader knows none: its level was worked out apart, and Backtrader filled the "
        "order there.",
    ),
    GAP: (
        "1 bar",
        "{} bars",
        "opened beyond the target. Backtrader would have tried the stop first, so it was told to leave at the open.",
    ),
    PEEK: (
        "On 1 bar",
        "On {} bars",
        "a limit was met together with other orders. Their parts of the account were worked out before Backtrader "
        "matched them.",
    ),
}
"""What Backtrader has no order for, in a sentence each: once, several times, and the rest of it."""
SHARED = (
    "Both were given the same decisions. Backtrader matched the orders with the bars, charged for them, and kept cash, "
    "positions and profits; sizes and levels of stops were worked out anew, apart from the account. This checks fills, "
    "costs, sizes and cash, not the strategy."
)


@dataclass(frozen=True, eq=False)
class Crosscheck:
    """Trades of a run and of its repetition, one row for each that either of them has, in the order of the entries.

    ``found`` is ``BOTH``, ``OURS`` or ``THEIRS``; the columns of the side that lacks a trade are NaN, and NaT for
    times. ``symbol`` indexes ``symbols``, ``side`` is +1 or -1; what is named ``other_`` is Backtrader's. Prices
    include slippage, profits all costs but interest; trades still open are valued at the last close. ``curve`` and
    ``other_curve`` are the equities at each close of ``time``. ``notes`` are sentences on how it was repeated.
    """

    label: str
    currency: str
    symbols: tuple[str, ...]
    version: str
    symbol: NDArray[np.int64]
    side: NDArray[np.int64]
    found: NDArray[np.int64]
    entry_time: Times
    exit_time: Times
    other_exit_time: Times
    entry_price: Floats
    other_entry_price: Floats
    exit_price: Floats
    other_exit_price: Floats
    size: Floats
    other_size: Floats
    pnl: Floats
    other_pnl: Floats
    time: Times
    curve: Floats
    other_curve: Floats
    notes: tuple[str, ...]

    @property
    def equity(self) -> float:
        """Ours at the end."""
        return float(self.curve[-1])

    @property
    def other_equity(self) -> float:
        """Backtrader's at the end."""
        return float(self.other_curve[-1])

    def reasons(self) -> NDArray[np.int64]:
        """What sets each trade apart, as an index of ``REASONS``; zero where both are the same but for rounding."""
        value = np.abs(self.size * self.entry_price)
        return np.select(
            [
                self.found == OURS,
                self.found == THEIRS,
                self.exit_time != self.other_exit_time,
                _apart(self.size, self.other_size),
                _apart(self.entry_price, self.other_entry_price),
                _apart(self.exit_price, self.other_exit_price),
                np.abs(self.pnl - self.other_pnl) > AGREES * value,
            ],
            range(1, len(REASONS)),
            0,
        ).astype(np.int64)

    def agrees(self) -> NDArray[np.bool_]:
        """Which trades are the same in both: times equal, prices, sizes and profits equal but for rounding."""
        return np.asarray(self.reasons() == 0, dtype=np.bool_)

    def differences(self) -> Floats:
        """Backtrader's profit less ours, a trade that one of them lacks counted as nothing there."""
        return np.asarray(np.nan_to_num(self.other_pnl) - np.nan_to_num(self.pnl), dtype=np.float64)

    def difference(self) -> float:
        """Backtrader's last equity over ours, less one."""
        return self.other_equity / self.equity - 1 if self.equity else float("nan")

    def farthest(self) -> tuple[int, float]:
        """The bar at which the two equities are farthest apart, and Backtrader's less ours there."""
        apart = self.other_curve - self.curve
        bar = int(np.abs(apart).argmax())
        return bar, float(apart[bar])

    def same_equity(self) -> bool:
        """Whether the equities are the same at every close but for rounding."""
        return bool(np.allclose(self.curve, self.other_curve, rtol=AGREES, atol=AGREES * float(np.max(self.curve))))

    def sentence(self) -> str:
        """The outcome in one sentence."""
        count, same = len(self.found), int(self.agrees().sum())
        if count == 0:
            return "Neither account traded."
        if same == count:
            trades = "the only trade is the same" if count == 1 else f"all {count:,} trades are the same"
            if self.same_equity():
                return f"Backtrader agrees: {trades}, and so is the equity at every close."
            apart = abs(self.farthest()[1])
            return f"Backtrader agrees on the trades: {trades}. The equity is up to {apart:,.2f} {self.currency} apart."
        ours, theirs = int((self.found == OURS).sum()), int((self.found == THEIRS).sum())
        alone = f", {ours} only here, {theirs} only there" if ours or theirs else ""
        apart = float(np.abs(self.differences()).sum())
        return (
            f"Backtrader agrees on {same:,} of {count:,} trades{alone}. "
            f"The profits of the others differ by {apart:,.2f} {self.currency} in all."
        )

    def summary(self) -> Mapping[str, object]:
        return {
            "label": self.label,
            "sentence": self.sentence(),
            "trades": len(self.found),
            "same": int(self.agrees().sum()),
            "profits_apart": float(np.abs(self.differences()).sum()),
            "equity": self.equity,
            "other_equity": self.other_equity,
            "backtrader": self.version,
            "notes": list(self.notes),
        }


def _apart(ours: Floats, theirs: Floats) -> NDArray[np.bool_]:
    return np.asarray(np.abs(ours - theirs) > AGREES * np.abs(ours), dtype=np.bool_)


def compare(label: str, result: BacktestResult, repeated: Sequence[Repeated], version: str) -> Crosscheck:
    """``result`` beside what Backtrader made of its accounts."""
    ours = {
        (int(result.trade_symbol[i]), int(result.trade_side[i]), result.trade_entry_time[i].astype(np.int64)): i
        for i in range(len(result.trade_pnl))
    }
    theirs = {
        (run.symbols[trade.symbol], trade.side, run.time[trade.entry].astype(np.int64)): (run, trade)
        for run in repeated
        for trade in run.trades
    }
    keys = sorted({*ours, *theirs}, key=lambda key: (key[2], key[0], key[1]))
    none = (np.datetime64("NaT", "ms"), *[np.nan] * 4)
    rows = [
        (
            _ours(result, ours[key]) if key in ours else none,
            _theirs(*theirs[key]) if key in theirs else none,
        )
        for key in keys
    ]
    found = [BOTH if key in ours and key in theirs else OURS if key in ours else THEIRS for key in keys]
    share = result.capital / len(repeated)
    return Crosscheck(
        label=label,
        currency=result.currency,
        symbols=result.symbols,
        version=version,
        symbol=np.array([key[0] for key in keys], dtype=np.int64),
        side=np.array([key[1] for key in keys], dtype=np.int64),
        found=np.array(found, dtype=np.int64),
        entry_time=np.array([key[2] for key in keys], dtype="datetime64[ms]"),
        **_columns(rows),
        time=result.time,
        curve=result.equity,
        other_curve=total(result.time, [(run.time, run.equity) for run in repeated], share),
        notes=_notes(repeated),
    )


def _ours(result: BacktestResult, i: int) -> tuple[Any, ...]:
    return (
        result.trade_exit_time[i],
        float(result.trade_entry_price[i]),
        float(result.trade_exit_price[i]),
        float(result.trade_size[i]),
        float(result.trade_pnl[i]),
    )


def _theirs(run: Repeated, trade: RepeatedTrade) -> tuple[Any, ...]:
    return run.time[trade.exit], trade.entry_price, trade.exit_price, trade.size, trade.pnl


def _columns(rows: list[tuple[Any, ...]]) -> dict[str, Any]:
    """The columns that both have, ours and the other's under their names."""
    found: dict[str, Any] = {}
    for place, name in enumerate(("exit_time", "entry_price", "exit_price", "size", "pnl")):
        kind = "datetime64[ms]" if name == "exit_time" else np.float64
        found[name] = np.array([here[place] for here, _ in rows], dtype=kind)
        found[f"other_{name}"] = np.array([there[place] for _, there in rows], dtype=kind)
    return found


def _notes(repeated: Sequence[Repeated]) -> tuple[str, ...]:
    """What Backtrader has no order for, how often it came up, and what the comparison is worth."""
    found = []
    for name, (one, many, rest) in OWN.items():
        count = sum(run.own.get(name, 0) for run in repeated)
        if count:
            found.append(f"{one if count == 1 else many.format(f'{count:,}')} {rest}")
    refused = sum(run.refused for run in repeated)
    if refused:
        found.append(f"Backtrader rejected {refused:,} {'order' if refused == 1 else 'orders'} for lack of cash.")
    return (*found, SHARED)
