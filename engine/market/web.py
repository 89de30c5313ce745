"""HTTP sessions that tell data from pages, and sentences on responses that are none."""

from __future__ import annotations

from typing import Any

from engine.market.fetching import Status

TIMEOUT = 30
"""Seconds that a response is waited for."""


class Answered(OSError):
    """A response without data; ``status`` is that of HTTP."""

    def __init__(self, status: int) -> None:
        super().__init__(f"HTTP status {status}")
        self.status = status


class Unreachable(OSError):
    """No response; the text says why."""


def is_page(response: Any) -> bool:
    """Whether a response of requests or curl_cffi is HTML."""
    is_html = "text/html" in response.headers.get("content-type", "").lower()
    return bool(is_html or response.content[:200].lstrip()[:1] == b"<")


def refuse_pages(session: Any, *, only_pages: bool) -> None:
    """Make ``session``, of requests, raise ``Unreachable`` where nobody answers and ``Answered`` on a page; without
    ``only_pages`` on every response that is not a success. Its proxies and certificates are those of the environment.
    """
    from requests.adapters import HTTPAdapter
    from requests.exceptions import RequestException

    class Adapter(HTTPAdapter):
        def send(self, *args: Any, **more: Any) -> Any:
            try:
                response = super().send(*args, **more)
                found = is_page(response)  # reads all of it
            except RequestException as error:
                raise Unreachable(type(error).__name__) from error
            if not response.is_redirect and (found or not (only_pages or response.ok)):
                raise Answered(response.status_code)
            return response

    session.trust_env = True
    session.mount("https://", Adapter())


def refusal(provider: str, site: str, error: Answered | Unreachable) -> tuple[Status, str]:
    """What a request without data means for a symbol, and a sentence that a user can act on; ``site`` is an address to
    open in a browser.
    """
    if isinstance(error, Unreachable):
        return "no network", f"{provider} could not be reached ({error}): check the network and any proxy."
    if error.status == 429:
        return "rate limited", f"{provider} limits requests: try again in a few minutes, with fewer symbols at a time."
    if error.status >= 500:
        return "source failed", f"{provider}'s service has trouble at the moment ({error}): try again later."
    return "source failed", (
        f"Something between here and {provider} answered with a page instead of data ({error}): a login page of the "
        f"network, a proxy or a firewall. Open {site} in a browser to see it."
    )
