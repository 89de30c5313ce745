"""The strip of metrics above a model's charts, each with what it has to beat."""

from __future__ import annotations

from dashboard.components.metric import Metric, Tone, tone
from dashboard.text.format import MISSING, count, duration, number, percent
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE, SCORES
from engine.research.model_verdict import best_constant, headline_name

BAND = "Below, the 5% to 95% band of the null models on the same rows."
P_VALUE = "Share of null models that score at least as high, this model counted among them."


def kpis(result: ModelResult, seconds: float | None) -> list[Metric]:
    """The cells of the strip, by the task of the model; ``seconds`` is how long the job took."""
    error = _squared_error(result) if result.task == "regression" else _log_loss(result)
    return [*_skill(result), error, _direction(result), *_steps(result), *_rows(result), _duration(result, seconds)]


def _skill(result: ModelResult) -> tuple[Metric, Metric]:
    band, score = result.null_band(), result.headline
    hint = SCORES[result.task][HEADLINE[result.task]]
    beside: Tone = "" if band is None else "gain" if score > band[1] else "loss" if score < band[0] else ""
    places = 2 if result.task == "regression" else 3  # a correlation has a sign, too: what the cell has room for
    among = f"{number(band[0], places)} … {number(band[1], places)}" if band else ""
    fits = f"of {count(len(result.null_scores), 'fit')}" if band else "no null models"
    p_value = number(result.p_value(), 2) if band else MISSING
    return (
        Metric(headline_name(result), number(score, 3), among, beside, f"{hint} {BAND}"),
        Metric("p-value", p_value, fits, help=P_VALUE),
    )


def _log_loss(result: ModelResult) -> Metric:
    scores, meaning = result.scores, SCORES[result.task]
    worse = scores["log_loss"] - scores["base_log_loss"]
    hint = f"{meaning['log_loss']} Baseline: {meaning['base_log_loss']}"
    return Metric(
        "Log loss", number(scores["log_loss"], 4), f"baseline {number(scores['base_log_loss'], 4)}", tone(-worse), hint
    )


def _squared_error(result: ModelResult) -> Metric:
    scores, meaning = result.scores, SCORES[result.task]
    in_percent = result.unit == "%"
    error, base = (percent(scores[name]) if in_percent else number(scores[name], 4) for name in ("rmse", "base_rmse"))
    hint = f"{meaning['rmse']} Baseline: {meaning['base_rmse']}"
    return Metric("RMSE", error, f"baseline {base}", tone(scores["base_rmse"] - scores["rmse"]), hint)


def _direction(result: ModelResult) -> Metric:
    name, share = best_constant(result)
    metric = "hit_rate" if result.task == "regression" else "accuracy"
    right = result.scores[metric]
    hint = f"{SCORES[result.task][metric]} Below, the accuracy of always predicting {name}."
    title = "Hit rate" if result.task == "regression" else "Accuracy"
    return Metric(title, percent(right), f"always {name} {percent(share)}", tone(right - share), hint)


def _steps(result: ModelResult) -> list[Metric]:
    """Nothing for a model that is not trained in steps."""
    if result.newest.best_step is None:
        return []
    newest = result.newest
    run = max(len(newest.train_loss), newest.best_step or 0)
    hint = "Up to the lowest validation loss; all of them without early stopping."
    return [Metric(f"{result.step.capitalize()}s", number(newest.best_step), f"of {number(run)} run", help=hint)]


def _rows(result: ModelResult) -> tuple[Metric, Metric]:
    newest, last = result.newest, "Of the last fold. " if len(result.folds) > 1 else ""
    dropped = newest.n_purged + newest.n_embargoed
    trained = (
        f"{last}{count(newest.n_validation, 'more row')} for validation. Rows whose labels share bars with the test "
        "or another part, or that lie in the embargo, are left out (purged)."
    )
    tested = "The labels of the last bars lie beyond the data: these rows are predicted, not scored."
    return (
        Metric("Training rows", number(newest.n_train), f"{number(dropped)} overlapping with the test", help=trained),
        Metric("Test rows", number(result.n_test), f"{number(result.n_scored)} scored", help=tested),
    )


def _duration(result: ModelResult, seconds: float | None) -> Metric:
    hint = (
        "Wall time of the job, null models included; missing for a model that was not trained from this page. "
        f"Trained on {result.device}: the same request again is {result.reproducibility}."
    )
    return Metric("Duration", duration(seconds), count(len(result.null_scores) + 1, "fit"), help=hint)
