"""A training that is killed at the end of any epoch and goes on: to the bits of one that was not."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from engine.core.errors import Cancelled
from engine.models import TrainingStep
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.gru import Gru
from engine.models.kinds.mlp import Mlp
from engine.models.neural.checkpoints import Checkpoints
from engine.models.neural.kind import Neural

EPOCHS = 5
SHARED: dict[str, Any] = {
    "epochs": EPOCHS, "batch_size": 16, "dropout": 0.3, "mixup": 0.4, "schedule": "plateau", "step_epochs": 1,
}  # fmt: skip
MODELS: dict[str, Neural] = {
    "mlp, batch norm": Mlp(**SHARED, hidden=(4,), normalisation="batch"),
    "gru, sgd": Gru(**SHARED, window=3, units=(3,), optimiser="sgd"),
    "mlx": Mlp(**SHARED, hidden=(4,), framework="mlx"),
    "without early stopping": Mlp(**SHARED, hidden=(4,), early_stopping=0),
}


@pytest.fixture(autouse=True)
def _at_every_epoch(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Checkpoints, "due", lambda self: True)


def data(seed: int) -> Dataset:
    random = np.random.default_rng(seed)
    return from_arrays(random.standard_normal((60, 2)), random.integers(0, 2, 60).astype(np.float64))


class Killed:
    """Ends the training after an epoch, whatever it would do then."""

    def __init__(self, after: int) -> None:
        self.after = after

    def __call__(self, step: TrainingStep) -> None:
        if step.done == self.after:
            raise Cancelled("Killed.")


@pytest.mark.parametrize("model", MODELS.values(), ids=MODELS)
def test_it_ends_at_the_same_bits(model: Neural, tmp_path: Path) -> None:
    later = data(1) if model.wants_validation() else None
    whole = model.fit(data(0), later, 3)
    for epoch in range(1, EPOCHS + 1):
        folder, seen = tmp_path / str(epoch), list[TrainingStep]()
        if epoch <= len(whole.train_loss):
            with pytest.raises(Cancelled):
                model.resume(data(0), later, 3, "cpu", Killed(epoch), folder)
        resumed = model.resume(data(0), later, 3, "cpu", seen.append, folder)
        assert resumed.artifact.digest == whole.artifact.digest
        np.testing.assert_array_equal(resumed.train_loss, whole.train_loss)
        np.testing.assert_array_equal(resumed.validation_loss, whole.validation_loss)
        assert resumed.best_step == whole.best_step
        assert [step.done for step in seen] == list(range(1, len(whole.train_loss) + 1))


def test_what_was_done_is_not_done_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from engine.models.neural.loop import Loop

    model, run, done = MODELS["without early stopping"], Loop._epoch, []

    def counted(self: Loop) -> None:
        done.append(self.course.epoch)
        run(self)

    monkeypatch.setattr(Loop, "_epoch", counted)
    with pytest.raises(Cancelled):
        model.resume(data(0), None, 3, "cpu", Killed(3), tmp_path)
    model.resume(data(0), None, 3, "cpu", None, tmp_path)
    assert done == [0, 1, 2, 3, 4]


KILL = """
import os, sys
from pathlib import Path
from engine.models.neural.checkpoints import Checkpoints
from tests.engine.models.neural.test_checkpoints import MODELS, data
Checkpoints.due = lambda self: True
def kill(step):
    if step.done == 2:
        os.kill(os.getpid(), 9)
MODELS["mlx"].resume(data(0), data(1), 3, "cpu", kill, Path(sys.argv[1]))
"""


def test_a_process_that_is_killed_leaves_what_another_goes_on_from(tmp_path: Path) -> None:
    done = subprocess.run([sys.executable, "-c", KILL, str(tmp_path)], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr.decode()
    assert Checkpoints(tmp_path).last() is not None
    model = MODELS["mlx"]
    resumed = model.resume(data(0), data(1), 3, "cpu", None, tmp_path)
    assert resumed.artifact.digest == model.fit(data(0), data(1), 3).artifact.digest


@pytest.mark.parametrize("damage", ["bit", "cut", "json", "missing"])
def test_a_damaged_checkpoint_is_not_gone_on_from(damage: str, tmp_path: Path) -> None:
    place = Checkpoints(tmp_path)
    place.keep({"a": np.arange(5.0)}, {"epoch": 2})
    tensors, state = place.last() or ({}, {})
    assert (tensors["a"].tolist(), state) == ([0, 1, 2, 3, 4], {"epoch": 2})
    (path,) = tmp_path.glob("*.safetensors")
    content = bytearray(path.read_bytes())
    content[-3] ^= 1
    if damage == "json":
        (tmp_path / "checkpoint.json").write_text("{")
    elif damage == "missing":
        path.unlink()
    else:
        path.write_bytes(content if damage == "bit" else content[:-5])
    assert place.last() is None


def test_one_checkpoint_is_kept(tmp_path: Path) -> None:
    place = Checkpoints(tmp_path)
    for epoch in range(4):
        place.keep({"a": np.full(3, float(epoch))}, {"epoch": epoch})
    assert len(list(tmp_path.iterdir())) == 2
    stored = place.last()
    assert stored is not None
    assert stored[1] == {"epoch": 3}
    place.remove()
    assert place.last() is None


def test_it_is_written_seldom(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.undo()
    assert not Checkpoints(tmp_path).due()
    assert Checkpoints(tmp_path, seconds=0).due()
