"""Trials of a cancelled or killed search are in the ledger; a search finished later is counted once."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine.backtest.sweeps import parallel
from engine.core import progress
from engine.core.errors import Cancelled, StoreError
from engine.core.spec import RunSpec
from engine.jobs import trials
from engine.market.sources.stored import save
from engine.research import ledger
from engine.research.sweep_overfitting.spec import OverfittingSpec
from tests.support.market import days, random_walk
from tests.support.sweeping import axis, spec, sweep
from tests.support.walks import base, walk_spec
from tests.support.workspace import Workspace

MARKET = {"collection": "made-up", "symbols": ["ONE", "TWO"]}
RSI = spec({"kind": "rsi_reversion"}, market=MARKET)
WINDOWS, LOW = axis("strategy.window", 5, 14), axis("strategy.enter_below", 20, 29, 1)
SEARCHES: dict[str, RunSpec] = {
    "grid": sweep(RSI, [WINDOWS, LOW]),
    "tpe": sweep(RSI, [WINDOWS, LOW], sample="tpe", count=80),
    "accounts": sweep(RSI.model_copy(update={"direction": "both"}), [WINDOWS, LOW]),
    "walk_forward": walk_spec(),
}


OWN = """
from typing import Literal

from engine.core.registry import plugin
from engine.core.spec import parameter
from engine.strategies.kinds.rsi_reversion import RsiReversion

@plugin("own", title="Own")
class Own(RsiReversion):
    kind: Literal["own"] = "own"
"""


class Killed(BaseException):
    """The end of a process, of which nothing inside it hears."""


def stopping_after(share: float, by: type[BaseException] = Cancelled) -> Any:
    def report(fraction: float, message: str, partial: object = None) -> None:
        if fraction >= share:
            raise by("enough")

    return report


@pytest.fixture(autouse=True)
def _bars(workspace: object) -> None:
    for seed, symbol in enumerate(("ONE", "TWO", "TEST")):
        save(random_walk(900, seed, symbol=symbol))


@pytest.fixture(autouse=True)
def _small_pieces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pieces that leave something to do when a search of a hundred combinations ends early."""
    monkeypatch.setattr(parallel, "logical_cores", lambda: 2)
    monkeypatch.setattr(parallel, "_FIRST", 3)
    monkeypatch.setattr(parallel, "_LARGEST", 3)


@pytest.mark.parametrize("name", SEARCHES)
def test_what_was_tried_counts_once(name: str) -> None:
    asked, counts = SEARCHES[name], []
    for share in (0.0, 0.3, 0.7, 0.3):
        with pytest.raises(Cancelled):
            engine.run(asked, stopping_after(share))
        counts.append(ledger.count())
    assert counts[0] == 0
    assert 0 < counts[1] <= counts[2] == counts[3]
    (found,) = ledger.trials(asked.base.strategy.kind)  # type: ignore[attr-defined]
    assert found.ratios > 1
    assert found.sharpe is not None
    trial = engine.run(asked).trial()
    assert counts[3] < trial.count
    assert ledger.count() == trial.count
    assert ledger.trials(trial.family) == (trial,)


def test_run_around_a_search_counts_it_no_second_time() -> None:
    around = OverfittingSpec.parse({"sweep": SEARCHES["accounts"]})
    with pytest.raises(Cancelled):
        engine.run(around, stopping_after(0.5 * around.sweep.estimate().seconds / around.estimate().seconds))
    assert len(ledger.trials("rsi_reversion")) == 1
    assert 0 < ledger.count() < 2 * around.sweep.grid_size()


@pytest.mark.parametrize("name", SEARCHES)
def test_what_a_killed_search_has_tried_counts_once(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "COUNTED_AFTER", 0.0)
    asked = SEARCHES[name]
    with pytest.raises(Cancelled):
        engine.run(asked, stopping_after(0.3))
    cancelled = ledger.count()
    with pytest.raises(Killed):
        engine.run(asked, stopping_after(0.9, Killed))
    assert ledger.count() > cancelled
    (found,) = ledger.trials(asked.base.strategy.kind)  # type: ignore[attr-defined]
    assert 1 < found.ratios <= found.count
    trial = engine.run(asked).trial()
    assert found.count < trial.count
    assert ledger.trials(trial.family) == (trial,)


def test_a_cancelled_walk_forward_counts_the_bars_of_its_account() -> None:
    """Of two symbols that never trade on one day the account has twice the bars of each."""
    for number, symbol in enumerate(("EVEN", "ODD")):
        save(random_walk(450, number, time=days(900)[number::2], symbol=symbol))
    asked = walk_spec(base(symbols=("EVEN", "ODD")))
    with pytest.raises(Cancelled):
        engine.run(asked, stopping_after(0.7))
    (part,) = ledger.trials("sma_cross")
    assert part.periods_per_year == pytest.approx(365.2425)
    assert engine.run(asked).trial().periods_per_year == pytest.approx(365.2425)


def test_a_short_search_is_entered_as_a_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress, "COUNTED_AFTER", float("inf"))
    with pytest.raises(Killed):
        engine.run(SEARCHES["accounts"], stopping_after(0.9, Killed))
    assert ledger.count() == 0


def test_a_search_that_has_all_that_a_cancelled_one_tried_counts_it(workspace: Workspace) -> None:
    """Of a strategy of one's own too, whose code the ledger compares."""
    workspace.write_plugin("strategies", "own", OWN)
    base = spec({"kind": "own"}, market=MARKET, direction="both")
    with pytest.raises(Cancelled):
        engine.run(sweep(base, [WINDOWS, LOW]), stopping_after(0.5))
    assert ledger.count() > 0
    whole = engine.run(sweep(base, [axis("strategy.window", 5, 15), LOW])).trial()
    assert ledger.count() == whole.count == 110


def test_a_search_goes_on_where_the_ledger_has_no_room(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*what: object, **more: object) -> None:
        raise StoreError("The database failed: disk full.")

    monkeypatch.setattr(progress, "COUNTED_AFTER", 0.0)
    monkeypatch.setattr(trials, "record_part", full)
    with pytest.raises(Cancelled):
        engine.run(SEARCHES["accounts"], stopping_after(0.5))
    assert len(engine.run(SEARCHES["accounts"])) == 100
