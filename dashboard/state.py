"""A spec in a URL: deflated canonical JSON in URL-safe base64, the key of one that is too long for an address, or the
report of an action, by its id.
"""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from engine.core import permalinks
from engine.core.errors import SpecError
from engine.core.spec import Spec, canonical_json
from engine.jobs import actions

MAX_TEXT = 64 * 1024  # of the JSON, in bytes: a permalink that unpacks to more is refused before it does
MAX_QUERY = 16 * 1024  # of the text in the URL
_KEPT = "~"  # what begins a key; base64 has none
_REPORT = "report."  # what begins the id of a report; base64 has no dot


def to_query(spec: Spec) -> str:
    """Text that ``from_query`` turns back into the spec's plain values; safe in a URL as it is.

    A spec too long for an address is kept in the database, and the text is its key, which this workbench alone opens.
    """
    return stored_query(canonical_json(spec))


def short_query(spec: Spec) -> str:
    """``to_query`` where the text holds the spec itself, nothing for one that is too long: for links to what is still
    being typed, of which each letter would be kept.
    """
    return packed(canonical_json(spec))


def stored_query(text: str) -> str:
    """``to_query`` of the spec whose canonical JSON is ``text``, such as the record of runs keeps it."""
    return packed(text) or _KEPT + permalinks.store(text)


def packed(plain: str) -> str:
    """The canonical JSON ``plain`` as the text in a link, "" where that would be too long."""
    data = plain.encode()
    text = base64.urlsafe_b64encode(zlib.compress(data, level=9)).decode().rstrip("=")
    return text if len(data) <= MAX_TEXT and len(text) <= MAX_QUERY else ""


def from_query(text: str) -> dict[str, Any]:
    """The plain values in ``text``. Raises ``SpecError`` for anything that ``to_query`` cannot have written."""
    if text.startswith(_KEPT):
        return _stored_request(text.removeprefix(_KEPT))
    if id_ := report_in(text):
        return _reported(id_)
    try:
        if len(text) > MAX_QUERY:
            raise ValueError("too long")
        packed = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        unpacker = zlib.decompressobj()
        plain = unpacker.decompress(packed, MAX_TEXT)
        if not unpacker.eof or unpacker.unconsumed_tail or unpacker.unused_data:
            raise ValueError("too long or cut off")
        values = json.loads(plain)
    except (ValueError, binascii.Error, zlib.error, RecursionError):
        raise SpecError([("", "This link is damaged: ask for a new one, or fill in the form.")]) from None
    if not isinstance(values, dict):
        raise SpecError([("", "This link does not hold a request: ask for a new one, or fill in the form.")])
    return values


def report_query(id_: str) -> str:
    """Text that ``from_query`` turns into the request of the action that has left the report ``id_``."""
    return _REPORT + id_


def report_in(text: str | None) -> str:
    """The id of the report that ``text`` names; "" where it holds a spec."""
    return text.removeprefix(_REPORT) if text and text.startswith(_REPORT) else ""


def _reported(id_: str) -> dict[str, Any]:
    done = actions.find(id_)
    if done is None:
        raise SpecError([("", "The report in this link is not stored here: open it where it was created.")])
    return done.action.model_dump(mode="json")


def _stored_request(key: str) -> dict[str, Any]:
    found = permalinks.find(key)
    if found is None:
        raise SpecError(
            [("", "The request in this link is not stored here: open it where it was copied, or fill in the form.")]
        )
    values: dict[str, Any] = json.loads(found)
    return values
