"""A run at a glance: its small curve and its verdict, kept beside its record so that a list needs no result."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.verdict import assess
from engine.core.database import connect
from engine.core.errors import EngineError
from engine.core.spec import RunSpec, kind_name
from engine.jobs import executors, runner
from engine.market.bars import Floats
from engine.research import evidence, ledger
from engine.research.findings import Grade, Verdict
from engine.research.verdict import assess_verified
from engine.research.verification.spec import VerificationSpec

POINTS, HEIGHT = 48, 100
"""Points of a curve, and the number that stands for its highest value."""


@dataclass(frozen=True)
class Preview:
    """``own`` equity and ``held``, that of the benchmark, as ``POINTS`` bytes from 0 to ``HEIGHT`` on one logarithmic
    scale, empty where there is no curve. ``grade`` is that of the worst finding, "" where nothing was
    assessed; ``headline`` and ``reason`` are the verdict's.
    """

    own: bytes = b""
    held: bytes = b""
    grade: Grade | str = ""
    headline: str = ""
    reason: str = ""


def of(key: str, spec: RunSpec) -> Preview:
    """The preview of the stored result under ``key``; without curve and verdict where the result, or the bars that the
    verdict asks for, are gone.
    """
    make = _MAKERS.get(spec.kind)
    result = runner.store().read(key, executors.result_type(spec)) if make else None
    if make is None or result is None:
        return Preview()
    try:
        return make(spec, result)
    except EngineError:
        return Preview()


def keep(key: str, preview: Preview, stamp: int) -> None:
    """Keep the preview of the run ``key``, made when the ledger had ``stamp`` rows."""
    with connect() as database:
        plain = asdict(preview) | {"own": preview.own.hex(), "held": preview.held.hex()}
        text = json.dumps(plain, separators=(",", ":"))
        database.execute("INSERT OR REPLACE INTO run_previews VALUES (?, ?, ?)", (key, text, stamp))


def read(text: str | None) -> Preview | None:
    """What ``keep`` has kept; None for nothing, or what another version has."""
    if not text:
        return None
    try:
        plain: dict[str, Any] = json.loads(text)
        return Preview(**{**plain, "own": bytes.fromhex(plain["own"]), "held": bytes.fromhex(plain["held"])})
    except (ValueError, TypeError, KeyError):
        return None


def stamp() -> int:
    """Number of rows of the ledger: a verdict made at another number counted other trials."""
    with connect() as database:
        return int(database.execute("SELECT COUNT(*) FROM trials").fetchone()[0])


COUNTING = frozenset({kind_name(BacktestSpec), kind_name(VerificationSpec)})
"""Kinds of runs the verdict on which depends on the trials counted so far."""


def curves(own: Floats, held: Floats) -> tuple[bytes, bytes]:
    """Both as ``Preview`` has them."""
    lines = [np.log(np.maximum(line[_places(len(line))], 1e-9)) for line in (own, held)]
    low, high = (float(bound([bound(line) for line in lines])) for bound in (np.min, np.max))
    span = high - low or 1.0
    first, second = (np.rint((line - low) / span * HEIGHT).astype(np.uint8).tobytes() for line in lines)
    return first, second


def worst(verdict: Verdict) -> Grade | str:
    """The worst grade among the findings; "" without any."""
    grades = {finding.grade for finding in verdict.findings}
    return next((grade for grade in ("bad", "doubtful", "good") if grade in grades), "")


def _places(length: int) -> Any:
    return np.linspace(0, length - 1, POINTS).round().astype(int)


def _backtest(spec: BacktestSpec, result: BacktestResult) -> Preview:
    return _judged(evidence.verdict(spec, result), result)


def _verification(spec: VerificationSpec, result: Any) -> Preview:
    """The verdict of this verification, and the curve of its backtest where that is stored."""
    backtest = spec.backtest
    origin = evidence.sweep_origin(backtest)
    tested, place = (origin.tested, origin.place) if origin else (None, None)
    counted = ledger.trials(backtest.strategy.kind), ledger.on_data(backtest.market)
    found = runner.lookup(backtest) if runner.is_stored(backtest) else None
    return _judged(assess_verified(result, counted[0], tested, place, counted[1]), found)


def _walk_forward(_: WalkForwardSpec, result: Any) -> Preview:
    found = assess(result)
    return Preview(*curves(result.equity, result.benchmark), found.grade, found.headline.rstrip("."), found.reason)


def _judged(verdict: Verdict, result: BacktestResult | None) -> Preview:
    lines = curves(result.equity, result.benchmark) if result is not None else (b"", b"")
    return Preview(*lines, worst(verdict), verdict.headline.rstrip("."), verdict.reason)


_MAKERS: Mapping[str, Callable[[Any, Any], Preview]] = {
    kind_name(BacktestSpec): _backtest,
    kind_name(VerificationSpec): _verification,
    kind_name(WalkForwardSpec): _walk_forward,
}
