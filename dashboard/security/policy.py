"""Security policy: requests that the server refuses, and the headers that make the browser refuse the rest."""

from __future__ import annotations

import hmac
import math
import os
from collections.abc import Callable, Sequence

from dash import Dash
from flask import Flask, Response, request

from dashboard.security.throttle import Throttle
from dashboard.security.tokens import PATHS
from engine.core.config import PASSWORD_VARIABLE, Config
from engine.core.errors import ConfigError

MOST = 64 << 20
"""Bytes of a request: files come in slices, which are smaller."""
LOOPBACK = ("127.0.0.1", "localhost")
HEADERS = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=(), interest-cohort=()",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cross-Origin-Embedder-Policy": "require-corp",
}


def secure(app: Dash, config: Config) -> None:
    """Set up host names, upload limit, password and headers; raises ``ConfigError`` before anything is served.

    Call it last: the policy holds the hashes of the inline scripts that Dash has by then.
    """
    server: Flask = app.server
    server.config["TRUSTED_HOSTS"] = trusted_hosts(config)
    server.config["MAX_CONTENT_LENGTH"] = min(config.server.upload_limit, MOST)
    server.before_request(_check_host)
    password = required_password(config)
    if password is not None:
        server.before_request(_password_check(password, PATHS if config.service.enabled else ()))
    policy = content_security_policy(app.csp_hashes())

    def add_headers(response: Response) -> Response:
        response.headers.extend({**HEADERS, "Content-Security-Policy": policy})
        return response

    server.after_request(add_headers)


def _check_host() -> None:
    """Werkzeug compares the Host header when it is read, and answers a foreign one with status 400."""
    _ = request.host


def trusted_hosts(config: Config) -> list[str]:
    """Names under which the server answers; any other Host header gets status 400 (DNS rebinding).

    Werkzeug knows no addresses of IPv6 here: on one, use a name.
    """
    own = [] if config.server.host == "0.0.0.0" or ":" in config.server.host else [config.server.host]
    return list(dict.fromkeys([*LOOPBACK, *own, *config.server.trusted_hosts]))


def content_security_policy(script_hashes: Sequence[str]) -> str:
    """Everything from this server; scripts from files and by hash; styles inline too, as Plotly and AG Grid need."""
    rules = {
        "default-src": "'self'",
        "script-src": " ".join(["'self'", *script_hashes]),
        "style-src": "'self' 'unsafe-inline'",
        "img-src": "'self' data: blob:",
        "font-src": "'self' data:",
        "connect-src": "'self'",
        "worker-src": "'self'",
        "object-src": "'none'",
        "frame-ancestors": "'none'",
        "base-uri": "'self'",
        "form-action": "'self'",
    }
    return "; ".join(f"{name} {value}" for name, value in rules.items())


def required_password(config: Config) -> str | None:
    """None on loopback; elsewhere the password from the environment. Raises ``ConfigError`` where that is missing."""
    if config.is_loopback():
        return None
    password = os.environ.get(PASSWORD_VARIABLE, "")
    if len(password) < 8:
        raise ConfigError(
            f"server.host is {config.server.host}, which other machines can reach: set {PASSWORD_VARIABLE} to a "
            "password of at least 8 characters, or set server.host to 127.0.0.1."
        )
    return password


def _password_check(password: str, exempt: Sequence[str]) -> Callable[[], Response | None]:
    """``exempt`` paths have a token instead."""
    brake = Throttle()

    def check() -> Response | None:
        if request.path in exempt:
            return None
        supplied, address = request.authorization.password if request.authorization else None, request.remote_addr or ""
        if supplied is not None:
            if wait := brake.seconds(address):
                return Response("Too many wrong passwords.", 429, {"Retry-After": str(math.ceil(wait))})
            is_right = hmac.compare_digest(supplied.encode(), password.encode())
            brake.note(address, is_right)
            if is_right:
                return None
        challenge = {"WWW-Authenticate": 'Basic realm="Stratoscope", charset="UTF-8"'}
        return Response("This server needs a password.", 401, challenge)

    return check
