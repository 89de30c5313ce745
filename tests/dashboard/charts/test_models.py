"""The numbers that the charts of a model draw."""

from __future__ import annotations

import numpy as np
import pytest

from dashboard.charts.models import (
    calibration,
    confusion,
    curves,
    fold_scores,
    importance,
    loss,
    null_distribution,
    permutation,
    probability,
    timeline,
)
from engine.core.errors import DataError, SpecError
from engine.features.matrix import FeatureMatrix, matrix
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.labels.forward_return import ForwardReturn
from engine.market.bars import Bars, Market
from engine.models.kinds.lightgbm import LightGbm
from engine.models.spec import ModelSpec
from engine.models.splits.chronological import Chronological
from engine.models.splits.walk_forward import WalkForward
from tests.support.market import days, make_bars, random_walk
from tests.support.models import made_fold, made_number, made_three
from tests.support.models import made_result as result

FEATURES = (Sma(window=5), Rsi(window=2))


def milliseconds(day: str) -> float:
    return float(np.datetime64(day, "ms").astype(np.int64))


class TestLoss:
    def test_a_finished_curve_marks_the_round_that_was_kept_on_the_validation_rows(self) -> None:
        drawn = loss.info(result())
        assert drawn is not None
        assert drawn.steps.tolist() == [1, 2, 3, 4]
        assert drawn.train.tolist() == [0.69, 0.68, 0.67, 0.66]
        assert (drawn.best_step, drawn.best_loss) == (2, 0.685)

    def test_without_validation_rows_the_training_loss_is_marked(self) -> None:
        drawn = loss.info(result(validation_loss=np.array([]), best_step=4))
        assert drawn is not None
        assert (drawn.best_step, drawn.best_loss) == (4, 0.66)
        assert [trace.name for trace in loss.figure(drawn).data] == ["Training", "Best round"]

    def test_a_model_that_is_solved_at_once_has_no_curve(self) -> None:
        assert loss.info(made_number()) is None

    def test_a_squared_error_is_told_from_a_log_loss(self) -> None:
        drawn = loss.info(made_number(step="epoch", train_loss=np.array([2e-4, 1e-4]), best_step=2))
        assert drawn is not None
        assert (drawn.is_squared, drawn.step, drawn.best_loss) == (True, "epoch", 1e-4)
        figure = loss.figure(drawn)
        assert figure.layout.xaxis.title.text == "Epoch"
        assert figure.layout.yaxis.tickformat == ".3~g"
        assert figure.data[-1].name == "Best epoch"

    def test_a_live_curve_has_no_mark(self) -> None:
        drawn = loss.live({"steps": [1, 3], "train": [0.7, 0.6], "validation": [0.7, 0.65]})
        assert drawn is not None
        assert (drawn.steps.tolist(), drawn.validation.tolist()) == ([1, 3], [0.7, 0.65])
        assert (drawn.best_step, drawn.best_loss) == (None, None)
        assert [trace.name for trace in loss.figure(drawn).data] == ["Training", "Validation"]

    def test_folds_alone_have_no_curve(self) -> None:
        assert loss.live({"folds": [{"fold": 1, "score": 0.5}], "of": 3}) is None

    @pytest.mark.parametrize(
        "forged",
        [
            {},
            [],
            "steps",
            {"steps": [1], "train": []},
            {"steps": [1, 2], "train": [0.1, 0.2], "validation": [0.1]},
            {"steps": ["a"], "train": [0.1]},
            {"steps": [1], "train": [float("nan")]},
            {"steps": [1], "train": [0.1], "path": "/etc/passwd"},
        ],
    )
    def test_a_forged_preview_is_refused(self, forged: object) -> None:
        with pytest.raises(SpecError):
            loss.live(forged)


