"""Executor of refits: the model is trained as those of the folds were, on every row that is not sealed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.errors import DataError
from engine.core.progress import Progress, section, silent
from engine.jobs import runner
from engine.jobs.executors import performs
from engine.models.fitting import TrainedModel, TrainingCurve
from engine.models.folds import fit_fold
from engine.models.preparation import parts, prepare
from engine.models.refit.spec import Refit
from engine.models.service import registered
from engine.models.service.card import refitted
from engine.models.service.served import ServedModel, of_run


@dataclass(frozen=True)
class RefitReport:
    """What the model is called, and the rows that it was trained on."""

    reference: str
    rows: int

    def summary(self) -> Mapping[str, object]:
        return {"reference": self.reference, "rows": self.rows}


@performs(Refit)
def perform(action: Refit, progress: Progress = silent) -> RefitReport:
    """Raises ``DataError`` where there is no such run, or its bars or its code are not those of the run any more, and
    ``StoreError`` for what is no name.
    """
    name = registered.checked(action.name)
    key = registered.run_key(action.run)
    model = of_run(key)
    if runner.run_key(model.spec) != key:
        raise DataError(
            "The bars or the code have changed since this model was trained, so its scores would not be those of a "
            "refit: train it again, and refit that."
        )
    progress(0.05, "Making the rows again")
    rows = parts(model.spec, *prepare(model.spec)).rows.labelled()
    curve = TrainingCurve(section(progress, 0.1, 0.95), model.spec.model.step)
    trained = fit_fold(model.spec, rows, curve if model.spec.model.step else None)
    found = registered.add(_served(model, trained, str(rows.time.min()), str(rows.time.max())), name)
    registered.note_sound(found)
    return RefitReport(found.reference, len(rows))


def _served(model: ServedModel, trained: TrainedModel, start: str, end: str) -> ServedModel:
    artifact = trained.fitted.artifact
    counts = {
        "train": len(trained.fitted_on),
        "validation": trained.n_validation,
        "purged": trained.n_purged,
    }
    card = refitted(model.card, model.spec.model, artifact, counts, start, end)
    return ServedModel(model.spec, artifact, trained.processors.to_json(), card)
