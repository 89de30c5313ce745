"""From text to nodes: Python's own grammar, of which names, numbers, operators and calls are let through."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Any

from engine.core.errors import SpecError, did_you_mean
from engine.core.spec import kind_name
from engine.core.stored_values import ReadsValues
from engine.indicators import INDICATORS, ContextIndicator, Indicator, PanelIndicator, groups
from engine.indicators.expressions.functions import ALIASES, FUNCTIONS, Constant, Function
from engine.indicators.expressions.nodes import Column, Line, Node, Number, OfGroup, OfSymbol, Operation, walk
from engine.indicators.expressions.writer import PRICES, parameters
from engine.market.symbols import symbol as as_symbol

COLUMNS = ("open", "high", "low", "close", "volume")
MAXIMUM_LENGTH, MAXIMUM_DEPTH = 2_000, 60
OTHER = "of"
"""Function of another symbol: ``of("SPY", close)``."""
GROUPED = "group_demean"
"""Function of groups of symbols: ``group_demean(close, "A: AAPL MSFT; B: JPM C")``."""

_BINARY: Mapping[type[ast.operator], str] = MappingProxyType(
    {ast.Add: "add", ast.Sub: "subtract", ast.Mult: "multiply", ast.Div: "divide", ast.Pow: "power", ast.Mod: "modulo"}
)
_COMPARED: Mapping[type[ast.cmpop], str] = MappingProxyType(
    {
        ast.Lt: "less", ast.LtE: "less_equal", ast.Gt: "greater", ast.GtE: "greater_equal", ast.Eq: "equal",
        ast.NotEq: "not_equal",
    }
)  # fmt: skip
OPERATORS = frozenset({*_BINARY.values(), *_COMPARED.values(), "negative", "both", "either", "negated"})
"""Functions that are written as signs or words between their arguments."""


class ExpressionError(SpecError):
    """Text that is no expression: the fault lies from ``start`` to ``end``, counted from 0."""

    def __init__(self, sentence: str, start: int, end: int) -> None:
        self.sentence, self.start, self.end = sentence, start, max(end, start + 1)
        super().__init__([("text", f"{sentence} (character {start + 1})")])


def parse(text: str) -> Node:
    """The expression that ``text`` writes. Raises ``ExpressionError`` with the place of the first fault."""
    if not text.strip():
        raise ExpressionError("Write an expression, such as close / sma(close, 50).", 0, 1)
    if len(text) > MAXIMUM_LENGTH:
        raise ExpressionError(f"An expression has at most {MAXIMUM_LENGTH:,} characters.", MAXIMUM_LENGTH, len(text))
    foreign = next((place for place, sign in enumerate(text) if not sign.isascii()), None)
    if foreign is not None:
        raise ExpressionError(f"'{text[foreign]}' has no meaning in an expression.", foreign, foreign + 1)
    flat = "".join(" " if sign in "\n\r\t" else sign for sign in text)
    lead = len(flat) - len(flat.lstrip())
    try:
        tree = ast.parse(flat.lstrip(), mode="eval").body
    except SyntaxError as error:
        is_placed = error.lineno == 1 and error.offset
        place = lead + int(error.offset or 1) - 1 if is_placed else len(text)
        raise ExpressionError(_syntax(error, flat, place), min(place, len(text) - 1), place + 1) from None
    except (RecursionError, MemoryError, ValueError):
        raise ExpressionError(_TOO_DEEP, 0, len(text)) from None
    found = _Reader(lead).node(tree, 0)
    if not any(isinstance(item, Column | Line) for item in walk(found)):
        raise ExpressionError("The expression is a constant: let it read a column, such as close.", lead, len(text))
    return found


_TOO_DEEP = f"The expression is nested more than {MAXIMUM_DEPTH} deep: write a part of it as a feature of its own."


def _syntax(error: SyntaxError, text: str, place: int) -> str:
    said = error.msg or "invalid syntax"
    if "was never closed" in said or "does not match" in said or "unmatched" in said:
        return f"{said[0].upper()}{said[1:]}."
    if "too many nested" in said:
        return _TOO_DEEP
    if place >= len(text.rstrip()):
        return "The expression ends too early."
    return f"'{text[place]}' is not expected here."


class _Reader:
    """Reads a tree; ``lead`` is how far into the text it begins."""

    def __init__(self, lead: int) -> None:
        self._lead = lead

    def node(self, tree: ast.expr, depth: int) -> Node:
        if depth > MAXIMUM_DEPTH:
            raise self._error(tree, _TOO_DEEP)
        match tree:
            case ast.Constant(value=value):
                return self._number(tree, value)
            case ast.Name(id=name):
                return self._column(tree, name)
            case ast.UnaryOp(op=op, operand=operand):
                return self._signed(tree, op, self.node(operand, depth + 1))
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return self._binary(_BINARY[type(op)], left, right, depth + 1)
            case ast.Call():
                return self._call(tree, "", depth + 1)
            case ast.Attribute(value=ast.Call() as call, attr=output):
                return self._call(call, output, depth + 1)
        return self._condition(tree, depth + 1)

    def _condition(self, tree: ast.expr, depth: int) -> Node:
        match tree:
            case ast.BoolOp(op=op, values=values):
                name = "both" if isinstance(op, ast.And) else "either"
                return _folded(name, [self.node(item, depth) for item in values])
            case ast.Compare():
                return self._compared(tree, depth)
            case ast.IfExp(test=test, body=body, orelse=orelse):
                return Operation("where", tuple(self.node(item, depth) for item in (test, body, orelse)))
        raise self._error(tree, "This is not part of the language: use numbers, columns, operators and functions.")

    def _signed(self, tree: ast.expr, op: ast.unaryop, inner: Node) -> Node:
        match op:
            case ast.UAdd():
                return inner
            case ast.USub():
                return Number(-inner.value) if isinstance(inner, Number) else Operation("negative", (inner,))
            case ast.Not():
                return Operation("negated", (inner,))
        raise self._error(tree, "~ has no meaning here: write not.")

    def _error(self, tree: ast.expr, sentence: str) -> ExpressionError:
        return ExpressionError(sentence, self._lead + tree.col_offset, self._lead + (tree.end_col_offset or 0))

    def _number(self, tree: ast.expr, value: object) -> Number:
        if isinstance(value, bool) or not isinstance(value, int | float):
            meant = "write 1 or 0" if isinstance(value, bool) else "text stands only for a choice or a symbol"
            raise self._error(tree, f"{value!r:.40} is not a value here: {meant}.")
        if abs(value) > 1e300:
            raise self._error(tree, "The number is too large.")
        return Number(float(value))

    def _column(self, tree: ast.Name, name: str) -> Node:
        if name in COLUMNS:
            return Column(name)
        if name in FUNCTIONS or name in ALIASES or _kind(name):
            raise self._error(tree, f"{name} is a function: write {_example(name)}.")
        raise self._error(tree, f"'{name}' is neither a column nor a function.{did_you_mean(name, COLUMNS)}")

    def _binary(self, name: str, left: ast.expr, right: ast.expr, depth: int) -> Node:
        one, two = self.node(left, depth), self.node(right, depth)
        if name in ("divide", "modulo") and two == Number(0.0):
            raise self._error(right, "The expression divides by zero.")
        return Operation(name, (one, two))

    def _compared(self, tree: ast.Compare, depth: int) -> Node:
        terms = [self.node(item, depth) for item in (tree.left, *tree.comparators)]
        unknown = next((op for op in tree.ops if type(op) not in _COMPARED), None)
        if unknown is not None:
            raise self._error(tree, "Compare with <, <=, >, >=, == or !=.")
        names = [_COMPARED[type(op)] for op in tree.ops]
        pairs = zip(names, terms[:-1], terms[1:], strict=True)
        return _folded("both", [Operation(name, (one, two)) for name, one, two in pairs])

    def _call(self, tree: ast.Call, output: str, depth: int) -> Node:
        if not isinstance(tree.func, ast.Name):
            raise self._error(tree, "Only functions by their names can be called.")
        name = ALIASES.get(tree.func.id, tree.func.id)
        if any(isinstance(item, ast.Starred) for item in tree.args) or any(not item.arg for item in tree.keywords):
            raise self._error(tree, "Stars have no meaning here: write the arguments one by one.")
        if name == OTHER:
            return self._of_symbol(tree, depth)
        if name == GROUPED:
            return self._of_group(tree, depth)
        if name in FUNCTIONS and name not in OPERATORS:
            if output:
                raise self._error(tree, f"{name} has one value: leave .{output} out.")
            return self._operation(tree, FUNCTIONS[name], depth)
        if kind := _kind(name):
            return self._line(tree, INDICATORS.available()[kind], output, depth)
        near = did_you_mean(name, _names()).split(" Available:")[0]
        raise self._error(tree.func, f"There is no function '{name}'.{near}")

    def _of_symbol(self, tree: ast.Call, depth: int) -> Node:
        if len(tree.args) != 2 or tree.keywords or not _is_text(tree.args[0]):
            raise self._error(tree, f'Write {OTHER}("SPY", close): a symbol in quotation marks, then what to take.')
        try:
            symbol = as_symbol(str(tree.args[0].value))  # type: ignore[attr-defined]
        except ValueError as error:
            raise self._error(tree.args[0], str(error)) from None
        inner = self.node(tree.args[1], depth)
        return OfSymbol(symbol, inner)

    def _of_group(self, tree: ast.Call, depth: int) -> Node:
        if len(tree.args) != 2 or tree.keywords or not _is_text(tree.args[1]):
            raise self._error(tree, f'Write {GROUPED}(close, "A: AAPL MSFT; B: JPM C"): what to take, then the groups.')
        try:
            named = groups.written(str(tree.args[1].value))  # type: ignore[attr-defined]
        except ValueError as error:
            raise self._error(tree.args[1], str(error)) from None
        return OfGroup(named, self.node(tree.args[0], depth))

    def _operation(self, tree: ast.Call, function: Function, depth: int) -> Node:
        given = [self.node(item, depth) for item in tree.args]
        count = len(function.series)
        most = len(given) if function.repeated else count + len(function.constants)
        if len(given) < count or len(given) > most:
            raise self._error(tree, f"It is written {function.signature()}.")
        if function.repeated:
            return _folded(function.name, given)
        named = {item.arg: item.value for item in tree.keywords}
        constants = [
            self._constant(tree, function, place, tree.args, named) for place in range(len(function.constants))
        ]
        if named:
            raise self._error(
                tree, f"{function.name} has no '{next(iter(named))}': it is written {function.signature()}."
            )
        return Operation(function.name, tuple(given[:count]), tuple(constants))

    def _constant(
        self,
        tree: ast.Call,
        function: Function,
        place: int,
        args: Sequence[ast.expr],
        named: dict[str | None, ast.expr],
    ) -> float:
        """A constant by its place or, taken out of ``named``, by its name."""
        wanted, at = function.constants[place], len(function.series) + place
        written = tree.args[at] if at < len(tree.args) else named.pop(wanted.name, None)
        if written is None:
            if wanted.default is None:
                raise self._error(tree, f"'{wanted.name}' is missing: write {function.signature()}.")
            return float(wanted.default)
        found = self.node(written, 0)
        if not isinstance(found, Number):
            raise self._error(written, f"'{wanted.name}' of {function.name} is a number, not a series.")
        if problem := _outside(found.value, wanted):
            raise self._error(written, f"'{wanted.name}' of {function.name} {problem}.")
        return found.value

    def _line(self, tree: ast.Call, indicator: type[Indicator], output: str, depth: int) -> Node:
        name = getattr(tree.func, "id", "")
        if issubclass(indicator, PanelIndicator | ContextIndicator | ReadsValues):
            raise self._error(tree, f"{name} needs more than one series: choose it as a feature of its own.")
        if getattr(indicator, "is_expression", False):
            raise self._error(tree, "An expression is written out, not called.")
        fields = parameters(indicator)
        constants = [item for item in tree.args if _is_constant(item)]
        series = [self.node(item, depth) for item in tree.args if not _is_constant(item)]
        values: dict[str, Any] = dict(zip(fields, map(_value, constants), strict=False))
        if len(constants) > len(fields):
            raise self._error(tree, f"{name} has only {len(fields)} parameters: {', '.join(fields) or 'none'}.")
        for item in tree.keywords:
            if not _is_constant(item.value):
                raise self._error(item.value, f"'{item.arg}' of {name} is a number or a choice, not a series.")
            values[str(item.arg)] = _value(item.value)
        spec = self._parsed(tree, indicator, values, series)
        return Line(spec, self._output(tree, spec, output), self._inputs(tree, spec, series))

    def _parsed(
        self, tree: ast.Call, indicator: type[Indicator], values: dict[str, Any], series: Sequence[Node]
    ) -> Indicator:
        """The indicator; a price that it lets one choose is the column that stands in its place."""
        prices = [field for field in PRICES if field in indicator.model_fields]
        if len(series) == len(prices) and all(isinstance(item, Column) and item.name != "volume" for item in series):
            values = {**values, **{field: item.name for field, item in zip(prices, series, strict=True)}}  # type: ignore[union-attr]
        try:
            return indicator.parse({"kind": kind_name(indicator), **values})
        except SpecError as error:
            path, sentence = error.problems[0]
            at = next((item.value for item in tree.keywords if item.arg == path), tree)
            raise self._error(at, f"{path}: {sentence}" if path else sentence) from None

    def _inputs(self, tree: ast.Call, spec: Indicator, series: Sequence[Node]) -> tuple[Node, ...]:
        columns = spec.inputs()
        if not series or tuple(series) == tuple(Column(name) for name in columns):
            return ()
        if len(series) != len(columns):
            raise self._error(tree, f"It reads {', '.join(columns)}: give a series for each of them, or none.")
        return tuple(series)

    def _output(self, tree: ast.Call, spec: Indicator, output: str) -> str:
        names = [item.name for item in spec.outputs]
        name = getattr(tree.func, "id", "")
        if output in names:
            return output
        if len(names) == 1 and not output:
            return names[0]
        choices = ", ".join(f"{name}(...).{item}" for item in names)
        raise self._error(tree, f"Choose what to take of {name}: {choices}.")


def _folded(name: str, terms: Sequence[Node]) -> Node:
    """Several terms as a chain of a function of two."""
    found = terms[0]
    for term in terms[1:]:
        found = Operation(name, (found, term))
    return found


def _kind(name: str) -> str:
    """The indicator that ``name`` calls: its own, or that of a function of TA-Lib."""
    known = INDICATORS.available()
    return name if name in known else f"talib_{name}" if f"talib_{name}" in known else ""


def _names() -> tuple[str, ...]:
    kinds = (info.name.removeprefix("talib_") for info in INDICATORS.infos())
    return (*FUNCTIONS.keys() - OPERATORS, *ALIASES, *kinds, OTHER, GROUPED)


def _example(name: str) -> str:
    found = FUNCTIONS.get(ALIASES.get(name, name))
    return found.signature() if found else f"{name}(...)"


def _is_constant(tree: ast.expr) -> bool:
    inner = tree.operand if isinstance(tree, ast.UnaryOp) and isinstance(tree.op, ast.USub) else tree
    return isinstance(inner, ast.Constant) and isinstance(inner.value, int | float | str)


def _is_text(tree: ast.expr) -> bool:
    return isinstance(tree, ast.Constant) and isinstance(tree.value, str)


def _value(tree: ast.expr) -> int | float | str:
    if isinstance(tree, ast.UnaryOp):
        inner: Any = tree.operand
        return -inner.value if not isinstance(inner.value, str) else inner.value
    found: Any = tree
    return found.value if isinstance(found.value, int | float | str) else str(found.value)


def _outside(value: float, wanted: Constant) -> str:
    if wanted.whole and not value.is_integer():
        return "must be a whole number"
    if not wanted.low <= value <= wanted.high:
        return f"must lie between {wanted.low:g} and {wanted.high:g}"
    return ""
