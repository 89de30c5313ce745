"""Routes by which a browser sends files: their size first, then their bytes in slices.

A foreign page can make a browser post here, but not with a header of its own: that would need our consent
(``FORBIDDEN`` without it). What a request says of a file is its name, to be shown, and its size; where it is kept the
server decides (``engine.market.importers.uploads``).
"""

from __future__ import annotations

from collections.abc import Callable
from threading import Lock
from typing import Any

from flask import Flask, Response, jsonify, request
from pydantic import TypeAdapter, ValidationError
from typing_extensions import TypedDict

from engine.market.importers import uploads
from engine.market.importers.uploads import NoRoom, UnknownUpload, Upload, UploadError, UploadTooLarge

PATH = "/uploads"
HEADER = "X-Stratoscope-Upload"
"""The header that every request of these routes has."""
FORBIDDEN = "Files are uploaded from the workbench's own page."
_STATUS: dict[type[UploadError], int] = {UnknownUpload: 404, UploadTooLarge: 413, NoRoom: 507}


class _Declared(TypedDict):
    name: str
    size: int


_DECLARED = TypeAdapter(_Declared)


def register(server: Flask) -> None:
    """Add the routes to ``server``, whose host names, password and headers hold for them as for all others."""
    writing = Lock()

    def begin() -> Response:
        try:
            declared = _DECLARED.validate_python(request.get_json(silent=True), strict=True)
        except ValidationError:
            return _reply("The name and the size of a file are missing.", 400)
        with writing:
            return _shown(uploads.begin(declared["name"], declared["size"]))

    def add(id_: str) -> Response:
        length, at = request.content_length, request.args.get("at", "")
        if length is None or not at.isdecimal() or len(at) > 15:
            return _reply("A slice needs its length and its offset.", 411)
        if length > uploads.SLICE:
            return _reply(f"A slice has at most {uploads.SLICE:,} bytes.", 413)
        uploads.find(id_)
        data = request.get_data(cache=False)
        if len(data) != length:
            return _reply("The slice was cut off.", 400)
        with writing:
            return _shown(uploads.append(id_, int(at), data))

    def look(id_: str) -> Response:
        return _shown(uploads.find(id_))

    def remove(id_: str) -> Response:
        with writing:
            uploads.remove(id_)
        return Response(status=204)

    one = f"{PATH}/<id_>"
    for rule, method, view in ((PATH, "POST", begin), (one, "PUT", add), (one, "GET", look), (one, "DELETE", remove)):
        server.add_url_rule(rule, f"upload-{view.__name__}", _guarded(view), methods=[method])


def _guarded(view: Callable[..., Response]) -> Callable[..., Response]:
    """``view`` for requests of our own pages; what the engine refuses is a sentence."""

    def answer(**values: Any) -> Response:
        own = request.headers.get("Origin", request.host_url.rstrip("/")).partition("://")[2] == request.host
        if HEADER not in request.headers or not own:
            return _reply(FORBIDDEN, 403)
        try:
            return view(**values)
        except UploadError as error:
            return _reply(str(error), _STATUS.get(type(error), 409))

    return answer


def _shown(found: Upload) -> Response:
    return jsonify(id=found.id, name=found.name, size=found.size, received=found.received)


def _reply(text: str, status: int) -> Response:
    answer = jsonify(error=text)
    answer.status_code = status
    return answer
