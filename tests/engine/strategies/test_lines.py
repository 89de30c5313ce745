"""The lines against TA-Lib called directly, plain Python from the definitions, and pandas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import talib

from engine.errors import DataError
from engine.market import catalog
from engine.market.bars import Bars, MarketSpec
from engine.strategies import lines
from tests.support import by_definition
from tests.support.market import make_bars, random_walk

BARS = random_walk(1200, seed=3)
C, H, L = BARS.close, BARS.high, BARS.low

LINES: dict[str, tuple[Callable[[Bars], np.ndarray], Callable[[], np.ndarray], int]] = {
    "ema": (lambda bars: lines.ema(bars, 20), lambda: talib.EMA(C, 20), 75),
    "kama": (lambda bars: lines.kama(bars, 10), lambda: talib.KAMA(C, 10), 95),
    "macd": (lambda bars: lines.macd(bars, 12, 26), lambda: talib.MACD(C, 12, 26, 9)[0], 138),
    "signal": (lambda bars: lines.macd_signal(bars, 12, 26, 9), lambda: talib.MACD(C, 12, 26, 9)[1], 186),
    "rsi": (lambda bars: lines.rsi(bars, 14), lambda: talib.RSI(C, 14), 105),
    "upper": (lambda bars: lines.band(bars, 20, 1.5), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[0], 19),
    "middle": (lambda bars: lines.band(bars, 20, 0), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[1], 19),
    "lower": (lambda bars: lines.band(bars, 20, -1.5), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[2], 19),
    "atr": (lambda bars: lines.atr(bars, 14), lambda: talib.ATR(H, L, C, 14), 105),
    "adx": (lambda bars: lines.adx(bars, 14), lambda: talib.ADX(H, L, C, 14), 155),
    "+di": (lambda bars: lines.directional(bars, 14)[0], lambda: talib.PLUS_DI(H, L, C, 14), 126),
    "-di": (lambda bars: lines.directional(bars, 14)[1], lambda: talib.MINUS_DI(H, L, C, 14), 126),
}
each = pytest.mark.parametrize("name", LINES)


@each
def test_agrees_with_talib_once_warm(name: str) -> None:
    """The MACD of TA-Lib starts its fast average later than ours; by the end of the warm-up that has faded."""
    line, reference, warm_up = LINES[name]
    found = line(BARS)
    assert np.isnan(found[:warm_up]).all()
    assert np.isfinite(found[warm_up:]).all()
    close = 1e-6 if name in ("macd", "signal") else 1e-11
    np.testing.assert_allclose(found[warm_up:], reference()[warm_up:], rtol=close, atol=close)


@pytest.mark.parametrize("name", [name for name in LINES if name not in ("upper", "middle", "lower")])
def test_agrees_with_the_definition(name: str) -> None:
    c, h, low = C.tolist(), H.tolist(), L.tolist()
    macd = [fast - slow for fast, slow in zip(by_definition.ema(c, 12), by_definition.ema(c, 26), strict=True)]
    plus, minus, adx = by_definition.directional(h, low, c, 14)
    by_name = {
        "ema": by_definition.ema(c, 20),
        "kama": by_definition.kama(c, 10),
        "macd": macd,
        "signal": [np.nan] * 25 + by_definition.ema(macd[25:], 9),
        "rsi": by_definition.rsi(c, 14),
        "atr": by_definition.atr(h, low, c, 14),
        "adx": adx,
        "+di": plus,
        "-di": minus,
    }
    found, expected = LINES[name][0](BARS), np.array(by_name[name])
    known = np.isfinite(found)
    close = 2e-3 if name in ("adx", "+di", "-di") else 1e-9  # TA-Lib starts these sums one bar short
    np.testing.assert_allclose(found[known], expected[known], rtol=close, atol=1e-9)


@pytest.mark.parametrize("width", [-2.0, 0.0, 2.5])
def test_bands_against_pandas(width: float) -> None:
    rolling = pd.Series(C).rolling(20)
    expected = rolling.mean() + width * rolling.std(ddof=0)
    np.testing.assert_allclose(lines.band(BARS, 20, width), expected, rtol=1e-10)


@pytest.mark.parametrize("window", [2, 5, 55])
def test_channel_of_earlier_bars_against_pandas(window: int) -> None:
    np.testing.assert_array_equal(lines.highest(H, window), pd.Series(H).rolling(window).max().shift())
    np.testing.assert_array_equal(lines.lowest(L, window), pd.Series(L).rolling(window).min().shift())


@pytest.mark.parametrize(("lookback", "skip"), [(1, 0), (20, 0), (20, 5), (900, 299), (900, 300), (2000, 0)])
def test_past_return_against_pandas(lookback: int, skip: int) -> None:
    expected = pd.Series(C).pct_change(lookback).shift(skip)
    np.testing.assert_allclose(lines.past_return(C, lookback, skip), expected, rtol=1e-12, atol=1e-15)


@each
@pytest.mark.parametrize("power", [-40, 30])
def test_scale_of_the_price_does_not_matter(name: str, power: int) -> None:
    """A coin at a millionth of a cent has bands: TA-Lib takes a variance below 1e-14 for none."""
    scaled = replace(
        BARS, **{part: np.ldexp(getattr(BARS, part), power) for part in ("open", "high", "low", "close", "adj_close")}
    )
    unit = 0 if name in ("rsi", "adx", "+di", "-di") else power
    np.testing.assert_array_equal(LINES[name][0](scaled), np.ldexp(LINES[name][0](BARS), unit))


@each
def test_a_missing_bar_costs_the_warm_up_and_no_more(name: str) -> None:
    line, _, warm_up = LINES[name]
    columns = ("open", "high", "low", "close", "adj_close")
    holed = replace(BARS, **{part: np.where(np.arange(1200) == 500, np.nan, getattr(BARS, part)) for part in columns})
    found = line(holed)
    np.testing.assert_array_equal(found[:500], line(BARS)[:500])
    assert np.isnan(found[500 : 501 + warm_up]).all()
    assert np.isfinite(found[501 + warm_up :]).all()


@each
def test_a_price_that_stands_still_is_no_failure(name: str) -> None:
    found = LINES[name][0](make_bars(np.full(400, 0.1)))
    assert np.isfinite(found[200:]).all() or name == "rsi"


def test_rsi_is_unknown_until_the_price_moves() -> None:
    found = lines.rsi(make_bars([5.0] * 60 + [6.0] * 3 + [5.0] * 3), 2)
    assert np.isnan(found[:60]).all()
    assert found[60] == 100
    assert np.isfinite(found[60:]).all()


@pytest.mark.parametrize(
    ("line", "warm_up"),
    [
        (lambda bars: lines.ema(bars, 50), lines.ema_warm_up(50)),
        (lambda bars: lines.kama(bars, 20), lines.kama_warm_up(20)),
        (lambda bars: lines.macd(bars, 12, 26), lines.macd_warm_up(26)),
        (lambda bars: lines.macd_signal(bars, 12, 26, 9), lines.macd_warm_up(26, 9)),
        (lambda bars: lines.atr(bars, 14), lines.atr_warm_up(14)),
        (lambda bars: lines.adx(bars, 14), lines.adx_warm_up(14)),
        (lambda bars: lines.directional(bars, 14)[0], lines.directional_warm_up(14)),
    ],
)
@pytest.mark.usefixtures("workspace")
def test_warm_line_has_forgotten_where_its_data_began(line: Callable[[Bars], np.ndarray], warm_up: int) -> None:
    """On the sample data: within 0.01% in the median of starts."""
    apart = []
    for bars in catalog.load(MarketSpec(symbols=("AAPL", "NVDA", "GOOG"))).bars:
        whole = line(bars)
        for start in range(600, 2000, 50):
            later = line(replace(bars, **{name: getattr(bars, name)[start:] for name in COLUMNS}))
            apart.append(abs(later[warm_up] / whole[start + warm_up] - 1))
    assert np.median(apart) < 1e-4


COLUMNS = ("time", "open", "high", "low", "close", "volume", "adj_close")


def test_closes_alone_have_no_ranges() -> None:
    with pytest.raises(DataError, match="TEST has closing prices only, and this strategy needs highs and lows"):
        lines.atr(make_bars(C, has_ohlc=False), 14)


def test_above_ignores_rounding_and_what_is_unknown() -> None:
    one = np.array([1.0, 1.0 + 1e-15, 1.1, np.nan, 2.0])
    other = np.array([1.0, 1.0, 1.0, 1.0, np.nan])
    assert lines.above(one, other).tolist() == [False, False, True, False, False]
    assert lines.above(other, one).tolist() == [False] * 5


@pytest.mark.parametrize(("first", "then"), [(10, 11.3), (0.1, 0.3), (3.3, 2.9), (7, 0.7)])
def test_macd_of_a_price_that_has_come_to_stand_still_is_nothing(first: float, then: float) -> None:
    """Averages of TA-Lib stay apart by a rounding for ever."""
    bars = make_bars(np.concatenate((np.full(30, first), np.full(1500, then))))
    apart = talib.EMA(bars.close, 12) - talib.EMA(bars.close, 26)
    assert (apart[-500:] != 0).all()
    assert (lines.macd(bars, 12, 26)[-500:] == 0).all()


def test_macd_of_a_price_that_hardly_moves_is_kept() -> None:
    """A wave of a hundred-millionth of the price."""
    bars = make_bars(100 * (1 + 1e-8 * np.sin(np.arange(400) / 5)))
    assert (lines.macd(bars, 12, 26)[200:] != 0).mean() > 0.9
