"""The matrix as a DataFrame and as a Parquet file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from engine.core.errors import DataError
from engine.features.export import frame, write_parquet
from engine.features.matrix import FeatureMatrix, matrix
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.market.bars import Market
from tests.support.market import random_walk


@pytest.fixture
def found() -> FeatureMatrix:
    bars = [random_walk(length, seed, symbol=f"S{seed}") for seed, length in enumerate((40, 30))]
    return matrix((Sma(window=5), Rsi(window=2)), Market(tuple(bars)))


def test_a_frame_has_a_row_a_bar_and_a_column_a_feature(found: FeatureMatrix) -> None:
    table = frame(found)
    assert table.columns.tolist() == ["SMA 5", "RSI 2"]
    assert table.index.names == ["symbol", "time"]
    np.testing.assert_array_equal(table.to_numpy(), found.values)
    closes = random_walk(30, 1).close
    np.testing.assert_allclose(table.loc["S1"]["SMA 5"], pd.Series(closes).rolling(5).mean(), rtol=1e-12)
    assert len(frame(found, usable=True)) == found.usable().sum()
    assert frame(found, usable=True).notna().all().all()


def test_a_file_has_a_row_group_a_symbol(found: FeatureMatrix, tmp_path: Path) -> None:
    import pyarrow.parquet as parquet

    path = tmp_path / "features.parquet"
    write_parquet(found, path)
    assert parquet.ParquetFile(path).num_row_groups == 2
    table = pd.read_parquet(path)
    assert table["symbol"].tolist() == ["S0"] * 40 + ["S1"] * 30
    np.testing.assert_array_equal(table[["SMA 5", "RSI 2"]].to_numpy(), found.values)
    np.testing.assert_array_equal(table["close"], found.close)
    with pytest.raises(DataError, match=r"cannot be written: No such file"):
        write_parquet(found, tmp_path / "none" / "x.parquet")
