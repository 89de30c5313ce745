"""Nodes as text, in one way of writing: equal expressions have equal texts."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from engine.indicators import Indicator
from engine.indicators.expressions.functions import FUNCTIONS
from engine.indicators.expressions.nodes import Column, Line, Node, Number, OfGroup, OfSymbol, Operation

_TERNARY, _OR, _AND, _NOT, _COMPARISON, _SUM, _PRODUCT, _SIGN, _POWER, _ATOM = range(10)
_SIGNS: Mapping[str, tuple[str, int]] = MappingProxyType(
    {
        "either": ("or", _OR), "both": ("and", _AND), "less": ("<", _COMPARISON), "less_equal": ("<=", _COMPARISON),
        "greater": (">", _COMPARISON), "greater_equal": (">=", _COMPARISON), "equal": ("==", _COMPARISON),
        "not_equal": ("!=", _COMPARISON), "add": ("+", _SUM), "subtract": ("-", _SUM), "multiply": ("*", _PRODUCT),
        "divide": ("/", _PRODUCT), "modulo": ("%", _PRODUCT), "power": ("**", _POWER),
    }
)  # fmt: skip


def written(node: Node) -> str:
    """The text that ``parser.parse`` reads as ``node``."""
    return _text(node)[0]


def number(value: float) -> str:
    """A number without needless digits."""
    return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)


def _text(node: Node) -> tuple[str, int]:
    """The text of ``node``, and how tightly it binds."""
    match node:
        case Number(value=value):
            return number(value), _ATOM if value >= 0 else _SIGN
        case Column(name=name):
            return name, _ATOM
        case OfSymbol() | OfGroup() | Line():
            return _named(node), _ATOM
        case Operation(name="where", inputs=(condition, then, otherwise)):
            parts = _within(then, _OR), _within(condition, _OR), _within(otherwise, _TERNARY)
            return "{} if {} else {}".format(*parts), _TERNARY
        case Operation(name="negative", inputs=(inner,)):
            return f"-{_within(inner, _SIGN)}", _SIGN
        case Operation(name="negated", inputs=(inner,)):
            return f"not {_within(inner, _NOT)}", _NOT
        case Operation(name=name, inputs=(one, two)) if name in _SIGNS:
            return _between(name, one, two)
        case Operation():
            return _called(node), _ATOM
    raise TypeError(f"{type(node).__name__} is no part of an expression.")


def _named(node: OfSymbol | OfGroup | Line) -> str:
    match node:
        case OfSymbol(symbol=symbol, node=inner):
            return f'of("{symbol}", {written(inner)})'
        case OfGroup(groups=groups, node=inner):
            return f'group_demean({written(inner)}, "{groups}")'
        case Line():
            return _line(node)


def _between(name: str, one: Node, two: Node) -> tuple[str, int]:
    sign, strength = _SIGNS[name]
    left, right = (strength + 1, strength) if name == "power" else (strength, strength + 1)
    if strength == _COMPARISON:
        left = strength + 1
    return f"{_within(one, left)} {sign} {_within(two, right)}", strength


def _within(node: Node, strength: int) -> str:
    text, own = _text(node)
    return text if own >= strength else f"({text})"


def _called(node: Operation) -> str:
    constants = [number(value) for value in node.constants]
    function = FUNCTIONS[node.name]
    usual = [item.default for item in function.constants]
    while constants and usual[len(constants) - 1] == node.constants[len(constants) - 1]:
        constants.pop()
    return f"{node.name}({', '.join([*map(written, node.inputs), *constants])})"


def _line(node: Line) -> str:
    """The column of an indicator that reads one is written out, and so are all parameters."""
    name, columns = node.indicator.kind.removeprefix("talib_"), node.indicator.inputs()
    inputs = [written(item) for item in node.inputs] or list(columns if len(columns) == 1 else ())
    output = f".{node.output}" if len(node.indicator.outputs) > 1 else ""
    return f"{name}({', '.join(inputs + _values(node.indicator))}){output}"


PRICES = ("price", "first", "second")
"""Fields of TA-Lib's functions that name a column to read: in an expression it stands among the series."""


def parameters(indicator: type[Indicator]) -> list[str]:
    """The fields that numbers and choices fill in their order."""
    return [name for name in indicator.model_fields if name not in ("kind", *PRICES)]


def _values(indicator: Indicator) -> list[str]:
    return [_value(getattr(indicator, name)) for name in parameters(type(indicator))]


def _value(value: object) -> str:
    if isinstance(value, int | float):
        return number(float(value))
    return f'"{value}"'
