"""Controls of a form, one for each field: label left, control right, unit inside, help on hover and focus."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Any

import dash_bootstrap_components as dbc
from dash import dcc, html
from dash.development.base_component import Component

from dashboard import ids
from dashboard.components.fields import Field, to_percent
from dashboard.components.icon import icon
from dashboard.text.format import MINUS
from engine.core.spec import CURRENCY

Options = Sequence[tuple[Any, str]]


class Unavailable(tuple[Any, str]):
    """An option, value and label, that is shown and cannot be chosen."""

    __slots__ = ()


_GROUPED = re.compile(r"[+-]?\d{1,3}([, ]\d{3})+(\.\d*)?")
_DATE = re.compile(r"(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})")
_SEGMENTS, _SEGMENT_TEXT, _LONG_LIST = 4, 22, 12


def row(
    page: str,
    field: Field,
    value: Any,
    options: Options | None = None,
    wait: int = 0,
    hidden: bool = False,
    blank: str = "",
) -> Component:
    """Label, control and error message of a field. Typing takes effect after ``wait`` milliseconds; ``blank`` is the
    placeholder of an empty control. The browser hides a field whose condition (``Field.when``) is not met
    (``assets/32_form.js``).
    """
    id_ = ids.field(page, field.path)
    label_id = f"{page}-{field.path}-label"
    grouped = _is_segmented(field) or field.control == "many"
    label = (
        html.Span(field.title, id=label_id, className="f-label")
        if grouped
        else html.Label(field.title, htmlFor=ids.dom_id(id_), className="f-label")
    )
    role = {"role": "radiogroup" if _is_segmented(field) else "group", "aria-labelledby": label_id} if grouped else {}
    return html.Div(
        [
            html.Div([label, *note(field)], className="f-name"),
            html.Div(
                control(id_, field, value, options, wait, blank),
                className="f-control",
                **role,
                **default_attribute(field),
            ),
            problem(page, field.path),
        ],
        className="f wide" if field.multiline else "f",
        hidden=hidden,
        **_condition(page, field),
    )


def _condition(page: str, field: Field) -> dict[str, str]:
    """Attribute for the browser: the controls on which the field's condition depends, and the values that meet it."""
    found = {ids.dom_id(ids.field(page, path)): [str(value) for value in values] for path, values in field.when}
    return {"data-when": json.dumps(found)} if found else {}


def labelled_row(page: str, title: str, id_: ids.Id, bare: Component, path: str, default: str = "") -> Component:
    """A row for the control ``bare``, whose default value is ``default``, with the error message of ``path`` below."""
    label = html.Label(title, htmlFor=ids.dom_id(id_), className="f-label")
    data = {"data-default": default} if default else {}
    parts = [html.Div(label, className="f-name"), html.Div(bare, className="f-control", **data), problem(page, path)]
    return html.Div(parts, className="f")


def default_attribute(field: Field) -> dict[str, str]:
    """Attribute with the default as text, from which the browser counts the changed fields of a folded section."""
    value = to_percent(field.default) if field.percent else field.default
    if field.control in ("many", "group") or (isinstance(value, list | dict) and field.control != "numbers"):
        return {}
    text = shown(value) if field.control == "number" else listed(value) if field.control == "numbers" else value
    return {"data-default": "" if text is None else str(text)}


def problem(page: str, path: str) -> Component:
    """The place for the error message of ``path``."""
    return html.Div(id=ids.part("problem", page, path=path), className="f-problem", role="alert")


def setter(id_: ids.Id, value: Any, text: str) -> Component:
    """A button that sets the control ``id_`` to ``value``."""
    data = {"data-sets": ids.dom_id(id_), "data-value": json.dumps(value)}
    return html.Button(text, type="button", className="link-button strong", **data)


def control(
    id_: ids.Id, field: Field, value: Any, options: Options | None = None, wait: int = 0, blank: str = ""
) -> Component:
    """The bare control; its property ``value`` is what ``form.collect`` reads."""
    if field.control == "many":
        return dcc.Dropdown(
            id=id_, options=labelled(options or [(item, item) for item in value or ()]), value=list(value or ()),
            multi=True, clearable=False, closeOnSelect=False, maxHeight=340, className="pick",
            placeholder=blank, labels={"select_all": "Select all shown"},
        )  # fmt: skip
    if options is not None:
        return _pick(id_, field, value, options)
    if field.control == "choice":
        return _segments(id_, field, value) if _is_segmented(field) else _pick(id_, field, value, field.choices)
    if field.control == "switch":
        return dbc.Switch(id=id_, value=bool(value), className="toggle")
    return _input(id_, field, value, wait, blank)