class TestLuck:
    def test_bins_hold_every_null_model_and_the_band_is_that_of_the_result(self) -> None:
        drawn = null_distribution.info(result())
        assert drawn is not None
        assert drawn.count.sum() == 11
        assert (drawn.edges[0], drawn.edges[-1]) == (0.45, 0.55)
        assert len(drawn.edges) == len(drawn.count) + 1 == 6
        assert (drawn.low, drawn.high) == (pytest.approx(0.455), pytest.approx(0.545))
        assert drawn.observed == 0.6

    def test_the_axis_reaches_a_model_beyond_all_luck(self) -> None:
        drawn = null_distribution.info(result())
        assert drawn is not None
        low, high = null_distribution.figure(drawn).layout.xaxis.range
        assert low < 0.45
        assert high > 0.6

    def test_null_models_of_one_score_can_be_drawn(self) -> None:
        drawn = null_distribution.info(result(null_scores=np.array([0.5]), scores=result().scores | {"auc": 0.5}))
        assert drawn is not None
        assert drawn.count.sum() == 1
        null_distribution.figure(drawn)

    def test_a_regression_shows_its_rank_correlation(self) -> None:
        drawn = null_distribution.info(made_number())
        assert drawn is not None
        assert (drawn.name, drawn.observed) == ("Rank IC", 0.08)
        assert (
            null_distribution.figure(drawn).data[0].hovertemplate.startswith("Rank IC %{customdata}: %{y} null models")
        )

    def test_there_is_nothing_to_draw_without_null_models(self) -> None:
        assert null_distribution.info(result(null_scores=np.array([]))) is None


class TestProbability:
    def test_predictions_stand_under_the_closes_from_the_first_of_them_on(self) -> None:
        bars = make_bars(np.arange(1.0, 11.0), time=days(10, "2019-12-25"), symbol="B")
        drawn = probability.info(result(), bars)
        assert drawn.symbol == "B"
        assert drawn.price_time.tolist() == [milliseconds(day) for day in ("2020-01-01", "2020-01-02", "2020-01-03")]
        assert drawn.price.tolist() == [8, 9, 10]
        assert drawn.time.tolist() == drawn.price_time.tolist()
        assert drawn.probability.tolist() == [0.3, 0.5, 0.45]
        assert drawn.rises == pytest.approx(1 / 3)

    def test_the_fills_meet_at_one_half(self) -> None:
        drawn = probability.info(result(), make_bars([1.0, 2.0, 3.0], symbol="A"))
        _, even, above, _, below, line = probability.figure(drawn).data
        assert set(even.y.tolist()) == {0.5}
        assert above.y == pytest.approx([0.5, 0.6, 0.7])
        assert below.y == pytest.approx([0.4, 0.5, 0.5])
        assert line.y == pytest.approx([0.4, 0.6, 0.7])

    def test_of_several_classes_the_highest_is_drawn_around_its_equal_share(self) -> None:
        drawn = probability.info(made_three(), make_bars([1.0, 2.0, 3.0], symbol="A"))
        assert drawn.probability.tolist() == [0.1, 0.6, 0.5]
        assert drawn.even == pytest.approx(1 / 3)

    def test_a_number_is_drawn_around_zero_and_rows_without_one_are_left_out(self) -> None:
        drawn = probability.info(made_number(), make_bars([1.0, 2.0, 3.0], symbol="B"))
        assert (drawn.even, drawn.name, drawn.rises) == (0.0, "Predicted", 0.5)
        assert drawn.probability.tolist() == [-0.02, 0.0]
        assert probability.figure(drawn).data[-1].name == "Predicted"

    def test_a_symbol_that_the_model_does_not_know_is_refused(self) -> None:
        with pytest.raises(DataError, match="no predictions for C"):
            probability.info(result(), make_bars([1.0, 2.0], symbol="C"))

    def test_a_symbol_whose_history_ends_before_the_test_has_no_predictions(self) -> None:
        unseen = result(symbols=("A", "B", "C"))
        drawn = probability.info(unseen, make_bars([1.0, 2.0], symbol="C"))
        assert len(drawn.time) == 0
        probability.figure(drawn)


