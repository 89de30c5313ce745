"""The model card: what a model is, what it was trained on and how, what it is worth, and what it is not for."""

from __future__ import annotations

import platform
import re
from collections.abc import Mapping
from datetime import UTC, datetime

import numpy as np
from pydantic import BaseModel, ConfigDict, field_validator

from engine.core import libraries
from engine.core.database import connect
from engine.core.visible import is_visible, texts
from engine.jobs import records, runner, trials
from engine.market.intervals import INTERVALS
from engine.models import Model
from engine.models.artifact import Artifact
from engine.models.result import ModelResult
from engine.models.scores import HEADLINE
from engine.models.spec import ModelSpec

LUCK = 0.05
"""The p-value above which a model is not told from models without knowledge."""

_TIME = re.compile(r"\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,9})?)?)?(\+00:00)?", re.ASCII)

Scores = dict[str, float | None]


class Card(BaseModel):
    """All that is known of a model without its bytes. ``run`` is the key of the run that trained it; ``trained`` the
    ISO time in UTC, and ``seconds`` how long the run took, both empty or None where the library no longer says.
    ``data`` are the digests of the series that were read, by their names, ``code`` that of the code, ``libraries``
    their versions, ``trials`` how many models of this family the ledger holds on these symbols. ``folds`` says how many
    models the scores are of; the one that is kept was trained on the bars from ``train_start`` to ``train_end``, those
    that decided when to stop included. ``data_end`` is the time of the last bar that the run may have read, empty where
    it is not known, and ``sealed_from`` that of the first bar of a holdout that was not opened, empty without one.
    ``members`` are ``Model.shares`` of the one that is kept, ``about`` what else it says of itself.
    ``refitted`` says that it is none of those models, but was trained as they were, on all rows before the sealed
    holdout: the scores are theirs.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    run: str
    label: str
    trained: str = ""
    seconds: float | None = None
    machine: str = ""
    device: str = "cpu"
    reproducibility: str = ""
    seed: int = 0
    collection: str
    symbols: tuple[str, ...]
    interval: str
    timezone: str = ""
    data: dict[str, str] = {}
    code: str = ""
    libraries: dict[str, str] = {}
    features: tuple[str, ...]
    train_start: str
    train_end: str
    split: str
    folds: int
    rows: dict[str, int]
    headline: str
    scores: Scores
    null_band: tuple[float, float] | None = None
    p_value: float | None = None
    baselines: dict[str, Scores] = {}
    trials: int = 0
    members: tuple[tuple[str, float], ...] = ()
    about: tuple[tuple[str, str], ...] = ()
    in_time: bool = True
    refitted: bool = False
    warnings: tuple[str, ...] = ()
    data_end: str = ""
    sealed_from: str = ""

    @field_validator("*", mode="before")
    @classmethod
    def _is_visible(cls, value: object) -> object:
        """Nothing in a card from elsewhere turns round or hides what is shown beside it. Tabs part names of series."""
        if not all(is_visible(text.replace("\t", " ")) for text in texts(value)):
            raise ValueError("must have visible characters only")
        return value

    @field_validator("trained", "train_start", "train_end", "data_end", "sealed_from")
    @classmethod
    def _is_time(cls, text: str) -> str:
        """Files from elsewhere have a card, too, and bars are selected by its times."""
        if text and (not _TIME.fullmatch(text) or np.isnat(np.datetime64(text.removesuffix("+00:00")))):
            raise ValueError("must be a time in ISO 8601")
        return text

    def use(self) -> str:
        """What it is for."""
        symbols = ", ".join(self.symbols[:6]) + (f" and {len(self.symbols) - 6} more" if len(self.symbols) > 6 else "")
        bars = INTERVALS[self.interval].adjective if self.interval in INTERVALS else self.interval
        return (
            f"{self.label}. To be asked at the close of {bars} bars, of {symbols} or series that behave as these "
            "did. For research: not advice to buy or sell."
        )

    def caveats(self) -> tuple[str, ...]:
        """What speaks against relying on it."""
        found = list(self.warnings)
        if self.refitted:
            found.append(
                f"It was refitted on all rows up to {self.train_end[:10]}: the scores are those of the models of the "
                "folds, and nothing is known of its own."
            )
        if self.p_value is None:
            found.append("It was not compared with null models: how much of its score is luck is not known.")
        elif self.p_value > LUCK:
            found.append(
                f"It cannot be told from luck: {self.p_value:.0%} of models trained on permuted labels score as well."
            )
        if self.trials > 1:
            found.append(
                f"The ledger holds {self.trials:,} trials of this kind of model on these symbols: the best of them "
                "looks better than it is."
            )
        found.append(f"It knows nothing of what happened after {self.train_end[:10]}.")
        return tuple(found)


def card_of(key: str, spec: ModelSpec, result: ModelResult, timezone: str = "") -> Card:
    """The card of the newest model of the run ``key``. Raises ``StoreError``."""
    created, seconds = _times(key)
    code = runner.code(list(spec.walk()))
    newest, band = result.newest, result.null_band()
    return Card(
        run=key,
        label=result.label,
        trained="" if created is None else datetime.fromtimestamp(created, UTC).isoformat(timespec="seconds"),
        seconds=seconds,
        machine=f"{platform.system()} {platform.machine()}",
        device=result.device,
        reproducibility=result.reproducibility,
        seed=spec.seed,
        collection=spec.market.collection,
        symbols=spec.market.symbols,
        interval=spec.market.interval,
        timezone=timezone,
        data=dict(records.series_of(key)),
        code=code.digest,
        libraries=dict(libraries.versions(code.packages)),
        features=result.features,
        train_start=newest.train_start,
        train_end=newest.train_end,
        split=result.split,
        folds=len(result.folds),
        rows=_counts(result),
        headline=HEADLINE[result.task],
        scores=_plain(result.scores),
        null_band=band,
        p_value=result.p_value(),
        baselines={line.title: _plain(line.scores) for line in result.baselines},
        trials=_trials(result.family, spec),
        members=spec.model.shares(newest.artifact),
        about=spec.model.about(newest.artifact),
        in_time=result.in_time,
        warnings=result.warnings,
        data_end=_data_end(spec, result, created),
        sealed_from="" if result.holdout else result.holdout_start,
    )


def refitted(card: Card, model: Model, artifact: Artifact, rows: Mapping[str, int], start: str, end: str) -> Card:
    """``card`` of the model ``artifact`` that was trained again, on ``rows`` from ``start`` to ``end``."""
    own = {"members": model.shares(artifact), "about": model.about(artifact), "rows": {**card.rows, **rows}}
    return card.model_copy(update={"refitted": True, "train_start": start, "train_end": end, **own})


def _counts(result: ModelResult) -> dict[str, int]:
    newest = result.newest
    return {
        "train": newest.n_train,
        "validation": newest.n_validation,
        "purged": newest.n_purged + newest.n_embargoed,
        "test": result.n_test,
        "scored": result.n_scored,
    }


def _data_end(spec: ModelSpec, result: ModelResult, created: float | None) -> str:
    """The last tested bar, which is the last of all; of a run with a holdout its day, or the end of its range."""
    if not result.holdout_start:
        return str(result.time.max())
    day = None if created is None else datetime.fromtimestamp(created, UTC).date()
    days = [item for item in (day, spec.market.end) if item]
    return min(days).isoformat() if days else ""


def _plain(scores: Mapping[str, float]) -> Scores:
    return {name: float(value) if np.isfinite(value) else None for name, value in scores.items()}


def _times(key: str) -> tuple[float | None, float | None]:
    with connect() as database:
        row = database.execute("SELECT created, seconds FROM runs WHERE key = ?", (key,)).fetchone()
    return (row["created"], row["seconds"] or None) if row else (None, None)


def _trials(family: str, spec: ModelSpec) -> int:
    """The models of ``family`` in the ledger that share a symbol with ``spec``."""
    wanted = set(spec.market.symbols)
    found = trials.entries("AND family = ? AND json_valid(spec)", family)
    return sum(item.trial.count for item in found if wanted & set(item.market["symbols"]))
