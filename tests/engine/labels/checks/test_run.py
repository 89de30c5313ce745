"""The check of a label is a run with a verdict."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import engine
from engine.core.progress import silent
from engine.core.store import decode, encode
from engine.labels import LABELS
from engine.labels.checks.result import LabelCheck
from engine.labels.checks.run import compute
from engine.labels.checks.spec import LabelCheckSpec
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

PEEK = '''
from typing import Literal
import numpy as np
from engine.core.registry import plugin
from engine.labels import Label, Labels
from engine.labels.returns import forward_returns

@plugin("peek", title="Peek")
class Peek(Label):
    """The return over twice the bars that it says."""
    kind: Literal["peek"] = "peek"
    horizon: int = 5
    def compute(self, bars):
        later, stated = forward_returns(bars, 2 * self.horizon), forward_returns(bars, self.horizon)
        value = np.where(np.isnan(later.value), np.nan, later.value > 0)
        return Labels(value, np.where(np.isnan(value), np.datetime64("NaT"), stated.end))
'''


@pytest.mark.parametrize("kind", ["triple_barrier", "meta_label"])
def test_a_label_of_the_library_is_clean(workspace: Workspace, kind: str) -> None:
    spec = LabelCheckSpec(market=MarketSpec(symbols=("NVDA", "META")), target=LABELS.parse({"kind": kind}))
    found = engine.run(spec)
    assert (found.verdict, found.words, found.found) == ("clean", "clean", None)
    assert found.symbols == ("NVDA", "META")
    assert 0 < found.answers < found.bars
    assert "No value of the label" in found.sentence()
    assert decode(encode(found), LabelCheck) == found


def test_a_label_that_uses_bars_after_its_end_leaks_with_its_proof(workspace: Workspace) -> None:
    workspace.write_plugin("labels", "peek", PEEK)
    spec = LabelCheckSpec(market=MarketSpec(symbols=("NVDA",)), target=LABELS.parse({"kind": "peek"}))
    found = engine.run(spec)
    assert found.found is not None
    assert (found.verdict, found.found.symbol) == ("leaks", "NVDA")
    assert found.words == f"leaks at bar {found.found.bar:,} ({found.found.time})"
    assert "uses bars after its end" in found.sentence()
    assert found.summary()["verdict"] == found.words


def test_the_second_symbol_is_looked_at_too(workspace: Workspace) -> None:
    workspace.write_plugin(
        "labels", "peek", PEEK.replace("2 * self.horizon", "(2 if bars.series.symbol == 'S2' else 1) * self.horizon")
    )
    bars = tuple(random_walk(300, seed, symbol=f"S{seed}") for seed in (1, 2))
    spec = LabelCheckSpec(market=MarketSpec(symbols=("S1", "S2")), target=LABELS.parse({"kind": "peek"}))
    found = compute(spec, {"market": Market(bars)}, silent)
    assert found.found is not None
    assert found.found.symbol == "S2"
    unknown = Market(tuple(replace(item, adj_close=np.full(len(item), np.nan)) for item in bars))
    assert compute(spec, {"market": unknown}, silent).answers == 0