class TestCalibration:
    def test_rows_without_an_outcome_are_left_out(self) -> None:
        drawn = calibration.info(result(), horizon=1)
        assert drawn.rows.sum() == 4
        assert drawn.base_rate == 0.5

    def test_bins_have_what_was_said_and_how_often_it_rose(self) -> None:
        said = np.repeat([0.2, 0.8], 50)
        rose = np.concatenate([np.zeros(40), np.ones(10), np.zeros(25), np.ones(25)])
        many = result(prediction=said, outcome=rose)
        drawn = calibration.info(many, horizon=1)
        assert drawn.predicted == pytest.approx([0.2, 0.8])
        assert drawn.rose == pytest.approx([0.2, 0.5])
        assert drawn.rows.tolist() == [50, 50]
        assert drawn.low == pytest.approx([0.1124, 0.3664], abs=1e-4)  # Wilson's interval, e.g. by statsmodels
        assert drawn.high == pytest.approx([0.3304, 0.6336], abs=1e-4)

    def test_overlapping_labels_widen_the_interval(self) -> None:
        many = result(prediction=np.full(500, 0.5), outcome=np.tile([0.0, 1.0], 250))
        one, five = calibration.info(many, 1), calibration.info(many, 5)
        assert five.high - five.low == pytest.approx(
            np.subtract(*calibration.wilson(np.array([0.5]), np.array([100.0]))[::-1])
        )
        assert (five.high - five.low > one.high - one.low).all()

    def test_of_several_classes_the_highest_counts(self) -> None:
        drawn = calibration.info(made_three(), horizon=1)
        assert drawn.rows.sum() == 4
        assert drawn.base_rate == 0.5
        assert (drawn.predicted.min(), drawn.predicted.max()) == (0.1, 0.6)

    def test_of_numbers_the_mean_outcome_has_its_standard_error(self) -> None:
        said = np.repeat([-0.01, 0.02], 50)
        came = np.concatenate([np.tile([-0.03, 0.01], 25), np.tile([0.0, 0.06], 25)])
        drawn = calibration.info(made_number(prediction=said, outcome=came), horizon=2)
        assert drawn.is_number
        assert drawn.predicted == pytest.approx([-0.01, 0.02])
        assert drawn.rose == pytest.approx([-0.01, 0.03])
        assert drawn.high - drawn.rose == pytest.approx(1.959964 * np.array([0.02, 0.03]) / 5)
        assert drawn.base_rate == pytest.approx(0.01)
        assert calibration.figure(drawn).layout.xaxis.title.text == "Prediction"

    @pytest.mark.parametrize(("unit", "expected"), [("%", "p"), ("", "g")])
    def test_only_fractions_are_in_percent(self, unit: str, expected: str) -> None:
        number = made_number(unit=unit)
        reliability = calibration.figure(calibration.info(number, horizon=1)).layout
        assert {reliability.xaxis.tickformat[-1], reliability.yaxis.tickformat[-1]} == {expected}
        predicted = probability.figure(probability.info(number, make_bars([1.0, 2.0, 3.0], symbol="A"))).layout
        assert predicted.yaxis2.tickformat[-1] == expected

    def test_one_probability_for_all_is_one_bin(self) -> None:
        drawn = calibration.info(result(prediction=np.full(6, 0.55)), 1)
        assert drawn.predicted == pytest.approx([0.55])
        assert drawn.rows.tolist() == [4]
        calibration.figure(drawn)


class TestImportance:
    def test_shares_fall_and_sum_to_one(self) -> None:
        drawn = importance.info(result())
        assert drawn is not None
        assert drawn.names == ("RSI 2", "SMA 5")
        assert drawn.share.tolist() == [0.75, 0.25]
        assert drawn.left_out == 0

    def test_only_the_most_important_are_listed(self) -> None:
        names = tuple(f"F{index}" for index in range(20))
        drawn = importance.info(result(features=names, importance=np.arange(20.0)))
        assert drawn is not None
        assert (len(drawn.names), drawn.names[0], drawn.left_out) == (15, "F19", 5)
        assert drawn.share[0] == pytest.approx(19 / 190)

    def test_the_measure_is_the_models_own(self) -> None:
        drawn = importance.info(made_number())
        assert drawn is not None
        assert importance.figure(drawn).data[0].name == "Share of standardised coefficient"

    def test_a_model_without_a_split_leans_on_nothing(self) -> None:
        assert importance.info(result(importance=np.zeros(2))) is None
        assert importance.info(result(importance=np.empty(0))) is None


