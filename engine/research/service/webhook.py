"""Alerts posted to the address that the configuration names, as JSON."""

from __future__ import annotations

import json
import ssl
import urllib.error
import urllib.request
from collections.abc import Sequence
from datetime import UTC, datetime
from http.client import HTTPException
from typing import Any
from urllib.parse import urlsplit

from engine.research.service.alerts import Alert

TIMEOUT = 5.0
"""Seconds that an answer is waited for."""


class _Stays(urllib.request.HTTPRedirectHandler):
    """Follows no redirect: the alert would go to whom the answer names."""

    def redirect_request(self, *_: Any) -> None:
        return None


def post(address: str, alerts: Sequence[Alert], timeout: float = TIMEOUT) -> str:
    """Post ``alerts`` in one request. Returns a sentence on what failed, empty where it was taken; never the whole
    address, in which there may be a secret.
    """
    request = urllib.request.Request(
        address, body(alerts), {"Content-Type": "application/json", "User-Agent": "Stratoscope"}, method="POST"
    )
    host = urlsplit(address).hostname
    try:
        with urllib.request.build_opener(_Stays()).open(request, timeout=timeout) as answer:
            answer.read(1)
    except urllib.error.HTTPError as error:
        error.close()
        return f"The webhook at {host} did not take the alert: it answered with HTTP status {error.code}."
    except (urllib.error.URLError, TimeoutError, OSError, HTTPException, ssl.SSLError, ValueError) as error:
        reason = getattr(error, "reason", "") or error
        return f"The webhook at {host} could not be reached ({type(error).__name__}: {str(reason)[:120]})."
    return ""


def body(alerts: Sequence[Alert]) -> bytes:
    """{"source": "stratoscope", "text": ..., "alerts": [...]}: chat services show the ``text``."""
    plain = [
        {
            "model": item.model,
            "rule": item.rule,
            "sentence": item.sentence,
            "value": item.value,
            "threshold": item.threshold,
            "time": datetime.fromtimestamp(item.created, UTC).isoformat(timespec="seconds"),
        }
        for item in alerts
    ]
    text = "\n".join(item.sentence for item in alerts)
    return json.dumps({"source": "stratoscope", "text": text, "alerts": plain}).encode()
