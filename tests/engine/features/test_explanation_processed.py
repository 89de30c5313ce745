"""A value followed through processors: scikit-learn makes the same of it."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, QuantileTransformer, RobustScaler, StandardScaler

from engine.core.errors import DataError
from engine.features.evaluation import FeatureInputs
from engine.features.explanation.processed import processing, steps
from engine.features.explanation.spec import ExplanationSpec, ProcessorChain
from engine.features.processing import fit
from engine.features.processors.impute import Impute
from engine.features.processors.min_max import MinMax
from engine.features.processors.rank import Rank
from engine.features.processors.robust import Robust
from engine.features.processors.winsorise import Winsorise
from engine.features.processors.zscore import ZScore
from engine.indicators.averages import Sma
from engine.indicators.momentum import PastReturn
from engine.jobs import runner
from engine.market.bars import Market
from engine.market.spec import MarketSpec
from tests.support.market import random_walk

BARS = random_walk(300)
ALONE = FeatureInputs(Market((BARS,)), {})
RETURN = PastReturn(window=5)
VALUES = RETURN.compute(BARS)[RETURN.outputs[0].name]
TRAINING = VALUES[5:210, None]


def followed(*processors: Any, at: int = 250) -> Any:
    return processing(processors, RETURN, RETURN.outputs[0].name, ALONE, 0.7, float(VALUES[at]))


@pytest.mark.parametrize(
    ("processor", "reference"),
    [
        (ZScore(), StandardScaler()),
        (MinMax(), MinMaxScaler()),
        (Robust(), RobustScaler()),
        (Rank(quantiles=50), QuantileTransformer(n_quantiles=50)),
    ],
)
def test_a_step_is_fitted_on_the_earliest_part_alone(processor: Any, reference: Any) -> None:
    found = followed(processor)
    assert (found.rows, found.first, found.last) == (205, str(BARS.days[5]), str(BARS.days[209]))
    (step,) = found.steps
    assert step.before == VALUES[250]
    assert step.after == pytest.approx(reference.fit(TRAINING).transform(VALUES[[250], None])[0, 0])


def test_each_step_begins_with_what_the_one_before_left() -> None:
    found = followed(Winsorise(share=0.25), ZScore())
    first, second = found.steps
    low, high = np.quantile(TRAINING, (0.25, 0.75))
    cut = np.clip(TRAINING, low, high)
    assert first.after == np.clip(VALUES[250], low, high) == second.before
    assert second.after == pytest.approx((first.after - cut.mean()) / cut.std())
    fitted = {item.name: item.lowest for item in (*first.parameters, *second.parameters)}
    assert fitted == pytest.approx({"low": low, "high": high, "mean": cut.mean(), "deviation": cut.std()})


def test_of_many_numbers_those_around_the_value_are_named() -> None:
    (quantiles,) = followed(Rank(quantiles=50)).steps[0].parameters
    assert (quantiles.count, quantiles.lowest, quantiles.highest) == (50, TRAINING.min(), TRAINING.max())
    known = np.quantile(TRAINING, np.linspace(0, 1, 50))
    assert quantiles.below == pytest.approx(known[known < VALUES[250]].max())
    assert quantiles.above == pytest.approx(known[known >= VALUES[250]].min())


def test_an_unknown_value_is_filled_by_what_fills_and_by_nothing_else() -> None:
    filled, scaled = followed(Impute(), ZScore(), at=2).steps
    assert np.isnan(filled.before)
    assert filled.after == np.median(TRAINING) == scaled.before
    assert np.isnan(followed(ZScore(), at=2).steps[0].after)


def test_without_a_known_value_there_is_nothing_to_fit() -> None:
    with pytest.raises(DataError, match="no value in the part that the processors are fitted on"):
        processing((ZScore(),), Sma(window=250), "sma", ALONE, 0.7, 1.0)


def test_a_model_says_of_its_own_processors_what_became_of_a_value() -> None:
    values = np.random.default_rng(1).normal(size=(100, 3))
    fitted = fit((Winsorise(share=0.1), ZScore()), values)
    for column in range(3):
        assert steps(fitted, values[7, column], column)[-1].after == fitted.apply(values)[7, column]


@pytest.mark.usefixtures("workspace")
def test_a_request_names_processors_and_the_result_is_stored() -> None:
    market = MarketSpec(symbols=("NVDA", "AAPL"))
    spec = ExplanationSpec.parse(
        {"market": market, "feature": RETURN, "output": RETURN.outputs[0].name, "symbol": "NVDA",
         "time": "2023-09-21", "chain": {"processors": [{"kind": "zscore"}]}}
    )  # fmt: skip
    found = runner.run(spec)
    bars = runner.run(market).bars
    end = np.unique(np.concatenate([item.time for item in bars]))[: int(0.7 * len(bars[0]))][-1]
    known = np.concatenate([RETURN.compute(item)[spec.output][5:][item.time[5:] <= end] for item in bars])
    assert found.processing.rows == len(known)
    assert found.processing.steps[0].after == pytest.approx((found.value - known.mean()) / known.std())
    assert found.summary()["processed"] == [{"processor": "z-score", "value": found.processing.steps[0].after}]
    bare = runner.run(spec.model_copy(update={"chain": ProcessorChain()}))
    assert replace(found, processing=bare.processing).value == bare.value
    assert "processed" not in bare.summary()
