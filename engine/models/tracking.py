"""Models that were trained, on the MLflow server that the configuration names: this module alone knows MLflow.

A server that does not answer costs a run nothing but the wait: what went wrong is logged, kept, and told with the run.
"""

from __future__ import annotations

import json
import logging
import os
import re
import time
from collections.abc import Iterator, Mapping
from importlib.util import find_spec
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

from engine.core.config import settings
from engine.core.errors import ConfigError, EngineError
from engine.core.progress import Progress
from engine.core.spec import canonical_json
from engine.core.store import write_atomically
from engine.jobs import runner
from engine.models.artifact import MEDIA_TYPES
from engine.models.result import ModelResult
from engine.models.spec import ModelSpec

_log = logging.getLogger("stratoscope")
_TAG = "stratoscope.run"
_LONGEST = 500  # characters of a parameter, on servers before MLflow 2
_METRICS, _PARAMETERS = 1000, 100  # of a request
_QUIET = {
    "MLFLOW_DISABLE_TELEMETRY": "true",
    "DO_NOT_TRACK": "true",
    "MLFLOW_HTTP_REQUEST_MAX_RETRIES": "1",
    "MLFLOW_HTTP_REQUEST_TIMEOUT": "10",
    "MLFLOW_ENABLE_ARTIFACTS_PROGRESS_BAR": "false",
}
"""Set before the import: telemetry is on by default, and seven retries are minutes."""
_SILENCE = ("Max retries exceeded", "timed out", "Connection refused", "Connection aborted")
_STATUS = re.compile(r"failed with error code (\d{3})")
Point = tuple[str, float, int]
"""Name, value and step of a metric."""


def record(key: str, spec: ModelSpec, result: ModelResult, progress: Progress) -> None:
    """Log the run ``key`` of ``spec`` where a server is named. A failure is kept for ``note``, and raises nothing."""
    if settings().mlflow.uri is None:
        return
    progress(1.0, "Logging to MLflow")
    try:
        found, problem = _logged(key, spec, result), ""
    except EngineError as error:
        found, problem = "", str(error)
    except Exception as error:  # noqa: BLE001 -- whatever a client or a server does, the run is worth keeping
        found, problem = "", _problem(error)
    if problem:
        _log.warning("The run %s was not logged to MLflow: %s", key[:8], problem)
    try:
        write_atomically(_path(key), json.dumps({"run": found, "problem": problem}).encode())
    except OSError as error:
        _log.warning("What became of the run %s on MLflow cannot be kept: %s.", key[:8], error.strerror)


def note(key: str) -> str:
    """Why the run ``key`` is not on the server, in a sentence; nothing where it is, or nobody asked for it."""
    try:
        problem = str(json.loads(_path(key).read_text(encoding="utf-8"))["problem"])
    except (OSError, ValueError, KeyError, TypeError):
        return ""
    return f"Not logged to MLflow: {problem}" if problem else ""


def _path(key: str) -> Path:
    return settings().cache / "mlflow" / f"{key}.json"


def _problem(error: Exception) -> str:
    """What went wrong, in a sentence: the client's own are full of addresses."""
    server, told = f"The MLflow server at {settings().mlflow.uri}", str(error)
    if any(words in told for words in _SILENCE):
        return f"{server} does not answer. Start it, or correct mlflow.uri in config.yaml."
    if status := _STATUS.search(told):
        return f"{server} refuses it with the status {status[1]}."
    return f"{server} did not take it ({type(error).__name__}: {(told.splitlines() or [''])[0][:120]})."


