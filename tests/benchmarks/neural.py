"""Training of networks: ours against a bare loop of each framework, torch against MLX, and the memory of windows.

``python -m tests.benchmarks.neural`` prints its rows. Both loops make the same steps on the same batches of the same
rows: ours gathers windows from the matrix, the bare one has them all in memory. Times are of the processor, which other
work on the machine disturbs less. Memory is measured in a process of its own, from before the matrix is made.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np

from engine.core.errors import Cancelled
from engine.models import MODELS
from engine.models.dataset import Dataset, from_arrays
from engine.models.kinds.lstm import Lstm
from engine.models.neural.device_gate import compare
from engine.models.neural.kind import Neural
from engine.models.neural.loop import Loop
from engine.models.neural.mlx_arrays import MlxArrays
from tests.benchmarks.memory import peak_megabytes

FEATURES, WINDOW, UNITS, BATCH = 32, 60, 64, 256
STEPS = {"torch": 12, "mlx": 3}
SYMBOLS, BARS, WIDE = 500, 5_000, 100
"""The panel whose windows would take 60 GB."""


def main() -> None:
    for row in rows(5):
        print(f"| {' | '.join(row)} |")


def rows(runs: int) -> list[tuple[str, ...]]:
    """The rows of the table."""
    found = []
    for framework, bare in (("torch", torch_loop), ("mlx", mlx_loop)):
        data = sample(STEPS[framework])
        pairs = [(taken(ours(framework, data)), taken(bare(data))) for _ in range(runs + 1)][1:]
        ratios = [one / other for one, other in pairs]
        shown = f"{statistics.median(ratios):.2f} ({statistics.median(one for one, _ in pairs) * 1e3:.0f} ms a step)"
        what = f"LSTM {UNITS}, batch {BATCH} x {WINDOW} x {FEATURES}: our training step / a bare loop of {framework}"
        found.append((what, "1.10", shown, f"{min(ratios):.2f} to {max(ratios):.2f}"))
    gradients, outputs = parity()
    found.append(("same weights in torch and MLX, every network: largest difference of outputs", "1e-5", outputs, ""))
    found.append(("the same: of gradients, as a share of the largest", "1e-4", gradients, ""))
    return [*found, memory()]


def sample(steps: int) -> Dataset:
    random = np.random.default_rng(0)
    count = steps * BATCH + WINDOW - 1
    return from_arrays(random.standard_normal((count, FEATURES)), random.integers(0, 2, count).astype(np.float64))


def taken(epoch: tuple[Callable[[], Any], int]) -> float:
    """Seconds of the processor a step."""
    work, steps = epoch
    began = time.process_time()
    work()
    return (time.process_time() - began) / steps


def ours(framework: str, data: Dataset) -> tuple[Callable[[], Any], int]:
    asked = {"units": [UNITS], "window": WINDOW, "epochs": 1, "early_stopping": 0, "batch_size": BATCH}
    model = Lstm.parse(asked | {"framework": framework})
    return (lambda: model.fit(data, None, 0)), STEPS[framework]


def torch_loop(data: Dataset) -> tuple[Callable[[], Any], int]:
    import torch
    from torch import nn

    torch.set_num_threads(1)
    windows, label = materialised(data)
    x, y = torch.from_numpy(windows), torch.from_numpy(label)
    layer, head = nn.LSTM(FEATURES, UNITS, batch_first=True), nn.Linear(UNITS, 1)
    optimiser = torch.optim.AdamW([*layer.parameters(), *head.parameters()], lr=0.003)

    def epoch() -> None:
        for part in torch.randperm(len(x)).split(BATCH):
            optimiser.zero_grad()
            score = head(layer(x[part])[0][:, -1])[:, 0]
            nn.functional.binary_cross_entropy_with_logits(score, y[part]).backward()
            optimiser.step()

    return epoch, STEPS["torch"]


def mlx_loop(data: Dataset) -> tuple[Callable[[], Any], int]:
    import mlx.core as mx
    from mlx import nn, optimizers

    mx.set_default_device(mx.cpu)
    windows, label = materialised(data)
    x, y = mx.array(windows), mx.array(label)

    class Net(nn.Module):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.layer, self.head = nn.LSTM(FEATURES, UNITS), nn.Linear(UNITS, 1)

        def __call__(self, values: Any) -> Any:
            return self.head(self.layer(values)[0][:, -1])[:, 0]

    net, optimiser = Net(), optimizers.AdamW(0.003, bias_correction=True)
    step = nn.value_and_grad(net, lambda a, b: nn.losses.binary_cross_entropy(net(a), b))

    def epoch() -> None:
        order = np.random.default_rng(0).permutation(len(label))
        for start in range(0, len(order), BATCH):
            part = mx.array(order[start : start + BATCH])
            _, gradients = step(x[part], y[part])
            optimiser.update(net, gradients)
            mx.eval(net.parameters(), optimiser.state)

    return epoch, STEPS["mlx"]


def materialised(data: Dataset) -> tuple[np.ndarray, np.ndarray]:
    windows = data.windows(WINDOW)
    return windows.batch(slice(None)).astype(np.float32), data.label[windows.row].astype(np.float32)


def parity() -> tuple[str, str]:
    """The largest differences of gradients and of predictions over all kinds of networks."""
    random = np.random.default_rng(0)
    rows = from_arrays(random.standard_normal((90, 5)), random.integers(0, 2, 90).astype(np.float64))
    gradients, outputs = 0.0, 0.0
    for cls in MODELS.available().values():
        if not issubclass(cls, Neural):
            continue
        model = cls.parse({"epochs": 1, "early_stopping": 0})
        network, shape = model.network(5, 1), (model.lookback(), 5)
        gradients = max(gradients, compare(network, model.loss(rows), shape, MlxArrays("cpu")).difference)
        artifact = model.fit(rows, None, 0).artifact
        other = model.model_copy(update={"framework": "mlx"}).predict(artifact, rows)
        outputs = max(outputs, float(np.nanmax(np.abs(model.predict(artifact, rows) - other))))
    return f"{gradients:.0e}", f"{outputs:.0e}"


def memory() -> tuple[str, ...]:
    code = "from tests.benchmarks.neural import beyond; print(beyond())"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    panel = f"{SYMBOLS} symbols x {BARS:,} bars x {WIDE} features"
    what = f"LSTM training, {panel}, window {WINDOW}: peak memory beyond the matrix"
    return what, "1,000 MB", f"{float(done.stdout):,.0f} MB", ""


def beyond() -> float:
    """Megabytes at the peak of the process, its libraries included, less those of the matrix, over a few steps."""
    count, random = SYMBOLS * BARS, np.random.default_rng(0)
    matrix = np.empty((count, WIDE))
    for start in range(0, count, BARS):
        matrix[start : start + BARS] = random.standard_normal((BARS, WIDE))
    rows = from_arrays(matrix, random.integers(0, 2, count).astype(np.float64))
    rows = replace(rows, symbol=np.repeat(np.arange(SYMBOLS, dtype=np.int32), BARS))
    model = Lstm(units=(UNITS,), window=WINDOW, epochs=1, early_stopping=0, batch_size=BATCH)
    add, steps = Loop._gradient, []

    def some(self: Loop, group: Any) -> Any:
        steps.append(group)
        if len(steps) > 20:
            raise Cancelled("Enough.")
        return add(self, group)

    Loop._gradient = some  # type: ignore[method-assign]
    with suppress(Cancelled):
        model.fit(rows, None, 0)
    return peak_megabytes() - matrix.nbytes / 1e6


if __name__ == "__main__":
    main()
