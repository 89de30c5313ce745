"""Verdict on a model: its scores against null models, against a constant prediction, and against its own training."""

from __future__ import annotations

import numpy as np

from engine.models.result import ModelResult
from engine.models.scores import HEADLINE
from engine.research.findings import Finding, Grade, Verdict

MINIMUM_NULLS = 50  # with 20, another seed moves the ends of the band by a hundredth
MINIMUM_INDEPENDENT = 250
MAXIMUM_MEMORY = 0.10
"""AUC that may be lost from the training rows to the test; a correlation has twice the scale."""
RARE, UNUSUAL = 0.05, 0.20
MINUS = "\N{MINUS SIGN}"
NAMES = {"auc": "AUC", "rank_ic": "rank IC"}
"""Headline scores within a sentence."""


def assess(result: ModelResult, horizon: int) -> Verdict:
    """The verdict on ``result``, whose labels reach ``horizon`` bars ahead."""
    headline, reason = _headline(result)
    error = _squared_error(result) if result.task == "regression" else _log_loss(result)
    findings = (*_skill(result), error, _direction(result), _memory(result), _independent(result, horizon))
    return Verdict(headline, reason, findings, len(result.null_scores))


def skill(result: ModelResult) -> Grade | None:
    """Where the headline score lies: above the null band is good, inside it or below it bad; None without null
    models.
    """
    band = result.null_band()
    return None if band is None else "good" if result.headline > band[1] else "bad"


def headline_name(result: ModelResult) -> str:
    """What the headline score is called at the start of a line: "AUC", "Rank IC"."""
    name = NAMES[HEADLINE[result.task]]
    return name[:1].upper() + name[1:]


def best_constant(result: ModelResult) -> tuple[str, float]:
    """The class that a constant prediction would best name, or the side of zero ("up" or "down"), and how often that is
    right in the test part.
    """
    rate = result.scores["base_rate"]
    if result.task == "multiclass":
        known = result.outcome[~np.isnan(result.outcome)].astype(np.int64)
        return result.classes[int(np.bincount(known, minlength=len(result.classes)).argmax())], rate
    low, high = result.classes or ("down", "up")
    return (high, rate) if rate >= 0.5 else (low, 1 - rate)


def _headline(result: ModelResult) -> tuple[str, str]:
    band, score, name = result.null_band(), result.headline, NAMES[HEADLINE[result.task]]
    if band is None:
        return (
            "Not known.",
            f"The {name} is {_number(score)}, but without null models it cannot be distinguished from "
            f"luck: set Null models to {MINIMUM_NULLS} or more and train again.",
        )
    position = f"The out-of-sample {name} of {_number(score)} lies"
    within = f"the 5% to 95% band of the null models, {_number(band[0])} to {_number(band[1])}"
    count = len(result.null_scores)
    rough = f" With {count} null models the band is rough: {MINIMUM_NULLS} or more narrow it down."
    rough = rough if count < MINIMUM_NULLS else ""
    if score > band[1]:
        return (
            "More than luck.",
            f"{position} above {within}.{_calibration_caveat(result)}{rough}",
        )
    if score < band[0]:
        return (
            "Worse than luck.",
            f"{position} below {within}: what it learned did not hold.{rough}",
        )
    return "No better than luck.", f"{position} inside {within}.{rough}"


def _calibration_caveat(result: ModelResult) -> str:
    """What a good ranking leaves to be wished for."""
    scores = result.scores
    if result.task == "regression":
        lost = scores["rmse"] >= scores["base_rmse"]
        return " It ranks the days, but its values are no better than the training part's mean." if lost else ""
    lost = scores["log_loss"] >= scores["base_log_loss"]
    return " It ranks the days, but its probabilities are no better than the base rate." if lost else ""


def _skill(result: ModelResult) -> tuple[Finding, ...]:
    band, p_value = result.null_band(), result.p_value()
    if band is None or p_value is None:
        return ()
    return (
        Finding(
            f"{headline_name(result)} above null models",
            skill(result) or "doubtful",
            f"{_number(result.headline)} vs {_number(band[1])}",
            "Nine in ten models trained on labels that have nothing to do with the features score from "
            f"{_number(band[0])} to {_number(band[1])} on the same test.",
        ),
        Finding(
            "p-value against null models",
            "good" if p_value <= RARE else "doubtful" if p_value <= UNUSUAL else "bad",
            f"p = {p_value:.2f}",
            f"Share of {len(result.null_scores)} null models with a score at least as high, this model counted among "
            "them (Phipson, Smyth 2010).",
        ),
    )


def _log_loss(result: ModelResult) -> Finding:
    loss, base = result.scores["log_loss"], result.scores["base_log_loss"]
    shares = "shares of the classes" if result.task == "multiclass" else "share of rises"
    return Finding(
        "Log loss below base rate",
        "good" if loss < base else "bad",
        f"{loss:.4f} vs {base:.4f}",
        f"Always predicting the {shares} in the training part has the second loss. Lower is better.",
    )


def _squared_error(result: ModelResult) -> Finding:
    r2 = result.scores["r2"]
    return Finding(
        "Out-of-sample R² above zero",
        "good" if r2 > 0 else "bad",
        f"{r2:.2%}".replace("-", MINUS),
        "Share of the squared error of always predicting the training part's mean that the model saves (Campbell, "
        "Thompson 2008). Good models of returns reach one or two percent.",
    )


def _direction(result: ModelResult) -> Finding:
    name, share = best_constant(result)
    right = result.scores["hit_rate" if result.task == "regression" else "accuracy"]
    meaning = {
        "binary": "Share of test rows on the right side of one half, against the best constant guess.",
        "multiclass": "Share of test rows whose likeliest class is the outcome, against the best constant guess.",
        "regression": "Share of test rows on the right side of zero, against the best constant guess.",
    }
    return Finding(
        f"Beats always {name}", "good" if right > share else "bad", f"{right:.2%} vs {share:.2%}", meaning[result.task]
    )


def _memory(result: ModelResult) -> Finding:
    train, test = result.scores[f"train_{HEADLINE[result.task]}"], result.headline
    most = MAXIMUM_MEMORY * (2 if result.task == "regression" else 1)
    return Finding(
        "Holds out of sample",
        "good" if train - test <= most / 2 else "doubtful" if train - test <= most else "bad",
        f"{_number(train)} → {_number(test)}",
        f"{headline_name(result)} on the training rows, then on the test: the difference is overfitting.",
    )


def _independent(result: ModelResult, horizon: int) -> Finding:
    rows = max(result.n_scored // horizon, 1)
    return Finding(
        "Independent rows",
        "good" if rows >= MINIMUM_INDEPENDENT else "doubtful",
        f"{rows:,} of {result.n_scored:,}",
        f"Labels of {horizon} bars overlap, so that one row in {horizon} counts; symbols that move together make it "
        "fewer still.",
    )


def _number(value: float) -> str:
    """Three decimals; below zero with a minus sign."""
    return f"{value:.3f}".replace("-", MINUS)
