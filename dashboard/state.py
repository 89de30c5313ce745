"""A spec in a URL: deflated canonical JSON in URL-safe base64."""

from __future__ import annotations

import base64
import binascii
import json
import zlib
from typing import Any

from engine.errors import SpecError
from engine.spec import Spec, canonical_json

MAX_TEXT = 64 * 1024  # of the JSON, in bytes: a permalink that unpacks to more is refused before it does
MAX_QUERY = 16 * 1024  # of the text in the URL


def to_query(spec: Spec) -> str:
    """Text that ``from_query`` turns back into the spec's plain values; safe in a URL as it is."""
    packed = zlib.compress(canonical_json(spec).encode(), level=9)
    return base64.urlsafe_b64encode(packed).decode().rstrip("=")


def from_query(text: str) -> dict[str, Any]:
    """The plain values in ``text``. Raises ``SpecError`` for anything that ``to_query`` cannot have written."""
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
        raise SpecError([("", "This link is damaged: ask for a new one, or set the form by hand.")]) from None
    if not isinstance(values, dict):
        raise SpecError([("", "This link does not hold a request: ask for a new one, or set the form by hand.")])
    return values
