"""Graphs of every kind of model against the model itself, and the certificate of one."""

from __future__ import annotations

from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
import pytest
from scipy.special import expit
from sklearn.metrics import roc_auc_score

pytest.importorskip("onnx", reason="graphs need onnx: pip install 'stratoscope[onnx]'")
pytest.importorskip("onnxruntime", reason="graphs need onnxruntime: pip install 'stratoscope[onnx]'")

from engine.core.errors import DataError, DeviceError
from engine.features.processing import UNPROCESSED, fit
from engine.features.processors import PROCESSORS
from engine.labels import Task
from engine.models import MODELS, Model
from engine.models.artifact import Artifact
from engine.models.dataset import Dataset, from_arrays
from engine.models.export import exporting, writer
from engine.models.export.certificate import TOLERANCE
from engine.models.export.exporting import Exported, Subject, export
from engine.models.kinds.lightgbm import LightGbm, trees_of
from engine.models.kinds.linear import Linear
from engine.models.kinds.lstm import Lstm
from engine.models.kinds.mlp import Mlp
from engine.models.symbol import Symbol

ROWS = 240
CLASSES: dict[Task, tuple[str, ...]] = {"binary": ("down", "up"), "multiclass": ("a", "b", "c"), "regression": ()}
SMALL: dict[str, Any] = {"epochs": 1, "batch_size": 64, "window": 4, "rounds": 12, "trees": 8, "iterations": 8}
FIRST: dict[str, Any] = {"early_stopping": 0}


def sample(task: Task = "binary", rows: int = ROWS, seed: int = 0) -> Dataset:
    random = np.random.default_rng(seed)
    values = random.standard_normal((rows, 3)) * [1, 50, 0.01] + [0, 100, 0]
    outcome = values[:, 0] + random.standard_normal(rows)
    label = {"binary": outcome > 0, "multiclass": 1.0 + (outcome > 0.5) - (outcome < -0.5), "regression": outcome / 100}
    return from_arrays(values, np.asarray(label[task], dtype=np.float64), task=task, classes=CLASSES[task])


def subject_of(model: Model, train: Dataset, *processors: dict[str, Any]) -> Subject:
    fitted = fit([PROCESSORS.parse(item) for item in processors], train.values) if processors else UNPROCESSED
    rows = train.processed(fitted)
    artifact = model.fit(rows, rows if model.wants_validation() else None, 0).artifact
    return Subject(model, artifact, fitted, {"model": "mine@1", "run": "0" * 64, "features": ("one", "two", "three")})


def exported(model: Model, train: Dataset, rows: Dataset, *processors: dict[str, Any], int8: bool = False) -> Exported:
    return export(subject_of(model, train, *processors), rows, ("ONE",), int8=int8)


def small(kind: str, **fields: Any) -> Model:
    cls = MODELS.get(kind)
    if missing := cls().missing():
        pytest.skip(missing)
    known = {name: value for name, value in (SMALL | FIRST).items() if name in cls.model_fields}
    return MODELS.parse({"kind": kind} | known | fields)


@pytest.mark.parametrize(
    ("kind", "task"),
    [(kind, task) for kind, cls in MODELS.available().items() for task in CLASSES if task in cls.tasks],
)
def test_every_kind_predicts_the_same_as_a_graph(kind: str, task: Task) -> None:
    """A kind that has no such form says so, and none of the engine's does."""
    found = exported(small(kind), sample(task), sample(task, seed=1))
    assert found.certificate.worst <= TOLERANCE / 10
    assert found.certificate.rows == ROWS - small(kind).lookback() + 1


@pytest.mark.parametrize(
    "fields",
    [
        {"kind": "mlp", "activation": "gelu", "normalisation": "batch"},
        {"kind": "mlp", "activation": "silu", "normalisation": "layer", "window": 1},
        {"kind": "mlp", "activation": "elu", "hidden": ()},
        {"kind": "mlp", "activation": "tanh"},
        {"kind": "lstm", "units": (5, 3), "normalisation": "layer"},
        {"kind": "gru", "units": (5, 3)},
        {"kind": "attention_rnn", "units_of": "lstm"},
        {"kind": "tcn", "separable": True, "channels": (4, 4)},
        {"kind": "svm", "kernel": "linear"},
        {"kind": "forest", "depth": 2},
    ],
    ids=lambda fields: "-".join(map(str, fields.values())),
)
def test_every_layer_is_written_as_it_is(fields: dict[str, Any]) -> None:
    rest = {name: value for name, value in fields.items() if name != "kind"}
    model = small({"forest": "random_forest"}.get(fields["kind"], fields["kind"]), **rest)
    assert exported(model, sample(), sample(seed=1)).certificate.worst <= TOLERANCE / 10


