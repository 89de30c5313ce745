"""The contract of operands and conditions, kept by every one that is found."""

from __future__ import annotations

import numpy as np
import pytest

from engine.features.leakage import look_ahead, synthetic_gaps
from engine.market.bars import Bars, Floats
from engine.strategies.rules import CONDITIONS, OPERANDS, Condition, Operand
from tests.support.market import random_walk

BARS = (random_walk(900, seed=4), synthetic_gaps())
each = pytest.mark.parametrize("bars", BARS, ids=("whole", "with gaps"))


@each
@pytest.mark.parametrize("cls", OPERANDS.available().values(), ids=lambda cls: cls.__name__)
def test_no_line_uses_a_later_bar(cls: type[Operand], bars: Bars) -> None:
    operand = cls()
    assert look_ahead(lambda known: {"line": operand.line(known)}, bars) == ()
    assert np.isnan(operand.line(bars)[: operand.warm_up()]).all()


@each
@pytest.mark.parametrize("cls", CONDITIONS.available().values(), ids=lambda cls: cls.__name__)
def test_no_condition_uses_a_later_bar(cls: type[Condition], bars: Bars) -> None:
    def flags(known: Bars) -> dict[str, Floats]:
        truth = cls().truth(known)
        assert not (truth.yes & truth.no).any()
        return {"yes": truth.yes.astype(np.float64), "no": truth.no.astype(np.float64)}

    assert look_ahead(flags, bars) == ()


@pytest.mark.parametrize("cls", [*OPERANDS.available().values(), *CONDITIONS.available().values()])
def test_there_is_an_answer_after_the_warm_up(cls: type[Operand | Condition]) -> None:
    """What answers nothing cannot be caught looking ahead."""
    asked, (whole, _) = cls(), BARS
    if isinstance(asked, Operand):
        assert np.isfinite(asked.line(whole)[asked.warm_up() :]).all()
    else:
        truth = asked.truth(whole)
        assert (truth.yes | truth.no)[asked.warm_up() :].all()
