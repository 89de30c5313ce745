"""Windows that are done are kept when a walk-forward is cancelled, and a further run goes on from them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from engine.backtest.walkforward import run as executor
from engine.backtest.walkforward.kept import kept_windows
from engine.backtest.walkforward.spec import WalkForwardSpec
from engine.backtest.walkforward.walk import Step
from engine.core.errors import Cancelled
from engine.core.progress import silent
from engine.core.store import encode
from engine.jobs import runner
from engine.market.sources.stored import save
from engine.models.kept_parts import KeptParts
from engine.research import ledger
from tests.support.market import random_walk
from tests.support.walks import walk_spec
from tests.support.workspace import Workspace


@pytest.fixture
def asked(workspace: Workspace) -> WalkForwardSpec:
    save(random_walk(880))
    return walk_spec()


@pytest.fixture
def windows(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The windows that are computed, in their order."""
    found: list[int] = []
    take = executor.take_step

    def counted(walk: Any, number: int, *rest: Any) -> Any:
        found.append(number)
        return take(walk, number, *rest)

    monkeypatch.setattr(executor, "take_step", counted)
    return found


def kept(spec: WalkForwardSpec) -> KeptParts[Step]:
    found = kept_windows(spec)
    assert found is not None
    return found


def cancelled_in(window: int) -> Any:
    """Progress that is cancelled as soon as it tells of ``window``, from 1 on."""

    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        if message.startswith(f"Window {window} of"):
            raise Cancelled("Cancelled.")

    return progress


def test_a_cancelled_one_goes_on_from_the_windows_that_are_done(asked: WalkForwardSpec, windows: list[int]) -> None:
    whole = runner._compute(asked, silent)
    assert windows == [0, 1, 2, 3]
    assert len(kept(asked)) == 0, "of a complete one nothing is kept but its result"
    windows.clear()
    with pytest.raises(Cancelled):
        runner.run(asked, cancelled_in(3))
    assert len(kept(asked)) == 2
    windows.clear()
    again = runner.run(asked)
    assert windows == [2, 3]
    assert encode(again) == encode(whole), "bit-identical to one that was never interrupted"


def test_those_that_are_done_are_a_result_that_says_so(asked: WalkForwardSpec, windows: list[int]) -> None:
    with pytest.raises(Cancelled):
        runner.run(asked, cancelled_in(3))
    windows.clear()
    part = runner.run(asked.model_copy(update={"stop_after": 2}))
    assert windows == []
    assert (len(part.test_first), part.planned, part.left) == (2, 4, 2)
    assert "Incomplete: it stopped after 2 of 4 windows, and all metrics are of these alone." in part.warnings
    whole = runner.run(asked)
    assert windows == [2, 3]
    assert whole.left == 0
    np.testing.assert_array_equal(part.equity, whole.equity[: len(part.equity)])
    np.testing.assert_array_equal(part.parameters, whole.parameters[:2])
    assert not any(text.startswith("Incomplete") for text in whole.warnings)


def test_the_ledger_counts_windows_once(asked: WalkForwardSpec) -> None:
    family = asked.base.strategy.kind
    runner.run(asked.model_copy(update={"stop_after": 2}))
    part = sum(trial.count for trial in ledger.trials(family))
    whole = runner.run(asked)
    assert part == 3 * 15, "two trainings and hindsight"
    assert sum(trial.count for trial in ledger.trials(family)) == whole.tried_count == 5 * 15


def test_a_damaged_window_is_computed_again(asked: WalkForwardSpec, windows: list[int]) -> None:
    runner.run(asked.model_copy(update={"stop_after": 2}))
    kept(asked)._path(1).write_bytes(b"PK")
    windows.clear()
    runner.run(asked)
    assert windows == [1, 2, 3]


def test_other_costs_keep_other_windows(asked: WalkForwardSpec) -> None:
    runner.run(asked.model_copy(update={"stop_after": 1}))
    dearer = asked.base.model_copy(update={"costs": asked.base.costs.model_copy(update={"commission": 20.0})})
    assert len(kept(asked)) == 1
    assert len(kept(asked.model_copy(update={"base": dearer}))) == 0


def test_the_estimate_is_that_of_the_windows_that_are_run(asked: WalkForwardSpec) -> None:
    one, all_ = asked.model_copy(update={"stop_after": 1}).estimate(), asked.estimate()
    assert one.seconds < all_.seconds
