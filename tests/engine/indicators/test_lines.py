"""The lines against TA-Lib called directly, plain Python from the definitions, and pandas."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import talib

from engine.core.errors import DataError
from engine.indicators import averages, channels, directional, momentum, volatility
from engine.indicators.averages import SmaDistance
from engine.indicators.momentum import Rsi
from engine.market import catalog
from engine.market.bars import Bars
from engine.market.spec import MarketSpec
from engine.strategies import flags
from engine.strategies.operands.feature import Feature
from engine.strategies.operands.oscillators import AtrLine, RsiLine
from tests.support import by_definition
from tests.support.market import make_bars, random_walk

BARS = random_walk(1200, seed=3)
C, H, L = BARS.close, BARS.high, BARS.low

LINES: dict[str, tuple[Callable[[Bars], np.ndarray], Callable[[], np.ndarray], int]] = {
    "ema": (lambda bars: averages.ema(bars, 20), lambda: talib.EMA(C, 20), 75),
    "kama": (lambda bars: averages.kama(bars, 10), lambda: talib.KAMA(C, 10), 95),
    "macd": (lambda bars: momentum.macd(bars, 12, 26), lambda: talib.MACD(C, 12, 26, 9)[0], 138),
    "signal": (lambda bars: momentum.macd_signal(bars, 12, 26, 9), lambda: talib.MACD(C, 12, 26, 9)[1], 186),
    "rsi": (lambda bars: momentum.rsi(bars, 14), lambda: talib.RSI(C, 14), 105),
    "upper": (lambda bars: channels.band(bars, 20, 1.5), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[0], 19),
    "middle": (lambda bars: channels.band(bars, 20, 0), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[1], 19),
    "lower": (lambda bars: channels.band(bars, 20, -1.5), lambda: talib.BBANDS(C, 20, 1.5, 1.5)[2], 19),
    "atr": (lambda bars: volatility.atr(bars, 14), lambda: talib.ATR(H, L, C, 14), 105),
    "adx": (lambda bars: directional.adx(bars, 14), lambda: talib.ADX(H, L, C, 14), 155),
    "+di": (lambda bars: directional.directional(bars, 14)[0], lambda: talib.PLUS_DI(H, L, C, 14), 126),
    "-di": (lambda bars: directional.directional(bars, 14)[1], lambda: talib.MINUS_DI(H, L, C, 14), 126),
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
    np.testing.assert_allclose(channels.band(BARS, 20, width), expected, rtol=1e-10)


@pytest.mark.parametrize("window", [2, 5, 55])
def test_channel_of_earlier_bars_against_pandas(window: int) -> None:
    np.testing.assert_array_equal(channels.highest(H, window), pd.Series(H).rolling(window).max().shift())
    np.testing.assert_array_equal(channels.lowest(L, window), pd.Series(L).rolling(window).min().shift())


@pytest.mark.parametrize(("lookback", "skip"), [(1, 0), (20, 0), (20, 5), (900, 299), (900, 300), (2000, 0)])
def test_past_return_against_pandas(lookback: int, skip: int) -> None:
    expected = pd.Series(C).pct_change(lookback).shift(skip)
    np.testing.assert_allclose(momentum.past_return(C, lookback, skip), expected, rtol=1e-12, atol=1e-15)


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
    is_share = name in ("rsi", "adx", "+di", "-di")  # of a movement that there has not been
    assert np.isnan(found[200:]).all() if is_share else np.isfinite(found[200:]).all()


STILL = {"at the start": (0, 300), "in the middle": (400, 900), "at the end": (1199, 900)}


def paused(place: str) -> Bars:
    """``BARS`` with the close of one of them repeated many times behind it, without a range."""
    at, count = STILL[place]
    columns = ("open", "high", "low", "close")
    parts = {name: getattr(BARS, name).tolist() for name in columns}
    rest = [BARS.close[at]] * count
    held = {name: np.array([*parts[name][: at + 1], *rest, *parts[name][at + 1 :]]) for name in columns}
    if at == 0:
        held = {name: np.concatenate((rest, values[count:])) for name, values in held.items()}
    return replace(make_bars(held["close"]), **held)


@pytest.mark.parametrize("place", STILL)
@pytest.mark.parametrize("name", ["+di", "-di", "adx"])
def test_shares_of_the_movement_stay_what_they_were_while_there_is_none(place: str, name: str) -> None:
    bars, found = paused(place), LINES[name][0](paused(place))
    exact = dict(zip(("+di", "-di", "adx"), shares_by_definition(bars), strict=True))[name]
    known = np.isfinite(found)
    np.testing.assert_allclose(found[known], exact[known], rtol=4e-3, atol=1e-6)
    at, count = STILL[place]
    warm_up = LINES[name][2]
    if at:
        assert known[warm_up:].all()
        assert found[at + count] == pytest.approx(exact[at + count], rel=4e-3)
    else:
        first = count if name != "adx" else count - 14 + warm_up
        assert np.flatnonzero(known)[0] in (first, first + 1)
        assert known[first + 1 :].all()


def shares_by_definition(bars: Bars) -> tuple[np.ndarray, ...]:
    """Wilder's recipe in exact fractions of the averages; where there has been no movement there is no share."""
    high, low, close = bars.high.tolist(), bars.low.tolist(), bars.close.tolist()
    ups = [high[at] - high[at - 1] for at in range(1, len(high))]
    downs = [low[at - 1] - low[at] for at in range(1, len(low))]
    rising = [up if up > down and up > 0 else 0.0 for up, down in zip(ups, downs, strict=True)]
    falling = [down if down > up and down > 0 else 0.0 for up, down in zip(ups, downs, strict=True)]
    ranges = by_definition.true_ranges(high, low, close)
    plus, minus, adx = (np.full(len(close), np.nan) for _ in range(3))
    summed, shares = [0.0, 0.0, 0.0], []
    for at in range(1, len(close)):
        now = (rising[at - 1], falling[at - 1], ranges[at - 1])
        kept = 1 - 1 / 14 if at > 14 else 1.0
        summed = [kept * one + new for one, new in zip(summed, now, strict=True)]
        if at < 14 or summed[2] == 0:
            continue
        plus[at], minus[at] = 100 * summed[0] / summed[2], 100 * summed[1] / summed[2]
        if summed[0] + summed[1] > 0:
            shares.append(100 * abs(summed[0] - summed[1]) / (summed[0] + summed[1]))
            adx[at] = np.mean(shares) if len(shares) <= 14 else adx[at - 1] + (shares[-1] - adx[at - 1]) / 14
    return plus, minus, adx


