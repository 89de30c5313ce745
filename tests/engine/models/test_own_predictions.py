"""Predictions that were made elsewhere: scored as they are, against scikit-learn and a band of no knowledge."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from sklearn.metrics import roc_auc_score

import engine
from engine.core.errors import DataError, SpecError
from engine.indicators.external import MyValues
from engine.labels.forward_return import ForwardReturn
from engine.market import catalog
from engine.market.frames import store_values
from engine.market.spec import MarketSpec
from engine.models.dataset import from_arrays
from engine.models.kinds.own_predictions import OwnPredictions
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec
from engine.models.splits.chronological import Chronological


def stored_for_nvda(values: np.ndarray, bars_time: np.ndarray) -> None:
    index = pd.DatetimeIndex(bars_time.astype("datetime64[D]"))
    store_values(pd.DataFrame({"NVDA": values}, index=index), "scores", "predictions", known="bar end")


def result_of(market: MarketSpec) -> ModelResult:
    spec = ModelSpec(
        market=market,
        features=(MyValues(values="scores"),),
        target=ForwardReturn(horizon=1),
        model=OwnPredictions(),
        validation=Chronological(test_fraction=0.4),
        null_fits=40,
    )
    return engine.run(spec)


@pytest.mark.usefixtures("workspace")
def test_finished_predictions_get_the_score_that_they_have() -> None:
    """The next return in noise: scored on the test rows alone, far above what predictions of nothing reach."""
    market = MarketSpec()
    (bars,) = catalog.load(market).bars
    ahead = np.append(bars.adj_close[1:] / bars.adj_close[:-1] - 1, 0.0)
    known = ahead + np.random.default_rng(0).normal(0, 2 * ahead.std(), len(ahead))
    stored_for_nvda(known, bars.time)
    found = result_of(market)
    rows = np.isfinite(found.prediction) & np.isfinite(found.outcome)
    test = np.searchsorted(bars.time, found.time[rows])
    expected = roc_auc_score(ahead[test] > 0, known[test])
    assert found.scores["auc"] == pytest.approx(expected, abs=1e-9)
    assert expected > 0.6 > found.null_scores.max()


@pytest.mark.usefixtures("workspace")
def test_predictions_of_nothing_lie_within_the_band() -> None:
    market = MarketSpec()
    (bars,) = catalog.load(market).bars
    stored_for_nvda(np.random.default_rng(3).normal(size=len(bars)), bars.time)
    found = result_of(market)
    assert found.null_scores.min() < found.scores["auc"] < found.null_scores.max()


def test_several_features_are_refused_where_they_are_asked_for() -> None:
    """By itself and as a member: the first of them would be taken for the predictions."""
    features = ({"kind": "my_values", "values": "scores"}, {"kind": "rsi", "window": 5})
    own = {"kind": "own_predictions"}
    for model in (own, {"kind": "ensemble", "members": (own, {"kind": "linear"})}):
        with pytest.raises(SpecError, match=r"passes one column on as it is, and the features have 2: keep the one"):
            ModelSpec.parse({"features": features, "model": model})
    assert ModelSpec.parse({"features": features[:1], "model": own}).model == OwnPredictions()


def test_a_score_keeps_its_order_and_side_as_a_probability() -> None:
    rows = from_arrays(np.array([[-3.0], [-0.5], [0.0], [1.0], [1e300]]), np.array([0.0, 1, 0, 1, 1]))
    model = OwnPredictions()
    prediction = model.predict(model.fit(rows, None, 0).artifact, rows)
    np.testing.assert_allclose(prediction, [0.125, 1 / 3, 0.5, 0.75, 1.0], rtol=1e-12)


def test_what_is_no_probability_is_refused_with_what_to_do() -> None:
    rows = from_arrays(np.array([[0.2], [1.4]]), np.array([0.0, 1]))
    with pytest.raises(DataError, match=r"these predictions between 0\.2 and 1\.4: choose 'A score around zero'"):
        OwnPredictions(meaning="probability").fit(rows, None, 0)
