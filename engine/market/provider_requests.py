"""Requests to providers for many symbols: in threads, with backoff while they are limited, and cancelled at once."""

from __future__ import annotations

import queue
import random
import threading
import time
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import Future, wait
from dataclasses import dataclass, field

from engine.core.errors import Cancelled
from engine.core.progress import Progress
from engine.market.fetching import Fetched, FetchedBars

RETRY_SECONDS = 300.0
"""Seconds in all that a limit on requests is waited for, symbol by symbol."""
FIRST_BACKOFF = 2.0
"""Seconds of the first pause, doubled with each refusal."""
_POLL = 0.1  # seconds between checks for a cancel
_UNREACHABLE = 2  # symbols in a row without a network, after which a provider is not asked any more

Notify = Callable[[str], None]
"""Says what is being waited for; raises ``Cancelled`` where nobody waits for the answer any more."""
Attempt = Callable[[str, Notify], Fetched]
"""Makes one attempt at a symbol; where the provider limits requests, it is called again, and may go on from there."""


def fetch_all(
    symbols: Sequence[str],
    ask: Attempt,
    progress: Progress,
    *,
    threads: int,
    provider: Callable[[str], str],
) -> FetchedBars:
    """The answer of ``ask`` for each of ``symbols``, in their order, at most ``threads`` of them asked for at a time.

    ``provider`` is who is asked for a symbol. One that still limits requests after ``RETRY_SECONDS``, or cannot be
    reached for two symbols in a row, is not asked for the rest, which are "not reached". ``progress`` is called every
    tenth of a second and may raise ``Cancelled``; requests under way then end by themselves, and their answers are
    dropped.
    """
    stopped: dict[str, str] = {}
    unreachable: Counter[str] = Counter()
    with _Threads(ask, threads) as pool:
        for at, name in enumerate(symbols):
            host = provider(name)
            if host in stopped:
                yield Fetched(name, status="not reached", sentence=stopped[host])
                continue
            for ahead in symbols[at : at + threads]:
                if provider(ahead) not in stopped:
                    pool.begin(ahead)
            notify = _Notifier(progress, at / len(symbols), f"Fetching {name} from {host}.")
            notify("")
            answer = _with_retries(name, host, pool, notify)
            unreachable[host] = unreachable[host] + 1 if answer.status == "no network" else 0
            if answer.status == "rate limited" or unreachable[host] == _UNREACHABLE:
                stopped[host] = answer.sentence
            yield answer


@dataclass
class _Notifier:
    """Says a sentence at one fraction of the progress, and the last one again where there is no new one."""

    progress: Progress
    fraction: float
    message: str

    def __call__(self, text: str) -> None:
        self.message = text or self.message
        self.progress(self.fraction, self.message)


def _with_retries(name: str, provider: str, pool: _Threads, notify: Notify) -> Fetched:
    """The answer for one symbol, asked for again while the provider limits requests."""
    pause, until = FIRST_BACKOFF, time.monotonic() + RETRY_SECONDS
    while True:
        answer = pool.result(name, notify)
        seconds = pause * random.uniform(0.75, 1.25)
        if answer.status != "rate limited" or time.monotonic() + seconds > until:
            return answer
        notify(f"{provider} limits requests: asking for {name} again in {seconds:.0f} s.")
        _pause(seconds, notify)
        pool.begin(name)
        pause *= 2


def _pause(seconds: float, notify: Notify) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        notify("")
        time.sleep(min(left, _POLL))


# -- threads ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Request:
    """A symbol that is being asked for, and what was last said about it."""

    name: str
    answer: Future[Fetched] = field(default_factory=Future)
    messages: list[str] = field(default_factory=list)


class _Threads:
    """Threads that ask for symbols in the order in which these were begun.

    They are daemons, which a process that ends does not wait for: a request may take as long as its time limit.
    """

    def __init__(self, ask: Attempt, count: int) -> None:
        self._ask = ask
        self._begun: dict[str, _Request] = {}
        self._waiting: queue.SimpleQueue[_Request | None] = queue.SimpleQueue()
        self._ended = threading.Event()
        self._threads = [threading.Thread(target=self._work, daemon=True, name="download") for _ in range(count)]

    def __enter__(self) -> _Threads:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._ended.set()
        for _thread in self._threads:
            self._waiting.put(None)

    def begin(self, name: str) -> None:
        """Ask for ``name``, unless that is under way."""
        if name not in self._begun:
            self._begun[name] = request = _Request(name)
            self._waiting.put(request)

    def result(self, name: str, notify: Notify) -> Fetched:
        """The answer for a symbol that was begun, which is forgotten then. Raises what ``notify`` does."""
        request = self._begun[name]
        while not wait((request.answer,), _POLL).done:
            notify(request.messages[-1] if request.messages else "")
        return self._begun.pop(name).answer.result()

    def _work(self) -> None:
        while (request := self._waiting.get()) is not None and not self._ended.is_set():
            try:
                request.answer.set_result(self._ask(request.name, self._notifier(request)))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                request.answer.set_exception(error)

    def _notifier(self, request: _Request) -> Notify:
        def notify(text: str) -> None:
            if self._ended.is_set():
                raise Cancelled("Cancelled.")
            request.messages[:] = [text]

        return notify
