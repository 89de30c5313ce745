"""Validation of callback requests, once a callback has failed: can a page have sent this one?

Every value is the client's, not to be trusted. A request of ours is for a known callback, names its components, and has
for each argument a value of the type with which the callback declares it. What fails on any other is no bug of ours: it
is answered quietly and costs one line in the log. What fails on a request that fits leaves its traceback.
"""

from __future__ import annotations

import inspect
import json
import logging
import typing
from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import cache, partial
from typing import Any

import orjson
from dash import Dash
from flask import Response, current_app, has_request_context, request
from flask.json.provider import DefaultJSONProvider
from pydantic import TypeAdapter, ValidationError
from typing_extensions import is_typeddict
from werkzeug.exceptions import BadRequest, HTTPException

from dashboard.security.payloads import BY_PROPERTY, BY_ROLE

ROUTE = "/_dash-update-component"
_LOOKUP = "stratoscope-callbacks"
_LOG = logging.getLogger("stratoscope")


class StrictJSON(DefaultJSONProvider):
    """Reads JSON and nothing else: no NaN, no infinity; an integer beyond 64 bits becomes a float."""

    def loads(self, s: str | bytes, **_: Any) -> Any:
        return orjson.loads(s)


class Refused(ValueError):
    """Why no page can have sent a request."""


def guard(app: Dash) -> None:
    """Have failures of ``app`` ask this module. Call it once all callbacks are known."""
    app.server.json = StrictJSON(app.server)
    app.server.extensions[_LOOKUP] = cache(partial(_declared, app))
    app.server.register_error_handler(Exception, _failed)


def misfit() -> str | None:
    """What about the request at hand no page can have sent; None where it fits, or there is none."""
    if not has_request_context() or request.path != ROUTE or _LOOKUP not in current_app.extensions:
        return None
    try:
        _check(request.get_json(), current_app.extensions[_LOOKUP])
    except Refused as reason:
        return str(reason)
    except BadRequest:
        return "it is not JSON"
    return None


def require_fit() -> None:
    """Raise ``Refused`` where no page can have sent the request at hand: what leaves this process is checked before."""
    if (reason := misfit()) is not None:
        raise Refused(reason)


def refuse(reason: str) -> None:
    """The one line."""
    _LOG.warning("A request was refused: %s", reason)


def _failed(error: Exception) -> Any:
    """What fails outside of callbacks, such as on ids that Dash itself cannot read."""
    if isinstance(error, HTTPException):
        return error
    reason = misfit()
    if reason is None:
        raise error
    refuse(reason)
    return Response(f"{reason}\n", 400, mimetype="text/plain")


class Declared:
    """What a callback declares: its outputs, its inputs and states in Dash's order, and the type of each of these."""

    def __init__(self, callback: Mapping[str, Any]) -> None:
        self.outputs = [_target(item) for item in _listed(callback["output"])] if not callback.get("no_output") else []
        self.is_single = not isinstance(callback["output"], list)
        arguments = [*callback["inputs"], *callback["state"]]
        self.arguments = [(_id(item["id"]), item["property"]) for item in arguments]
        self.inputs = len(callback["inputs"])
        hints = zip(_hints(callback, self.arguments), _argument_types(self.arguments), strict=True)
        self.types = [[TypeAdapter(hint) for hint in both if hint is not Any] for both in hints]


def _declared(app: Dash, output: str) -> Declared:
    callback = app.callback_map.get(output, {})
    if "callback" not in callback:  # unknown, or run by the browser itself
        raise Refused(f"there is no callback for {output[:80]!r}")
    return Declared(callback)


def _check(body: Any, lookup: Callable[[str], Declared]) -> None:
    if not isinstance(body, dict) or not isinstance(body.get("output"), str):
        raise Refused("it names no output")
    declared, name = lookup(body["output"]), body["output"][:80]
    inputs, states = body.get("inputs"), body.get("state", [])
    if not isinstance(inputs, list) or not isinstance(states, list) or len(inputs) != declared.inputs:
        raise Refused(f"{name} has {declared.inputs} inputs")
    arguments = [*inputs, *states]
    if len(arguments) != len(declared.arguments):
        raise Refused(f"{name} has {len(declared.arguments)} arguments")
    _check_changed(body.get("changedPropIds", []))
    _check_outputs(declared, body.get("outputs"), name)
    found: dict[str, list[Any]] = {}
    for item, (id_, prop), types in zip(arguments, declared.arguments, declared.types, strict=True):
        ids_ = _check_ids(item, id_, prop, name)
        if found.setdefault(str(id_), ids_) != ids_:
            raise Refused(f"{name} has the same components for every property")
        _check_value(item, prop, types, name)


