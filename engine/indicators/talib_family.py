"""TA-Lib's functions as indicators, each made from its row of a table when it is first asked for.

``talib_functions.json`` holds what TA-Lib says of each function and what was measured of it; ``tools/talib_table.py``
writes it. A function that is an indicator with a file of its own is not offered twice, and one that makes no sense of
prices is left out: the table says which and why.
"""

from __future__ import annotations

import json
import types
from collections.abc import Mapping, MutableMapping, Sequence
from functools import cache, lru_cache, partial
from pathlib import Path
from typing import Any, ClassVar, Literal

import numpy as np

from engine.core.registry import PluginInfo, PluginTable, plugin
from engine.core.spec import parameter
from engine.indicators import Column, Indicator, Output, Writer
from engine.indicators.gaps import apply_to_contiguous_runs, without_rounding
from engine.indicators.reference import near_one
from engine.indicators.talib_measure import Call, longest, warm_up
from engine.indicators.talib_quotients import QUOTIENTS
from engine.indicators.talib_rows import Columns, RowWriter
from engine.market.bars import Bars, Floats

TABLE_SHA256 = "e48a17d44c7318d4e83cce20f0f2c804e32e018de8d6ede4b14a7bf66e03befd"
"""Of the table: a changed table is another source, and so another run key."""
PREFIX = "talib_"
FORMULAS: Mapping[str, str] = types.MappingProxyType(
    {
        "MAX": "ts_max({price}, {timeperiod})",
        "MIN": "ts_min({price}, {timeperiod})",
        "SUM": "sum({price}, {timeperiod})",
        "MIDPOINT": "(ts_max({price}, {timeperiod}) + ts_min({price}, {timeperiod})) / 2",
        "MIDPRICE": "(ts_max(high, {timeperiod}) + ts_min(low, {timeperiod})) / 2",
        "STDDEV": "{nbdev} * sqrt(({timeperiod} - 1) / {timeperiod}) * std({price}, {timeperiod})",
        "LINEARREG_SLOPE": "slope({price}, {timeperiod})",
    }
)
"""Expressions with the values of some functions, for windows of two bars or more."""
_PRICES = {"price": ("Price", "close"), "first": ("First price", "high"), "second": ("Second price", "low")}


@cache
def table() -> Mapping[str, Mapping[str, Any]]:
    """Rows by the name of the function. ``instead`` names the indicator of the library that is offered in its place,
    ``left_out`` says why there is none.
    """
    path = Path(__file__).with_name("talib_functions.json")
    rows: Mapping[str, Mapping[str, Any]] = json.loads(path.read_text(encoding="utf-8"))
    return rows


class TalibFunction(Indicator):
    """A function of TA-Lib with its own parameters and defaults.

    Indices become numbers of bars ago. What is infinite is unknown, NaN, and so is a quotient of zero by zero
    (``talib_quotients``), where the library has a number; a difference of prices within their rounding is 0. The
    warm-up is measured: that of the defaults is in the table, any other is found by computing a random walk from
    several starts.
    """

    function: ClassVar[str] = ""
    row: ClassVar[Mapping[str, Any]] = {}

    def label(self) -> str:
        words = [str(value) if isinstance(value, str) else f"{value:g}" for value in self._parameters().values()]
        chosen = {name: getattr(self, name) for name in _PRICES if name in self.row["inputs"]}
        usual = {name: _PRICES[name][1] for name in chosen}
        words += [] if chosen == usual else list(chosen.values())
        return f"{self.function}({', '.join(words)})" if words else self.function

    def inputs(self) -> tuple[Column, ...]:
        return tuple(dict.fromkeys(self.call().inputs))  # type: ignore[arg-type]

    def warm_up(self) -> int:
        return _warm_up(self)

    def formulas(self) -> tuple[str, ...]:
        values = {name: value for name, value in self if name != "kind"}
        if self.function not in FORMULAS or values["timeperiod"] < 2:
            return ()
        return (FORMULAS[self.function].format(**values),)

    def compute(self, bars: Bars) -> dict[str, Floats]:
        rows = np.empty((len(self.outputs), len(bars)))
        if not self.writer()(bars, rows, {}):
            rows = self._of_runs(bars).T
        return {output.name: np.ascontiguousarray(row) for output, row in zip(self.outputs, rows, strict=True)}

    def writer(self) -> Writer:
        return _writer(self)

    def _of_runs(self, bars: Bars) -> Floats:
        """The outputs (bars, outputs) of each run without a gap."""
        call, degree = self.call(), self.row["degree"]
        values = partial(_values, call, self.warm_up())

        function = values if degree is None else near_one(values, in_price=degree == 1)
        series = [getattr(bars, name) for name in call.inputs]
        found = apply_to_contiguous_runs(function, self.warm_up(), *series, outputs=len(self.outputs))
        if degree == 1 and self.pane == "own":
            found = without_rounding(found, series[-1][:, None])
        return found

    def _parameters(self) -> dict[str, Any]:
        return {item["name"]: getattr(self, item["name"]) for item in self.row["parameters"]}

    def call(self) -> Call:
        """The call of the library that it makes."""
        return _call(self)