def shown(value: Any) -> Any:
    """A number as the text of its input: 100000.0 is "100,000", 0.55 stays "0.55"."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    return f"{int(value):,}" if value == int(value) else f"{value:,}"


def listed(values: Any) -> Any:
    """Numbers as the text of their input: [64, 32] is "64, 32"."""
    return ", ".join(f"{value:.15g}" for value in values) if isinstance(values, list | tuple) else values


def parse_value(field: Field, value: Any) -> Any:
    """The value that a control's text means: a number, a list of numbers or a choice; the text itself where it is not
    valid, for the spec to refuse.
    """
    if not isinstance(value, str):
        return value
    if field.control == "choice":
        return next((choice for choice, _ in field.choices if str(choice) == value), value)
    if field.control == "date":
        parts = _DATE.fullmatch(value.strip())
        return f"{parts[1]}-{int(parts[2]):02}-{int(parts[3]):02}" if parts else value.strip()
    if field.control == "numbers":
        numbers = [_number(field, part) for part in re.split(r"\s*[,;]\s*|\s+", value.strip()) if part]
        return value if any(isinstance(number, str) for number in numbers) else numbers
    return _number(field, value)


def _number(field: Field, value: str) -> float | str:
    """The number in a text, grouping commas or spaces allowed; the text itself where it is not a number."""
    plain = value.strip().replace(MINUS, "-").replace("\u202f", " ").replace("\u00a0", " ")
    if _GROUPED.fullmatch(plain):  # 5,5 is nobody's 55
        plain = plain.replace(",", "").replace(" ", "")
    try:
        number = float(plain)
    except ValueError:
        return value
    if field.percent:
        return number / 100
    return int(number) if number.is_integer() and abs(number) < 2**53 else number


def text_problem(field: Field, value: Any) -> str:
    """The error message for a text that is no list of numbers, or no date in full; "" where it is one. A spec would
    take a number of seconds for a date.
    """
    if not isinstance(value, str) or not value:
        return ""
    if field.control == "date" and not _DATE.fullmatch(value):
        return f"{field.title} must be a date as year-month-day, such as 2015-01-31, not '{value[:60]}'."
    if field.control != "numbers":
        return ""
    return f"{field.title} must be comma-separated numbers, such as 64, 32, not '{value[:60]}'."


def labelled(options: Options) -> list[dict[str, Any]]:
    """(value, label) pairs as Dash's options; an ``Unavailable`` one cannot be chosen."""
    return [
        {"value": option[0], "label": option[1]} | ({"disabled": True} if isinstance(option, Unavailable) else {})
        for option in options
    ]


def _input(id_: ids.Id, field: Field, value: Any, wait: int, blank: str) -> Component:
    if field.control == "date":
        return _date(id_, field, value, wait, blank)
    if field.multiline:
        text = {"spellCheck": "false", "debounce": wait or False, "placeholder": blank}
        return html.Div(dbc.Textarea(id=id_, value=value or "", rows=2, **text), className="in")
    kind = {"inputMode": "decimal"} if field.control == "number" else {}
    entry = dbc.Input(
        id=id_,
        type="text",
        value=shown(to_percent(value) if field.percent else value) if kind else listed(value),
        placeholder=blank or ("none" if field.optional else ""),
        autoComplete="off",
        debounce=wait or False,
        **kind,
    )
    data = {"data-step": str(field.step)} if field.control == "number" and field.step else {}
    bounds = {"data-low": field.low, "data-high": field.high} if data else {}
    unit = [html.Span(field.unit, className="unit")] if field.unit else []
    return html.Div([entry, *unit], className="in", **data, **{k: str(v) for k, v in bounds.items() if v is not None})


def _date(id_: ids.Id, field: Field, value: Any, wait: int, blank: str) -> Component:
    """A date as it is written everywhere here, whatever the browser's language, and the calendar beside it
    (``assets/32_date.js``).
    """
    entry = dbc.Input(
        id=id_, type="text", value=value or "", placeholder=blank or "yyyy-mm-dd", autoComplete="off",
        maxLength=10, debounce=wait or False,
    )  # fmt: skip
    title = f"{field.title}: choose in a calendar"
    calendar = html.Button(
        icon("calendar"), type="button", className="calendar", title=title, **{"data-calendar": "", "aria-label": title}
    )
    return html.Div([entry, calendar], className="in date")


def _pick(id_: ids.Id, field: Field, value: Any, options: Options) -> Component:
    """A native select, or a list with a search box where it is long."""
    empty: list[tuple[Any, str]] = [("", "none")] if field.optional else []
    if len(options) > _LONG_LIST:
        return dcc.Dropdown(id=id_, options=labelled(options), value=value, clearable=field.optional, className="pick")
    value = "" if value is None else value
    blank = "none" if field.optional else "choose"  # Bootstrap's select shows this for "", whatever its options say
    return dbc.Select(
        id=id_, options=labelled([*empty, *options]), value=value, placeholder=blank, className="select"
    )  # fmt: skip


def _segments(id_: ids.Id, field: Field, value: Any) -> Component:
    return dbc.RadioItems(
        id=id_,
        name=f"{id_['page']}-{field.path}",
        options=labelled(field.choices),
        value=value,
        className="seg",
    )


def _is_segmented(field: Field) -> bool:
    text = sum(len(label) for _, label in field.choices)
    return (
        field.control == "choice" and not field.optional and len(field.choices) <= _SEGMENTS and text <= _SEGMENT_TEXT
    )


def note(field: Field) -> list[Component]:
    """The question mark that shows a field's help and bounds; nothing for a field without."""
    unit = "" if field.unit in ("", CURRENCY) else f" {field.unit}"
    low = "" if field.low is None else f"from {shown(field.low)}"
    high = "" if field.high is None else f"up to {shown(field.high)}"
    bounds = " ".join(part for part in (low, high) if part)
    text = " ".join(part for part in (field.help, f"({bounds}{unit})" if bounds else "") if part)
    if not text:
        return []
    return [html.Span("?", className="tip", tabIndex=0, role="note", **{"data-tip": text, "aria-label": text})]
