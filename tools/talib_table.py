"""Writes ``engine/indicators/talib_functions.json``: what TA-Lib knows and what was measured of each of its functions.

Run it after an upgrade of TA-Lib: ``python tools/talib_table.py``. Names, inputs, outputs and defaults come from
``talib.abstract``, bounds from the C library, and these are measured on a random walk: the bars that a series begun
later needs to agree (``warm_up``), the family, how the outputs follow a price or a volume twice as large, and the time.
"""

from __future__ import annotations

import ctypes
import hashlib
import json
import re
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import talib
from talib import abstract

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from engine.indicators import talib_measure as measure  # noqa: E402

TABLE = ROOT / "engine" / "indicators" / "talib_functions.json"
FAMILY = ROOT / "engine" / "indicators" / "talib_family.py"

GROUPS = {
    "Cycle Indicators": "Cycle",
    "Math Operators": "Mathematics",
    "Math Transform": "Mathematics",
    "Momentum Indicators": "Momentum",
    "Overlap Studies": "Averages and bands",
    "Pattern Recognition": "Candle patterns",
    "Price Transform": "Price",
    "Statistic Functions": "Statistics",
    "Volatility Indicators": "Volatility",
    "Volume Indicators": "Volume",
}
TITLES = {
    "AVGDEV": "Average deviation",
    "BBANDS": "Bollinger bands of any average",
    "DONCHIAN": "Donchian channel with the current bar",
    "KC": "Keltner channel of typical prices",
    "PERCENTRANK": "Percent rank among earlier values",
    "CDL3LINESTRIKE": "Three-Line Strike",
    "ROC": "Rate of change, percent",
    "ROCP": "Rate of change, fraction",
    "ROCR": "Rate of change, ratio",
    "ROCR100": "Rate of change, ratio × 100",
    "TRIX": "TRIX: rate of change of a triple smoothed EMA",
    "ADD": "Sum of two prices",
    "DIV": "Ratio of two prices",
    "MULT": "Product of two prices",
    "SUB": "Difference of two prices",
    "LN": "Natural logarithm",
    "LOG10": "Logarithm to base 10",
    "SUM": "Rolling sum",
    "CUMSUM": "Cumulative sum",
    "MAX": "Highest value of a window",
    "MIN": "Lowest value of a window",
    "MINMAX": "Lowest and highest value of a window",
    "MIDPOINT": "Midpoint of a window",
    "MIDPRICE": "Midpoint of highs and lows of a window",
    "MA": "Moving average of any type",
    "MAXINDEX": "Bars since the highest value",
    "MININDEX": "Bars since the lowest value",
    "MINMAXINDEX": "Bars since the lowest and the highest value",
}
NAMES = {
    "Aroon", "Bollinger", "Chaikin", "Chande", "Coppock", "Donchian", "Elder", "Heikin-Ashi", "Hilbert", "Hull",
    "Kaufman", "Keltner", "Pearson", "SineWave", "Wilder", "William", "Williams", "A/D", "T3",
}  # fmt: skip
INSTEAD = {
    "SMA": "sma",
    "EMA": "ema",
    "KAMA": "kama",
    "RSI": "rsi",
    "MACD": "macd",
    "ADX": "adx",
    "PLUS_DI": "directional",
    "MINUS_DI": "directional",
    "ATR": "atr",
    "NATR": "atr_percent",
    "ROC": "past_return",
}
"""Functions that the library has in a file of its own, which knows when nothing has moved."""
UNBOUNDED = "its exponential exceeds every number where a price is above 709"
LEFT_OUT = {
    "ACOS": "it is defined between -1 and 1, where no price lies",
    "ASIN": "it is defined between -1 and 1, where no price lies",
    "COSH": UNBOUNDED,
    "EXP": UNBOUNDED,
    "SINH": UNBOUNDED,
    "MAVP": "it needs a series of periods",
    "VWAP": "it averages from the first bar of the history on, and no part of it is free of where that is",
}
PERCENT = {
    "AROON", "AROONOSC", "CVI", "FOSC", "KDJ", "MFI", "PERCENTRANK", "PPO", "PVO", "STOCH", "STOCHF", "STOCHRSI",
    "TRIX", "WILLR",
}  # fmt: skip
LEVELS = {
    "CCI": [-100, 100],
    "CMO": [-50, 50],
    "MFI": [20, 80],
    "STOCH": [20, 80],
    "STOCHF": [20, 80],
    "STOCHRSI": [20, 80],
    "ULTOSC": [30, 70],
    "WILLR": [-80, -20],
}
PRICED_PARAMETER = {"SAREXT"}
UNITS = {"HT_DCPHASE": "°", "LINEARREG_ANGLE": "°", "HT_DCPERIOD": "bars"}
POSITIONS = {"MAXINDEX", "MININDEX", "MINMAXINDEX"}
NOT_OVER_PRICE = {"AVGDEV"}
LONGEST, WIDEST = 2_000, 100.0


