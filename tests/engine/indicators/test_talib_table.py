"""The table of TA-Lib's functions against the library itself, and the family that is made of it."""

from __future__ import annotations

import hashlib
import pickle
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import talib
from talib import abstract

from engine.core.errors import SpecError
from engine.core.spec import to_python
from engine.features.spec import FeatureSpec
from engine.indicators import INDICATORS, Indicator, search, talib_family, talib_measure
from engine.market.bars import Bars
from tests.support.market import make_bars, random_walk

TABLE = talib_family.table()
OFFERED = [info.name for info in talib_family.infos()]


def varied(length: int = 900) -> Bars:
    bars = random_walk(length, seed=11)
    return replace(bars, volume=np.random.default_rng(2).integers(500, 9_000, length).astype(np.float64))


def test_the_table_is_that_of_the_installed_library() -> None:
    assert sorted(TABLE) == sorted(talib.get_functions())
    for name, row in TABLE.items():
        about = abstract.Function(name).info
        given = {item["name"]: item["choices"][item["default"]] if "choices" in item else item["default"]
                 for item in row["parameters"]}  # fmt: skip
        assert given == dict(about["parameters"]), name
        assert len(row["outputs"]) == len(about["output_names"])
        inputs = []
        for key, value in about["input_names"].items():
            inputs += value if key == "prices" else [{"price0": "first", "price1": "second"}.get(key, key)]
        assert row["inputs"] == inputs, name


def test_the_source_names_the_digest_of_the_table() -> None:
    path = Path(talib_family.__file__).with_name("talib_functions.json")
    assert hashlib.sha256(path.read_bytes()).hexdigest() == talib_family.TABLE_SHA256


def test_no_two_of_a_list_have_one_title() -> None:
    titles = [info.title.lower().removesuffix("s") for info in INDICATORS.infos()]
    assert [title for title in set(titles) if titles.count(title) > 1] == []


def test_what_is_not_offered_says_why() -> None:
    missing = {name: row for name, row in TABLE.items() if f"talib_{name.lower()}" not in OFFERED}
    assert len(OFFERED) + len(missing) == 201
    for row in missing.values():
        assert row.get("instead") in INDICATORS.available() or row["left_out"]
    assert sum("left_out" in row for row in missing.values()) == 7


@pytest.mark.parametrize("kind", OFFERED)
def test_warm_up_of_the_table_is_what_is_measured(kind: str) -> None:
    spec: Any = INDICATORS.get(kind)()
    row = spec.row
    call = talib_measure.Call.of(spec.function, row, {})
    assert row["lookback"] == call.lookback() == abstract.Function(spec.function).lookback
    measured = talib_measure.warm_up(call)
    assert spec.warm_up() == (row["lookback"] if spec.family == "cumulative" else measured)
    assert (measured is None) == (spec.family == "cumulative")


@pytest.mark.parametrize("kind", OFFERED)
def test_values_are_those_of_the_library_after_the_warm_up(kind: str) -> None:
    """Called directly; prices are scaled by a power of two on the way, which is exact."""
    bars, spec = varied(), INDICATORS.get(kind)()
    function = abstract.Function(kind.removeprefix("talib_").upper())
    columns = {name: getattr(bars, name) for name in ("open", "high", "low", "close", "volume")}
    found = function(columns)
    for values, expected in zip(
        spec.compute(bars).values(), found if isinstance(found, list) else [found], strict=True
    ):
        known = expected.astype(np.float64)[spec.warm_up() :]
        if kind in ("talib_maxindex", "talib_minindex", "talib_minmaxindex"):
            known = np.arange(len(bars))[spec.warm_up() :] - known
        np.testing.assert_allclose(values[spec.warm_up() :], np.where(np.isfinite(known), known, np.nan), rtol=1e-12)


@pytest.mark.parametrize("kind", OFFERED)
@pytest.mark.parametrize("scale", [1.0, 1e-9])
def test_an_unbroken_series_is_computed_as_a_run_of_a_broken_one(kind: str, scale: float) -> None:
    """In fewer passes, and with the same values to the last bit."""
    bars, function = varied(), INDICATORS.get(kind)()
    bars = replace(bars, **{name: scale * getattr(bars, name) for name in ("open", "high", "low", "close")})
    assert isinstance(function, talib_family.TalibFunction)
    expected = function._of_runs(bars)
    np.testing.assert_array_equal(np.column_stack(list(function.compute(bars).values())), expected)
    write, rows, shared = function.writer(), np.full(expected.T.shape, -1.0), {}
    for _ in range(2):  # what a function leaves for others stays as it is
        assert write(bars, rows, shared)
        np.testing.assert_array_equal(rows, expected.T)
    broken = replace(
        bars, **{name: np.where(np.arange(len(bars)) == 700, np.nan, getattr(bars, name)) for name in function.inputs()}
    )
    rows[:] = -1
    assert not write(broken, rows, {})
    assert (rows == -1).all()
    assert not write(bars.slice(0, function.warm_up()), rows[:, : function.warm_up()], {})
    assert (rows == -1).all()


