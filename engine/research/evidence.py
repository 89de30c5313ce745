"""Evidence on a backtest that is stored by now: its verification, and the sweep that it came from."""

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
class Swept:
    """The sweep whose combination ``place``, of ``size``, a backtest is, and its test for overfitting, if there was
    one. ``place`` is None (and ``size`` 0) where the sweep's result is not stored any more: the backtest differs from
    its base on its axes alone, and whether it is a combination of it is known once the sweep is computed again.
    """

    sweep: SweepSpec
    place: int | None
    size: int
    tested: SweepOverfitting | None


def swept(spec: BacktestSpec) -> Swept | None:
    """The stored sweep that ``spec`` is a combination of: one that was tested for overfitting before all others, then
    the one with the most combinations.
    """
    for _, test in _stored(kind_name(OverfittingSpec), "sweep.base", spec):
        assert isinstance(test, OverfittingSpec)
        found = _place(test.sweep, spec)
        if found is not None and (tested := runner.lookup(test)) is not None:
            return Swept(test.sweep, *found, tested)
    others: list[Swept] = []
    for _, sweep in _stored(kind_name(SweepSpec), "base", spec):
        assert isinstance(sweep, SweepSpec)
        found = _place(sweep, spec)
        if found is not None:
            others.append(Swept(sweep, *found, None))
        elif differs_on_axes_alone(sweep.base, spec, sweep.axes) and not runner.is_stored(sweep):
            others.append(Swept(sweep, None, 0, None))
    return max(others, key=lambda item: item.size, default=None)


def _stored(kind: str, base: str, spec: BacktestSpec) -> list[tuple[str, RunSpec]]:
    """All stored runs of ``kind`` whose backtest, at the path ``base``, is like ``spec`` in what no axis can vary."""
    market = spec.market
    alike = {"strategy.kind": spec.strategy.kind, "market.collection": market.collection, "capital": spec.capital}
    alike |= {
        "sizing.kind": spec.sizing.kind,
        "market.interval": market.interval,
        "market.adjustment": market.adjustment,
    }
    return runner.recent_runs(kind, None, having={f"{base}.{path}": value for path, value in alike.items()})


def _place(sweep: SweepSpec, spec: BacktestSpec) -> tuple[int, int] | None:
    """Where ``spec`` is among the combinations of ``sweep``, and how many there are. What cannot be one is told without
    a look at the result, which is large.
    """
    if not differs_on_axes_alone(sweep.base, spec, sweep.axes):
        return None
    result: SweepResult | None = runner.lookup(sweep)
    if result is None or (place := result.place_of(spec)) is None:
        return None
    return place, len(result)


def verdict(spec: BacktestSpec, result: BacktestResult | None = None, origin: Swept | None = None) -> Verdict:
    """What is known by now of ``spec``, everywhere the same: with every test where they are stored, and that of the
    sweep which the backtest came from, else the quick verdict on ``result``. The trials are counted as of now.

    ``result`` is read where it is not given, and ``origin`` looked for. Raises what ``runner.run`` does where neither
    result is stored.
    """
    tested = verification(spec)
    trials, on_data = ledger.trials(spec.strategy.kind), ledger.on_data(spec.market)
    if tested is None:
        return assess(runner.run(spec) if result is None else result, trials, on_data)
    origin = swept(spec) if origin is None else origin
    overfitting, place = (None, None) if origin is None else (origin.tested, origin.place)
    return assess_verified(tested[1], trials, overfitting, place, on_data)


def verification(spec: BacktestSpec) -> tuple[VerificationSpec, VerificationResult] | None:
    """The stored verification of ``spec``: the usual one before all others, then the newest."""
    recent = [item for _, item in runner.recent_runs(kind_name(VerificationSpec), None, of=spec)]
    for item in (VerificationSpec(backtest=spec), *recent):
        if isinstance(item, VerificationSpec) and item.backtest == spec and (found := runner.lookup(item)) is not None:
            return item, found
    return None
