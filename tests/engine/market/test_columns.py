"""Arrow columns become arrays without loading pandas, exactly."""

from __future__ import annotations

import subprocess
import sys

import numpy as np
import pyarrow as arrow
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from numpy.typing import NDArray

from engine.market.columns import arrow_array, floats, milliseconds


def column(*chunks: list[object], type: object = None) -> arrow.ChunkedArray:
    return arrow.chunked_array([arrow.array(chunk, type) for chunk in chunks], type)


def test_nulls_become_nan_and_values_stay() -> None:
    np.testing.assert_array_equal(floats(column([1.5, None, -0.0], type=arrow.float64())), [1.5, np.nan, -0.0])


def test_chunks_and_slices_are_joined_in_order() -> None:
    whole = column([1.0, None], [3.0], [], [4.0, 5.0], type=arrow.float64())
    np.testing.assert_array_equal(floats(whole), [1, np.nan, 3, 4, 5])
    np.testing.assert_array_equal(floats(whole.slice(1, 3)), [np.nan, 3, 4])
    np.testing.assert_array_equal(floats(column([9.0, 1.0, None, 2.0]).slice(1)), [1, np.nan, 2])


def test_columns_without_rows_are_empty() -> None:
    assert len(floats(column([], type=arrow.float64()))) == 0
    assert len(floats(arrow.chunked_array([], arrow.float64()))) == 0
    assert len(milliseconds(column([], type=arrow.timestamp("ms")))) == 0


@pytest.mark.parametrize("type", [arrow.int64(), arrow.float32(), arrow.int16()])
def test_other_numbers_are_converted(type: arrow.DataType) -> None:
    values = floats(column([1, None, 3], type=type))
    assert values.dtype == np.float64
    np.testing.assert_array_equal(values, [1, np.nan, 3])


def test_column_of_nulls_only_is_nan() -> None:
    np.testing.assert_array_equal(floats(column([None, None], type=arrow.float64())), [np.nan, np.nan])


def test_result_can_be_written_to() -> None:
    values = floats(column([1.0, 2.0]))
    values[0] = 7
    assert values[0] == 7


@pytest.mark.parametrize("unit", ["s", "ms", "us", "ns"])
def test_times_of_any_unit_are_milliseconds(unit: str) -> None:
    stamps = np.array(["1969-12-31T23:00:00", "2020-02-29T12:00:00"], dtype=f"datetime64[{unit}]")
    times = milliseconds(arrow.chunked_array([arrow.array(stamps)]))
    assert times.dtype == np.dtype("datetime64[ms]")
    np.testing.assert_array_equal(times, stamps)


def test_time_that_is_missing_is_not_a_time() -> None:
    times = milliseconds(column([0], [None, 5], type=arrow.timestamp("ms")).slice(1))
    np.testing.assert_array_equal(times, np.array(["NaT", "1970-01-01T00:00:00.005"], dtype="datetime64[ms]"))


def test_pandas_is_not_loaded() -> None:
    script = (
        "import sys; from engine.market import catalog; from engine.market.spec import MarketSpec;"
        "catalog.load(MarketSpec()); print('pandas' in sys.modules)"
    )
    assert (
        subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout == "False\n"
    )


@given(arrays(np.float64, st.integers(0, 40), elements=st.floats(width=64)), st.booleans())
def test_arrays_for_arrow_are_those_that_it_makes_itself(values: NDArray[np.float64], nan_is_null: bool) -> None:
    made = arrow_array(values, nan_is_null=nan_is_null)
    made.validate(full=True)
    own = arrow.array(values, from_pandas=nan_is_null)
    assert (made.type, made.null_count) == (own.type, own.null_count)
    found, wanted = (floats(arrow.chunked_array([item])) for item in (made, own))
    np.testing.assert_array_equal(found, wanted)


def test_times_for_arrow_and_every_other_value() -> None:
    time = np.arange(10).astype("datetime64[ms]")
    assert arrow_array(time[::2]).equals(arrow.array(time[::2]))
    np.testing.assert_array_equal(milliseconds(arrow.chunked_array([arrow_array(time)])), time)
