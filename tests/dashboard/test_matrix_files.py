"""The matrix of features as a file by the route of the workbench."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient

from dashboard import matrix_files, state
from engine.features.spec import FeatureSpec
from engine.indicators.averages import Sma
from engine.indicators.momentum import Rsi
from engine.jobs import runner
from engine.market.spec import MarketSpec

pytestmark = pytest.mark.usefixtures("workspace")
SPEC = FeatureSpec(market=MarketSpec(symbols=("NVDA", "AAPL")), features=(Sma(window=20), Rsi(window=14)))


@pytest.fixture
def client() -> FlaskClient:
    server = Flask("test")
    matrix_files.register(server)
    return server.test_client()


def test_the_file_holds_every_symbol_bar_and_column(client: FlaskClient) -> None:
    matrix = runner.run(SPEC)
    answer = client.get("/matrix", query_string={"spec": state.to_query(SPEC)}, buffered=True)
    assert answer.headers["Content-Disposition"] == "attachment; filename=features.parquet"
    found = pd.read_parquet(BytesIO(answer.data))
    assert list(found.columns) == ["symbol", "time", "close", "SMA 20", "RSI 14"]
    np.testing.assert_array_equal(found[["SMA 20", "RSI 14"]], matrix.values)
    np.testing.assert_array_equal(found["time"], matrix.time)
    assert list(found["symbol"].unique()) == ["NVDA", "AAPL"]


def test_what_is_no_stored_matrix_is_a_sentence(client: FlaskClient, monkeypatch: pytest.MonkeyPatch) -> None:
    damaged = client.get("/matrix", query_string={"spec": "damaged", "check": "1"})
    assert (damaged.status_code, "link is damaged" in damaged.text) == (400, True)
    monkeypatch.setattr(runner, "is_job", lambda spec: True)
    missing = client.get("/matrix", query_string={"spec": state.to_query(SPEC), "check": "1"})
    assert (missing.status_code, missing.text) == (
        400, "These features are not stored: open them on the Features page first."
    )  # fmt: skip
