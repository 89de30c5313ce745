"""What a cancelled search has tried, and shown, is in the ledger; finished later it is counted once."""

from __future__ import annotations

from typing import Any

import pytest

import engine
from engine.core.errors import Cancelled
from engine.core.spec import RunSpec
from engine.market.sources.stored import save
from engine.research import ledger
from engine.research.sweep_overfitting.spec import OverfittingSpec
from tests.support.market import random_walk
from tests.support.sweeping import axis, spec, sweep
from tests.support.walks import walk_spec

MARKET = {"collection": "made-up", "symbols": ["ONE", "TWO"]}
RSI = spec({"kind": "rsi_reversion"}, market=MARKET)
WINDOWS, LOW = axis("strategy.window", 5, 14), axis("strategy.enter_below", 20, 29, 1)
SEARCHES: dict[str, RunSpec] = {
    "grid": sweep(RSI, [WINDOWS, LOW]),
    "tpe": sweep(RSI, [WINDOWS, LOW], sample="tpe", count=80),
    "accounts": sweep(RSI.model_copy(update={"direction": "both"}), [WINDOWS, LOW]),
    "walk_forward": walk_spec(),
}


def stopping_after(share: float) -> Any:
    def report(fraction: float, message: str, partial: object = None) -> None:
        if fraction >= share:
            raise Cancelled("enough")

    return report


@pytest.fixture(autouse=True)
def _bars(workspace: object) -> None:
    for seed, symbol in enumerate(("ONE", "TWO", "TEST")):
        save(random_walk(900, seed, symbol=symbol))


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
