"""From a trained model to its graph and the certificate, or a refusal."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from engine.core import libraries
from engine.core.errors import DataError, PluginError
from engine.core.plugin_errors import plugin_errors
from engine.core.registry import info
from engine.features.processing import NOUN, UNPROCESSED, FittedProcessors
from engine.market.bars import Floats
from engine.models import Model, call_model
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset
from engine.models.export import writer
from engine.models.export.certificate import TOLERANCE, Certificate
from engine.models.export.symbol import BATCH, Graph, GraphSymbol
from engine.models.scores import HEADLINE, headline, is_predicted

_BLOCK = 4096
_LIBRARIES = ("onnx", "onnxruntime", "numpy")


@dataclass(frozen=True, eq=False)
class Exported:
    """The ``graph`` as bytes of ONNX, that in eight bits, empty where there is none, and what is certified of both."""

    graph: bytes
    int8: bytes
    certificate: Certificate


@dataclass(frozen=True, eq=False)
class Subject:
    """What is exported: a trained ``model`` with its fitted ``processors``; ``about`` are the fields of the certificate
    that say what it is.
    """

    model: Model
    artifact: Artifact
    processors: FittedProcessors
    about: Mapping[str, Any]


def export(subject: Subject, rows: Dataset, symbols: Sequence[str], *, int8: bool = False) -> Exported:
    """The graph of ``subject``, tried on ``rows``, whose features are not processed yet. With ``int8`` a second one in
    eight bits; where that is not to be had the certificate says why.

    Raises ``DataError`` where the model cannot be written as a graph, or a row is predicted otherwise by it, and
    ``DeviceError`` where a package is missing.
    """
    writer.require_packages()
    given, found, before = _traced(subject, rows)
    graph = writer.to_bytes(given, found, _metadata(subject))
    shown = rows if before == UNPROCESSED else rows.processed(before)
    values, place = _inputs(shown, subject.model.lookback())
    asked = rows.where(_mask(len(rows), place))
    original = _predicted(subject, rows)[place]
    if not len(place):
        raise DataError("None of the rows of the last test has a window: there is nothing to compare on.")
    own = _in_blocks(graph, values, _BLOCK)
    worst = _require_parity(subject, original, own, asked, symbols)
    small, refused = _quantised(graph) if int8 else (b"", "")
    eighth = _in_blocks(small, values, 1) if small else None
    before_names = [processor.label() for processor, _ in before.steps]
    names = [processor.label() for processor, _ in subject.processors.steps]
    certificate = Certificate(
        **subject.about,
        task=rows.task,
        classes=rows.classes,
        window=subject.model.lookback(),
        processors_before=tuple(before_names),
        processors_within=tuple(names[len(before_names) :]),
        rows=len(place),
        start=str(asked.time.min()),
        end=str(asked.time.max()),
        on_thresholds=_on_thresholds(subject, rows, place, original),
        **worst,
        **_scores(asked, {"model": original, "onnx": own} | ({} if eighth is None else {"int8": eighth})),
        **_files({"model": subject.artifact.content, "onnx": graph} | ({"int8": small} if small else {})),
        int8_worst=None if eighth is None else float(_difference(rows, original, eighth).max()),
        int8_refused=refused,
        opset=writer.OPSET,
        libraries=libraries.installed(_LIBRARIES),
    )
    return Exported(graph, small, certificate)


def _traced(subject: Subject, rows: Dataset) -> tuple[GraphSymbol, GraphSymbol, FittedProcessors]:
    """The input of the graph, its prediction, and the processors that are to be applied before it: none, or all up to
    the last that has no form in a graph.
    """
    steps = subject.processors.steps
    outputs, features = len(rows.classes) if rows.task == "multiclass" else 1, rows.matrix.shape[1]
    window = subject.model.lookback()
    for first in range(len(steps) + 1):
        shape = (BATCH, features) if window == 1 else (BATCH, window, features)
        given = GraphSymbol(Graph(), writer.INPUT, shape, np.dtype(np.float64))
        found = _processed(given, FittedProcessors(steps[first:]))
        if found is not None:
            said = subject.model.traced(subject.artifact, found, rows.task, outputs)
            if not isinstance(said, GraphSymbol):
                raise PluginError(f"{info(subject.model).title} does not return an array of the graph.")
            return given, said, FittedProcessors(steps[:first]) if first else UNPROCESSED
    raise AssertionError("no processor is left")


def _processed(x: GraphSymbol, processors: FittedProcessors) -> GraphSymbol | None:
    """``processors.apply`` as a graph, by the processors' own code; None where one of them cannot be written so."""
    found: Any = np.where(np.isinf(x), np.nan, x) if processors.steps else x
    for processor, state in processors.steps:
        shape = found.shape
        try:
            with plugin_errors(processor, NOUN):
                found = processor.apply(state, found)
        except PluginError:
            return None
        if not isinstance(found, GraphSymbol) or found.shape != shape:
            return None
    return found  # type: ignore[no-any-return]