def _logged(key: str, spec: ModelSpec, result: ModelResult) -> str:
    """The id of the run on the server: that of before where the same run is there already."""
    if find_spec("mlflow") is None:
        raise ConfigError("The package is missing: pip install 'stratoscope[mlflow]'.")
    os.environ.update(_QUIET)
    from mlflow.tracking import MlflowClient

    client = MlflowClient(tracking_uri=settings().mlflow.uri)
    experiment = _experiment(client, settings().mlflow.experiment)
    known = client.search_runs(
        [experiment], f"tags.`{_TAG}` = '{key}' and attributes.status = 'FINISHED'", max_results=1
    )
    if known:
        return str(known[0].info.run_id)
    tags = {_TAG: key, "mlflow.source.name": "stratoscope", "mlflow.note.content": spec.label(), **_tags(spec, result)}
    made = client.create_run(experiment, tags=tags, run_name=spec.model.label())
    _log_batches(client, made.info.run_id, spec, result)
    _log_files(client, made.info.run_id, spec, result)
    client.set_terminated(made.info.run_id)
    return str(made.info.run_id)


def _experiment(client: Any, name: str) -> str:
    found = client.get_experiment_by_name(name)
    return str(found.experiment_id if found else client.create_experiment(name))


def _tags(spec: ModelSpec, result: ModelResult) -> dict[str, str]:
    return {
        "kind": spec.model.kind,
        "symbols": ", ".join(spec.market.symbols)[:_LONGEST],
        "features": ", ".join(result.features)[:_LONGEST],
        "split": result.split,
        "device": result.device,
        "code": runner.code(list(spec.walk())).digest,
    }


def _log_batches(client: Any, run: str, spec: ModelSpec, result: ModelResult) -> None:
    from mlflow.entities import Metric, Param

    given = [Param(name, value) for name, value in parameters(spec).items()]
    for start in range(0, len(given), _PARAMETERS):
        client.log_batch(run, params=given[start : start + _PARAMETERS])
    now = int(time.time() * 1000)
    points = [Metric(name, value, now, step) for name, value, step in metrics(result)]
    for start in range(0, len(points), _METRICS):
        client.log_batch(run, metrics=points[start : start + _METRICS])


def _log_files(client: Any, run: str, spec: ModelSpec, result: ModelResult) -> None:
    """The request, and the newest model with what is done to features before it."""
    newest = result.newest
    ending = MEDIA_TYPES[newest.media_type].lower().replace(" ", "-")
    files = {
        "request.json": canonical_json(spec).encode(),
        "processors.json": newest.processing.encode(),
        f"model.{ending}": newest.artifact.content,
    }
    with TemporaryDirectory() as folder:
        for name, content in files.items():
            path = Path(folder) / name
            path.write_bytes(content)
            client.log_artifact(run, str(path))


def parameters(spec: ModelSpec) -> dict[str, str]:
    """The fields of the request by their dotted paths, as text."""
    return {name: str(value)[:_LONGEST] for name, value in _leaves(spec.model_dump(mode="json"), "")}


def _leaves(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    parts: Any = value.items() if isinstance(value, Mapping) else None
    if isinstance(value, list | tuple) and any(isinstance(item, Mapping) for item in value):
        parts = enumerate(value)
    if parts is None:
        yield path, value
        return
    for name, item in parts:
        yield from _leaves(item, f"{path}.{name}" if path else str(name))


def metrics(result: ModelResult) -> list[Point]:
    """Scores; what null models make of the main one; the scores of each fold, by its number; the losses of the newest
    model, by the step. What is not a number is left out.
    """
    band = result.null_band() or (np.nan, np.nan)
    p_value = result.p_value()
    found: list[Point] = [(name, float(value), 0) for name, value in result.scores.items()]
    found += [("null.low", band[0], 0), ("null.high", band[1], 0)]
    found += [("p_value", np.nan if p_value is None else p_value, 0)]
    for number, fold in enumerate(result.folds):
        found += [(f"fold.{name}", float(value), number + 1) for name, value in fold.scores.items()]
    for name, losses in (("train_loss", result.newest.train_loss), ("validation_loss", result.newest.validation_loss)):
        found += [(name, float(loss), step + 1) for step, loss in enumerate(losses)]
    return [point for point in found if np.isfinite(point[1])]