def _check_changed(changed: Any) -> None:
    if not isinstance(changed, list) or not all(isinstance(item, str) and "." in item for item in changed):
        raise Refused("what has changed is a list of properties")


def _check_outputs(declared: Declared, value: Any, name: str) -> None:
    outputs = [value] if declared.is_single else value
    if not declared.outputs:
        return
    if not isinstance(outputs, list) or len(outputs) != len(declared.outputs):
        raise Refused(f"{name} has {len(declared.outputs)} outputs")
    for item, (id_, prop) in zip(outputs, declared.outputs, strict=True):
        _check_ids(item, id_, prop, name)


def _check_ids(item: Any, id_: Any, prop: str, name: str) -> list[Any]:
    """The ids in ``item``: of one component, or of any number where ``id_`` is a pattern for all."""
    parts = item if _is_many(id_) else [item]
    if not isinstance(parts, list) or not all(isinstance(part, dict) for part in parts):
        raise Refused(f"{name} has no components at {id_}")
    if not all(str(part.get("property")).partition("@")[0] == prop and _fits(part.get("id"), id_) for part in parts):
        raise Refused(f"{name} has other components at {id_}")
    return [part["id"] for part in parts]


def _is_many(id_: Any) -> bool:
    return isinstance(id_, dict) and any(value in (["ALL"], ["ALLSMALLER"]) for value in id_.values())


def _fits(actual: Any, id_: Any) -> bool:
    if not isinstance(id_, dict) or not isinstance(actual, dict):
        return bool(actual == id_)
    plain = all(isinstance(value, str | int | float) for value in actual.values())
    return plain and set(actual) == set(id_) and all(isinstance(v, list) or actual[k] == v for k, v in id_.items())


def _check_value(item: Any, prop: str, types: Sequence[TypeAdapter[Any]], name: str) -> None:
    many = isinstance(item, list)
    if prop == "id" and any(part.get("value") != part["id"] for part in (item if many else [item])):
        raise Refused(f"{name} was given ids that are not its components'")
    value = [part.get("value") for part in item] if many else item.get("value")
    try:
        for type_ in types:
            type_.validate_python(value, strict=True)
    except ValidationError as error:
        first = error.errors(include_url=False, include_context=False)[0]
        place = ".".join(str(part)[:40] for part in first["loc"])
        raise Refused(f"{name}, {prop}{f' at {place}' if place else ''}: {first['msg']}") from None


def _hints(callback: Mapping[str, Any], arguments: Sequence[tuple[Any, str]]) -> Iterable[Any]:
    """The type of each input and state, in Dash's order: from the function's annotations."""
    order, types = callback["inputs_state_indices"], list[Any]([Any] * len(arguments))
    for name, hint in _parameters(callback, order):
        if isinstance(name, int):
            types[name] = hint
    return types


def _argument_types(arguments: Sequence[tuple[Any, str]]) -> Iterable[Any]:
    """The type of each of them by its component's role or its property, ``Any`` where neither says."""
    for id_, prop in arguments:
        role = id_.get("role", "") if isinstance(id_, dict) else ""
        hint = BY_ROLE.get((role, prop), BY_PROPERTY.get(prop, Any))
        yield Sequence[hint] if _is_many(id_) and hint is not Any else hint


def _parameters(callback: Mapping[str, Any], order: Any) -> Iterable[tuple[Any, Any]]:
    """(place in Dash's order, type) of the parameters; of a group, which a ``TypedDict`` describes, of its parts."""
    function = inspect.unwrap(callback["callback"])
    target = function.func if isinstance(function, partial) else function
    hints = typing.get_type_hints(target, include_extras=True)
    if isinstance(order, dict):
        return _parts(order, hints)
    named = inspect.signature(function).parameters.values()
    skipped = 1 if (callback.get("background") or {}).get("progress") else 0
    places = [parameter for parameter in named if parameter.kind is not parameter.VAR_POSITIONAL][skipped:]
    return list(zip(_listed(order), [hints.get(item.name, Any) for item in places], strict=False))


def _parts(group: Mapping[str, Any], hints: Mapping[str, Any]) -> Iterable[tuple[Any, Any]]:
    for name, place in group.items():
        hint = hints.get(name, Any)
        if not isinstance(place, dict):
            yield place, hint
        elif is_typeddict(hint):
            yield from _parts(place, typing.get_type_hints(hint, include_extras=True))


def _listed(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list | tuple) else [value]


def _target(output: Any) -> tuple[Any, str]:
    """Id and property of a declared output, patterns in Dash's notation for the browser."""
    return _id(output.component_id_str()), output.component_property


def _id(text: str) -> Any:
    return json.loads(text) if text.startswith("{") else text
