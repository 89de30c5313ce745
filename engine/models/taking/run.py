"""Executor of imports of models."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from engine.core.progress import Progress, silent
from engine.jobs.executors import performs
from engine.market.importers import uploads
from engine.models.service import registered, trial
from engine.models.taking.spec import TakeModel


@dataclass(frozen=True)
class TakeReport:
    """What the model is called."""

    reference: str

    def summary(self) -> Mapping[str, object]:
        return {"reference": self.reference}


@performs(TakeModel)
def perform(action: TakeModel, progress: Progress = silent) -> TakeReport:
    """The upload is removed, also where it is refused. Raises ``UploadError`` where it is not here, ``StoreError`` for
    what is no name, and as ``trial.take`` does.
    """
    name = registered.checked(action.name)
    file = uploads.complete(action.upload)
    progress(0.1, f"Trying the model in {file.name}")
    try:
        return TakeReport(trial.take(file.path.read_bytes(), file.name, name).reference)
    finally:
        uploads.remove(action.upload)