def division(*lengths: int, embargo: int = 3, early_stopping: int = 10) -> tuple[ModelSpec, Market, FeatureMatrix]:
    """A spec with a horizon of 5 bars, on random walks of these lengths that start on one day."""
    spec = ModelSpec(
        features=FEATURES,
        target=ForwardReturn(horizon=5),
        model=LightGbm(early_stopping=early_stopping),
        validation=Chronological(embargo=embargo),
    )
    walks: list[Bars] = [random_walk(length, seed, symbol=f"S{seed}") for seed, length in enumerate(lengths)]
    market = Market(tuple(walks))
    return spec, market, matrix(FEATURES, market)


class TestTimeline:
    def test_each_bar_has_its_part(self) -> None:
        """Warm-up is 15 bars; of 285 usable ones the test has the last 86, from bar 214 on."""
        drawn = timeline.info(*division(300, 300))
        lane = [part for part in drawn.parts if part.lane == "S1"]
        assert [(part.name, part.rows) for part in lane] == [
            ("Warm-up", 15),
            ("Training", 144),
            ("Purged", 8),
            ("Validation", 39),
            ("Embargo", 3),
            ("Purged", 5),
            ("Test", 86),
        ]
        day = str(days(300)[214])[:10]
        assert drawn.cut == milliseconds(day)
        assert (lane[-1].first, lane[-1].start) == (day, milliseconds(day))

    def test_totals_count_the_rows_of_all_symbols(self) -> None:
        drawn = timeline.info(*division(300, 300))
        assert [(part.name, part.rows) for part in drawn.totals][:2] == [("Warm-up", 30), ("Training", 288)]
        assert drawn.totals[-1].rows == 172
        assert sum(part.rows for part in drawn.totals) == 600

    def test_the_export_lists_the_parts_by_their_bars(self) -> None:
        drawn = timeline.info(*division(300))
        head, first, *_ = timeline.table(drawn)
        assert head == ["lane", "part", "first bar", "last bar", "bars"]
        assert first == ["S0", "Warm-up", "2020-01-01", "2020-01-15", 15]
        assert timeline.figure(drawn).layout.meta["csv"][1][1] == "Warm-up"

    def test_stretches_touch(self) -> None:
        drawn = timeline.info(*division(300))
        for before, after in zip(drawn.parts, drawn.parts[1:], strict=False):
            assert before.stop == after.start

    def test_no_label_of_a_training_row_comes_as_near_as_the_embargo(self) -> None:
        drawn = timeline.info(*division(300))
        validation, test = (next(p for p in drawn.parts if p.name == name) for name in ("Validation", "Test"))
        assert np.datetime64(validation.last) + 5 + 3 < np.datetime64(test.first)

    def test_without_early_stopping_and_embargo_there_is_one_cut(self) -> None:
        drawn = timeline.info(*division(300, embargo=0, early_stopping=0))
        assert [part.name for part in drawn.parts] == ["Warm-up", "Training", "Purged", "Test"]
        assert drawn.parts[2].rows == 5

    def test_a_symbol_that_starts_late_may_have_a_test_alone(self) -> None:
        spec, market, _ = division(300, 300)
        late = make_bars(market.bars[1].close[260:], time=market.bars[1].time[260:], symbol="S1")
        shorter = Market((market.bars[0], late))
        columns = matrix(FEATURES, shorter)
        drawn = timeline.info(spec, shorter, columns)
        assert [part.name for part in drawn.parts if part.lane == "S1"] == ["Warm-up", "Test"]

    def test_many_symbols_share_one_lane(self) -> None:
        drawn = timeline.info(*division(*[120] * (timeline.LANES + 1)))
        assert drawn.lanes == ("11 symbols",)
        assert [part.name for part in drawn.parts][-1] == "Test"
        assert len(drawn.parts) == 7
        timeline.figure(drawn)

    def test_the_close_up_holds_the_purged_bars_and_the_cut(self) -> None:
        drawn = timeline.info(*division(300))
        low, high = timeline.figure(drawn).layout.xaxis2.range
        purged = drawn.parts[-2]
        assert purged.name == "Purged"
        assert low < purged.start < drawn.cut < high


