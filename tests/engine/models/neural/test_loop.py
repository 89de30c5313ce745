"""The loop: batches, steps, schedules, stopping, curves and what it says where a training fails."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from engine.core.errors import DataError, DeviceError, SpecError
from engine.models import MODELS, Fitted
from engine.models.artifact import to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.attention_rnn import AttentionRnn
from engine.models.kinds.gru import Gru
from engine.models.kinds.lstm import Lstm
from engine.models.kinds.mlp import Mlp
from engine.models.neural import rows as rows_module
from engine.models.neural.kind import Neural
from engine.models.neural.loop import Loop
from engine.models.neural.rows import Gathered
from engine.models.scaling import Scaling
from tests.support.networks import arrays_of, largest_difference

QUICK: dict[str, Any] = {"hidden": (4,), "epochs": 3, "early_stopping": 0, "batch_size": 32}
NEURAL = [cls for cls in MODELS.available().values() if issubclass(cls, Neural)]
LEAST = {"epochs": 2, "early_stopping": 0, "window": 3, "batch_size": 20}


def data(count: int = 96, seed: int = 0, task: str = "binary") -> Dataset:
    random = np.random.default_rng(seed)
    values = random.standard_normal((count, 2))
    label = values[:, 0] + random.standard_normal(count)
    classes = ("down", "up") if task == "binary" else ()
    return from_arrays(values, (label > 0) * 1.0 if task == "binary" else label, task=task, classes=classes)  # type: ignore[arg-type]


def weights(fitted: Fitted) -> dict[str, np.ndarray]:
    return to_tensors(fitted.artifact)


def fit(rows: Dataset | None = None, **settings: Any) -> Fitted:
    return Mlp(**(QUICK | settings)).fit(data() if rows is None else rows, None, 0)


def loop(model: Neural, rows: Dataset, later: Dataset | None = None) -> Loop:
    with model.training_on(rows, 0, "cpu") as (trainer, made):
        return Loop(trainer, made, later and made.alike(later), 0)


@pytest.mark.parametrize("model", NEURAL, ids=lambda cls: cls.__name__)
def test_a_model_of_one_framework_predicts_alike_in_the_other(model: type[Neural]) -> None:
    trained = model.parse(LEAST | {"framework": "mlx"})
    artifact = trained.fit(data(60), None, 0).artifact
    other = trained.model_copy(update={"framework": "torch"})
    np.testing.assert_allclose(trained.predict(artifact, data(40)), other.predict(artifact, data(40)), atol=1e-5)


@pytest.mark.parametrize("model", NEURAL, ids=lambda cls: cls.__name__)
def test_a_training_is_the_same_in_either_framework(model: type[Neural]) -> None:
    """But for Adam, which blows up what is nothing but rounding, such as the gradient of a key's bias."""
    asked = LEAST | {"optimiser": "sgd"}
    ends = [model.parse(asked | {"framework": name}).fit(data(60), None, 0) for name in ("torch", "mlx")]
    np.testing.assert_allclose(ends[0].train_loss, ends[1].train_loss, rtol=1e-4)
    assert largest_difference(weights(ends[0]), weights(ends[1])) < 1e-3


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_two_batches_a_step_are_one_batch_of_twice_the_size(framework: str) -> None:
    one = fit(batch_size=32, accumulation=2, framework=framework, clip_norm=0.3)
    other = fit(batch_size=64, framework=framework, clip_norm=0.3)
    assert largest_difference(weights(one), weights(other)) < 1e-5
    np.testing.assert_allclose(one.gradient_norm, other.gradient_norm, rtol=1e-4)


def test_a_last_smaller_batch_counts_by_its_rows() -> None:
    one, other = fit(data(80), batch_size=50, accumulation=2), fit(data(80), batch_size=80)
    assert largest_difference(weights(one), weights(other)) < 1e-5
    np.testing.assert_allclose(one.train_loss, other.train_loss, rtol=1e-5)


def test_the_norm_of_the_gradient_is_recorded_before_it_is_cut() -> None:
    plain: dict[str, Any] = {"optimiser": "sgd", "momentum": 0, "weight_decay": 0}
    free, cut = fit(**plain), fit(**plain, clip_norm=1e-3)
    assert free.gradient_norm.shape == (3,)
    assert free.gradient_norm[0] == pytest.approx(cut.gradient_norm[0], rel=0.05)
    begun = loop(Mlp(**QUICK), data()).trainer.weights()
    moved = [np.sqrt(sum(((weights(one)[name] - begun[name]) ** 2).sum() for name in begun)) for one in (free, cut)]
    assert moved[1] < 9.1 * 0.003 * 1e-3 < moved[0]  # nine steps of the learning rate times the norm


