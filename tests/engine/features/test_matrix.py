"""The feature matrix: its order, its warm-up and its requests."""

from __future__ import annotations

from dataclasses import replace
from datetime import date

import numpy as np
import pandas as pd
import pytest

import engine
from engine.core.errors import Cancelled, DataError, PluginError, SpecError
from engine.core.progress import silent
from engine.core.spec import canonical_json
from engine.features.matrix import FeatureMatrix, require_causal
from engine.features.matrix import matrix as computed
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.cross_asset import Beta
from engine.indicators.cross_section import ReturnRank
from engine.indicators.momentum import Rsi
from engine.indicators.talib_family import make
from engine.jobs import executors
from engine.market import catalog
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace


def matrix(*lengths: int) -> FeatureMatrix:
    spec = FeatureSpec(features=(Sma(window=5), Rsi(window=2)))
    bars = [random_walk(length, seed, symbol=f"S{seed}") for seed, length in enumerate(lengths)]
    return executors.compute(spec, {"market": Market(tuple(bars))}, silent)


def test_rows_are_symbol_after_symbol() -> None:
    found = matrix(40, 30)
    assert found.symbols == ("S0", "S1")
    assert found.rows("S1") == slice(40, 70)
    assert found.symbol.tolist() == [0] * 40 + [1] * 30
    assert found.bar.tolist() == [*range(40), *range(30)]
    assert found.names == ("SMA 5", "RSI 2")
    other = random_walk(30, 1)
    np.testing.assert_array_equal(found.values[40:, 0], Sma(window=5).compute(other)["sma"])
    np.testing.assert_array_equal(found.close[40:], other.close)


def test_the_longest_warm_up_is_dropped_in_every_symbol() -> None:
    found = matrix(40, 30)
    assert found.warm_up == (4, 15)
    assert np.flatnonzero(found.usable()).tolist() == [*range(15, 40), *range(55, 70)]


def test_rows_behind_a_gap_are_not_usable_until_warm_again() -> None:
    close = random_walk(60).close.copy()
    close[30] = np.nan
    spec = FeatureSpec(features=(Sma(window=5),))
    found = executors.compute(spec, {"market": Market((make_bars(close),))}, silent)
    assert np.flatnonzero(~found.usable()).tolist() == [0, 1, 2, 3, 30, 31, 32, 33, 34]


def test_a_symbol_shorter_than_the_warm_up_has_no_usable_row() -> None:
    found = matrix(40, 10)
    assert not found.usable()[found.rows("S1")].any()
    assert found.summary()["usable"] == 25
    assert found.summary()["last"]["S1"]["RSI 2"] is None  # type: ignore[index]


def test_it_runs_on_sample_data() -> None:
    spec = FeatureSpec(market=MarketSpec(symbols=("NVDA", "META")))
    found = engine.run(spec)
    assert len(found.time) == 2 * 2699
    assert found.usable().sum() == 2 * (2699 - 105)
    assert engine.run_key(spec) == engine.run_key(FeatureSpec.parse(spec.model_dump(mode="json")))


def test_features_keep_their_type_in_json() -> None:
    spec = FeatureSpec.parse({"features": [{"kind": "rsi", "window": 9}, {"kind": "sma"}]})
    assert spec.features == (Rsi(window=9), Sma(window=20))
    assert FeatureSpec.parse(spec.model_dump(mode="json")) == spec
    assert '"features":[{"kind":"rsi","window":9},{"kind":"sma","window":20}]' in canonical_json(spec)
    assert {type(item) for item in spec.walk()} == {FeatureSpec, MarketSpec, Rsi, Sma}


@pytest.mark.parametrize(
    ("features", "path", "part"),
    [
        ([{"kind": "smaa"}], "features.0.kind", "Did you mean 'sma'?"),
        ([{"kind": "sma"}, {"kind": "rsi", "window": 1}], "features.1.window", "at least 2"),
        ([{"kind": "sma", "windows": 5}], "features.0.windows", "'windows' is not a field here."),
        ([{"kind": "sma"}, {"kind": "sma"}], "features", "SMA 20 appears twice"),
        ([], "features", "from 1 to 10,000"),
        ([{"kind": "expression", "text": f"close * {index}"} for index in range(10_001)], "features", "from 1 to 10,0"),
        ("sma", "features", "Features"),
        (7, "features", "Features"),
        ([7], "features.0.kind", "Choose one of the indicators"),
        ([{"kind": "sma", "window": float("nan")}], "features.0.window", "Window"),
    ],
)
def test_a_wrong_request_is_explained_at_its_place(features: object, path: str, part: str) -> None:
    with pytest.raises(SpecError) as caught:
        FeatureSpec.parse({"features": features})
    ((where, sentence),) = caught.value.problems
    assert where == path
    assert part in sentence


PEEK = '''
"""A plug-in that looks one bar ahead."""
from typing import ClassVar, Literal
import numpy as np
from engine.indicators import Indicator, Output
from engine.core.registry import plugin

@plugin("peek", title="Peek")
class Peek(Indicator):
    """Tomorrow's close."""
    kind: Literal["peek"] = "peek"
    outputs: ClassVar[tuple[Output, ...]] = (Output("close"),)
    def label(self): return "Peek"
    def warm_up(self): return 0
    def compute(self, bars): return {"close": np.append(bars.close[1:], np.nan)}
'''


