"""The token of programs that ask for predictions: in place of the password, which is for people."""

from __future__ import annotations

import hmac
import math
import os
from collections.abc import Callable

from flask import Response, jsonify, request

from dashboard.security.throttle import Throttle
from engine.core.config import TOKEN_VARIABLE, Config
from engine.core.errors import ConfigError

PREDICT, HEALTH = "/api/predict", "/api/health"
PATHS = (PREDICT, HEALTH)
"""What is asked for with the token, and nothing else."""
SHORTEST = 16


def required_token(config: Config) -> str | None:
    """None where the service is off; else the token from the environment, or from the file that the configuration
    names. Raises ``ConfigError`` where it is missing or short.
    """
    service = config.service
    if not service.enabled:
        return None
    token, where = os.environ.get(TOKEN_VARIABLE, "").strip(), TOKEN_VARIABLE
    if not token and service.token_file is not None:
        where = str(service.token_file)
        try:
            token = service.token_file.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError):
            raise ConfigError(
                f"The file {where} of 'service.token_file' cannot be read: write the token to it."
            ) from None
    if len(token) < SHORTEST:
        raise ConfigError(
            f"service.enabled asks for a token of at least {SHORTEST} characters: set {TOKEN_VARIABLE}, or name a file "
            "that has it under 'service.token_file'."
        )
    return token


def token_check(token: str) -> Callable[[], Response | None]:
    """A function for ``before_request``: None where ``PATHS`` are asked for with the token, or others without."""
    brake = Throttle()

    def check() -> Response | None:
        if request.path not in PATHS:
            return None
        supplied, address = request.authorization.token if request.authorization else None, request.remote_addr or ""
        if wait := brake.seconds(address):
            return refusal("Too many wrong tokens.", 429, {"Retry-After": str(math.ceil(wait))})
        is_right = supplied is not None and hmac.compare_digest(supplied.encode(), token.encode())
        if supplied is not None:
            brake.note(address, is_right)
        if is_right:
            return None
        problem = "This needs a token: send the header 'Authorization: Bearer <token>'."
        challenge = {"WWW-Authenticate": 'Bearer realm="Stratoscope"'}
        return refusal(problem if supplied is None else "This token is wrong.", 401, challenge)

    return check


def refusal(sentence: str, status: int, headers: dict[str, str] | None = None) -> Response:
    """An answer to a program that says why not."""
    answer = jsonify(error=sentence)
    answer.status_code = status
    answer.headers.extend(headers or {})
    return answer
