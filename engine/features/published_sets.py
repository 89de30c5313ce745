"""Published sets of features, as expressions: Qlib's Alpha158, and fifty of the 101 Formulaic Alphas.

Sources: Yang and others, "Qlib: An AI-oriented Quantitative Investment Platform" (2020), data handler Alpha158;
Kakushadze, "101 Formulaic Alphas", Wilmott 2016 (arXiv:1601.00991). Left out is what daily bars do not hold: the day's
average price (VWAP), market capitalisation and industries. Volume is compared with its average in units of money.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType

from engine.indicators.expression import Expression

WINDOWS = (5, 10, 20, 30, 60)
_TINY = "1e-12"  # Qlib's, against a range of zero


def alpha158() -> tuple[Expression, ...]:
    """The 157 features of Alpha158 that need no average price, under Qlib's names.

    Of several highest bars in a window the latest counts, where Qlib takes the first.
    """
    texts = {**_CANDLE, **{name: text for bars in WINDOWS for name, text in _rolling(bars)}}
    return tuple(Expression(name=name, text=text) for name, text in texts.items())


def formulaic_alphas() -> tuple[Expression, ...]:
    """Fifty of the 101 Formulaic Alphas, by their numbers. ``rank`` is among the symbols of the market; a window of a
    fractional length is rounded down, as the paper says.
    """
    return tuple(Expression(name=name, text=text) for name, text in FORMULAIC_ALPHAS.items())


_CANDLE: Mapping[str, str] = MappingProxyType(
    {
        "KMID": "(close - open) / open",
        "KLEN": "(high - low) / open",
        "KMID2": f"(close - open) / (high - low + {_TINY})",
        "KUP": "(high - max(open, close)) / open",
        "KUP2": f"(high - max(open, close)) / (high - low + {_TINY})",
        "KLOW": "(min(open, close) - low) / open",
        "KLOW2": f"(min(open, close) - low) / (high - low + {_TINY})",
        "KSFT": "(2 * close - high - low) / open",
        "KSFT2": f"(2 * close - high - low) / (high - low + {_TINY})",
        "OPEN0": "open / close",
        "HIGH0": "high / close",
        "LOW0": "low / close",
    }
)


def _rolling(n: int) -> Iterator[tuple[str, str]]:
    """The 29 features of a window of ``n`` bars."""
    up, down = "max(delta(close, 1), 0)", "max(-delta(close, 1), 0)"
    more, less = "max(delta(volume, 1), 0)", "max(-delta(volume, 1), 0)"
    moved, traded = f"(sum(abs(delta(close, 1)), {n}) + {_TINY})", f"(sum(abs(delta(volume, 1)), {n}) + {_TINY})"
    weighted = "abs(change(close, 1)) * volume"
    since_high, since_low = f"bars_since_max(high, {n})", f"bars_since_min(low, {n})"
    yield from {
        f"ROC{n}": f"lag(close, {n}) / close",
        f"MA{n}": f"mean(close, {n}) / close",
        f"STD{n}": f"std(close, {n}) / close",
        f"BETA{n}": f"slope(close, {n}) / close",
        f"RSQR{n}": f"r_squared(close, {n})",
        f"RESI{n}": f"residual(close, {n}) / close",
        f"MAX{n}": f"ts_max(high, {n}) / close",
        f"MIN{n}": f"ts_min(low, {n}) / close",
        f"QTLU{n}": f"quantile(close, {n}, 0.8) / close",
        f"QTLD{n}": f"quantile(close, {n}, 0.2) / close",
        f"RANK{n}": f"(ts_rank(close, {n}) * {n - 1} + 1) / {n}",
        f"RSV{n}": f"(close - ts_min(low, {n})) / (ts_max(high, {n}) - ts_min(low, {n}) + {_TINY})",
        f"IMAX{n}": f"({n} - {since_high}) / {n}",
        f"IMIN{n}": f"({n} - {since_low}) / {n}",
        f"IMXD{n}": f"({since_low} - {since_high}) / {n}",
        f"CORR{n}": f"correlation(close, log(volume + 1), {n})",
        f"CORD{n}": f"correlation(close / lag(close, 1), log(volume / lag(volume, 1) + 1), {n})",
        f"CNTP{n}": f"mean(close > lag(close, 1), {n})",
        f"CNTN{n}": f"mean(close < lag(close, 1), {n})",
        f"CNTD{n}": f"mean(close > lag(close, 1), {n}) - mean(close < lag(close, 1), {n})",
        f"SUMP{n}": f"sum({up}, {n}) / {moved}",
        f"SUMN{n}": f"sum({down}, {n}) / {moved}",
        f"SUMD{n}": f"(sum({up}, {n}) - sum({down}, {n})) / {moved}",
        f"VMA{n}": f"mean(volume, {n}) / (volume + {_TINY})",
        f"VSTD{n}": f"std(volume, {n}) / (volume + {_TINY})",
        f"WVMA{n}": f"std({weighted}, {n}) / (mean({weighted}, {n}) + {_TINY})",
        f"VSUMP{n}": f"sum({more}, {n}) / {traded}",
        f"VSUMN{n}": f"sum({less}, {n}) / {traded}",
        f"VSUMD{n}": f"(sum({more}, {n}) - sum({less}, {n})) / {traded}",
    }.items()


_RETURNS, _VALUE20 = "change(close, 1)", "mean(volume * close, 20)"
_FALLEN = f"std({_RETURNS}, 20) if {_RETURNS} < 0 else close"
_FALLS = "(lag(close, 20) - lag(close, 10)) / 10 - (lag(close, 10) - close) / 10"

FORMULAIC_ALPHAS: Mapping[str, str] = MappingProxyType(
    {
        "Alpha 1": f"rank(5 - 1 - bars_since_max(signed_power({_FALLEN}, 2), 5)) - 0.5",
        "Alpha 2": "-correlation(rank(delta(log(volume), 2)), rank((close - open) / open), 6)",
        "Alpha 3": "-correlation(rank(open), rank(volume), 10)",
        "Alpha 4": "-ts_rank(rank(low), 9)",
        "Alpha 6": "-correlation(open, volume, 10)",
        "Alpha 7": f"-ts_rank(abs(delta(close, 7)), 60) * sign(delta(close, 7)) if {_VALUE20} < volume * close else -1",
        "Alpha 8": f"-rank(sum(open, 5) * sum({_RETURNS}, 5) - lag(sum(open, 5) * sum({_RETURNS}, 5), 10))",
        "Alpha 9": (
            "delta(close, 1) if 0 < ts_min(delta(close, 1), 5) or ts_max(delta(close, 1), 5) < 0 else -delta(close, 1)"
        ),
        "Alpha 10": (
            "rank(delta(close, 1) if 0 < ts_min(delta(close, 1), 4) or ts_max(delta(close, 1), 4) < 0 "
            "else -delta(close, 1))"
        ),
        "Alpha 12": "sign(delta(volume, 1)) * -delta(close, 1)",
        "Alpha 13": "-rank(covariance(rank(close), rank(volume), 5))",
        "Alpha 14": f"-rank(delta({_RETURNS}, 3)) * correlation(open, volume, 10)",
        "Alpha 15": "-sum(rank(correlation(rank(high), rank(volume), 3)), 3)",
        "Alpha 16": "-rank(covariance(rank(high), rank(volume), 5))",
        "Alpha 17": (
            "-rank(ts_rank(close, 10)) * rank(delta(delta(close, 1), 1)) "
            f"* rank(ts_rank(volume * close / {_VALUE20}, 5))"
        ),
        "Alpha 18": "-rank(std(abs(close - open), 5) + (close - open) + correlation(close, open, 10))",
        "Alpha 19": f"-sign(close - lag(close, 7) + delta(close, 7)) * (1 + rank(1 + sum({_RETURNS}, 250)))",
        "Alpha 20": "-rank(open - lag(high, 1)) * rank(open - lag(close, 1)) * rank(open - lag(low, 1))",
        "Alpha 22": "-delta(correlation(high, volume, 5), 5) * rank(std(close, 20))",
        "Alpha 23": "-delta(high, 2) if mean(high, 20) < high else 0",
        "Alpha 24": (
            "-(close - ts_min(close, 100)) if delta(mean(close, 100), 100) / lag(close, 100) <= 0.05 "
            "else -delta(close, 3)"
        ),
        "Alpha 26": "-ts_max(correlation(ts_rank(volume, 5), ts_rank(high, 5), 5), 3)",
        "Alpha 28": f"scale(correlation({_VALUE20}, low, 5) + (high + low) / 2 - close)",
        "Alpha 30": (
            "(1 - rank(sign(delta(close, 1)) + sign(lag(delta(close, 1), 1)) + sign(lag(delta(close, 1), 2)))) "
            "* sum(volume, 5) / sum(volume, 20)"
        ),
        "Alpha 33": "rank(-(1 - open / close))",
        "Alpha 34": f"rank(1 - rank(std({_RETURNS}, 2) / std({_RETURNS}, 5)) + 1 - rank(delta(close, 1)))",
        "Alpha 35": f"ts_rank(volume, 32) * (1 - ts_rank(close + high - low, 16)) * (1 - ts_rank({_RETURNS}, 32))",
        "Alpha 37": "rank(correlation(lag(open - close, 1), close, 200)) + rank(open - close)",
        "Alpha 38": "-rank(ts_rank(close, 10)) * rank(close / open)",
        "Alpha 39": (
            f"-rank(delta(close, 7) * (1 - rank(decay_linear(volume * close / {_VALUE20}, 9)))) "
            f"* (1 + rank(sum({_RETURNS}, 250)))"
        ),
        "Alpha 40": "-rank(std(high, 10)) * correlation(high, volume, 10)",
        "Alpha 43": f"ts_rank(volume * close / {_VALUE20}, 20) * ts_rank(-delta(close, 7), 8)",
        "Alpha 44": "-correlation(high, rank(volume), 5)",
        "Alpha 45": (
            "-rank(mean(lag(close, 5), 20)) * correlation(close, volume, 2) "
            "* rank(correlation(sum(close, 5), sum(close, 20), 2))"
        ),
        "Alpha 46": f"-1 if {_FALLS} > 0.25 else 1 if {_FALLS} < 0 else -delta(close, 1)",
        "Alpha 49": f"1 if {_FALLS} < -0.1 else -delta(close, 1)",
        "Alpha 51": f"1 if {_FALLS} < -0.05 else -delta(close, 1)",
        "Alpha 52": (
            f"(lag(ts_min(low, 5), 5) - ts_min(low, 5)) * rank((sum({_RETURNS}, 240) - sum({_RETURNS}, 20)) / 220) "
            "* ts_rank(volume, 5)"
        ),
        "Alpha 53": "-delta((close - low - (high - close)) / (close - low), 9)",
        "Alpha 54": "-(low - close) * open ** 5 / ((low - high) * close ** 5)",
        "Alpha 55": (
            "-correlation(rank((close - ts_min(low, 12)) / (ts_max(high, 12) - ts_min(low, 12))), rank(volume), 6)"
        ),
        "Alpha 60": (
            "-(2 * scale(rank((close - low - (high - close)) / (high - low) * volume)) "
            "- scale(rank(10 - 1 - bars_since_max(close, 10))))"
        ),
        "Alpha 68": (
            "-(ts_rank(correlation(rank(high), rank(mean(volume * close, 15)), 8), 13) "
            "< rank(delta(close * 0.518371 + low * (1 - 0.518371), 1)))"
        ),
        "Alpha 85": (
            "rank(correlation(high * 0.876703 + close * (1 - 0.876703), mean(volume * close, 30), 9)) "
            "** rank(correlation(ts_rank((high + low) / 2, 3), ts_rank(volume, 10), 7))"
        ),
        "Alpha 88": (
            "min(rank(decay_linear(rank(open) + rank(low) - (rank(high) + rank(close)), 8)), "
            "ts_rank(decay_linear(correlation(ts_rank(close, 8), ts_rank(mean(volume * close, 60), 20), 8), 6), 2))"
        ),
        "Alpha 92": (
            "min(ts_rank(decay_linear((high + low) / 2 + close < low + open, 14), 18), "
            "ts_rank(decay_linear(correlation(rank(low), rank(mean(volume * close, 30)), 7), 6), 6))"
        ),
        "Alpha 95": (
            "rank(open - ts_min(open, 12)) < ts_rank(rank(correlation(sum((high + low) / 2, 19), "
            "sum(mean(volume * close, 40), 19), 12)) ** 5, 11)"
        ),
        "Alpha 99": (
            "-(rank(correlation(sum((high + low) / 2, 19), sum(mean(volume * close, 60), 19), 8)) "
            "< rank(correlation(low, volume, 6)))"
        ),
        "Alpha 101": "(close - open) / (high - low + 0.001)",
        "Alpha 21": (
            "-1 if mean(close, 8) + std(close, 8) < mean(close, 2) "
            "else 1 if mean(close, 2) < mean(close, 8) - std(close, 8) "
            f"else 1 if 1 <= volume * close / {_VALUE20} else -1"
        ),
    }
)
