"""Predictions for other programs: ``POST /api/predict`` and ``GET /api/health``, where the configuration wants them."""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

from flask import Flask, Response, current_app, has_app_context, jsonify, request

from dashboard.security.tokens import HEALTH, PREDICT, refusal, required_token, token_check
from engine.core.config import Config
from engine.models.service.latency import Latencies
from engine.models.service.predictor import Predictor

MOST = 8 << 20
"""Bytes of a request."""
_EXTENSION = "stratoscope-service"
_METHODS = {PREDICT: ("POST",), HEALTH: ("GET", "HEAD")}


class Service:
    """What answers, and how it has done so far."""

    def __init__(self) -> None:
        self.predictor, self.latencies = Predictor(), Latencies()

    def predict(self) -> Response:
        began, length = time.perf_counter(), request.content_length
        if length is None:
            return refusal("A request needs its length.", 411)
        if length > MOST:
            return refusal(f"A request has at most {MOST:,} bytes.", 413)
        reply = self.predictor.ask(request.get_data(cache=False))
        self.latencies.note(time.perf_counter() - began, reply.status == 200)
        return Response(reply.body, reply.status, mimetype="application/json")

    def health(self) -> Response:
        return jsonify(status="ok", **self.latencies.summary())


def register(server: Flask, config: Config) -> None:
    """Add the routes to ``server``, whose host names and headers hold for them too. Raises ``ConfigError`` where the
    token is missing.
    """
    token = required_token(config)
    if token is None:
        return
    service = server.extensions[_EXTENSION] = Service()
    server.before_request(token_check(token))
    server.before_request(_check_method)
    server.add_url_rule(PREDICT, "service-predict", service.predict, methods=["POST"])
    server.add_url_rule(HEALTH, "service-health", service.health, methods=["GET"])


def _check_method() -> Response | None:
    """None where a path is asked for as it is meant to be; any other way would reach Dash, which answers by a page."""
    allowed = (*_METHODS.get(request.path, ()), "OPTIONS")
    if request.path not in _METHODS or request.method in allowed:
        return None
    return refusal(f"{request.path} is asked for with {allowed[0]}.", 405, {"Allow": ", ".join(allowed)})


def start(server: Flask) -> None:
    """Have predictions ready for the first request."""
    if _EXTENSION in server.extensions:
        server.extensions[_EXTENSION].predictor.start()


def close(server: Flask) -> None:
    """End what ``start`` or a request has started."""
    if _EXTENSION in server.extensions:
        server.extensions[_EXTENSION].predictor.close()


def summary() -> Mapping[str, Any] | None:
    """``Latencies.summary`` of the server that answers at this moment; None where the service is off."""
    service = current_app.extensions.get(_EXTENSION) if has_app_context() else None
    return None if service is None else service.latencies.summary()
