"""The parts of an expression. They compare by value, so that equal parts of several expressions are computed once."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

from engine.indicators import Indicator


@dataclass(frozen=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True)
class Column:
    """A column of the bars, such as "close"."""

    name: str


@dataclass(frozen=True)
class Operation:
    """The function ``name`` of ``functions.FUNCTIONS`` of ``inputs``, with its window and other ``constants``."""

    name: str
    inputs: tuple[Node, ...]
    constants: tuple[float, ...] = ()


@dataclass(frozen=True)
class Line:
    """The ``output`` of an ``indicator``, of its own columns or of ``inputs`` in their place."""

    indicator: Indicator
    output: str
    inputs: tuple[Node, ...] = ()


@dataclass(frozen=True)
class OfSymbol:
    """``node`` of the bars of another ``symbol``, each value from the moment at which its bar had ended."""

    symbol: str
    node: Node


@dataclass(frozen=True)
class OfGroup:
    """Distance of ``node`` from its mean over the symbols of the same one of the ``groups`` (``indicators.groups``)."""

    groups: str
    node: Node


Node: TypeAlias = Number | Column | Operation | Line | OfSymbol | OfGroup


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly below ``node``."""
    match node:
        case Operation(inputs=inputs) | Line(inputs=inputs):
            return inputs
        case OfSymbol(node=inner) | OfGroup(node=inner):
            return (inner,)
        case _:
            return ()


def walk(node: Node) -> Iterator[Node]:
    """``node`` and all below it."""
    yield node
    for child in children(node):
        yield from walk(child)
