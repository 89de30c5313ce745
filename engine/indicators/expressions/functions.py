"""The functions of the expression language that are no indicators of the library."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from engine.indicators.rolling import rolling
from engine.market.bars import Floats

Kind = Literal["elementwise", "window", "cross-section"]
LONGEST = 10_000  # bars of a window
_SHORT = 40  # bars; from about twice as many on, a queue has a window's extreme sooner than comparing all of it


@dataclass(frozen=True)
class Constant:
    """A number that a function takes after its series: whole, where it is one of bars."""

    name: str
    low: float
    high: float
    default: float | None = None
    whole: bool = True


@dataclass(frozen=True)
class Function:
    """A function of ``series`` arguments and then ``constants``.

    ``compute`` takes arrays of float64 and the constants, and returns one of the same shape: (symbols, bars) with the
    symbol's own bars in a row, or (times, symbols) for the kind "cross-section". NaN is unknown. ``warm_up`` is how
    many bars more than its input it leaves without a value, by its constants.
    """

    name: str
    help: str
    compute: Callable[..., Floats]
    series: tuple[str, ...] = ("x",)
    constants: tuple[Constant, ...] = ()
    kind: Kind = "elementwise"
    warm_up: Callable[..., int] = lambda *constants: 0
    repeated: bool = False
    """Whether further series may follow."""

    def signature(self) -> str:
        """As it is written, such as "quantile(x, bars, share=0.5)"."""
        told = [item.name if item.default is None else f"{item.name}={item.default:g}" for item in self.constants]
        return f"{self.name}({', '.join([*self.series, *(['...'] if self.repeated else []), *told])})"


def known(values: Floats) -> Floats:
    """``values`` with what is infinite made unknown, in place."""
    infinite = np.isinf(values)
    if infinite.any():
        np.copyto(values, np.nan, where=infinite)
    return values


def _quiet(compute: Callable[..., Floats]) -> Callable[..., Floats]:
    """``compute`` without warnings of NumPy, unknown where it has no finite value."""

    def quiet(*values: Floats) -> Floats:
        with np.errstate(all="ignore"):
            return known(np.asarray(compute(*values), dtype=np.float64))

    return quiet


def _unless(unknown: NDArray[np.bool_], values: Floats) -> Floats:
    """``values``, NaN where something is ``unknown``, in place where the shapes allow."""
    if np.shape(unknown) != np.shape(values):
        return np.where(unknown, np.nan, values)
    np.copyto(values, np.nan, where=unknown)
    return values


def _comparison(compare: np.ufunc) -> Callable[[Floats, Floats], Floats]:
    def compared(a: Floats, b: Floats) -> Floats:
        return _unless(np.isnan(a) | np.isnan(b), np.asarray(compare(a, b), dtype=np.float64))

    return compared


def _both(a: Floats, b: Floats) -> Floats:
    """1 where both hold, 0 where one does not, whatever the other is; unknown elsewhere (Kleene)."""
    fails, unknown = (a == 0) | (b == 0), np.isnan(a) | np.isnan(b)
    return _unless(unknown & ~fails, np.asarray(~fails, dtype=np.float64))


def _either(a: Floats, b: Floats) -> Floats:
    return _negated(_both(_negated(a), _negated(b)))


def _negated(a: Floats) -> Floats:
    return _unless(np.isnan(a), np.asarray(a == 0, dtype=np.float64))


def _where(condition: Floats, then: Floats, otherwise: Floats) -> Floats:
    return _unless(np.isnan(condition), np.where(condition != 0, then, otherwise))


def _known_or(x: Floats, otherwise: Floats) -> Floats:
    found: Floats = np.where(np.isnan(x), otherwise, x)
    return found


def _lag(x: Floats, bars: int) -> Floats:
    found = np.empty(x.shape)
    found[:, :bars] = np.nan
    found[:, bars:] = x[:, : max(x.shape[1] - bars, 0)]
    return found


def _delta(x: Floats, bars: int) -> Floats:
    found = np.empty(x.shape)
    found[:, :bars] = np.nan
    with np.errstate(invalid="ignore"):
        np.subtract(x[:, bars:], x[:, : max(x.shape[1] - bars, 0)], out=found[:, bars:])
    return found


def _change(x: Floats, bars: int) -> Floats:
    return _divide(x, _lag(x, bars)) - 1.0


_divide = _quiet(np.divide)


def _rank(x: Floats) -> Floats:
    found = np.empty(x.shape)
    rolling().across.rank(x, found)
    return found


def _loop(name: str, module: str, *more: float) -> Callable[..., Floats]:
    """A compiled loop over a window, with ``more`` that it takes after the window and before the constants."""

    def compute(x: Floats, bars: int, *constants: float) -> Floats:
        found = np.empty(x.shape)
        getattr(getattr(rolling(), module), name)(x, bars, *more, *constants, found)
        return found

    return compute


def _extreme(sign: float) -> Callable[..., Floats]:
    """The highest (``sign`` 1) or lowest (-1) value: of a short window all of its values at once are the faster way."""
    queued = _loop("rolling_extreme", "order", sign, False)

    def compute(x: Floats, bars: int) -> Floats:
        if bars > _SHORT:
            return queued(x, bars)
        found = np.empty(x.shape)
        rolling().windows.extremes(x, np.array([bars]), sign, found[:, None])
        return found

    return compute


def _deviation(x: Floats, bars: int) -> Floats:
    found: Floats = np.sqrt(_loop("rolling_variance", "moments", 1)(x, bars))
    return found


def _zscore(x: Floats, bars: int) -> Floats:
    return _divide(x - _loop("rolling_mean", "moments")(x, bars), _deviation(x, bars))


def _pair(what: str) -> Callable[[Floats, Floats, int], Floats]:
    def compute(x: Floats, y: Floats, bars: int) -> Floats:
        found, pairs = np.empty(x.shape), rolling().pairs
        pairs.rolling_pair(np.ascontiguousarray(x), np.ascontiguousarray(y), bars, getattr(pairs, what), found)
        return found

    return compute


def _line(what: str) -> Callable[[Floats, int], Floats]:
    """Of the least-squares line of the window against time."""

    def compute(x: Floats, bars: int) -> Floats:
        time = np.broadcast_to(np.arange(x.shape[1], dtype=np.float64), x.shape)
        return _pair(what)(time, x, bars)

    return compute


def _demean(x: Floats) -> Floats:
    return x - _row_mean(x)


def _row_mean(x: Floats) -> Floats:
    count = np.isfinite(x).sum(axis=1, keepdims=True)
    return _divide(np.nansum(x, axis=1, keepdims=True), count.astype(np.float64))


def _standardize(x: Floats) -> Floats:
    apart, count = _demean(x), np.isfinite(x).sum(axis=1, keepdims=True) - 1.0
    return _divide(apart, np.sqrt(_divide(np.nansum(apart**2, axis=1, keepdims=True), count)))


def _scale(x: Floats) -> Floats:
    return _divide(x, np.nansum(np.abs(x), axis=1, keepdims=True))


def _winsorize(x: Floats, share: float) -> Floats:
    found = np.full(x.shape, np.nan)
    rows = np.isfinite(x).any(axis=1)
    low, high = np.nanquantile(x[rows], [share, 1 - share], axis=1)[:, :, None]
    found[rows] = np.clip(x[rows], low, high)
    return found


BARS = Constant("bars", 1, LONGEST)
_PAIRED = Constant("bars", 2, LONGEST)


def _windowed(name: str, help: str, compute: Callable[..., Floats], low: int = 1, *constants: Constant) -> Function:
    bars = Constant("bars", low, LONGEST)
    return Function(name, help, compute, constants=(bars, *constants), kind="window", warm_up=lambda n, *_: int(n) - 1)


def _shifted(name: str, help: str, compute: Callable[..., Floats], low: int = 1) -> Function:
    bars = Constant("bars", low, LONGEST, 1)
    return Function(name, help, compute, constants=(bars,), kind="window", warm_up=lambda n: int(n))


def _paired(name: str, help: str, what: str) -> Function:
    named = ("x", "y")
    return Function(name, help, _pair(what), named, (_PAIRED,), "window", lambda n: int(n) - 1)


def _among(name: str, help: str, compute: Callable[..., Floats], *constants: Constant) -> Function:
    return Function(name, help, compute, constants=constants, kind="cross-section")


_ALL = (
    Function("add", "a + b", _quiet(np.add), ("a", "b")),
    Function("subtract", "a - b", _quiet(np.subtract), ("a", "b")),
    Function("multiply", "a * b", _quiet(np.multiply), ("a", "b")),
    Function("divide", "a / b; unknown where b is zero.", _divide, ("a", "b")),
    Function("power", "a ** b", _quiet(np.power), ("a", "b")),
    Function("modulo", "a % b", _quiet(np.mod), ("a", "b")),
    Function("negative", "-x", np.negative),
    Function("less", "a < b: 1 or 0.", _comparison(np.less), ("a", "b")),
    Function("less_equal", "a <= b: 1 or 0.", _comparison(np.less_equal), ("a", "b")),
    Function("greater", "a > b: 1 or 0.", _comparison(np.greater), ("a", "b")),
    Function("greater_equal", "a >= b: 1 or 0.", _comparison(np.greater_equal), ("a", "b")),
    Function("equal", "a == b: 1 or 0.", _comparison(np.equal), ("a", "b")),
    Function("not_equal", "a != b: 1 or 0.", _comparison(np.not_equal), ("a", "b")),
    Function("both", "a and b: 1 or 0.", _both, ("a", "b")),
    Function("either", "a or b: 1 or 0.", _either, ("a", "b")),
    Function("negated", "not x: 1 or 0.", _negated),
    Function("where", "a where the condition holds, b elsewhere.", _where, ("condition", "a", "b")),
    Function("abs", "Absolute value.", np.abs),
    Function("sign", "-1, 0 or 1.", np.sign),
    Function("log", "Natural logarithm; unknown unless positive.", _quiet(np.log)),
    Function("exp", "Exponential.", _quiet(np.exp)),
    Function("sqrt", "Square root; unknown if negative.", _quiet(np.sqrt)),
    Function("floor", "Largest whole number that is not above.", np.floor),
    Function("min", "The lowest of several values on the same bar.", np.minimum, ("a", "b"), repeated=True),
    Function("max", "The highest of several values on the same bar.", np.maximum, ("a", "b"), repeated=True),
    Function(
        "signed_power", "The absolute value to a power, with the sign of x.",
        _quiet(lambda x, a: np.sign(x) * np.abs(x) ** a), ("x", "a"),
    ),
    Function("if_unknown", "x, and b where it is unknown.", _known_or, ("x", "b")),
    _shifted("lag", "The value some bars ago.", _lag, 0),
    _shifted("delta", "The difference to the value some bars ago.", _delta),
    _shifted("change", "The relative change since some bars ago.", _change),
    _windowed("sum", "Sum of the last bars.", _loop("rolling_sum", "moments")),
    _windowed("mean", "Mean of the last bars.", _loop("rolling_mean", "moments")),
    _windowed("std", "Standard deviation of the last bars, of a sample.", _deviation, 2),
    _windowed("var", "Variance of the last bars, of a sample.", _loop("rolling_variance", "moments", 1), 2),
    _windowed("skew", "Skewness of the last bars, of a sample.", _loop("rolling_moments", "moments", 3), 3),
    _windowed("kurt", "Excess kurtosis of the last bars, of a sample.", _loop("rolling_moments", "moments", 4), 4),
    _windowed("product", "Product of the last bars.", _loop("rolling_product", "moments")),
    _windowed("decay_linear", "Mean of the last bars, weighted n to 1.", _loop("decaying_mean", "moments")),
    _windowed("ts_max", "The highest of the last bars.", _extreme(1.0)),
    _windowed("ts_min", "The lowest of the last bars.", _extreme(-1.0)),
    _windowed("bars_since_max", "Bars since the highest of the last.", _loop("rolling_extreme", "order", 1.0, True)),
    _windowed("bars_since_min", "Bars since the lowest of the last.", _loop("rolling_extreme", "order", -1.0, True)),
    _windowed("ts_rank", "Rank among the last bars, 0 to 1.", _loop("rolling_rank", "order"), 2),
    _windowed(
        "quantile", "Quantile of the last bars.", _loop("rolling_quantile", "order"), 1,
        Constant("share", 0, 1, 0.5, whole=False),
    ),
    _windowed("zscore", "Distance from the mean of the last bars in their standard deviations.", _zscore, 2),
    _windowed("slope", "Slope a bar of the line through the last bars.", _line("SLOPE"), 2),
    _windowed("residual", "Distance from the line through the last bars.", _line("RESIDUAL"), 2),
    _windowed("r_squared", "Share of variance explained by the line through the last bars.", _line("R_SQUARED"), 2),
    _paired("correlation", "Correlation over the last bars.", "CORRELATION"),
    _paired("covariance", "Covariance over the last bars, of a sample.", "COVARIANCE"),
    _paired("regression_slope", "Slope of y on x over the last bars.", "SLOPE"),
    _paired("regression_residual", "Distance of y from its line on x over the last bars.", "RESIDUAL"),
    _among("rank", "Rank among the symbols, 0 to 1.", _rank),
    _among("demean", "Distance from the mean of the symbols.", _demean),
    _among("standardize", "Distance from the mean of the symbols in their standard deviations.", _standardize),
    _among("scale", "Share of the sum of the symbols' absolute values.", _scale),
    _among(
        "winsorize", "Values beyond a quantile of the symbols, cut to it.", _winsorize,
        Constant("share", 0, 0.5, 0.05, whole=False),
    ),
)  # fmt: skip

FUNCTIONS: Mapping[str, Function] = MappingProxyType({item.name: item for item in _ALL})
"""By the name under which they are called."""

ALIASES: Mapping[str, str] = MappingProxyType(
    {"delay": "lag", "ref": "lag", "stddev": "std", "signedpower": "signed_power", "median": "quantile"}
)
"""Names of other languages for some of them."""


def precompile() -> None:
    """Run each function with a compiled loop once, so that it is loaded from disk or compiled."""
    values = np.arange(12.0).reshape(1, 12)
    _rank(values)
    for item in FUNCTIONS.values():
        if item.kind == "window":
            numbers = [4 if wanted.whole else wanted.default for wanted in item.constants]
            item.compute(*[values] * len(item.series), *numbers)
