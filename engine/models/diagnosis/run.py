"""Performing a diagnosis of a network."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.errors import DataError
from engine.core.progress import Progress
from engine.jobs.executors import performs
from engine.models.dataset import Dataset
from engine.models.diagnosis.result import NetworkDiagnosis
from engine.models.diagnosis.spec import DiagnoseNetwork
from engine.models.fitting import learned_from
from engine.models.neural.checks import check, profile_epoch
from engine.models.neural.finder import find_learning_rate
from engine.models.neural.frameworks import FRAMEWORKS, on_framework, parity, trained
from engine.models.preparation import parts, prepare


@performs(DiagnoseNetwork)
def perform(action: DiagnoseNetwork, progress: Progress) -> NetworkDiagnosis:
    """The measurements. Raises ``DataError`` for too few rows or windows, ``DeviceError`` for a device that is not
    there.
    """
    spec, network = action.base, action.network.placed()
    progress(0.0, "Preparing the training rows")
    found = parts(spec, *prepare(spec))
    rows = learned_from(network, found.train(len(found.folds) - 1), spec.processors, spec.weighting())
    progress(0.1, "Overfitting one batch")
    checked = check(network, rows, spec.seed)
    progress(0.35, "Finding a learning rate")
    course = _finder(action, rows)
    progress(0.5, "Timing an epoch")
    epoch = profile_epoch(network, rows, spec.seed)
    return NetworkDiagnosis(
        label=action.label(),
        device=f"{network.framework}:{network.device}",
        rows=len(rows),
        windows=len(rows.windows(network.lookback())),
        shape=checked.windows,
        scores=checked.scores,
        weights=sum(int(np.prod(layer.shape)) for layer in checked.layers),
        layers=tuple(layer.name for layer in checked.layers),
        shapes=tuple(" × ".join(map(str, layer.shape)) for layer in checked.layers),
        gradients=np.array([layer.gradient for layer in checked.layers]),
        loss_before=checked.loss_before,
        loss_after=checked.loss_after,
        overfits=checked.overfits,
        gradients_reach=len(checked.problems()) == int(not checked.overfits),
        problems=checked.problems(),
        data=epoch.data,
        forward=epoch.forward,
        backward=epoch.backward,
        step=epoch.step,
        **course,
        **(_frameworks(action, rows, progress) if action.frameworks else {}),
    )


def _finder(action: DiagnoseNetwork, rows: Dataset) -> dict[str, Any]:
    try:
        found = find_learning_rate(action.network, rows, action.base.seed)
    except DataError as error:
        nothing = np.empty(0)
        return {"rate": nothing, "loss": nothing, "suggestion": float("nan"), "finder_problem": str(error)}
    return {"rate": found.rate, "loss": found.loss, "suggestion": found.suggestion, "finder_problem": ""}


def _frameworks(action: DiagnoseNetwork, rows: Dataset, progress: Progress) -> dict[str, Any]:
    """Both frameworks on the newest rows of each symbol in their order."""
    newest = np.sort(rows.time)[-min(action.rows, len(rows))]
    few, seed = rows.where(rows.time >= newest), action.base.seed
    few = replace(few, weight=None)
    models = [on_framework(action.network, name) for name in FRAMEWORKS]
    runs, artifact = [], None
    for place, model in enumerate(models):
        progress(0.6 + 0.15 * place, f"Training by {model.framework}")
        run, made = trained(model, few, seed, action.epochs)
        runs.append(run)
        artifact = artifact or made
    progress(0.9, "Comparing outputs and gradients")
    apart = parity((models[0], models[1]), few, artifact, seed)
    return {"frameworks": tuple(runs), "parity": apart, "compared_rows": len(few)}