def test_early_stopping_needs_the_least_improvement() -> None:
    rows, later = data(200), data(200, 1)
    settings = QUICK | {"epochs": 40, "early_stopping": 3, "learning_rate": 0.01}
    easy, strict = (Mlp(**settings, min_delta=delta).fit(rows, later, 0) for delta in (0.0, 0.05))
    assert len(strict.validation_loss) < len(easy.validation_loss)
    best = 0
    for epoch, loss in enumerate(strict.validation_loss):
        best = epoch if epoch == 0 or loss < 0.95 * strict.validation_loss[best] else best
    assert strict.best_step == best + 1 == len(strict.validation_loss) - 3


def test_on_a_plateau_the_learning_rate_falls() -> None:
    model = Mlp(**(QUICK | {"epochs": 8, "schedule": "plateau", "step_epochs": 2, "min_delta": 0.9}))
    made = loop(model, data(), data(seed=1))
    made.run()
    assert made.course.learning_rate == pytest.approx(0.003 * np.array([1, 1, 1, 0.5, 0.5, 0.25, 0.25, 0.125]))


def test_the_learning_rate_follows_its_schedule_step_by_step() -> None:
    made = loop(Mlp(**(QUICK | {"epochs": 4, "schedule": "cosine", "warmup": 1})), data())
    made.run()
    assert made.course.step == 4 * 3
    assert made.course.learning_rate[0] == pytest.approx(0.003 * 5 / 6)
    assert made.course.learning_rate[-1] == pytest.approx(0.003 * (1 + np.cos(np.pi * (1 - 1 / 18))) / 2)


def test_weight_decay_and_l1_shrink_layers_and_leave_biases() -> None:
    penalties: list[dict[str, float]] = [{"weight_decay": 0}, {"weight_decay": 10}, {"weight_decay": 0, "l1": 0.5}]
    plain, decayed, sparse = (fit(learning_rate=0.02, **penalty) for penalty in penalties)
    for other in (decayed, sparse):
        assert np.abs(weights(other)["weight.0"]).sum() < 0.9 * np.abs(weights(plain)["weight.0"]).sum()


def test_balanced_classes_count_alike() -> None:
    rows = data(400)
    label = ((rows.matrix[:, 0] > 1.2) * 1.0) * (np.arange(400) % 3 > 0)
    rare = from_arrays(rows.matrix, label)
    settings = {"hidden": (), "epochs": 60, "learning_rate": 0.05}
    plain, balanced = (
        Mlp(**(QUICK | settings), class_weights=how).predict(fit(rare, **settings, class_weights=how).artifact, rare)
        for how in ("none", "balanced")
    )
    assert plain.mean() == pytest.approx(label.mean(), abs=0.02)
    weight = np.where(label == 1, 1 / label.mean(), 1 / (1 - label.mean())) / 2
    assert np.average(balanced, weights=weight) == pytest.approx(0.5, abs=0.03)


def test_mixup_mixes_rows_targets_and_weights_alike() -> None:
    arrays = arrays_of("torch")
    values = arrays.place(np.arange(6.0)[:, None])
    mixed = rows_module.mixed(
        rows_module.Batch(values, values[:, 0], values[:, 0]), arrays, 0.5, np.random.default_rng(1)
    )
    assert not np.array_equal(arrays.to_numpy(mixed.targets), np.arange(6.0))
    np.testing.assert_array_equal(mixed.values[:, 0], mixed.targets)
    np.testing.assert_array_equal(mixed.weight, mixed.targets)
    assert float(mixed.targets.mean()) == pytest.approx(2.5)
    assert largest_difference(weights(fit(mixup=1.0)), weights(fit())) > 1e-4


def test_a_quantile_is_predicted() -> None:
    random = np.random.default_rng(0)
    rows = from_arrays(random.standard_normal((2000, 1)), random.standard_normal(2000), task="regression", classes=())
    model = Mlp(hidden=(), epochs=20, early_stopping=0, learning_rate=0.02, number_loss="quantile", quantile=0.9)
    share = np.mean(rows.label < model.predict(model.fit(rows, None, 0).artifact, rows))
    assert share == pytest.approx(0.9, abs=0.02)


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_dropout_follows_from_the_seed(framework: str) -> None:
    settings = {"dropout": 0.5, "framework": framework}
    assert fit(**settings).artifact.digest == fit(**settings).artifact.digest
    assert largest_difference(weights(fit(**settings)), weights(fit(framework=framework))) > 1e-3