@pytest.mark.parametrize("combine", ["mean", "weighted", "vote", "stacking"])
@pytest.mark.parametrize("task", CLASSES)
def test_an_ensemble_of_rows_and_windows_is_one_graph(combine: str, task: Task) -> None:
    if (combine, task) == ("vote", "regression"):
        return
    members = [small("linear"), small("lightgbm"), small("gru")]
    model = MODELS.parse({"kind": "ensemble", "combine": combine, "members": members, "folds": 2})
    found = exported(model, sample(task), sample(task, seed=1))
    assert found.certificate.window == 4
    assert found.certificate.worst <= TOLERANCE / 10


def prices(rows: int, seed: int) -> Dataset:
    """Closes near 100,000 in hundredths, and two of their means: in float32 a hundredth is a step or two."""
    random = np.random.default_rng(seed)
    close = np.round(100_000 + np.cumsum(random.standard_normal(rows)) * 0.05, 2)
    values = np.column_stack(
        [close, np.round(close - 0.03, 2), np.round(close + random.integers(-3, 4, rows) / 100, 2)]
    )
    return from_arrays(values, (values[:, 2] > values[:, 0]).astype(np.float64))


def test_prices_in_hundredths_are_predicted_the_same() -> None:
    """The trap of graphs that compare in float32: of these rows many would go the other way at a threshold."""
    train, rows = prices(3_000, 0), prices(2_000, 0)
    model = LightGbm(rounds=60, early_stopping=0, leaves=31, min_data_in_leaf=5)
    subject = subject_of(model, train)
    found = export(subject, rows, ("ONE",))
    assert found.certificate.worst <= 1e-7
    trees = trees_of(subject.artifact.content.decode())
    rough = replace(trees, threshold=trees.threshold.astype(np.float32).astype(np.float64))
    score, single = sum(trees.values(rows.values)), sum(rough.values(rows.values.astype(np.float32)))
    otherwise = int((np.abs(expit(single) - expit(score))[:, 0] > TOLERANCE).sum())
    assert otherwise > 10
    assert found.certificate.on_thresholds >= otherwise
    assert "pass the features in float64" in " ".join(found.certificate.sentences())


class InSingle(LightGbm):
    """Thresholds and rows in float32, as most exporters have them."""

    def traced(self, artifact: Artifact, x: Symbol, task: Task, outputs: int) -> Symbol:
        trees = trees_of(artifact.content.decode())
        rough = replace(trees, threshold=trees.threshold.astype(np.float32).astype(np.float64))
        scores = rough.traced(x.astype(np.float32).astype(np.float64), np.zeros(outputs))
        return scores[:, 0].elementwise("Sigmoid")


def test_a_graph_that_predicts_otherwise_is_refused_with_its_worst_row() -> None:
    train, rows = prices(3_000, 0), prices(2_000, 0)
    model = InSingle(rounds=60, early_stopping=0, leaves=31, min_data_in_leaf=5)
    with pytest.raises(DataError, match=r"is refused: [\d,]+ of 2,000 rows differ by .* The worst is ONE at 20\d\d-"):
        exported(model, train, rows)


class Unwritten(Linear):
    traced: ClassVar[Any] = Model.traced


def test_a_model_without_such_a_form_says_so() -> None:
    with pytest.raises(DataError, match="Linear cannot be written as a graph of ONNX"):
        exported(Unwritten(), sample(), sample())


@pytest.mark.parametrize(
    "model",
    [LightGbm(rounds=10, early_stopping=0), Mlp(epochs=1, window=3, early_stopping=0)],
    ids=lambda model: model.kind,
)
def test_processors_are_part_of_the_graph(model: Model) -> None:
    train, rows = sample(), sample(seed=1)
    for data in (train, rows):
        data.matrix[::9, 1] = np.nan
        data.matrix[5, 0] = np.inf
    chain = ({"kind": "winsorise", "share": 0.05}, {"kind": "impute"}, {"kind": "robust"}, {"kind": "zscore"},
             {"kind": "min_max"})  # fmt: skip
    found = exported(model, train, rows, *chain)
    assert len(found.certificate.processors_within) == 5
    assert found.certificate.processors_before == ()
    assert found.certificate.worst <= TOLERANCE / 10