def test_a_users_indicator_that_peeks_is_turned_away(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "peek", PEEK)
    spec = FeatureSpec.parse({"features": [{"kind": "sma"}, {"kind": "peek"}]})
    with pytest.raises(DataError, match=r"The feature Peek cannot be used\. close looks ahead: at "):
        require_causal(spec.features, catalog.load(spec.market))


FILLED = (
    PEEK.replace("np.append(bars.close[1:], np.nan)", "filled(bars.volume)")
    .replace("@plugin", "def filled(values):\n    return pd.Series(values).bfill().to_numpy()\n\n@plugin")
    .replace("import numpy as np", "import numpy as np\nimport pandas as pd")
)


def test_a_gap_filled_from_behind_is_turned_away_where_no_symbol_has_one(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "peek", FILLED)
    spec = FeatureSpec.parse({"features": [{"kind": "peek"}]})
    market = catalog.load(spec.market)
    assert np.isfinite(market.bars[0].volume).all()
    with pytest.raises(
        DataError, match=r"close looks ahead: at .* on the data of a synthetic symbol with gaps known then"
    ):
        require_causal(spec.features, market)


def test_a_gap_of_the_second_symbol_is_turned_away_on_its_own_bars(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "peek", FILLED)
    spec = FeatureSpec.parse({"features": [{"kind": "peek"}]})
    one, two = random_walk(300, 1), random_walk(300, 2, symbol="TWO")
    volume = two.volume.copy()
    volume[[100, 101]] = np.nan
    with pytest.raises(DataError, match=r"at 2020-04-10 it is unknown on the data of TWO known then and 1000 once"):
        require_causal(spec.features, Market((one, replace(two, volume=volume))))


def test_a_users_indicator_of_the_wrong_length_is_named(workspace: Workspace) -> None:
    workspace.write_plugin(
        "indicators",
        "short",
        PEEK.replace("peek", "short").replace("np.append(bars.close[1:], np.nan)", "bars.close[1:]"),
    )
    said = r"The indicator 'short' returned float64 of shape \(2698,\) as 'close' for 2,699 bars: it must be an arr"
    with pytest.raises(PluginError, match=said):
        engine.run(FeatureSpec.parse({"features": [{"kind": "short"}]}))


def test_a_feature_may_need_another_symbol_and_the_other_symbols(workspace: Workspace) -> None:
    """Through the runner, on the sample data: an index of another collection, and the symbols of the market."""
    market = MarketSpec(symbols=("NVDA", "AAPL"), end=date(2018, 1, 1))
    beta, rank = Beta(symbol="^GSPC", collection="arch", window=100), ReturnRank(window=20)
    matrix = engine.run(FeatureSpec(market=market, features=(beta, rank)))
    index = catalog.load(MarketSpec(collection="arch", symbols=("^GSPC",))).bars[0]
    own = catalog.load(market).bars[0]
    closes = pd.DataFrame({"y": pd.Series(own.close, own.time), "x": pd.Series(index.close, index.time)})
    returns = closes.dropna().pct_change()
    expected = returns["y"].rolling(100).cov(returns["x"]) / returns["x"].rolling(100).var()
    found = pd.Series(matrix.values[matrix.rows("NVDA"), 0], own.time)
    np.testing.assert_allclose(found, expected.reindex(found.index), rtol=1e-7)
    assert np.isfinite(found).mean() > 0.9
    np.testing.assert_array_equal(matrix.values[matrix.rows("NVDA"), 1], 1 - matrix.values[matrix.rows("AAPL"), 1])
    with pytest.raises(DataError, match="QQQ"):
        engine.run(FeatureSpec(market=market, features=(Beta(symbol="QQQ"),)))


def test_the_estimate_grows_with_bars_and_with_what_the_indicators_cost(workspace: Workspace) -> None:
    def seconds(**given: object) -> float:
        return FeatureSpec.parse({"kind": "features", **given}).estimate().seconds

    cheap, dear = [{"kind": "talib_mom"}], [{"kind": "talib_ht_sine"}]
    assert seconds(features=cheap) < seconds(features=dear) < 0.2
    short = {"symbols": ["NVDA"], "start": "2020-01-01"}
    assert seconds(features=dear, market=short) < seconds(features=dear)


def test_threads_change_nothing() -> None:
    features = (Sma(window=5), Rsi(window=7), make("talib_cci")(), make("talib_stoch")())
    market = Market(
        tuple(random_walk(count, seed, symbol=f"S{seed}") for seed, count in enumerate((300, 120, 700, 80)))
    )
    alone, together = computed(features, market), computed(features, market, threads=3)
    np.testing.assert_array_equal(together.values, alone.values)
    for name, bars in zip(alone.symbols, market.bars, strict=True):
        np.testing.assert_array_equal(alone.values[alone.rows(name), 0], features[0].compute(bars)["sma"])
        np.testing.assert_array_equal(alone.values[alone.rows(name), 4], features[3].compute(bars)["slowd"])


@pytest.mark.parametrize("threads", [1, 2])
def test_a_cancelled_matrix_ends(threads: int) -> None:
    market = Market(tuple(random_walk(100, seed, symbol=f"S{seed}") for seed in range(6)))

    def cancel(fraction: float, message: str, partial: object = None) -> None:
        if fraction > 0.3:
            raise Cancelled

    with pytest.raises(Cancelled):
        computed((Sma(window=5),), market, cancel, threads=threads)