def _metadata(subject: Subject) -> dict[str, str]:
    about = subject.about
    return {"model": about["model"], "run": about["run"], "features": "\n".join(about["features"])}


def _inputs(rows: Dataset, window: int) -> tuple[NDArray[Any], NDArray[np.int64]]:
    """The rows or windows that the graph is given, as a view where they are windows, and at which of ``rows`` each
    ends.
    """
    found = rows.windows(window)
    if window == 1:
        return rows.values[found.row], found.row
    return found.view[found.start], found.row


def _mask(count: int, place: NDArray[np.int64]) -> NDArray[np.bool_]:
    found = np.zeros(count, dtype=bool)
    found[place] = True
    return found


def _predicted(subject: Subject, rows: Dataset) -> Floats:
    return call_model.predict(subject.model, subject.artifact, rows.processed(subject.processors))


def _in_blocks(graph: bytes, values: NDArray[Any], size: int) -> Floats:
    return np.concatenate(
        [writer.run(graph, values[start : start + size]) for start in range(0, len(values), size)], dtype=np.float64
    )


def _difference(rows: Dataset, original: Floats, other: Floats) -> Floats:
    """How far each row's prediction is off, in the unit of the tolerance; infinite where one of the two is unknown."""
    scale = max(float(np.abs(original).max()), 1e-300) if rows.task == "regression" else 1.0
    found = np.abs(other - original).reshape(len(original), -1).max(axis=1) / scale
    return np.where(np.isnan(found), np.inf, found)


def _require_parity(
    subject: Subject, original: Floats, own: Floats, asked: Dataset, symbols: Sequence[str]
) -> dict[str, Any]:
    """The worst row, for the certificate. Raises ``DataError`` where it is beyond the tolerance."""
    off = _difference(asked, original, own)
    at = int(off.argmax())
    column = int(np.abs(np.atleast_2d(own - original)[at]).argmax()) if original.ndim == 2 else 0
    said, written = (float(np.reshape(part[at], -1)[column]) for part in (original, own))
    symbol, moment = symbols[asked.symbol[at]], str(asked.time[at])
    if not off[at] <= TOLERANCE:
        count = int((~(off <= TOLERANCE)).sum())
        raise DataError(
            f"The graph of {subject.about['model']} is refused: {count:,} of {len(off):,} rows differ by more than "
            f"{TOLERANCE:g}. The worst is {symbol} at {moment[:16]}, where the model predicts "
            f"{said:.8g} and the graph {written:.8g}."
        )
    return {"worst": float(off[at]), "worst_symbol": symbol, "worst_time": moment,
            "worst_model": said, "worst_graph": written}  # fmt: skip


def _on_thresholds(subject: Subject, rows: Dataset, place: NDArray[np.int64], original: Floats) -> int:
    single = rows.matrix.astype(np.float32)
    off = np.zeros(len(place))
    for way in (-np.inf, np.inf):
        moved = replace(rows, matrix=np.nextafter(single, np.float32(way)).astype(np.float64))
        off = np.maximum(off, _difference(rows, original, _predicted(subject, moved)[place]))
    return int((off > TOLERANCE).sum())


def _scores(asked: Dataset, predictions: Mapping[str, Floats]) -> dict[str, Any]:
    known = ~np.isnan(asked.label)
    found: dict[str, float | None] = {}
    for name, prediction in predictions.items():
        both = known & is_predicted(prediction)
        score = headline(asked.task, asked.label[both], prediction[both]) if both.any() else np.nan
        found[name] = float(score) if np.isfinite(score) else None
    return {"scored": int(known.sum()), "headline": HEADLINE[asked.task], "scores": found}


def _files(contents: Mapping[str, bytes]) -> dict[str, Any]:
    return {
        "sizes": {name: len(content) for name, content in contents.items()},
        "hashes": {name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
    }


def _quantised(graph: bytes) -> tuple[bytes, str]:
    """The graph in eight bits, or why there is none."""
    try:
        small = writer.quantised(graph)
    except DataError as error:
        return b"", str(error)
    if len(small) < len(graph):
        return small, ""
    return b"", (
        f"In eight bits the graph would be larger, {len(small) / 1000:,.1f} kB for {len(graph) / 1000:,.1f} kB: its "
        "layers are so small that what quantisation adds is more than it saves."
    )
