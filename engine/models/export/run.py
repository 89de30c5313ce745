"""Executor of exports: the rows of the last test are made again, and the graph is tried on them."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from engine.core.errors import DataError
from engine.core.progress import Progress, silent
from engine.jobs.executors import performs
from engine.models.export import writer
from engine.models.export.certificate import Certificate
from engine.models.export.exporting import Exported, Subject, export
from engine.models.export.spec import ExportGraph
from engine.models.preparation import parts, prepare
from engine.models.service import registered
from engine.models.service.served import ServedModel


@dataclass(frozen=True, eq=False)
class ExportReport:
    """The bytes of the ``graph``, and in eight bits of ``int8``, empty where there is none, uint8; the ``certificate``
    as JSON.
    """

    reference: str
    graph: NDArray[np.uint8]
    int8: NDArray[np.uint8]
    certificate: str

    def certified(self) -> Certificate:
        return Certificate.model_validate_json(self.certificate)

    def summary(self) -> Mapping[str, object]:
        found = json.loads(self.certificate)
        return {name: found[name] for name in ("model", "rows", "worst", "on_thresholds", "scores", "sizes")}


@performs(ExportGraph)
def perform(action: ExportGraph, progress: Progress = silent) -> ExportReport:
    """Raises ``DataError`` where the model is not there, its bars are not, or the graph is refused."""
    item = registered.find(action.model)
    found = exported(registered.load(item), item.reference, int8=action.int8, progress=progress)
    certificate = found.certificate.model_dump_json()
    return ExportReport(item.reference, _array(found.graph), _array(found.int8), certificate)


def exported(model: ServedModel, reference: str, *, int8: bool, progress: Progress = silent) -> Exported:
    """The graph of ``model``, tried on the rows of the last test of its request."""
    writer.require_packages()
    progress(0.1, "Making the rows of the last test again")
    try:
        market, features = prepare(model.spec)
        found = parts(model.spec, market, features)
    except DataError as error:
        raise DataError(
            f"{error} A graph is tried on the rows of the model's last test, so the bars must be there."
        ) from None
    progress(0.5, "Writing the graph and comparing predictions")
    about = {"model": reference, "run": model.card.run, "features": features.names, "in_sample": model.card.refitted}
    subject = Subject(model.spec.model, model.artifact, model.processors, about)
    return export(subject, found.test(len(found.folds) - 1), features.symbols, int8=int8)


def _array(content: bytes) -> NDArray[np.uint8]:
    return np.frombuffer(content, dtype=np.uint8)