@pytest.mark.parametrize("framework", ["torch", "mlx"])
def test_large_matrices_are_scaled_batch_by_batch_to_the_same_bits(
    framework: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    model = Gru(window=4, units=(3,), epochs=2, early_stopping=0, batch_size=16, framework=framework)
    resident = model.fit(data(), None, 0).artifact.digest
    monkeypatch.setattr(rows_module, "RESIDENT", 0)
    assert model.fit(data(), None, 0).artifact.digest == resident


def test_windows_are_those_of_the_data_scaled() -> None:
    rows = data(50).where(np.arange(50) != 20)
    scaling = Scaling.of(rows)
    gathered = Gathered(rows, 4, scaling, arrays_of("torch"))
    expected = ((rows.windows(4).batch(slice(None)) - scaling.mean) / scaling.scale).astype(np.float32)
    np.testing.assert_array_equal(gathered.on_host(slice(None)), expected)
    np.testing.assert_array_equal(gathered.values(np.arange(len(gathered))), expected)


def test_scaling_is_that_of_the_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.models import scaling

    monkeypatch.setattr(scaling, "_BLOCK", 7)
    rows = data(50).where(np.arange(50) % 3 > 0)
    found = Scaling.of(rows)
    np.testing.assert_allclose(found.mean, rows.values.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.scale, rows.values.std(axis=0), rtol=1e-12)


def test_attention_can_be_looked_at() -> None:
    model = AttentionRnn(window=3, units=(4,), epochs=2, early_stopping=0)
    share = model.attention(model.fit(data(), None, 0).artifact, data(30))
    assert share.shape == (30, 3)
    assert np.isnan(share[:2]).all()
    np.testing.assert_allclose(share[2:].sum(axis=1), 1, rtol=1e-5)


def test_a_loss_that_is_not_a_number_is_told_with_the_learning_rate() -> None:
    rows = data(task="regression")
    wild = from_arrays(rows.matrix * 1e6, rows.matrix[:, 0] ** 3, task="regression", classes=())
    with pytest.raises(
        DataError, match=r"epoch \d+ is not a number: lower the learning rate, which was 1, or cut long"
    ):
        fit(wild, hidden=(64, 64, 64), epochs=300, learning_rate=1.0, optimiser="sgd")


def test_a_model_of_another_shape_is_refused() -> None:
    with pytest.raises(DataError, match="other layers than its request describes: train it again"):
        Mlp(**(QUICK | {"hidden": (5,)})).predict(fit().artifact, data())


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"framework": "mlx", "device": "cuda"}, "MLX does not compute on 'cuda': choose cpu or gpu"),
        ({"framework": "torch", "device": "gpu"}, "torch does not compute on 'gpu': choose cpu or cuda or mps"),
    ],
)
def test_a_device_of_another_framework_is_refused(values: dict[str, str], sentence: str) -> None:
    with pytest.raises(SpecError, match=sentence):
        Mlp.parse(values)


def test_a_device_that_is_not_there_is_told_in_a_sentence() -> None:
    from engine import devices

    if "mlx:gpu" in devices.missing():
        with pytest.raises(DeviceError, match="mlx:gpu is not on this machine"):
            Mlp(framework="mlx", device="gpu").fit(data(), None, 0, "gpu")


def test_a_bidirectional_layer_is_refused() -> None:
    for kind in ("rnn", "lstm", "gru", "attention_rnn"):
        with pytest.raises(SpecError, match="each bar would be told what comes after it: leave bidirectional out"):
            MODELS.parse({"kind": kind, "bidirectional": True})


def test_a_width_that_heads_do_not_divide_is_refused() -> None:
    with pytest.raises(SpecError, match="A width of 10 cannot be divided among 4 heads"):
        MODELS.parse({"kind": "transformer", "width": 10})


def test_requests_of_before_still_open() -> None:
    """The MLP as it was stored when it had a loop of its own."""
    stored = {
        "kind": "mlp", "hidden": [32, 16], "window": 1, "epochs": 30, "batch_size": 256, "learning_rate": 0.003,
        "weight_decay": 0.01, "early_stopping": 5, "device": "cpu",
    }  # fmt: skip
    assert MODELS.parse(stored) == Mlp()


def test_labels_name_the_shape() -> None:
    assert Lstm(units=(64, 32), window=60).label() == "LSTM 64-32 on 60 bars"
