"""Look-ahead is found in every shape that is known to occur, and not where there is none."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from scipy.signal import filtfilt

from engine.features.leakage import leaks, leaks_into_gaps, look_ahead
from engine.market.bars import Bars, Floats
from tests.support.market import make_bars, random_walk

WINDOW = 20


def series(bars: Bars) -> pd.Series:
    return pd.Series(bars.close)


LEAKS: dict[str, Callable[[pd.Series], pd.Series]] = {
    "centred window": lambda close: close.rolling(21, center=True).mean(),
    "z-score over the whole sample": lambda close: (close - close.mean()) / close.std(),
    "the next bar": lambda close: close.shift(-1),
    "the next bar's return, rounded": lambda close: close.pct_change().shift(-1).round(4),
    "a filled warm-up": lambda close: close.rolling(WINDOW).mean().bfill(),
    "a filled warm-up of one bar": lambda close: close.diff().bfill(),
    "minimum and maximum of the whole sample": lambda close: (close - close.min()) / (close.max() - close.min()),
    "rank in the whole sample": lambda close: close.rank(pct=True),
    "bars left to the end": lambda close: pd.Series(np.arange(len(close), 0, -1.0)),
    "a week's last close on its first day": lambda close: close.groupby(np.arange(len(close)) // 5).transform("last"),
    "a filter run forwards and backwards": lambda close: pd.Series(filtfilt([0.1], [1.0, -0.9], close, padlen=3)),
    "smoothed from both ends": lambda close: close.ewm(span=10).mean()[::-1].ewm(span=10).mean()[::-1],
}
CAUSAL: dict[str, Callable[[pd.Series], pd.Series]] = {
    "rolling mean": lambda close: close.rolling(WINDOW).mean(),
    "exponential mean": lambda close: close.ewm(span=10).mean(),
    "z-score so far": lambda close: (close - close.expanding().mean()) / close.expanding().std(),
    "the bar before": lambda close: close.shift(1),
    "no value at all": lambda close: close * np.nan,
    "a constant": lambda close: close * 0 + 7,
    "a flag that is seldom on": lambda close: (returns(close) > 0.06).astype(float),
    "a return beside one huge value": lambda close: returns(close) + 1e12 * (close.index == 5),
}


def of(function: Callable[[pd.Series], pd.Series]) -> Callable[[Bars], dict[str, Floats]]:
    return lambda bars: {"out": function(series(bars)).to_numpy(dtype=np.float64)}


def filled(column: str, way: str) -> Callable[[Bars], dict[str, Floats]]:
    return lambda bars: {"out": getattr(pd.Series(getattr(bars, column)), way)().to_numpy(dtype=np.float64)}


@pytest.mark.parametrize("name", LEAKS)
@pytest.mark.parametrize("length", [60, 300, 2500])
def test_a_leak_is_found(name: str, length: int) -> None:
    found = look_ahead(of(LEAKS[name]), random_walk(length))
    assert [leak.output for leak in found] == ["out"]


HIDDEN: dict[str, Callable[[pd.Series], pd.Series]] = {
    "beside one huge value": lambda close: returns(close).shift(-1).fillna(0) + 1e12 * (close.index == 5),
    "beside some huge ratios": lambda close: (
        returns(close).shift(-1).fillna(0) / (1 - (1 - 1e-14) * (close.index % 97 == 5))
    ),
    "in a flag that is seldom on": lambda close: (returns(close).shift(-1) > 0.06).astype(float),
    "in tops known a bar later": lambda close: (close == close.rolling(41, center=True).max()).astype(float),
}


def returns(close: pd.Series) -> pd.Series:
    return close / close.shift(1) - 1


@pytest.mark.parametrize("scale", [1e-9, 1, 1e9])
@pytest.mark.parametrize("name", HIDDEN)
def test_a_leak_is_found_where_it_shows_little_or_seldom(name: str, scale: float) -> None:
    bars = random_walk(4_000, seed=3)
    bars = make_bars(bars.close * scale, open=bars.open * scale)
    assert [leak.output for leak in look_ahead(of(HIDDEN[name]), bars)] == ["out"]


@pytest.mark.parametrize("name", CAUSAL)
@pytest.mark.parametrize("length", [1, 2, 60, 2500])
def test_no_false_alarm(name: str, length: int) -> None:
    assert look_ahead(of(CAUSAL[name]), random_walk(length)) == ()


def test_a_gap_filled_from_behind_is_found() -> None:
    bars = random_walk(500)
    close = bars.close.copy()
    close[[217, 218, 333]] = np.nan
    gapped = make_bars(close)
    assert look_ahead(of(lambda values: values.bfill()), gapped)
    assert look_ahead(of(lambda values: values.interpolate()), gapped)
    assert look_ahead(of(lambda values: values.ffill()), gapped) == ()


@pytest.mark.parametrize("column", ["open", "high", "low", "volume", "adj_close"])
def test_a_gap_of_any_column_filled_from_behind_is_found(column: str) -> None:
    bars = replace(random_walk(500), volume=np.arange(500.0))
    values = getattr(bars, column).copy()
    values[[217, 218, 333]] = np.nan
    gapped = replace(bars, **{column: values})
    assert look_ahead(filled(column, "bfill"), gapped)
    assert look_ahead(filled(column, "interpolate"), gapped)
    assert look_ahead(filled(column, "ffill"), gapped) == ()


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "adj_close"])
def test_what_the_users_bars_do_not_show_made_up_ones_do(column: str) -> None:
    whole = random_walk(500)
    assert look_ahead(filled(column, "bfill"), whole) == ()
    for way in ("bfill", "interpolate"):
        (sign,) = leaks_into_gaps(filled(column, way))
        assert sign.sentence().startswith(f"out looks ahead: at {sign.time} it is ")
        assert " on the data of a synthetic symbol with gaps known then and " in sign.sentence()
    assert leaks_into_gaps(filled(column, "ffill")) == ()


def test_every_series_is_looked_at_and_named() -> None:
    volume = np.full(300, 5.0)
    volume[100] = np.nan
    second = replace(random_walk(300, symbol="SECOND"), volume=volume)
    (sign,) = leaks(filled("volume", "bfill"), [random_walk(300), second])
    assert sign.symbol == "SECOND"


def test_what_fails_on_made_up_bars_or_on_short_ones_shows_nothing_there() -> None:
    def picky(bars: Bars) -> dict[str, Floats]:
        if len(bars) < 100 or np.isnan(bars.volume).any():
            raise ValueError("not for me")
        return {"out": np.append(bars.close[1:], np.nan) if len(bars) > 400 else bars.close}

    assert leaks(picky, [random_walk(300)]) == leaks_into_gaps(picky) == ()
    assert leaks(picky, [random_walk(500)])


def test_only_the_output_that_leaks_is_named_in_a_sentence() -> None:
    bars = make_bars(np.arange(1.0, 9.0))
    found = look_ahead(lambda b: {"fine": b.close, "peek": np.append(b.close[1:], np.nan)}, bars)
    assert [leak.output for leak in found] == ["peek"]
    assert found[0].sentence() == (
        "peek looks ahead: at 2020-01-01 it is unknown on the data known then and 2 once later bars are known."
    )


def only_whole(column: str) -> Callable[[Bars], dict[str, Floats]]:
    """The next bar's value, by a function that refuses any other number of bars."""

    def compute(bars: Bars) -> dict[str, Floats]:
        if len(bars) != 500:
            raise ValueError("not for me")
        return {"out": np.append(getattr(bars, column)[1:], np.nan)}

    return compute


@pytest.mark.parametrize("column", ["open", "high", "low", "close", "volume", "adj_close"])
def test_what_fails_on_shorter_histories_is_found_where_other_bars_follow(column: str) -> None:
    bars = replace(random_walk(500), volume=np.arange(1.0, 501.0))
    (sign,) = look_ahead(only_whole(column), bars)
    assert sign.otherwise
    assert (sign.bar, sign.known, sign.time) == (0, "2020-01-01", "2020-01-01")
    assert sign.sentence() == (
        f"out looks ahead: at 2020-01-01 it is {sign.later:.6g} on the data, and {sign.then:.6g} where other bars "
        "follow that of 2020-01-01."
    )


def test_as_many_rows_as_are_asked_for_prove_it() -> None:
    bars = random_walk(300)
    found = look_ahead(of(LEAKS["centred window"]), bars, rows=3)
    whole = of(LEAKS["centred window"])(bars)["out"]
    assert [(sign.bar, sign.later) for sign in found] == [(bar, whole[bar]) for bar in (10, 11, 12)]
    assert {sign.known for sign in found} == {"2020-01-16"}
