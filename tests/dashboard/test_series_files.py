"""Series as files by the route of the workbench."""

from __future__ import annotations

import zipfile
from io import BytesIO
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from dashboard import series_files
from engine.market import export
from engine.market.sources.stored import save
from tests.support.market import random_walk

pytestmark = pytest.mark.usefixtures("workspace")


@pytest.fixture
def client() -> FlaskClient:
    server = Flask("test")
    series_files.register(server)
    return server.test_client()


def ask(client: FlaskClient, *series: str, format: str = "csv", **more: str) -> TestResponse:
    return client.get("/series", query_string={"format": format, "series": list(series), **more}, buffered=True)


@pytest.mark.parametrize("format", ["csv", "parquet"])
def test_one_series_is_a_file(client: FlaskClient, format: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(export, "_PIECE", 7)
    bars = random_walk(50)
    save(bars)
    answer = ask(client, "made-up\nTEST\n1d", format=format)
    assert answer.headers["Content-Disposition"] == f'attachment; filename="TEST-1d-2020-01-01-2020-02-19.{format}"'
    read = pd.read_csv if format == "csv" else pd.read_parquet
    found = read(BytesIO(answer.data))
    assert list(found.columns) == ["time", "open", "high", "low", "close", "volume", "adj close"]
    np.testing.assert_array_equal(found["close"], bars.close)
    assert all(first < second for first, second in pairwise(map(str, found["time"])))


def test_several_are_an_archive(client: FlaskClient) -> None:
    for collection, symbol in (("a", "X"), ("b", "X"), ("../c", "X"), ("a", "BTC/USDT")):
        save(random_walk(10, collection=collection, symbol=symbol))
    answer = ask(client, "a\nX\n1d", "b\nX\n1d", "../c\nX\n1d", "a\nBTC/USDT\n1d")
    with zipfile.ZipFile(BytesIO(answer.data)) as archive:
        assert archive.namelist() == [
            "X-1d-2020-01-01-2020-01-10.csv",
            "b/X-1d-2020-01-01-2020-01-10.csv",
            "-c/X-1d-2020-01-01-2020-01-10.csv",
            "BTC-USDT-1d-2020-01-01-2020-01-10.csv",
        ]
        assert all(len(pd.read_csv(archive.open(name))) == 10 for name in archive.namelist())


@pytest.mark.parametrize(
    ("series", "format", "said"),
    [
        ((), "csv", "A series is named by its collection, symbol and interval."),
        (("TEST",), "csv", "A series is named by its collection, symbol and interval."),
        (("made-up\nTEST\n1d",), "exe", "A file is csv or parquet."),
        (("made-up\nNONE\n1d",), "csv", "'NONE' is not in the collection made-up."),
        (("made-up\nTEST\n1d",) * 201, "csv", "At most 200 series are saved at once, not 201"),
    ],
)
def test_what_cannot_be_saved_is_a_sentence(
    client: FlaskClient, series: tuple[str, ...], format: str, said: str
) -> None:
    save(random_walk(10))
    for check in ({}, {"check": "1"}):
        answer = ask(client, *series, format=format, **check)
        assert (answer.status_code, answer.text.startswith(said)) == (400, True)


def test_a_check_makes_no_file(client: FlaskClient) -> None:
    save(random_walk(10))
    answer = ask(client, "made-up\nTEST\n1d", check="1")
    assert (answer.status_code, answer.data) == (204, b"")