def _values(call: Call, warm_up: int, *series: Floats) -> Floats:
    """The outputs (bars, outputs) of one run without a gap, unknown where they are zero by zero."""
    quotient = QUOTIENTS.get(call.function)
    if quotient is None:
        return call.values(dict(zip(call.inputs, series, strict=True)))
    begin = quotient.begins(call, series)
    if begin:
        found = np.full((len(series[0]), call.outputs()), np.nan)
        if len(found) - begin > warm_up:
            found[begin + warm_up :] = _values(call, warm_up, *(values[begin:] for values in series))[warm_up:]
        return found
    found = call.values(dict(zip(call.inputs, series, strict=True)))
    unknown = quotient.unknown(call, series, warm_up)
    if unknown is not None:
        found[unknown] = np.nan
    return found


@lru_cache(maxsize=1024)
def _call(function: TalibFunction) -> Call:
    return Call.of(function.function, function.row, {name: value for name, value in function if name != "kind"})


@lru_cache(maxsize=1024)
def _warm_up(function: TalibFunction) -> int:
    row, call = function.row, function.call()
    if all(getattr(function, item["name"]) == item["default"] for item in row["parameters"]):
        return int(row["warm_up"])
    if function.family == "cumulative":
        return call.lookback()
    measured = warm_up(call)
    return longest(call) if measured is None else measured


@lru_cache(maxsize=1024)
def _writer(function: TalibFunction) -> Writer:
    call, degree = function.call(), function.row["degree"]
    is_difference = degree == 1 and function.pane == "own"
    own = RowWriter(call, degree, function.warm_up(), is_difference)

    def write(bars: Bars, rows: Floats, shared: MutableMapping[str, Any]) -> bool:
        common = shared.get(PREFIX)
        if common is None:
            common = shared[PREFIX] = Columns(bars)
        return own.write(common, rows)

    return write


@cache
def infos() -> Sequence[PluginInfo]:
    """The functions that are offered."""
    return tuple(_info(name, row) for name, row in table().items() if not {"instead", "left_out"} & row.keys())


def output_names(kind: str) -> tuple[str, ...] | None:
    """Names of the outputs of ``talib_macd`` and the like, without making its class; None for other indicators."""
    row = table().get(kind.removeprefix(PREFIX).upper()) if kind.startswith(PREFIX) else None
    return None if row is None else tuple(output["name"] for output in row["outputs"])


@cache
def make(kind: str) -> type[Indicator]:
    """The spec class of ``talib_rvi`` and the like. Raises ``KeyError`` for a function that is not offered."""
    name = kind.removeprefix(PREFIX).upper()
    row, about = table()[name], _info(name, table()[name])
    if about not in infos():
        raise KeyError(kind)
    fields = {key: value for item in row["inputs"] if item in _PRICES for key, value in _price(item).items()}
    for item in row["parameters"]:
        fields |= _field(item)
    namespace: dict[str, Any] = {
        "__module__": __name__,
        "__doc__": about.summary,
        "__annotations__": {"kind": Literal[kind], **{key: type_ for key, (type_, _) in fields.items()}},
        "kind": kind,
        **{key: default for key, (_, default) in fields.items()},
        "function": name,
        "row": row,
        "outputs": tuple(Output(**output) for output in row["outputs"]),
        "family": row["family"],
        "pane": row["pane"],
        "levels": tuple(float(level) for level in row.get("levels", ())),
        "nanoseconds": row["nanoseconds"],
    }
    made = types.new_class(name, (TalibFunction,), {}, lambda body: body.update(namespace))
    return plugin(kind, title=about.title, group=about.group, synonyms=about.synonyms)(made)


def _info(name: str, row: Mapping[str, Any]) -> PluginInfo:
    summary = f"{name} of TA-Lib, from {_reads(row['inputs'])}."
    return PluginInfo(f"{PREFIX}{name.lower()}", row["title"], summary, row["group"], (name,))


def _reads(inputs: Sequence[str]) -> str:
    words = {"price": "one price", "first": "two prices"}
    read = [words.get(name, name) for name in inputs if name != "second"]
    return " and ".join([", ".join(read[:-1]), read[-1]] if len(read) > 1 else read)


def _price(name: str) -> dict[str, tuple[Any, Any]]:
    title, usual = _PRICES[name]
    words = {"close": "Close", "open": "Open", "high": "High", "low": "Low"}
    return {name: (Literal["close", "open", "high", "low"], parameter(usual, title=title, choices=words))}


def _field(item: Mapping[str, Any]) -> dict[str, tuple[Any, Any]]:
    shown = {"title": item["title"], "help": item["help"] if item["help"] != item["title"] else ""}
    if "choices" in item:
        words = {word: word.upper() for word in item["choices"]}
        return {item["name"]: (Literal[tuple(item["choices"])], parameter(item["default"], choices=words, **shown))}
    is_whole = "step" not in item
    unit = "bars" if is_whole else ""
    bounds = {"ge": item["low"], "le": item["high"], "step": item.get("step")}
    return {item["name"]: (int if is_whole else float, parameter(item["default"], unit=unit, **bounds, **shown))}


def __getattr__(name: str) -> Any:
    """The class of a function by its name, which is how a script or a worker imports it."""
    if name.isupper() and name in table():
        return make(f"{PREFIX}{name.lower()}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


FUNCTIONS = PluginTable(infos, make)
