"""Asking a provider in threads: order, pauses, cancels."""

from __future__ import annotations

import threading
import time
from collections import Counter
from collections.abc import Callable

import pytest

from engine.core.errors import Cancelled
from engine.core.progress import silent
from engine.market import provider_requests
from engine.market.fetching import Fetched, Status
from engine.market.provider_requests import Attempt, Notify, fetch_all

SYMBOLS = tuple("ABCDEFGH")


def asked(
    ask: Attempt, threads: int = 2, provider: Callable[[str], str] = lambda name: "them"
) -> list[tuple[str, str]]:
    return [(item.symbol, item.status) for item in fetch_all(SYMBOLS, ask, silent, threads=threads, provider=provider)]


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_answers_come_in_the_order_of_the_request_from_so_many_threads(threads: int) -> None:
    gate, running, most, lock = threading.Barrier(threads, timeout=240), 0, 0, threading.Lock()

    def ask(name: str, notify: Notify) -> Fetched:
        nonlocal running, most
        with lock:
            running, most = running + 1, max(most, running + 1)
        if name in SYMBOLS[:threads]:
            gate.wait()  # none of the first ends before all have begun
        time.sleep(0.02 if name in "ACE" else 0)
        with lock:
            running -= 1
        return Fetched(name)

    assert asked(ask, threads) == [(name, "stored") for name in SYMBOLS]
    assert most == threads


def test_a_symbol_is_asked_for_once_unless_the_provider_limits_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(provider_requests, "FIRST_BACKOFF", 0.001)
    times: Counter[str] = Counter()

    def ask(name: str, notify: Notify) -> Fetched:
        times[name] += 1
        limited: Status = "rate limited" if name in "BC" and times[name] < 3 else "stored"
        return Fetched(name, status=limited)

    assert asked(ask) == [(name, "stored") for name in SYMBOLS]
    assert times == {name: 3 if name in "BC" else 1 for name in SYMBOLS}


def test_a_provider_that_cannot_be_reached_twice_is_left_alone_and_others_are_not() -> None:
    def ask(name: str, notify: Notify) -> Fetched:
        return Fetched(name, status="no network" if name in "ACEG" else "stored", sentence=f"No {name}.")

    found = asked(ask, provider=lambda name: "odd" if name in "ACEG" else "even")
    assert dict(found) == dict.fromkeys("BDFH", "stored") | dict.fromkeys("AC", "no network") | dict.fromkeys(
        "EG", "not reached"
    )


def test_what_fails_in_a_thread_is_raised_where_it_is_waited_for() -> None:
    def ask(name: str, notify: Notify) -> Fetched:
        if name == "B":
            raise ZeroDivisionError
        return Fetched(name)

    with pytest.raises(ZeroDivisionError):
        asked(ask)


def test_a_cancel_does_not_wait_for_the_request_under_way() -> None:
    gate, ended = threading.Event(), threading.Event()

    def ask(name: str, notify: Notify) -> Fetched:
        notify("waiting")
        gate.wait(60)
        try:
            notify("again")
        except Cancelled:
            ended.set()
            raise
        return Fetched(name)

    def cancel(fraction: float, message: str = "", partial: object = None) -> None:
        if message == "waiting":
            raise Cancelled("Cancelled.")

    with pytest.raises(Cancelled):
        list(fetch_all(SYMBOLS, ask, cancel, threads=1, provider=str))
    gate.set()
    assert ended.wait(60)  # and the thread ends at its next look


def test_what_is_waited_for_is_said_all_the_time() -> None:
    told: list[str] = []
    gate = threading.Event()

    def ask(name: str, notify: Notify) -> Fetched:
        gate.wait(60)
        return Fetched(name)

    def progress(fraction: float, message: str = "", partial: object = None) -> None:
        told.append(message)
        if len(told) > 3:
            gate.set()

    assert len(list(fetch_all(("A",), ask, progress, threads=1, provider=lambda name: "Yahoo"))) == 1
    assert set(told) == {"Fetching A from Yahoo."}
