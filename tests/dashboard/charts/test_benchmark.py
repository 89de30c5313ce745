"""The numbers behind the speed-up chart."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dashboard.charts import benchmark
from engine.benchmarks.result import WorkloadResult
from engine.core.errors import SpecError
from engine.devices import NAMES

NAN = float("nan")


def made_up(*seconds: float, variants: tuple[str, ...] = ("numpy:cpu", "torch:cpu", "mlx:cpu")) -> WorkloadResult:
    """Medians of ``seconds`` at one size, quartiles at half and double; a NaN was found unusable."""
    median, count = np.array(seconds)[:, None], len(seconds)
    return WorkloadResult(
        kind="matrix_product",
        title="Matrix product",
        axis="Size",
        sizes=np.array([64.0]),
        labels=("Matrix product 64 × 64 float32",),
        reference="numpy:cpu",
        expected="float64",
        variants=variants[:count],
        titles=tuple(NAMES[name] for name in variants[:count]),
        descriptions=("made up",) * count,
        samples=np.tile(median[:, :, None], 3),
        median=median,
        lower=median / 2,
        upper=median * 2,
        error=np.where(np.isnan(median), 0.5, 1e-7),
        bound=np.array([1e-5]),
        rate=1 / median,
        unit="GFLOP/s",
        usable=np.isfinite(median),
        notes=tuple(("" if np.isfinite(value) else "It differs from float64.",) for value in seconds),
        threads=(2,) * count,
        absent={},
    )


def test_speed_up_is_the_baselines_median_over_the_device_s_median_and_quartiles() -> None:
    info = benchmark.info(made_up(0.8, 0.2, 1.6))
    assert info.speed_up.tolist() == [1, 4, 0.5]
    assert info.slow.tolist() == [0.5, 2, 0.25]
    assert info.fast.tolist() == [2, 8, 1]
    assert info.seconds.tolist() == [0.8, 0.2, 1.6]
    assert info.has_reference
    assert info.is_final


def test_earlier_takes_count_against_their_own_baseline() -> None:
    earlier = [made_up(1.0, 0.5), made_up(1.0, NAN, 0.25)]
    assert benchmark.info(made_up(0.8, 0.2, 1.6), earlier).earlier == ((1, 2.0), (2, 4.0))


def test_an_earlier_device_that_is_not_in_this_take_is_left_out() -> None:
    earlier = made_up(1.0, 0.5, variants=("numpy:cpu", "torch:cuda"))
    assert benchmark.info(made_up(0.8, 0.2), [earlier]).earlier == ()


def test_without_the_baseline_there_is_no_speed_up() -> None:
    assert not benchmark.info(made_up(0.8, variants=("torch:cpu",))).has_reference
    assert not benchmark.info(made_up(NAN, 0.2)).has_reference


def test_bars_run_to_the_median_with_whiskers_to_the_quartiles() -> None:
    bars, values = benchmark.figure(benchmark.info(made_up(0.8, 0.2, 1.6))).data
    assert bars.x.tolist() == [1, 4, 0.5]
    assert list(bars.y) == ["NumPy CPU", "torch CPU", "MLX CPU"]
    assert bars.error_x.array.tolist() == [1, 4, 0.5]
    assert bars.error_x.arrayminus.tolist() == [0.5, 2, 0.25]
    assert list(values.text) == [" 1.00×", " 4.00×", " 0.50×"]
    assert list(values.x) == [2, 8, 1]


def test_the_baseline_stands_on_top_and_a_line_marks_it() -> None:
    drawn = benchmark.figure(benchmark.info(made_up(0.8, 0.2)))
    assert drawn.layout.yaxis.categoryarray == ("torch CPU", "NumPy CPU")
    assert drawn.layout.shapes[0].x0 == 1


def test_an_unusable_device_has_no_bar_and_says_so() -> None:
    drawn = benchmark.figure(benchmark.info(made_up(0.8, NAN)))
    assert list(drawn.data[0].y) == ["NumPy CPU"]
    assert [(note.y, note.text) for note in drawn.layout.annotations] == [("torch CPU", "not timed")]


def test_earlier_takes_are_rings() -> None:
    rings = benchmark.figure(benchmark.info(made_up(0.8, 0.2), [made_up(1.0, 0.1)])).data[-1]
    assert (list(rings.x), list(rings.y), rings.mode) == ([10], ["torch CPU"], "markers")


def partial(seconds: list[Any], variants: tuple[str, ...] = ("numpy:cpu", "torch:cpu", "mlx:cpu")) -> dict[str, Any]:
    names = list(variants[: len(seconds)])
    return {"work": "Matrix product", "reference": "numpy:cpu", "variant": names,
            "title": [NAMES[name] for name in names], "seconds": seconds}  # fmt: skip


def test_a_benchmark_under_way_shows_medians_so_far() -> None:
    info = benchmark.live(partial([0.4, 0.1, None]))
    np.testing.assert_array_equal(info.speed_up, [1, 4, NAN])
    assert not info.is_final
    assert benchmark.figure(info).layout.annotations[0].text == "pending"


def test_a_benchmark_that_has_not_timed_the_reference_yet_has_no_speed_up() -> None:
    assert not benchmark.live(partial([None, 0.1])).has_reference


@pytest.mark.parametrize(
    "forged",
    [
        None,
        {},
        partial([1.0]) | {"title": []},
        partial([1.0]) | {"seconds": []},
        partial([1.0]) | {"seconds": ["fast"]},
        partial([1.0]) | {"title": ["x" * 121]},
        partial([1.0]) | {"more": 1},
        partial([1.0]) | {"variant": ["a"] * 65, "title": ["a"] * 65, "seconds": [1.0] * 65},
    ],
)
def test_progress_comes_by_way_of_the_browser_and_is_parsed(forged: object) -> None:
    with pytest.raises(SpecError):
        benchmark.live(forged)


def test_a_time_of_nothing_is_no_time() -> None:
    assert not benchmark.live(partial([0.0])).has_reference


def test_colours_name_the_library() -> None:
    result = replace(made_up(0.8, 0.2), variants=("numpy:cpu", "torch:cuda"))
    colours = benchmark.figure(benchmark.info(result)).data[0].marker.color
    assert len(set(colours)) == 2
    assert all(colour.startswith("var(--") for colour in colours)
