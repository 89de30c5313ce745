"""Compilation of the kernels ahead of their first use."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.backtest.decisions import decide
from engine.backtest.fast_metrics import by_account, fast_metrics
from engine.backtest.kernels import kernels
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.progress import silent
from engine.core.registry import is_built_in
from engine.core.stored_values import ReadsValues
from engine.indicators import macd_lines
from engine.indicators.expressions import functions
from engine.indicators.regimes import Regime
from engine.indicators.rolling import rolling
from engine.market.bars import Bars, Market
from engine.market.synthetic import daily_bars
from engine.strategies import STRATEGIES, Allocation, Strategy
from engine.strategies.columns import Column
from engine.strategies.conditional import Conditional
from engine.strategies.crossing import AverageCross, Crossing

UNUSED_DAYS = 7
"""Days for which compiled kernels of another version are kept: two versions may run side by side."""

_BARS = 80
_DIGEST = re.compile(r"[0-9a-f]{16}")


def precompile() -> None:
    """Load the kernels of runs and sweeps from disk, or compile them the first time, in a background thread."""
    threading.Thread(target=load_kernels, name="kernels", daemon=True).start()


def load_kernels() -> None:
    """Run each kernel once, as a sweep, a run and an expression would, and prune kernels of other versions."""
    crossing = {"kind": _any_strategy(lambda cls: issubclass(cls, AverageCross)), "slow": 5, "fast": 2}
    stop = {"path": "stops.stop_loss", "low": 0.01, "high": 0.02}
    conditional = {"kind": _any_strategy(lambda cls: _decides_at_once(cls) and issubclass(cls, Conditional))}
    other = {"kind": _any_strategy(lambda cls: _decides_at_once(cls) and not issubclass(cls, Conditional))}
    allocation = {"kind": _any_strategy(_allocates_at_once)}
    borrowed = {"financing": {"leverage": 2}}  # accounts that are followed bar by bar
    fast = {"path": "strategy.fast", "low": 2, "high": 4}
    for count, strategy, axis, frame in (
        (1, crossing, fast, {}),
        (1, crossing, fast, borrowed),
        (1, conditional, stop, {}),
        (1, conditional, stop, borrowed),
        (1, other, stop, {}),
        (2, crossing, fast, {}),
        (2, conditional, stop, {}),
        (2, other, stop, {}),
        (2, allocation, stop, {}),
    ):
        bars = [_made_up(_BARS) for _ in range(count)]
        base = frame | {
            "strategy": strategy,
            "costs": {"commission": 5, "slippage": 3},
            "market": {"symbols": list("AB"[:count])},
        }
        spec = SweepSpec.parse({"base": base, "axes": [axis]})
        run_sweep(spec, {"market": Market(tuple(bars))}, silent)
        fast_metrics(spec.base, bars, {})
        by_account(spec.base, bars, decide(spec.base, bars, {}))
    _compare(_made_up(_BARS))
    functions.precompile()
    Regime(span=2, window=20).compute(_made_up(_BARS))
    for loop in (kernels().crossing.sweep, rolling().moments.rolling_mean):
        prune(Path(loop.stats.cache_path).parent)


def _compare(bars: Bars) -> None:
    """Lines of one series with many, as conditions and crossings of a sweep are."""
    compare, cross = kernels().comparing.compare, kernels().comparing.cross
    np.asarray(bars.close > Column(np.ones((2, 1)), compare))
    line = macd_lines.macd_line(*(macd_lines.average(bars, window) for window in (2, 3)))
    lines = np.ascontiguousarray(macd_lines.macd_signals(bars, 2, 3, (2, 4), line, macd_lines.known_runs(bars)).T)
    cross(bars.close, lines, *np.empty((2, 2, 2), dtype=np.uint64))


def _any_strategy(suits: Callable[[type[Strategy]], bool]) -> str:
    """The name of a strategy of the engine for which ``suits`` holds: the kernels do not depend on which one it is."""
    return next(name for name, cls in STRATEGIES.available().items() if is_built_in(cls) and suits(cls))


def _decides_at_once(cls: type[Strategy]) -> bool:
    needs_more = cls.followed_runs() or issubclass(cls, ReadsValues)
    return not issubclass(cls, Crossing | Allocation) and not needs_more and cls().warm_up() == 0


def _allocates_at_once(cls: type[Strategy]) -> bool:
    """Whether it is an allocation of any number of symbols that needs few bars and nothing else."""
    needs_more = cls.followed_runs() or issubclass(cls, ReadsValues)
    if needs_more or not issubclass(cls, Allocation):
        return False
    return cls().symbols()[0] == 1 and cls().warm_up() < _BARS // 2


def prune(own: Path) -> None:
    """Remove the folders beside ``own``, that of this version's compiled kernels, whose version has not been loaded
    for ``UNUSED_DAYS``.
    """
    with suppress(OSError):  # a folder that cannot be written holds nothing of ours
        os.utime(own)
        limit = time.time() - UNUSED_DAYS * 86_400
        for other in own.parent.iterdir():
            if other != own and _DIGEST.fullmatch(other.name) and other.stat().st_mtime < limit:
                shutil.rmtree(other, ignore_errors=True)


def _made_up(count: int) -> Bars:
    days = (np.datetime64("2020-01-01", "D") + np.arange(count)).astype("datetime64[ms]")
    close = 100 + np.sin(np.arange(count))
    columns = {"open": close, "high": close + 1, "low": close - 1, "close": close, "adj_close": close}
    return daily_bars("WARM", days, {**columns, "volume": np.full(count, 1e3)})