def test_whole_number_outputs_are_unknown_in_the_warm_up() -> None:
    """TA-Lib says 0."""
    flags = talib.CDLDOJI(*(getattr(varied(), name) for name in ("open", "high", "low", "close")))
    assert (flags[:10] == 0).all()
    (found,) = INDICATORS.get("talib_cdldoji")().compute(varied()).values()
    assert np.isnan(found[:10]).all()
    assert (found[10:] == flags[10:]).all()


@pytest.mark.parametrize(
    ("kind", "given", "expected"),
    [
        ("talib_rma", {"timeperiod": 10}, 60),
        ("talib_rma", {"timeperiod": 200}, 1_200),
        ("talib_bbands", {"matype": "ema"}, 60),
        ("talib_mama", {"slowlimit": 0.01}, 200),
        ("talib_ma", {"timeperiod": 100}, 99),
    ],
)
def test_other_parameters_have_a_warm_up_of_their_own(kind: str, given: dict[str, Any], expected: int) -> None:
    spec: Indicator = INDICATORS.parse({"kind": kind, **given})
    assert expected <= spec.warm_up() <= 3 * expected + 40
    bars = varied(6_000)
    whole, later = spec.compute(bars), spec.compute(bars.slice(500, 6_000))
    for name, values in whole.items():
        settled = slice(spec.warm_up(), None)
        apart = np.abs(values[500:] - later[name])[settled]
        assert np.median(apart) <= 1e-4 * np.ptp(values[500:][settled])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"kind": "talib_cci", "timeperiod": 2.5}, "must be a whole number"),
        ({"kind": "talib_cci", "timeperiod": 1}, "must be at least 2"),
        ({"kind": "talib_cci", "timeperiod": 10**6}, "must be at most 2,000"),
        ({"kind": "talib_bbands", "matype": "smma"}, "must be 'sma'"),
        ({"kind": "talib_cci", "price": "close"}, "is not a field here"),
        ({"kind": "talib_macd"}, "not one of the indicators"),
        ({"kind": "talib_acos"}, "not one of the indicators"),
    ],
)
def test_wrong_parameters_get_a_sentence(given: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        INDICATORS.parse(given)


def test_labels_read_as_a_call() -> None:
    labels = [
        INDICATORS.parse(given).label()
        for given in (
            {"kind": "talib_bop"},
            {"kind": "talib_cci", "timeperiod": 20},
            {"kind": "talib_bbands", "matype": "ema"},
            {"kind": "talib_linearreg", "price": "high"},
        )
    ]
    assert labels == ["BOP", "CCI(20)", "BBANDS(20, 2, 2, ema)", "LINEARREG(14, high)"]


def test_a_class_is_found_by_its_name() -> None:
    spec = FeatureSpec.parse({"kind": "features", "features": [{"kind": "talib_cci", "timeperiod": 20}]})
    assert pickle.loads(pickle.dumps(spec)) == spec
    assert "from engine.indicators.talib_family import CCI" in to_python(spec)
    with pytest.raises(AttributeError):
        _ = talib_family.NO_SUCH
    assert INDICATORS.get("talib_cci") is talib_family.CCI is INDICATORS.get("talib_cci")


def test_listing_and_searching_loads_no_library_and_makes_no_class() -> None:
    code = (
        "import sys; from engine.indicators import INDICATORS, search, talib_family\n"
        "assert len(INDICATORS.infos()) > 190 and search('RSI')[0].name == 'rsi'\n"
        "assert talib_family.make.cache_info().currsize == 0\n"
        "assert not {'talib', 'pandas', 'numba'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


@pytest.mark.parametrize(
    ("text", "first"),
    [
        ("RSI", "rsi"),
        ("relative strength index", "rsi"),
        ("Bollinger", "bollinger"),
        ("average true range", "atr"),
        ("cci", "talib_cci"),
        ("commodity channel", "talib_cci"),
        ("hammer", "talib_cdlhammer"),
        ("ADX", "adx"),
        ("talib_willr", "talib_willr"),
        ("williams r", "talib_willr"),
        ("plus di", "directional"),
    ],
)
def test_search_finds_the_indicator_that_is_meant_first(text: str, first: str) -> None:
    assert search(text)[0].name == first


def test_search_keeps_to_a_group_and_finds_nothing_where_there_is_nothing() -> None:
    assert {info.group for info in search("", "Candle patterns")} == {"Candle patterns"}
    assert len(search("", "Candle patterns")) == 61
    assert search("no such thing") == ()
    assert len(search("  ")) == len(INDICATORS.infos())
    assert search("average", "Averages and bands")[0].group == "Averages and bands"


def test_a_coin_of_a_millionth_has_the_same_oscillator() -> None:
    bars = varied(400)
    tiny = make_bars(bars.close * 2.0**-30)
    (one,) = INDICATORS.get("talib_cmo")().compute(bars).values()
    (other,) = INDICATORS.get("talib_cmo")().compute(tiny).values()
    np.testing.assert_array_equal(one, other)
