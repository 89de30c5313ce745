"""The ledger: one row a trial, in order, for good."""

from __future__ import annotations

import pytest

from engine.backtest.spec import BacktestSpec
from engine.database import connect
from engine.errors import StoreError
from engine.research import ledger
from engine.spec import canonical_json
from engine.store import Trial

pytestmark = pytest.mark.usefixtures("workspace")

SPEC = BacktestSpec.parse({"strategy": {"kind": "sma_cross"}, "costs": {"commission": 5, "slippage": 3}})


def test_empty_at_first() -> None:
    assert ledger.count() == 0
    assert ledger.trials("sma_cross") == ()


def test_trials_come_back_oldest_first_by_family() -> None:
    ledger.record("c", SPEC, Trial("sma_cross", 0.1, 100))
    ledger.record("a", SPEC, Trial("sma_cross", None, 50))
    ledger.record("b", SPEC, Trial("other", -0.2, 30))
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100), Trial("sma_cross", None, 50))
    assert ledger.trials("other") == (Trial("other", -0.2, 30),)
    assert ledger.trials("none") == ()
    assert ledger.count() == 3


def test_same_run_twice_is_one_trial() -> None:
    for sharpe in (0.1, 0.2):
        ledger.record("key", SPEC, Trial("sma_cross", sharpe, 100))
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100),)


def test_what_was_tried_is_kept_with_it() -> None:
    ledger.record("key", SPEC, Trial("sma_cross", 0.1, 100))
    with connect() as connection:
        (row,) = connection.execute("SELECT key, spec, created FROM trials").fetchall()
    assert (row["key"], row["spec"]) == ("key", canonical_json(SPEC))
    assert row["created"] > 1.6e9


@pytest.mark.parametrize("statement", ["DELETE FROM trials", "UPDATE trials SET family = 'x'"])
def test_nobody_can_forget_a_trial(statement: str) -> None:
    ledger.record("key", SPEC, Trial("sma_cross", 0.1, 100))
    with pytest.raises(StoreError, match="append-only"), connect() as connection:
        connection.execute(statement)
    assert ledger.trials("sma_cross") == (Trial("sma_cross", 0.1, 100),)