class _Parameter(ctypes.Structure):
    _fields_ = (
        ("type", ctypes.c_int),
        ("name", ctypes.c_char_p),
        ("flags", ctypes.c_int),
        ("title", ctypes.c_char_p),
        ("data", ctypes.c_void_p),
        ("default", ctypes.c_double),
        ("hint", ctypes.c_char_p),
        ("help", ctypes.c_char_p),
    )


class _RealRange(ctypes.Structure):
    _fields_ = (
        ("low", ctypes.c_double),
        ("high", ctypes.c_double),
        ("precision", ctypes.c_int),
        ("start", ctypes.c_double),
        ("end", ctypes.c_double),
        ("step", ctypes.c_double),
    )


class _IntegerRange(ctypes.Structure):
    _fields_ = tuple((name, ctypes.c_int) for name in ("low", "high", "start", "end", "step"))


class _Pair(ctypes.Structure):
    _fields_ = (("value", ctypes.c_int), ("name", ctypes.c_char_p))


class _IntegerList(ctypes.Structure):
    _fields_ = (("pairs", ctypes.POINTER(_Pair)), ("count", ctypes.c_uint))


def library() -> ctypes.CDLL:
    """The C library that the wheel brings along."""
    package = Path(talib.__file__).parent
    found = [*package.parent.glob("ta_lib.libs/libta-lib*"), *package.glob(".dylibs/libta-lib*")]
    return ctypes.CDLL(str(found[0]))


def parameters(library: ctypes.CDLL, name: str) -> list[dict[str, Any]]:
    """Name, title, default and bounds of each parameter; bounds wider than anyone needs are drawn in."""
    handle, rows = ctypes.c_void_p(), []
    library.TA_GetFuncHandle(name.encode(), ctypes.byref(handle))
    for at, (key, default) in enumerate(abstract.Function(name).parameters.items()):
        given = ctypes.POINTER(_Parameter)()
        library.TA_GetOptInputParameterInfo(handle, at, ctypes.byref(given))
        about = given.contents
        row: dict[str, Any] = {
            "name": key,
            "title": sentence(about.title.decode()),
            "help": sentence(about.hint.decode()),
        }
        if about.type == 3:
            listed = ctypes.cast(about.data, ctypes.POINTER(_IntegerList)).contents
            pairs = [(listed.pairs[place].value, listed.pairs[place].name.decode()) for place in range(listed.count)]
            row["choices"] = {word.split()[0].lower(): value for value, word in pairs if value not in (10, 11)}
            row["default"] = next(word for word, value in row["choices"].items() if value == default)
        else:
            kind, widest = (_IntegerRange, LONGEST) if about.type == 2 else (_RealRange, WIDEST)
            bounds = ctypes.cast(about.data, ctypes.POINTER(kind)).contents
            row |= {"default": default, "low": max(bounds.low, -widest), "high": min(bounds.high, widest)}
            if about.type == 0:
                row["step"] = round(bounds.step, 4) or 0.1
        rows.append(row)
    return rows


def sentence(text: str) -> str:
    text = " ".join(text.replace(" fro ", " for ").split()).rstrip(".")
    words = "Period|Limit|Factor|Type|Average|Value|Init|Long|Short|Max|Maximum|Smoothing|Bars|Reverse"
    small = re.sub(rf"(?<=\s)({words})\b", lambda word: word[0].lower(), text)
    return small[:1].upper() + small[1:]


def lowered(title: str) -> str:
    """``title`` with small letters where no name or abbreviation is, as our own titles are written."""
    words = title.removeprefix("Vector ").removeprefix("Arithmetic ").removeprefix("Trigonometric ").split()
    kept = [word if at == 0 or word.strip("(),'s-") in NAMES or word.isupper() else word.lower()
            for at, word in enumerate(words)]  # fmt: skip
    return " ".join(kept)


def inputs(name: str) -> list[str]:
    """Columns in the order of the arguments; "price" is any of them, the close unless another is chosen."""
    found: list[str] = []
    for key, value in abstract.Function(name).input_names.items():
        if key == "prices":
            found += value
        else:
            found.append({"price": "price", "price0": "first", "price1": "second"}.get(key, key))
    return found


