"""A model from its request to its result: no look-ahead, no luck taken for skill, the same bits each time."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import Cancelled, DataError, SpecError
from engine.core.store import decode, encode
from engine.features.spec import FeatureSpec
from engine.jobs import executors
from engine.jobs.runner import recent_runs
from engine.market.bars import Bars, Market
from engine.market.sources.stored import save
from engine.market.spec import MarketSpec
from engine.models.dataset import from_arrays
from engine.models.result import ModelResult
from engine.models.scores import SCORES, auc
from engine.models.spec import ModelSpec
from tests.support.market import make_bars, random_walk
from tests.support.workspace import Workspace

QUICK = {"kind": "lightgbm", "rounds": 40, "early_stopping": 0}

NOISE = '''
"""A plug-in without knowledge."""
from typing import ClassVar, Literal
import numpy as np
from engine.indicators import Indicator, Output
from engine.core.registry import plugin
from engine.core.spec import parameter

@plugin("noise", title="Noise")
class Noise(Indicator):
    """White noise: value t is the t-th draw."""
    kind: Literal["noise"] = "noise"
    draw: int = parameter(0, title="Draw", ge=0)
    outputs: ClassVar[tuple[Output, ...]] = (Output("noise"),)
    def warm_up(self): return 0
    def compute(self, bars): return {"noise": np.random.default_rng(self.draw).normal(size=len(bars))}
'''
PEEK = '''
"""A plug-in that knows the answer."""
from typing import ClassVar, Literal
import numpy as np
from engine.indicators import Indicator, Output
from engine.core.registry import plugin

@plugin("peek", title="Peek")
class Peek(Indicator):
    """The return of the next five bars."""
    kind: Literal["peek"] = "peek"
    outputs: ClassVar[tuple[Output, ...]] = (Output("ahead"),)
    def label(self): return "Peek"
    def warm_up(self): return 0
    def compute(self, bars):
        ahead = np.full(len(bars), 0.0)
        ahead[:-5] = bars.close[5:] / bars.close[:-5] - 1
        return {"ahead": ahead}
'''
ONLY_TWO = '''
"""A plug-in for two classes."""
from typing import ClassVar, Literal
from engine.core.registry import plugin
from engine.models import Model

@plugin("only_two", title="Only two")
class OnlyTwo(Model):
    """Nothing."""
    tasks: ClassVar[tuple[str, ...]] = ("binary",)
    kind: Literal["only_two"] = "only_two"

    def fit(self, train, validation, seed, device="cpu", on_step=None):
        return None

    def predict(self, artifact, data, device="cpu"):
        return None
'''


@pytest.fixture(autouse=True)
def own_cache(workspace: Workspace) -> None:
    """Every test trains anew: nothing is read that an earlier one stored."""


def trending(count: int = 1500, seed: int = 0) -> Bars:
    """Prices whose drift goes up for some weeks and down for others: momentum tells tomorrow."""
    random = np.random.default_rng(seed)
    drift = np.repeat(random.choice([-0.01, 0.01], count // 30 + 1), 30)[:count]
    return make_bars(100 * np.exp(np.cumsum(drift + random.normal(0, 0.01, count))), symbol="TREND")


def spec(**changes: Any) -> ModelSpec:
    return ModelSpec.parse({"model": QUICK, "null_fits": 0} | changes)


def learnt(bars: Bars, **changes: Any) -> ModelResult:
    """The result of training on made-up ``bars``, kept in the workspace's cache."""
    save(bars)
    market = {"collection": bars.series.collection, "symbols": [bars.series.symbol]}
    result: ModelResult = engine.run(spec(market=market, **changes))
    return result


@pytest.fixture(scope="module")
def nvda() -> tuple[ModelSpec, Market, ModelResult]:
    request = spec()
    market = executors.compute(request.market, {}, lambda *_: None)
    matrix = executors.compute(
        FeatureSpec(market=request.market, features=request.features), {"market": market}, lambda *_: None
    )
    return request, market, executors.compute(request, {"market": market, "features": matrix}, lambda *_: None)


