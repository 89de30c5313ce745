"""Compilation of the kernels ahead of their first use."""

from __future__ import annotations

import os
import re
import shutil
import threading
import time
from contextlib import suppress
from pathlib import Path

import numpy as np

from engine.backtest.decisions import decide
from engine.backtest.fast_metrics import by_account, fast_metrics
from engine.backtest.kernels import kernels
from engine.backtest.sweeps.run import run_sweep
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.progress import silent
from engine.market.bars import Bars, Market, Series
from engine.market.intervals import DAILY

UNUSED_DAYS = 7
"""How long compiled kernels of another version are kept: two versions may be at work side by side."""

_DIGEST = re.compile(r"[0-9a-f]{16}")


def precompile() -> None:
    """Load the kernels of runs and sweeps from disk, or compile them the first time, behind the caller's back."""
    threading.Thread(target=load_kernels, name="kernels", daemon=True).start()


def load_kernels() -> None:
    """Run each kernel once, as a sweep and a run would; what other versions compiled long ago goes."""
    crossing, holding = {"kind": "sma_cross", "slow": 5, "fast": 2}, {"kind": "buy_and_hold"}
    for count, strategy, axis in (
        (1, crossing, {"path": "strategy.fast", "low": 2, "high": 4}),
        (1, holding, {"path": "stops.stop_loss", "low": 0.01, "high": 0.02}),
        (2, crossing, {"path": "strategy.fast", "low": 2, "high": 4}),
        (2, holding, {"path": "stops.stop_loss", "low": 0.01, "high": 0.02}),
    ):
        bars = [_made_up(80) for _ in range(count)]
        base = {
            "strategy": strategy,
            "costs": {"commission": 5, "slippage": 3},
            "market": {"symbols": list("AB"[:count])},
        }
        spec = SweepSpec.parse({"base": base, "axes": [axis]})
        run_sweep(spec, {"market": Market(tuple(bars))}, silent)
        fast_metrics(spec.base, bars, {})
        by_account(spec.base, bars, decide(spec.base, bars, {}))
    prune(Path(kernels().crossing.sweep.stats.cache_path).parent)


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
    about = Series(
        source="",
        collection="",
        symbol="WARM",
        interval=DAILY,
        kind="equity",
        currency="",
        timezone="UTC",
        tradeable=True,
        has_ohlc=True,
        has_volume=True,
        adjustment="none",
        rows=count,
        start="",
        end="",
        origin="",
        licence="",
    )
    return Bars(about, days, close, close + 1, close - 1, close, np.full(count, 1e3), close)
