"""Types of what the browser sends to callbacks: those of the stores and controls that every page has, by their role,
and of the properties that Dash fills itself. A callback's annotations say the rest, and more.

A value of another type is one that no page of ours has sent: a failure on it is no bug of ours, see ``requests``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import (
    Annotated,
    Any,
    NotRequired,  # pydantic asks for this one below Python 3.12
    TypeAlias,
)

from pydantic import PlainValidator, StringConstraints, TypeAdapter
from typing_extensions import TypedDict


class _Result(TypedDict, total=False):
    """A stored result, the report of an action, or the sentence in its place; the browser adds how it is shown."""

    key: str
    spec: str
    report: str
    error: str
    warning: str


_RESULT = TypeAdapter(_Result)
ResultData: TypeAlias = Annotated[Mapping[str, str], PlainValidator(_RESULT.validate_python)] | None
Answer: TypeAlias = Mapping[str, str | bool | None] | None


class Run(TypedDict):
    """The latest request."""

    key: str
    spec: str
    query: str
    at: float


class Draft(TypedDict):
    """What a form says now."""

    spec: str
    yaml: str
    python: str
    query: str
    market: NotRequired[str]


class Universe(TypedDict):
    """The universe as the browser keeps it; it holds more. Nothing of it is there before one is chosen."""

    query: NotRequired[str]


class Shown(TypedDict):
    """What a page is to show in its form, the tab to bring into sight, if another one, and whether to run it, as it is
    by itself.
    """

    spec: str
    tab: NotRequired[str]
    run: NotRequired[bool]


class Progress(TypedDict):
    """How far a job is."""

    fraction: float
    message: str
    partial: Mapping[str, Any] | None


class Listed(TypedDict):
    """The jobs tray as it was sent last."""

    jobs: Sequence[Mapping[str, Any]]
    busy: bool
    at: float


class Row(TypedDict):
    """A row of a list of runs; it holds more."""

    key: str


class Edit(TypedDict):
    """A cell of such a list that was typed into."""

    colId: str
    data: Row
    value: NotRequired[Any]


Rows: TypeAlias = Sequence[Mapping[str, Any]] | None
_Control: TypeAlias = str | int | float | bool | Sequence[str | int | float] | None

BY_ROLE: Mapping[tuple[str, str], Any] = {
    ("field", "value"): _Control,
    ("choice", "value"): str | None,
    ("add", "value"): str | None,
    ("draft", "data"): Draft | None,
    ("request", "data"): str | None,
    ("shown", "data"): Shown | None,
    ("run", "data"): Run | None,
    ("job", "data"): str | None,
    ("progress", "data"): Progress | None,
    ("computed", "data"): ResultData,
    ("arrived", "data"): ResultData,
    ("result", "data"): ResultData,
}
BY_PROPERTY: Mapping[str, Any] = {
    "n_clicks": int | None,
    "n_intervals": int | None,
    "active_tab": str | None,
    "selectedRows": Rows,
    "cellValueChanged": Sequence[Edit] | None,
    "cellRendererData": Mapping[str, Any] | None,
    "clickData": Mapping[str, Any] | None,
    "relayoutData": Mapping[str, Any] | None,
    "pathname": Annotated[str, StringConstraints(pattern="^/")],
    "search": str,
}