def test_ranks_are_part_of_a_graph_of_rows() -> None:
    """With values that many training rows share, at the ends too, and beyond what these had."""
    train, rows = sample(), sample(seed=1)
    for data in (train, rows):
        data.matrix[:, 1] = np.clip(np.round(data.matrix[:, 1] / 50), -1, 3)
    found = exported(LightGbm(rounds=20, early_stopping=0), train, rows, {"kind": "rank"}, {"kind": "zscore"})
    assert found.certificate.processors_within == ("rank", "z-score")
    assert found.certificate.worst <= TOLERANCE / 10


def test_what_a_graph_cannot_say_is_applied_before_it() -> None:
    train, rows = sample(), sample(seed=1)
    model = Mlp(epochs=1, window=3, early_stopping=0)
    found = exported(model, train, rows, {"kind": "zscore"}, {"kind": "rank"}, {"kind": "min_max"}).certificate
    assert found.processors_before == ("z-score", "rank")
    assert found.processors_within == ("min-max",)
    assert "Apply before it, as fitted with the model: z-score, rank." in found.sentences()


def test_the_certificate_says_what_was_compared() -> None:
    train, rows = sample(), sample(seed=1)
    rows = replace(rows, label=np.where(np.arange(ROWS) < 200, rows.label, np.nan))
    model = Mlp(hidden=(128, 64), epochs=2, window=3, early_stopping=0)
    subject = subject_of(model, train)
    found = export(subject, rows, ("ONE",), int8=True)
    told = found.certificate
    assert (told.rows, told.scored, told.window) == (ROWS - 2, 198, 3)
    assert (told.start, told.end) == (str(rows.time[2]), str(rows.time[-1]))
    expected = roc_auc_score(rows.label[2:200], model.predict(subject.artifact, rows)[2:200])
    assert told.scores["model"] == pytest.approx(expected)
    assert told.scores["onnx"] == pytest.approx(expected, abs=1e-3)
    windows = rows.windows(3).batch(slice(None))
    eighth = np.concatenate([writer.run(found.int8, windows[at : at + 1]) for at in range(len(windows))])
    assert told.scores["int8"] == pytest.approx(roc_auc_score(rows.label[2:200], eighth[:198]))
    assert 1e-5 < told.int8_worst == pytest.approx(np.abs(eighth - model.predict(subject.artifact, rows)[2:]).max())
    assert told.sizes == {"model": len(subject.artifact.content), "onnx": len(found.graph), "int8": len(found.int8)}
    assert told.sizes["int8"] < 0.5 * told.sizes["onnx"]
    at = int(np.abs(model.predict(subject.artifact, rows)[2:] - writer.run(found.graph, windows)).argmax())
    assert told.worst_time == str(rows.time[2 + at])
    assert told.worst_model == model.predict(subject.artifact, rows)[2 + at]


def test_an_lstm_gets_eight_bits_and_trees_do_not() -> None:
    assert exported(Lstm(epochs=1, window=3, early_stopping=0), sample(), sample(), int8=True).int8
    found = exported(LightGbm(rounds=3, early_stopping=0), sample(), sample(), int8=True)
    assert found.int8 == b""
    assert "no layers whose weights could have eight bits" in found.certificate.int8_refused
    small = exported(Mlp(hidden=(4,), epochs=1, window=1, early_stopping=0), sample(), sample(), int8=True)
    assert small.int8 == b""
    assert "would be larger" in small.certificate.int8_refused
    assert "int8" not in small.certificate.sizes


def test_a_missing_package_is_said(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(writer, "find_spec", lambda name: None)
    with pytest.raises(DeviceError, match=r"pip install 'stratoscope\[onnx\]'"):
        exported(Linear(), sample(), sample())


def test_an_unknown_prediction_is_no_agreement(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(exporting.writer, "run", lambda graph, values: np.full(len(values), np.nan))
    with pytest.raises(DataError, match="is refused: 240 of 240 rows"):
        exported(Linear(), sample(), sample())
