"""Verdicts on features: what leaks, what is not settled, and what is neither."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import engine
from engine.core.store import decode, encode
from engine.features.checks.result import FeatureCheck
from engine.features.checks.run import verdict
from engine.features.checks.spec import FeatureCheckSpec
from engine.features.checks.streams import certified
from engine.features.evaluation import FeatureInputs
from engine.indicators import INDICATORS, Indicator
from engine.indicators.expression import Expression
from engine.indicators.momentum import Rsi
from engine.indicators.talib_family import TalibFunction
from engine.market.bars import Bars, Market
from engine.market.spec import MarketSpec
from tests.support.market import random_walk
from tests.support.workspace import Workspace

PLUGIN = '''
"""A plug-in of a test."""
from typing import ClassVar, Literal
import numpy as np
import pandas as pd
from engine.indicators import Indicator, Output
from engine.core.registry import plugin

@plugin("planted", title="Planted")
class Planted(Indicator):
    """What the test says."""
    kind: Literal["planted"] = "planted"
    outputs: ClassVar[tuple[Output, ...]] = (Output("value"),)
    def label(self): return "Planted"
    def warm_up(self): return WARM_UP
    def compute(self, bars):
        c, n = pd.Series(bars.close), len(bars)
        return {"value": (FORMULA).to_numpy(dtype=np.float64)}
'''


def planted(workspace: Workspace, formula: str, warm_up: int = 0) -> Indicator:
    source = PLUGIN.replace("FORMULA", formula).replace("WARM_UP", str(warm_up))
    workspace.write_plugin("indicators", "planted", source)
    return INDICATORS.parse({"kind": "planted"})


def walk(count: int, seed: int = 0) -> Bars:
    volume = np.random.default_rng(seed).integers(500, 5_000, count).astype(np.float64)
    return replace(random_walk(count, seed, symbol=f"S{seed}"), volume=volume)


def on(*bars: Bars) -> FeatureInputs:
    return FeatureInputs(Market(bars), {})


@pytest.mark.parametrize(
    "formula",
    [
        "c.rolling(21, center=True).mean()",
        "(c - c.mean()) / c.std()",
        "c.shift(-1)",
        "c.rank(pct=True)",
        "pd.Series(bars.volume).bfill()",
        "pd.Series(bars.high).bfill()",
        "pd.Series(bars.low).interpolate()",
        "c.groupby(np.arange(n) // 5).transform('last')",
        "c.ewm(span=9).mean()[::-1].ewm(span=9).mean()[::-1]",
    ],
)
def test_planted_leaks_are_found_with_the_rows_that_prove_it(workspace: Workspace, formula: str) -> None:
    found = verdict(planted(workspace, formula), on(walk(400)))
    assert found.verdict == "leaks"
    assert found.words.startswith("leaks at bar ")
    assert 1 <= len(found.leaks) <= 5
    assert [sign.bar for sign in found.leaks] == sorted({sign.bar for sign in found.leaks})
    assert all(sign.then != sign.later for sign in found.leaks)


@pytest.mark.parametrize(
    ("formula", "warm_up", "expected"),
    [
        ("c.rolling(20).mean()", 19, "clean"),
        ("c.rolling(20).mean()", 5, "unstable warm-up"),
        ("c.ewm(span=20, adjust=False).mean()", 150, "clean"),
        ("c.ewm(span=20, adjust=False).mean()", 5, "unstable warm-up"),
        ("c.cumsum()", 0, "unstable warm-up"),
        ("c + 0.002 * c.expanding().mean()", 0, "unstable warm-up"),
        ("(c - c.expanding().mean()) / c.expanding().std()", 20, "unstable warm-up"),
        ("c * 0 + 7", 0, "clean"),
        ("c * np.nan", 0, "clean"),
    ],
)
def test_what_depends_on_the_first_bar_behind_its_warm_up_is_unstable(
    workspace: Workspace, formula: str, warm_up: int, expected: str
) -> None:
    found = verdict(planted(workspace, formula, warm_up), on(walk(2_000)))
    assert found.verdict == expected
    if expected == "unstable warm-up":
        (sign,) = found.unsettled
        assert sign.bar >= 200 + warm_up
        assert "is not settled after its warm-up" in found.sentence()


def test_the_second_symbol_is_looked_at_too(workspace: Workspace) -> None:
    feature = planted(workspace, "pd.Series(bars.volume).bfill() if bars.series.symbol == 'S2' else c")
    second = walk(300, 2)
    volume = second.volume.copy()
    volume[100:103] = np.nan
    found = verdict(feature, on(walk(300, 1), replace(second, volume=volume)))
    assert found.verdict == "leaks"
    assert {sign.symbol for sign in found.leaks} == {"S2"}


def test_a_leak_inside_a_formula_is_one(workspace: Workspace) -> None:
    planted(workspace, "c.shift(-1)")
    spec = FeatureCheckSpec(
        market=MarketSpec(symbols=("NVDA",)), features=(Expression(text="planted() / close - 1"), Rsi())
    )
    first, second = engine.run(spec).verdicts
    assert (first.verdict, second.verdict) == ("leaks", "clean")


def test_the_streaming_form_certifies_talib_functions() -> None:
    bars = walk(600)
    for kind in ("talib_macdfix", "talib_cdlengulfing", "talib_maxindex", "talib_stddev"):
        feature = INDICATORS.parse({"kind": kind})
        assert isinstance(feature, TalibFunction)
        assert certified(feature, bars), kind
    gapped = bars.close.copy()
    gapped[[200, 201, 333]] = np.nan
    assert certified(INDICATORS.parse({"kind": "talib_macdfix"}), replace(bars, close=gapped))


def test_another_function_than_the_streaming_one_is_not_certified(monkeypatch: pytest.MonkeyPatch) -> None:
    feature, bars = INDICATORS.parse({"kind": "talib_mom"}), walk(300)
    centred = {"mom": pd.Series(bars.close).rolling(11, center=True).mean().to_numpy(dtype=np.float64)}
    monkeypatch.setattr(TalibFunction, "compute", lambda self, bars: centred)
    assert not certified(feature, bars)


def test_the_result_is_a_run_that_is_stored(workspace: Workspace) -> None:
    spec = FeatureCheckSpec(market=MarketSpec(symbols=("NVDA", "META")))
    found = engine.run(spec)
    assert found.counts == {"clean": 2}
    assert found.symbols == ("NVDA", "META")
    assert found.summary() == {"features": 2, "clean": 2, "found": {}}
    assert decode(encode(found), FeatureCheck) == found
    assert "Check of" in spec.label()
    assert "did not change on 24 shorter or changed histories" in found.verdicts[0].sentence()
