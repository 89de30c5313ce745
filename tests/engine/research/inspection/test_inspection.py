"""A look inside a trained model, against pandas and against its own parts."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import engine
from engine.indicators.momentum import Rsi
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from engine.models.breakdown import by_year
from engine.models.dataset import from_arrays
from engine.models.fitting import train
from engine.models.folds import fit_fold
from engine.models.kinds.lightgbm import LightGbm
from engine.models.preparation import parts, prepare
from engine.models.resampling import intervals
from engine.models.scores import headline
from engine.models.spec import ModelSpec
from engine.research.inspection.explained import agreement
from engine.research.inspection.market_regimes import by_regime, index
from engine.research.inspection.result import Inspection
from engine.research.inspection.spec import SHARES, InspectionSpec
from tests.support.workspace import Workspace

SPEC = ModelSpec(
    market=MarketSpec(symbols=("AAPL", "AMZN")),
    features=(Rsi(window=5), Rsi(window=10), Rsi(window=20)),
    model=LightGbm(rounds=10, early_stopping=0),
    null_fits=0,
)


@pytest.fixture
def found(workspace: Workspace) -> Inspection:
    inspection: Inspection = engine.run(InspectionSpec(base=SPEC))
    return inspection


def test_regimes_are_those_known_at_the_close_of_each_prediction(workspace: Workspace) -> None:
    market: Market = engine.run(SPEC.market)
    closes = pd.DataFrame({bars.series.symbol: pd.Series(bars.adj_close, bars.time) for bars in market.bars})
    change = closes.pct_change().mean(axis=1).fillna(0)
    times, level, returns = index(market)
    np.testing.assert_allclose(level, (1 + change).cumprod())
    np.testing.assert_allclose(returns, change[1:])
    result = engine.run(SPEC)
    _, mask = result.scored()
    price = pd.Series(level, times)
    bull = (price > price.rolling(200).mean())[result.time[mask]].to_numpy()
    volatility = pd.Series(returns, times[1:]).rolling(20).std()
    turbulent = (volatility > volatility.expanding().median())[result.time[mask]].to_numpy()
    groups = {group.name: group for group in by_regime(result, market, 5)}
    assert groups["Bull"].rows == bull.sum()
    assert groups["Bear"].rows == (~bull).sum()
    assert groups["Turbulent"].rows == turbulent.sum()
    assert groups["Calm"].rows == (~turbulent).sum()
    rows = result.scored()[0].where(bull)
    assert groups["Bull"].score == headline("binary", rows.label, rows.prediction)


def test_a_group_has_the_interval_of_its_own_rows(found: Inspection) -> None:
    result = engine.run(SPEC)
    rows, mask = result.scored()
    own = result.time[mask].astype("datetime64[Y]") == np.datetime64("2022")
    low, high = intervals(rows.where(own), result.time[mask][own], SPEC.target.horizon, SPEC.seed)[0]
    group = next(group for group in found.years if group.name == "2022")
    assert (group.low, group.high) == (low, high)
    assert group.low < group.score < group.high
    assert by_year(result, SPEC.target.horizon, SPEC.seed) == found.years


def test_contributions_add_up_to_the_score() -> None:
    random = np.random.default_rng(0)
    values = random.standard_normal((300, 3))
    rows = from_arrays(values, (values[:, 0] + 0.5 * values[:, 1] > 0).astype(np.float64))
    model = LightGbm(rounds=10, early_stopping=0, min_data_in_leaf=5)
    artifact = train(model, rows, 0).fitted.artifact
    own = model.contributions(artifact, rows)
    assert own is not None
    chance = model.predict(artifact, rows)
    rest = np.log(chance / (1 - chance)) - own.sum(axis=1)
    np.testing.assert_allclose(rest, rest[0], atol=1e-9)
    size = np.abs(own).mean(axis=0)
    assert size[0] > size[1] > size[2]


def test_of_several_classes_the_highest_is_explained() -> None:
    values = np.random.default_rng(0).standard_normal((300, 2))
    label = np.digitize(values[:, 0], [-0.5, 0.5]).astype(np.float64)
    rows = from_arrays(values, label, task="multiclass", classes=("down", "flat", "up"))
    model = LightGbm(rounds=5, early_stopping=0, min_data_in_leaf=5)
    own = model.contributions(train(model, rows, 0).fitted.artifact, rows)
    assert own is not None
    assert own.shape == (300, 2)
    assert np.corrcoef(own[:, 0], values[:, 0])[0, 1] > 0.5


def test_measures_of_importance_are_compared_by_rank() -> None:
    up, down = np.array([1.0, 2.0, 3.0]), np.array([30.0, 20.0, 10.0])
    pairs = agreement({"gain": up, "permutation": down, "SHAP": np.empty(0)})
    assert [(pair.first, pair.second, pair.correlation) for pair in pairs] == [("gain", "permutation", -1.0)]
    assert agreement({"gain": up[:2], "permutation": down[:2]}) == ()


def test_the_learning_curve_ends_with_the_model_itself(found: Inspection) -> None:
    result = engine.run(SPEC)
    assert found.learning_test[-1] == result.newest.scores["auc"]
    assert found.learning_train[-1] == result.newest.scores["train_auc"]
    assert (np.diff(found.learning_rows) > 0).all()
    made = parts(SPEC, *prepare(SPEC))
    rows = made.train(0)
    few = rows.where(rows.time >= np.sort(rows.time)[int((1 - SHARES[1]) * len(rows))])
    trained = fit_fold(SPEC, few)
    test = made.test(0).labelled()
    said = SPEC.model.predict(trained.fitted.artifact, test)
    assert found.learning_test[1] == headline("binary", test.label, said)
    assert found.explained == sum(min(2000, fold.n_test) for fold in result.folds)


def test_attention_is_that_of_the_newest_test(workspace: Workspace) -> None:
    network = {"kind": "attention_rnn", "window": 4, "units": [4], "epochs": 1}
    market = {"symbols": ["AAPL"], "start": "2022-01-01"}
    spec = ModelSpec.parse({"model": network, "market": market, "null_fits": 0})
    found = engine.run(InspectionSpec(base=spec))
    assert found.attention.shape[1] == len(found.attention_mean) == 4
    np.testing.assert_allclose(found.attention.sum(axis=1), 1, atol=1e-6)
    assert found.attention_time[-1] == engine.run(spec).time.max()
    assert not len(found.contributions)


def test_a_regime_that_never_occurred_is_left_out(workspace: Workspace) -> None:
    result = engine.run(SPEC)
    short = Market(tuple(bars.slice(len(bars) - 30, len(bars)) for bars in engine.run(SPEC.market).bars))
    late = result.time >= short.bars[0].time[0]
    names = ("time", "symbol", "prediction", "base", "outcome", "realised")
    cut = replace(result, **{name: getattr(result, name)[late] for name in names}, fold=result.fold[:, late])
    assert by_regime(cut, short, 5) == ()
