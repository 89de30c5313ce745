"""The route by which a page finds out whether the server answers, and whether it is still the same one."""

from __future__ import annotations

import secrets

from flask import Flask, Response, jsonify

PATH = "/alive"


def register(server: Flask) -> None:
    """Add the route to ``server``, whose answer is another one after each start."""
    started = secrets.token_hex(8)

    def alive() -> Response:
        answer = jsonify(started=started)
        answer.headers["Cache-Control"] = "no-store"
        return answer

    server.add_url_rule(PATH, "alive", alive)
