"""Stored evidence on a backtest: its verification, and the sweep that it came from."""

from __future__ import annotations

from dataclasses import dataclass

from engine.backtest.result import BacktestResult
from engine.backtest.spec import BacktestSpec
from engine.backtest.sweeps.axes import differs_on_axes_alone
from engine.backtest.sweeps.result import SweepResult
from engine.backtest.sweeps.spec import SweepSpec
from engine.core.spec import RunSpec, kind_name
from engine.jobs import runner
from engine.research import ledger
from engine.research.findings import Verdict
from engine.research.sweep_overfitting.result import SweepOverfitting
from engine.research.sweep_overfitting.spec import OverfittingSpec
from engine.research.verdict import assess, assess_verified
from engine.research.verification.result import VerificationResult
from engine.research.verification.spec import VerificationSpec


@dataclass(frozen=True, eq=False)
class SweepOrigin:
    """The sweep that a backtest is a combination of (``place`` of ``size``), and its overfitting test, if any.
    ``place`` is None (and ``size`` 0) where the sweep's result is no longer stored: the backtest differs from its base
    on its axes alone, and whether it is a combination is known once the sweep is computed again.
    """

    sweep: SweepSpec
    place: int | None
    size: int
    tested: SweepOverfitting | None


def sweep_origin(spec: BacktestSpec) -> SweepOrigin | None:
    """The stored sweep that ``spec`` is a combination of: preferably one tested for overfitting, then the largest."""
    for _, test in _stored(kind_name(OverfittingSpec), "sweep.base", spec):
        assert isinstance(test, OverfittingSpec)
        found = _index(test.sweep, spec)
        if found is not None and (tested := runner.lookup(test)) is not None:
            return SweepOrigin(test.sweep, *found, tested)
    others: list[SweepOrigin] = []
    for _, sweep in _stored(kind_name(SweepSpec), "base", spec):
        assert isinstance(sweep, SweepSpec)
        found = _index(sweep, spec)
        if found is not None:
            others.append(SweepOrigin(sweep, *found, None))
        elif differs_on_axes_alone(sweep.base, spec, sweep.axes) and not runner.is_stored(sweep):
            others.append(SweepOrigin(sweep, None, 0, None))
    return max(others, key=lambda item: item.size, default=None)


def _stored(kind: str, base: str, spec: BacktestSpec) -> list[tuple[str, RunSpec]]:
    """Stored runs of ``kind`` whose backtest, at the path ``base``, equals ``spec`` in the fields that no
    axis varies.
    """
    market = spec.market
    alike = {"strategy.kind": spec.strategy.kind, "market.collection": market.collection, "capital": spec.capital}
    alike |= {
        "sizing.kind": spec.sizing.kind,
        "market.interval": market.interval,
        "market.adjustment": market.adjustment,
    }
    return runner.recent_runs(kind, None, having={f"{base}.{path}": value for path, value in alike.items()})


def _index(sweep: SweepSpec, spec: BacktestSpec) -> tuple[int, int] | None:
    """The index of ``spec`` among the combinations of ``sweep``, and their number; None, without reading the large
    result, where it cannot be one.
    """
    if not differs_on_axes_alone(sweep.base, spec, sweep.axes):
        return None
    result: SweepResult | None = runner.lookup(sweep)
    if result is None or (place := result.place_of(spec)) is None:
        return None
    return place, len(result)


def verdict(spec: BacktestSpec, result: BacktestResult | None = None, origin: SweepOrigin | None = None) -> Verdict:
    """The current verdict on ``spec``: with the stored verification and the overfitting test of its sweep, else the
    quick verdict on ``result``. Trials are counted as of now.

    ``result`` is read and ``origin`` searched where they are not given. Raises as ``runner.run`` where neither result
    is stored.
    """
    tested = verification(spec)
    trials, on_data = ledger.trials(spec.strategy.kind), ledger.on_data(spec.market)
    if tested is None:
        return assess(runner.run(spec) if result is None else result, trials, on_data)
    origin = sweep_origin(spec) if origin is None else origin
    overfitting, place = (None, None) if origin is None else (origin.tested, origin.place)
    return assess_verified(tested[1], trials, overfitting, place, on_data)


def verification(spec: BacktestSpec) -> tuple[VerificationSpec, VerificationResult] | None:
    """The stored verification of ``spec``: preferably that with default settings, then the newest."""
    recent = [item for _, item in runner.recent_runs(kind_name(VerificationSpec), None, of=spec)]
    for item in (VerificationSpec(backtest=spec), *recent):
        if isinstance(item, VerificationSpec) and item.backtest == spec and (found := runner.lookup(item)) is not None:
            return item, found
    return None