def test_quotients_by_nothing_are_unknown() -> None:
    zeros = make_bars(np.concatenate((np.zeros(40), np.arange(1.0, 41.0))))
    (distance,) = SmaDistance(window=5).compute(zeros).values()
    assert np.isnan(distance[:40]).all()
    assert distance[40] == 4  # 1 over a mean of 1/5
    assert np.isnan(momentum.past_return(zeros.close, 10)[:50]).all()
    assert momentum.past_return(zeros.close, 10)[50] == 10
    average_range = AtrLine(window=2).line(zeros)
    assert np.isnan(average_range[:40]).all()
    assert np.isfinite(average_range[40:]).all()


def test_rsi_is_unknown_until_the_price_moves() -> None:
    found = momentum.rsi(make_bars([5.0] * 60 + [6.0] * 3 + [5.0] * 3), 2)
    assert np.isnan(found[:60]).all()
    assert found[60] == 100
    assert np.isfinite(found[60:]).all()


@pytest.mark.parametrize(
    ("line", "warm_up"),
    [
        (lambda bars: averages.ema(bars, 50), averages.ema_warm_up(50)),
        (lambda bars: averages.kama(bars, 20), averages.kama_warm_up(20)),
        (lambda bars: momentum.macd(bars, 12, 26), momentum.macd_warm_up(26)),
        (lambda bars: momentum.macd_signal(bars, 12, 26, 9), momentum.macd_warm_up(26, 9)),
        (lambda bars: volatility.atr(bars, 14), volatility.atr_warm_up(14)),
        (lambda bars: directional.adx(bars, 14), directional.adx_warm_up(14)),
        (lambda bars: directional.directional(bars, 14)[0], directional.directional_warm_up(14)),
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
        volatility.atr(make_bars(C, has_ohlc=False), 14)


def test_above_ignores_rounding_and_what_is_unknown() -> None:
    one = np.array([1.0, 1.0 + 1e-15, 1.1, np.nan, 2.0])
    other = np.array([1.0, 1.0, 1.0, 1.0, np.nan])
    assert flags.above(one, other).tolist() == [False, False, True, False, False]
    assert flags.above(other, one).tolist() == [False] * 5


@pytest.mark.parametrize(("first", "then"), [(10, 11.3), (0.1, 0.3), (3.3, 2.9), (7, 0.7)])
def test_macd_of_a_price_that_has_come_to_stand_still_is_nothing(first: float, then: float) -> None:
    """Averages of TA-Lib stay apart by a rounding for ever."""
    bars = make_bars(np.concatenate((np.full(30, first), np.full(1500, then))))
    apart = talib.EMA(bars.close, 12) - talib.EMA(bars.close, 26)
    assert (apart[-500:] != 0).all()
    assert (momentum.macd(bars, 12, 26)[-500:] == 0).all()


def test_macd_of_a_price_that_hardly_moves_is_kept() -> None:
    """A wave of a hundred-millionth of the price."""
    bars = make_bars(100 * (1 + 1e-8 * np.sin(np.arange(400) / 5)))
    assert (momentum.macd(bars, 12, 26)[200:] != 0).mean() > 0.9


def test_a_rule_and_a_feature_say_the_same_of_a_price_that_never_moved() -> None:
    for bars in (make_bars(np.full(300, 7.0)), paused("at the start"), paused("at the end")):
        rule, feature = RsiLine(window=14).line(bars), Feature(indicator=Rsi(window=14)).line(bars)
        np.testing.assert_array_equal(rule, feature)
    assert np.isnan(RsiLine().line(make_bars(np.full(300, 7.0)))).all()
