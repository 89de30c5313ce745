"""A benchmark that is larger than memory, before it begins."""

from __future__ import annotations

import pytest

from engine.benchmarks import room
from engine.benchmarks.harness import measure
from engine.benchmarks.processes import Here
from engine.benchmarks.spec import BenchmarkSpec
from engine.benchmarks.workloads.llama_decoding import LlamaDecoding
from engine.benchmarks.workloads.matrix_product import MatrixProduct
from engine.core.errors import DeviceError
from engine.core.progress import silent

CPUS = ("numpy:cpu", "torch:cpu", "mlx:cpu")


@pytest.fixture(autouse=True)
def _little(monkeypatch: pytest.MonkeyPatch) -> None:
    """A gigabyte, of which four fifths may be used."""
    monkeypatch.setattr(room, "available_memory", lambda: 1_000_000_000)


def test_it_is_refused_with_the_size_that_fits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(MatrixProduct, "inputs", lambda self: pytest.fail("inputs were made"))
    spec = BenchmarkSpec(workload=MatrixProduct(size=8192, precision="float64"), variants=CPUS)
    sentence = (
        "Matrix product 8192 × 8192 float64 needs about 10.5 GB in 3 variants and 763 MB may be used: "
        "Size 2,112 would fit."
    )
    with pytest.raises(DeviceError) as caught:
        measure(spec, silent, Here())
    assert str(caught.value) == sentence
    with pytest.raises(DeviceError) as caught:
        room.require_room(spec)
    assert str(caught.value) == sentence
    variants = spec.chosen(spec.workload)  # type: ignore[arg-type]
    room.require_memory(MatrixProduct(size=2112, precision="float64"), variants)
    with pytest.raises(DeviceError):
        room.require_memory(MatrixProduct(size=2176, precision="float64"), variants)


def test_each_size_is_looked_at() -> None:
    with pytest.raises(DeviceError, match="Matrix product 8192"):
        room.require_room(BenchmarkSpec(sizes=(256, 8192)))
    room.require_room(BenchmarkSpec(sizes=(256, 512)))


@pytest.mark.parametrize(
    ("variants", "advice"),
    [(CPUS, "choose fewer variants."), (CPUS[:1], "close other programs, or choose other work.")],
)
def test_what_no_size_makes_fit_has_other_advice(variants: tuple[str, ...], advice: str) -> None:
    spec = BenchmarkSpec(workload=LlamaDecoding(heads=128), variants=variants)
    with pytest.raises(DeviceError, match=rf"may be used: {advice}$"):
        room.require_room(spec)
