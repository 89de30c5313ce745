"""Whether a model knows anything: its scores against luck, against the base rate, and against its own training."""

from __future__ import annotations

from engine.models.result import ModelResult
from engine.research.findings import Finding, Grade, Verdict

FEWEST_NULLS = 50  # with 20, another seed moves the ends of the band by a hundredth
FEWEST_INDEPENDENT = 250
MOST_MEMORY = 0.10


def judge(result: ModelResult, horizon: int) -> Verdict:
    """The verdict on ``result``, whose labels reach ``horizon`` bars ahead."""
    headline, reason = _headline(result)
    findings = (*_luck(result), _loss(result), _accuracy(result), _memory(result), _independent(result, horizon))
    return Verdict(headline, reason, findings, len(result.null_auc))


def grade(result: ModelResult) -> Grade | None:
    """Where the AUC lies: above the null band is good, inside it bad, below it bad; None without null models."""
    band = result.null_band()
    return None if band is None else "good" if result.scores["auc"] > band[1] else "bad"


def _headline(result: ModelResult) -> tuple[str, str]:
    band, auc = result.null_band(), result.scores["auc"]
    if band is None:
        return (
            "Not known.",
            f"The AUC is {auc:.3f}, but no null models were trained, and without them it cannot be told from luck: set "
            f"Null models to {FEWEST_NULLS} or more and train again.",
        )
    within = f"the 5% to 95% band of luck, {band[0]:.3f} to {band[1]:.3f}"
    few = len(result.null_auc) < FEWEST_NULLS
    rough = (
        f" With {len(result.null_auc)} null models the band is rough: {FEWEST_NULLS} or more sharpen it." if few else ""
    )
    if auc > band[1]:
        lost = result.scores["log_loss"] >= result.scores["base_log_loss"]
        but = " It ranks the days, but its probabilities are no better than the base rate." if lost else ""
        return "More than luck.", f"The out-of-sample AUC of {auc:.3f} lies above {within}.{but}{rough}"
    if auc < band[0]:
        return (
            "Worse than luck.",
            f"The out-of-sample AUC of {auc:.3f} lies below {within}: what it learnt did not hold.{rough}",
        )
    return "No better than luck.", f"The out-of-sample AUC of {auc:.3f} lies inside {within}.{rough}"


def _luck(result: ModelResult) -> tuple[Finding, ...]:
    band, p_value = result.null_band(), result.p_value()
    if band is None or p_value is None:
        return ()
    return (
        Finding(
            "AUC above luck",
            grade(result) or "doubtful",
            f"{result.scores['auc']:.3f} vs {band[1]:.3f}",
            "Nine in ten models trained on labels that have nothing to do with the features score from "
            f"{band[0]:.3f} to {band[1]:.3f} on the same test.",
        ),
        Finding(
            "Luck does as well",
            "good" if p_value <= 0.05 else "doubtful" if p_value <= 0.2 else "bad",
            f"p = {p_value:.2f}",
            f"Share of {len(result.null_auc)} null models with an AUC at least as high, this model counted among them "
            "(Phipson, Smyth 2010).",
        ),
    )


def _loss(result: ModelResult) -> Finding:
    loss, base = result.scores["log_loss"], result.scores["base_log_loss"]
    return Finding(
        "Log loss under base",
        "good" if loss < base else "bad",
        f"{loss:.4f} vs {base:.4f}",
        "Always saying the share of rises in the training part costs the second figure. Lower is better.",
    )


def majority(result: ModelResult) -> tuple[str, float]:
    """What a constant guess would be ("up" or "down"), and how often it is right in the test part."""
    rate = result.scores["base_rate"]
    return ("up", rate) if rate >= 0.5 else ("down", 1 - rate)


def _accuracy(result: ModelResult) -> Finding:
    accuracy, (guess, share) = result.scores["accuracy"], majority(result)
    return Finding(
        f"Beats always {guess}",
        "good" if accuracy > share else "bad",
        f"{accuracy:.2%} vs {share:.2%}",
        "Share of test rows on the right side of one half, against the best constant guess.",
    )


def _memory(result: ModelResult) -> Finding:
    train, test = result.scores["train_auc"], result.scores["auc"]
    return Finding(
        "Holds after training",
        "good" if train - test <= MOST_MEMORY / 2 else "doubtful" if train - test <= MOST_MEMORY else "bad",
        f"{train:.3f} → {test:.3f}",
        "AUC on the rows that it learnt from, then on the test: what is lost was memory.",
    )


def _independent(result: ModelResult, horizon: int) -> Finding:
    rows = max(result.n_scored // horizon, 1)
    return Finding(
        "Independent rows",
        "good" if rows >= FEWEST_INDEPENDENT else "doubtful",
        f"{rows:,} of {result.n_scored:,}",
        f"Labels of {horizon} bars overlap, so that one row in {horizon} counts; symbols that move together make it "
        "fewer still.",
    )