def row(library: ctypes.CDLL, name: str) -> dict[str, Any]:
    about = abstract.Function(name).info
    flags = about["function_flags"]
    entry: dict[str, Any] = {
        "title": TITLES.get(name) or lowered(about["display_name"]),
        "group": GROUPS[about["group"]],
        "inputs": inputs(name),
        "parameters": parameters(library, name),
    }
    is_marker = name.startswith("CDL") or name == "FRACTAL"
    styles = [style(words) if not is_marker else "marker" for words in about["output_flags"].values()]
    entry["outputs"] = [
        {"name": "value" if key in ("real", "integer") else key, "style": look, "unit": ""}
        for key, look in zip(about["output_flags"], styles, strict=True)
    ]
    scaled = "Output scale same as input" in flags and name not in NOT_OVER_PRICE
    entry["pane"] = "price" if (scaled and about["group"] != "Mathematics") or is_marker else "own"
    if name in INSTEAD:
        return {**entry, "instead": INSTEAD[name]}
    if name in LEFT_OUT:
        return {**entry, "left_out": LEFT_OUT[name]}
    return {**entry, **measured(name, entry, is_marker=is_marker)}


def style(words: list[str]) -> str:
    if "Histogram" in words:
        return "histogram"
    return "band" if any("limit" in word for word in words) and "Line" not in words else "line"


def measured(name: str, entry: Mapping[str, Any], *, is_marker: bool) -> dict[str, Any]:
    """Family, warm-up, degrees, units and time of a function with its default parameters."""
    found: dict[str, Any] = {}
    if name in POSITIONS:
        found["positions"] = True
    call = measure.Call.of(name, {**entry, **found}, {})
    warm_up = measure.warm_up(call)
    degree, by_volume = degrees(call)
    if is_marker:
        found["family"] = "event"
    elif warm_up is None:
        found["family"] = "cumulative"
    else:
        found["family"] = "finite" if warm_up == call.lookback() else "recursive"
    found["lookback"] = call.lookback()
    found["warm_up"] = call.lookback() if warm_up is None else warm_up
    outputs = []
    for place, output in enumerate(entry["outputs"]):
        outputs.append({**output, "unit": "" if is_marker else unit(name, degree[place], by_volume[place])})
    found["degree"] = degree[0] if is_homogeneous(name, entry, degree) else None
    found["outputs"] = outputs
    if name in LEVELS:
        found["levels"] = LEVELS[name]
    return {**found, "nanoseconds": nanoseconds(call)}


def is_homogeneous(name: str, entry: Mapping[str, Any], degree: list[int | None]) -> bool:
    """Whether prices may be scaled before and the outputs after, whatever the parameters."""
    return "volume" not in entry["inputs"] and set(degree) in ({0}, {1}) and name not in PRICED_PARAMETER


def degrees(call: measure.Call) -> tuple[list[int | None], list[int | None]]:
    """By output: 1 where it doubles with the prices or the volume, 0 where it stays, None where it does neither."""
    columns = measure.walk(1_500)
    plain = call.values(columns)
    found = []
    for scaled in ({"open", "high", "low", "close"}, {"volume"}):
        others = {
            factor: call.values({key: value * (factor if key in scaled else 1) for key, value in columns.items()})
            for factor in (2.0, 2.0**-8)
        }
        each: list[int | None] = []
        for place in range(plain.shape[1]):
            same = [
                times
                for times in (0, 1)
                if all(np.array_equal(other[:, place], plain[:, place] * factor**times, equal_nan=True)
                       for factor, other in others.items())
            ]  # fmt: skip
            each.append(same[0] if len(same) == 1 else None)
        found.append(each)
    return found[0], found[1]


def unit(name: str, by_price: int | None, by_volume: int | None) -> str:
    if name in UNITS:
        return UNITS[name]
    if name in POSITIONS:
        return "bars"
    if name in PERCENT:
        return "%"
    return {(1, 0): "price", (0, 1): "volume"}.get((by_price, by_volume), "")


def nanoseconds(call: measure.Call) -> float:
    """Per bar, to one digit."""
    columns = measure.walk(20_000)
    spent = []
    for _ in range(5):
        start = time.perf_counter()
        call.values(columns)
        spent.append(time.perf_counter() - start)
    return float(f"{1e9 * min(spent) / 20_000:.0e}")


def main() -> None:
    known = library()
    rows = {name: row(known, name) for name in sorted(talib.get_functions())}
    lines = [f"{json.dumps(name)}: {json.dumps(entry, ensure_ascii=False)}" for name, entry in rows.items()]
    text = "{\n" + ",\n".join(lines) + "\n}\n"
    TABLE.write_text(text, encoding="utf-8")
    digest = hashlib.sha256(text.encode()).hexdigest()
    source = FAMILY.read_text(encoding="utf-8")
    FAMILY.write_text(re.sub(r'TABLE_SHA256 = "\w*"', f'TABLE_SHA256 = "{digest}"', source), encoding="utf-8")
    print(f"TA-Lib {talib.__version__}: {len(rows)} functions in {TABLE.relative_to(ROOT)}")


if __name__ == "__main__":
    main()