def test_the_test_part_is_the_end_of_the_data_and_whole(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    _, market, result = nvda
    bars = market.bars[0]
    usable = len(bars) - 105
    assert result.n_test == -(-usable * 3 // 10)
    np.testing.assert_array_equal(result.time, bars.time[-result.n_test :])
    assert result.n_scored == result.n_test - 5
    assert np.isnan(result.outcome[-5:]).all()
    assert result.newest.n_train + result.newest.n_purged + result.n_test == usable
    assert result.newest.n_purged == 5
    assert result.test_start == str(bars.time[-result.n_test])
    assert result.newest.train_start == str(bars.time[105])
    assert result.newest.train_end == str(bars.time[-result.n_test - 6])


def test_scores_are_those_of_the_predictions(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    from sklearn.metrics import roc_auc_score

    _, _, result = nvda
    known = ~np.isnan(result.outcome)
    assert result.scores["auc"] == pytest.approx(roc_auc_score(result.outcome[known], result.prediction[known]))
    assert set(result.scores) == set(SCORES["binary"])
    assert result.scores["train_auc"] > 0.55
    assert len(result.newest.train_loss) == result.newest.best_step == 40
    assert result.importance.shape == (2,)
    assert (result.null_band(), result.p_value()) == (None, None)


def test_outcomes_are_what_happened(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    _, market, result = nvda
    close = market.bars[0].adj_close
    at = np.searchsorted(market.bars[0].time, result.time[:-5])
    np.testing.assert_array_equal(result.outcome[:-5], close[at + 5] > close[at])


def test_later_bars_change_no_training_and_no_earlier_prediction(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    """Shorten the data, and move the split so that it stays: what was predicted before is predicted again."""
    _, market, result = nvda
    bars = market.bars[0]
    dropped = 200
    shorter = spec(
        market={"symbols": ["NVDA"], "end": str(bars.time[-dropped - 1])[:10]},
        test_fraction=(result.n_test - dropped) / (len(bars) - 105 - dropped),
    )
    again: ModelResult = engine.run(shorter)
    assert again.test_start == result.test_start
    assert again.artifact.digest == result.artifact.digest
    np.testing.assert_array_equal(again.prediction, result.prediction[:-dropped])


def test_the_artifact_predicts_what_was_stored(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    request, market, result = nvda
    matrix = executors.compute(
        FeatureSpec(market=request.market, features=request.features), {"market": market}, lambda *_: None
    )
    test = from_arrays(matrix.values[-result.n_test :])
    np.testing.assert_array_equal(request.model.predict(result.artifact, test), result.prediction)


def test_the_same_request_gives_the_same_bits(workspace: Workspace) -> None:
    request = spec(null_fits=3)
    results = []
    for folder in ("one", "two"):
        workspace.configure(f"cache: {folder}\n")
        results.append(engine.run(request))
    assert encode(results[0]) == encode(results[1])


def test_a_feature_that_never_varies_is_named() -> None:
    features = [{"kind": "rsi", "window": 5}, {"kind": "expression", "text": "close / close", "name": "Nothing"}]
    warned = [warning for warning in learnt(trending(), features=features).warnings if "constant" in warning]
    assert warned == ["Nothing is constant on all rows and cannot inform the model."]


def test_it_survives_the_store(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    _, _, result = nvda
    again = decode(encode(result), ModelResult)
    assert encode(again) == encode(result)
    assert again.summary() == result.summary()


@pytest.mark.parametrize("draw", [1, 2, 3])
def test_noise_scores_as_null_models_do(workspace: Workspace, draw: int) -> None:
    workspace.write_plugin("indicators", "noise", NOISE)
    result: ModelResult = engine.run(spec(features=[{"kind": "noise", "draw": draw}], null_fits=40))
    assert len(result.null_scores) == 40
    assert result.scores["train_auc"] > 0.58  # it is sure of itself
    band, p_value = result.null_band(), result.p_value()
    assert band is not None
    assert p_value is not None
    assert band[0] < 0.5 < band[1]
    assert result.null_scores[0] - 0.01 < result.scores["auc"] < result.null_scores[-1] + 0.01
    assert p_value > 0.05


def test_a_trend_that_is_there_beats_every_null_model() -> None:
    result = learnt(trending(), null_fits=20)
    assert result.scores["auc"] > 0.7
    assert result.scores["log_loss"] < result.scores["base_log_loss"]
    assert result.scores["auc"] > result.null_scores[-1]
    assert result.p_value() == pytest.approx(1 / 21)


def test_a_feature_that_knows_the_answer_is_turned_away(workspace: Workspace) -> None:
    workspace.write_plugin("indicators", "peek", PEEK)
    with pytest.raises(DataError, match=r"The feature Peek cannot be used\. ahead looks ahead"):
        engine.run(spec(features=[{"kind": "peek"}]))
    assert recent_runs("model") == []


LABELS = {
    "binary": {"kind": "forward_return"},
    "multiclass": {"kind": "forward_return_classes", "threshold": 1},
    "regression": {"kind": "forward_return_value"},
}
LEARNERS = {
    "lightgbm": QUICK,
    "linear": {"kind": "linear"},
    "mlp": {"kind": "mlp", "hidden": [8], "epochs": 12, "window": 3},
}


@pytest.mark.parametrize("task", LABELS)
@pytest.mark.parametrize("learner", LEARNERS)
def test_every_task_is_learnt_by_every_kind_of_model(task: str, learner: str) -> None:
    result = learnt(trending(), target=LABELS[task], model=LEARNERS[learner], null_fits=3)
    assert result.task == task
    assert set(result.scores) == set(SCORES[task])  # type: ignore[index]
    assert result.headline > (0.3 if task == "regression" else 0.6)
    assert len(result.null_scores) == 3
    assert result.prediction.shape == ((result.n_test, 3) if task == "multiclass" else (result.n_test,))
    unseen = 2 if learner == "mlp" else 0  # the first rows of the test have no window of three bars in it
    assert np.isfinite(result.directional()).sum() == result.n_test - unseen
    assert result.n_scored == result.n_test - 5 - unseen
    assert (result.device, result.reproducibility) == ("cpu", "bit-identical")
    again = decode(encode(result), ModelResult)
    assert again.artifact.digest == result.artifact.digest
    assert again.summary() == result.summary()


def test_a_model_that_cannot_do_the_task_is_refused_at_once(workspace: Workspace) -> None:
    workspace.write_plugin("models", "only_two", ONLY_TWO)
    with pytest.raises(SpecError, match=r"Only two cannot predict a number: choose another model, or a label of two"):
        spec(target=LABELS["regression"], model={"kind": "only_two"})


def test_symbols_are_pooled_and_told_apart() -> None:
    result: ModelResult = engine.run(spec(market={"symbols": ["NVDA", "META"]}))
    assert result.symbols == ("NVDA", "META")
    assert result.n_test == 2 * 779
    for index, symbol in enumerate(result.symbols):
        time, probability = result.predictions(symbol)
        assert len(time) == len(probability) == 779
        np.testing.assert_array_equal(probability, result.prediction[result.symbol == index])
        assert (np.diff(time) > np.timedelta64(0)).all()
        assert str(time[0]) == result.test_start


def test_symbols_of_different_lengths_are_split_at_one_time() -> None:
    result: ModelResult = engine.run(spec(market={"collection": "wiki", "symbols": ["GOOG", "IBM", "FB"]}))
    starts = [result.predictions(symbol)[0] for symbol in result.symbols]
    assert all(str(time[0]) >= result.test_start for time in starts)
    assert len(starts[2]) == 196 - 105  # listed during the test: every usable bar is predicted, none learnt from


def test_a_symbol_that_it_does_not_know_has_no_predictions(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    with pytest.raises(DataError, match="trained on NVDA and has no predictions for META"):
        nvda[2].predictions("META")


def test_an_embargo_leaves_more_bars_out(nvda: tuple[ModelSpec, Market, ModelResult]) -> None:
    result: ModelResult = engine.run(spec(embargo=20))
    assert (result.newest.n_purged, result.newest.n_embargoed) == (nvda[2].newest.n_purged, 20)
    assert result.test_start == nvda[2].test_start


def test_progress_rises_and_carries_the_loss_curve() -> None:
    heard: list[tuple[float, str, Mapping[str, object] | None]] = []
    request = spec(null_fits=4, model={"kind": "lightgbm", "rounds": 60, "early_stopping": 10})
    inputs = {name: engine.run(needed) for name, needed in request.inputs().items()}
    result = executors.compute(request, inputs, lambda *event: heard.append((*event, None)[:3]))
    fractions = [event[0] for event in heard]
    assert fractions == sorted(fractions)
    assert 0 <= fractions[0] <= fractions[-1] <= 1
    told = [event[1] for event in heard if event[1].startswith("Null models")]
    assert told == [f"Null models: {done} of 4 trained" for done in range(4)]
    curves = [event[2] for event in heard if event[2]]
    assert curves
    assert all(set(curve) >= {"steps", "train", "validation"} for curve in curves)
    assert set(curves[-1]) == {"steps", "train", "validation", "folds", "of", "score", "nulls"}
    assert curves[0]["train"] == result.newest.train_loss[: len(curves[0]["train"])].tolist()  # type: ignore[arg-type]
    assert curves[0]["validation"]
    assert curves[-1]["train"] == result.newest.train_loss.tolist()  # still shown while the null models train


@pytest.mark.parametrize("stop_at", ["look-ahead", "round", "Null models"])
def test_it_can_be_cancelled_at_every_stage(stop_at: str) -> None:
    def progress(fraction: float, message: str, partial: Mapping[str, object] | None = None) -> None:
        if stop_at in message:
            raise Cancelled("The job was cancelled.")

    request = spec(null_fits=2)
    inputs = {name: engine.run(needed) for name, needed in request.inputs().items()}
    with pytest.raises(Cancelled):
        executors.compute(request, inputs, progress)


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"market": {"symbols": ["NVDA"], "end": "2013-07-01"}}, "rows are left in the training part"),
        ({"market": {"symbols": ["NVDA"], "end": "2013-02-01"}}, "RSI 14 is unknown on every bar"),
        ({"target": {"kind": "forward_return", "threshold": 50}}, "Every label in the training part is a fall"),
        ({"target": {"kind": "forward_return", "horizon": 500}, "test_fraction": 0.1}, "in the test part"),
    ],
)
def test_data_that_cannot_be_learnt_from_is_told_in_a_sentence(changes: Mapping[str, object], sentence: str) -> None:
    with pytest.raises(DataError, match=sentence):
        engine.run(spec(**changes))


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({"test_fraction": 0.95}, "validation.test_fraction"),
        ({"null_fits": 201}, "null_fits"),
        ({"seed": -1}, "seed"),
        ({"target": {"kind": "forward_return", "horizon": 0}}, "target.horizon"),
        ({"target": {"kind": "forward"}}, "target.kind"),
        ({"model": {"kind": "lightgbm", "leaves": 1}}, "model.leaves"),
        ({"model": {"kind": "os.system"}}, "model.kind"),
        ({"features": [{"kind": "rsi", "window": 1}]}, "features.0.window"),
    ],
)
def test_a_wrong_request_names_its_field(changes: dict[str, object], path: str) -> None:
    with pytest.raises(SpecError) as caught:
        ModelSpec.parse(changes)
    assert [where for where, _ in caught.value.problems] == [path]


def test_trained_models_are_listed_newest_first() -> None:
    assert recent_runs("model") == []
    requests = [spec(), spec(seed=1)]
    for request in requests:
        engine.run(request)
    found = recent_runs("model")
    assert found == [(engine.run_key(request), request) for request in reversed(requests)]
    assert found[0][1].label() == "LightGBM 40 on Close/SMA 20, RSI 14: NVDA up in 5 bars"
    assert recent_runs("model", limit=1) == found[:1]


def test_a_training_is_a_trial() -> None:
    from engine.research import ledger

    result = engine.run(spec())
    (trial,) = ledger.trials("model:lightgbm")
    assert (trial.sharpe, trial.observations) == (None, result.n_scored)


def test_the_estimate_grows_with_the_work() -> None:
    small = spec(market=MarketSpec(symbols=("NVDA",), start="2020-01-01")).estimate()
    one, six = spec().estimate(), spec(market={"symbols": ["AAPL", "AMZN", "GOOG", "META", "NFLX", "NVDA"]}).estimate()
    assert small.seconds < one.seconds < six.seconds < spec(null_fits=100).estimate().seconds
    assert one.megabytes < six.megabytes < 1000


def test_a_random_walk_is_not_predicted() -> None:
    result = learnt(random_walk(2500, 5), null_fits=30)
    p_value = result.p_value()
    assert p_value is not None
    assert p_value > 0.05
    assert result.scores["auc"] == auc(result.outcome[:-5], result.prediction[:-5])