class TestFolds:
    def divided(self) -> timeline.TimelineInfo:
        spec, market, columns = division(300, 280, embargo=0, early_stopping=0)
        split = WalkForward(training="rolling", train_bars=100, retrain_every=50)
        return timeline.info(spec.model_copy(update={"validation": split, "holdout": 0.1}), market, columns)

    def test_a_lane_a_fold_ends_with_its_test(self) -> None:
        drawn = self.divided()
        assert drawn.lanes == ("Fold 1", "Fold 2", "Fold 3")
        for lane in drawn.lanes:
            names = [part.name for part in drawn.parts if part.lane == lane]
            assert names == ["Warm-up", "Training", "Purged", "Test", "Holdout"]
        tests = [part for part in drawn.parts if part.name == "Test"]
        assert [part.stop for part in tests[:-1]] == [part.start for part in tests[1:]]
        assert [part.rows for part in tests[:-1]] == [50, 50]
        trained = [part for part in drawn.parts if part.name == "Training"]
        assert [part.rows for part in trained] == [95, 95, 95]  # a rolling window, less the purged bars
        timeline.figure(drawn)

    def test_scores_of_folds_have_interval_and_band(self) -> None:
        fold = made_fold(intervals=np.array([[0.5, 0.7]]), null_scores=np.linspace(0.45, 0.55, 11))
        drawn = fold_scores.info(result(folds=(made_fold(), fold)))
        assert np.isnan([drawn.low[0], drawn.null_low[0]]).all()
        assert (drawn.score[1], drawn.low[1], drawn.high[1], drawn.null_low[1]) == pytest.approx((0.6, 0.5, 0.7, 0.455))
        assert [trace.name for trace in fold_scores.figure(drawn).data] == ["Null models, 5% to 95%", "AUC"]


class TestCurves:
    def test_curves_by_hand(self) -> None:
        """Of four scored rows two rose, with 0.6 and 0.3; those that fell have 0.4 and 0.5."""
        drawn = curves.info(result())
        assert drawn is not None
        assert drawn.false_rate.tolist() == [0, 0, 0.5, 1, 1]
        assert drawn.true_rate.tolist() == [0, 0.5, 0.5, 0.5, 1]
        assert drawn.recall.tolist() == [0.5, 0.5, 0.5, 1]
        assert drawn.precision.tolist() == pytest.approx([1, 1 / 2, 1 / 3, 1 / 2])
        assert curves.roc(drawn).data[1].name == "True positive rate"
        assert curves.precision_recall(drawn).data[0].y == (0.5, 0.5)
        assert curves.info(made_number()) is None

    def test_the_confusion_matrix_by_hand(self) -> None:
        drawn = confusion.info(result())
        assert drawn.count.tolist() == [[1, 1], [1, 1]]  # one half is called a rise
        assert confusion.info(made_three()).count.sum() == 4
        assert confusion.info(made_number()).classes == ("down", "up")
        assert confusion.figure(drawn).data[0].text[0][0] == "1<br>50.0%"

    def test_the_features_that_cost_most_come_first(self) -> None:
        drawn = permutation.info(result(permutation=np.array([-0.01, 0.02])))
        assert drawn is not None
        assert (drawn.names, drawn.loss.tolist()) == (("RSI 2", "SMA 5"), [0.02, -0.01])
        assert permutation.figure(drawn).data[0].x.tolist() == [-0.01, 0.02]
        assert permutation.info(result(permutation=np.empty(0))) is None
