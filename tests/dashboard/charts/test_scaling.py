"""The numbers behind the chart of rates over sizes."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from dashboard.charts import scaling
from tests.support.machine import result

MEDIAN = np.array([[0.002, 0.016], [0.001, math.nan]])
DRAWN = result(
    sizes=np.array([64.0, 128.0]), labels=("Matrix product 64", "Matrix product 128"), median=MEDIAN,
    lower=MEDIAN / 2, upper=MEDIAN * 4, rate=1 / MEDIAN, error=np.zeros((2, 2)), bound=np.full(2, 1e-5),
    usable=np.isfinite(MEDIAN), notes=(("", ""), ("", "It failed.")),
).results[0]  # fmt: skip


def test_quartiles_of_a_rate_are_inverse_to_those_of_the_seconds() -> None:
    info = scaling.info(DRAWN)
    np.testing.assert_allclose(info.rate, [[500, 62.5], [1000, math.nan]])
    np.testing.assert_allclose(info.low, [[125, 15.625], [250, math.nan]])
    np.testing.assert_allclose(info.high, [[1000, 125], [2000, math.nan]])


def test_quartiles_of_a_time_are_those_of_the_seconds() -> None:
    info = scaling.info(replace(DRAWN, unit="s", rate=MEDIAN))
    np.testing.assert_array_equal(info.low, DRAWN.lower)
    np.testing.assert_array_equal(info.high, DRAWN.upper)


def test_each_variant_is_a_line_over_the_sizes_with_its_quartiles() -> None:
    first, second = scaling.figure(scaling.info(DRAWN)).data
    assert (first.name, second.name) == ("NumPy CPU", "torch CPU")
    assert first.x.tolist() == [64, 128]
    assert first.y.tolist() == [500, 62.5]
    assert first.error_y.array.tolist() == [500, 62.5]
    assert first.error_y.arrayminus.tolist() == [375, 46.875]
    assert first.line.color != second.line.color


def test_the_axes_name_the_size_and_the_unit() -> None:
    layout = scaling.figure(scaling.info(DRAWN)).layout
    assert (layout.xaxis.title.text, layout.yaxis.title.text) == ("Size", "GFLOP/s")
    assert list(layout.xaxis.ticktext) == ["64", "128"]
