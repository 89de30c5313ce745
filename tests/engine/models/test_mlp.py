"""The network: layers, windows, threads, early stopping and the errors of a bad request."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from scipy.special import expit

from engine.core.errors import DataError, DeviceError, SpecError
from engine.models.artifact import to_tensors
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.mlp import Mlp

QUICK = Mlp(hidden=(6, 4), epochs=4, early_stopping=0)


def noise(rows: int, seed: int) -> Dataset:
    random = np.random.default_rng(seed)
    return from_arrays(random.normal(size=(rows, 2)), random.integers(0, 2, rows).astype(np.float64))


def test_the_artifact_holds_the_layers_that_were_asked_for() -> None:
    tensors = to_tensors(QUICK.fit(noise(200, 0), None, 0).artifact)
    shapes = {name: array.shape for name, array in tensors.items() if name.startswith("weight")}
    assert shapes == {"weight.0": (6, 2), "weight.1": (4, 6), "weight.2": (1, 4)}
    linear = to_tensors(QUICK.model_copy(update={"hidden": ()}).fit(noise(200, 0), None, 0).artifact)
    assert linear["weight.0"].shape == (1, 2)


def test_predictions_are_those_of_the_weights() -> None:
    """Computed again in NumPy from the artifact alone."""
    model, test = QUICK.model_copy(update={"window": 3}), noise(80, 3)
    artifact = model.fit(noise(300, 0), None, 0).artifact
    tensors = to_tensors(artifact)
    scaled = (test.matrix - tensors["mean"]) / tensors["scale"]
    passed = np.array([scaled[row - 2 : row + 1].ravel() for row in range(2, 80)])
    for number in range(3):
        passed = passed @ tensors[f"weight.{number}"].T + tensors[f"bias.{number}"]
        passed = np.maximum(passed, 0) if number < 2 else passed
    np.testing.assert_allclose(model.predict(artifact, test)[2:], expit(passed[:, 0]), rtol=1e-4)


def test_the_seed_decides() -> None:
    first, again, other = (QUICK.fit(noise(200, 0), None, seed).artifact.digest for seed in (1, 1, 2))
    assert first == again != other


def test_the_number_of_threads_does_not_matter_and_is_left_as_it_was() -> None:
    import torch

    before, found = torch.get_num_threads(), set()
    try:
        for threads in (1, 2):
            torch.set_num_threads(threads)
            found.add(QUICK.fit(noise(3000, 0), None, 0).artifact.digest)
            assert torch.get_num_threads() == threads
    finally:
        torch.set_num_threads(before)
    assert len(found) == 1


def test_the_random_state_of_the_process_is_neither_read_nor_changed() -> None:
    import torch

    torch.manual_seed(5)
    state = torch.random.get_rng_state()
    first = QUICK.fit(noise(200, 0), None, 0).artifact.digest
    assert torch.equal(torch.random.get_rng_state(), state)
    torch.manual_seed(6)
    assert QUICK.fit(noise(200, 0), None, 0).artifact.digest == first


def test_early_stopping_keeps_the_epoch_with_the_lowest_loss() -> None:
    model = Mlp(hidden=(16,), epochs=60, early_stopping=4, learning_rate=0.05)
    later = noise(200, 1)
    fitted = model.fit(noise(300, 0), later, 0)
    assert fitted.best_step == fitted.validation_loss.argmin() + 1
    assert len(fitted.validation_loss) == fitted.best_step + 4 < 60
    probability = model.predict(fitted.artifact, later)
    loss = -np.mean(np.log(np.where(later.label == 1, probability, 1 - probability)))
    assert fitted.validation_loss.min() == pytest.approx(loss, rel=1e-4)


def test_losses_of_a_number_are_in_its_unit() -> None:
    train = noise(500, 0)
    number = replace(train, task="regression", classes=(), label=0.01 * train.matrix[:, 0] + 3)
    fitted = Mlp(epochs=40, early_stopping=0, learning_rate=0.01).fit(number, None, 0)
    assert fitted.train_loss[0] == pytest.approx(number.label.var(), rel=0.9)
    assert fitted.train_loss[-1] < 0.05 * number.label.var()


def test_a_learning_rate_that_explodes_is_told_in_a_sentence() -> None:
    train = noise(500, 0)
    number = replace(train, task="regression", classes=(), label=train.matrix[:, 0] ** 3)
    model = Mlp(hidden=(64, 64, 64, 64), epochs=300, early_stopping=0, learning_rate=1.0, weight_decay=10)
    with pytest.raises(DataError, match=r"The loss of epoch \d+ is not a number: lower the learning rate"):
        model.fit(number, None, 0)


def test_fewer_rows_than_a_window_are_told_in_a_sentence() -> None:
    with pytest.raises(DataError, match="No window of 50 bars fits into the 30 rows without a gap"):
        QUICK.model_copy(update={"window": 50}).fit(noise(30, 0), None, 0)


def test_a_device_that_is_not_there_is_told_in_a_sentence() -> None:
    from engine import devices

    absent = next(name for name in ("cuda", "mps") if f"torch:{name}" in devices.missing())
    with pytest.raises(DeviceError, match=f"torch:{absent} is not on this machine"):
        QUICK.fit(noise(30, 0), None, 0, absent)


def test_only_a_cpu_gives_the_same_bits() -> None:
    assert Mlp(device="cuda").processor() == "cuda"
    assert Mlp(device="cuda").reproducibility("cuda") == "seeded"
    assert QUICK.reproducibility(QUICK.processor()) == "bit-identical"


@pytest.mark.parametrize("hidden", [(0,), (5000,), tuple([8] * 9)])
def test_layers_have_bounds(hidden: tuple[int, ...]) -> None:
    with pytest.raises(SpecError) as caught:
        Mlp.parse({"kind": "mlp", "hidden": list(hidden)})
    assert caught.value.problems[0][0].startswith("hidden")


def test_the_label_names_its_layers() -> None:
    assert Mlp(hidden=(64, 32)).label() == "MLP 64-32"
    assert Mlp(hidden=(), window=20).label() == "MLP linear on 20 bars"
