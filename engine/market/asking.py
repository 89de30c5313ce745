"""Asking providers for many symbols: in threads, with pauses while they limit requests, and cancelled at once."""

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

PATIENCE = 300.0
"""Seconds in all that a limit on requests is waited for, symbol by symbol."""
FIRST_WAIT = 2.0
"""Seconds of the first pause, doubled with each refusal."""
_LOOK = 0.1  # seconds between two looks for a cancel
_UNREACHABLE = 2  # symbols in a row without a network, after which a provider is not asked any more

Tell = Callable[[str], None]
"""Says what is being waited for; raises ``Cancelled`` where nobody waits for the answer any more."""
Ask = Callable[[str, Tell], Fetched]
"""Makes one attempt at a symbol; where the provider limits requests, it is called again, and may go on from there."""


def answers(
    symbols: Sequence[str],
    ask: Ask,
    progress: Progress,
    *,
    threads: int,
    provider: Callable[[str], str],
) -> FetchedBars:
    """The answer of ``ask`` for each of ``symbols``, in their order, at most ``threads`` of them asked for at a time.

    ``provider`` is who is asked for a symbol. One that still limits requests after ``PATIENCE``, or cannot be reached
    for two symbols in a row, is not asked for the rest, which are "not reached". ``progress`` is called every tenth of
    a second and may raise ``Cancelled``; requests under way then end by themselves, and their answers are dropped.
    """
    stopped: dict[str, str] = {}
    unreachable: Counter[str] = Counter()
    with _Threads(ask, threads) as pool:
        for at, name in enumerate(symbols):
            asked = provider(name)
            if asked in stopped:
                yield Fetched(name, status="not reached", sentence=stopped[asked])
                continue
            for ahead in symbols[at : at + threads]:
                if provider(ahead) not in stopped:
                    pool.begin(ahead)
            tell = _Teller(progress, at / len(symbols), f"Fetching {name} from {asked}.")
            tell("")
            answer = _patient(name, asked, pool, tell)
            unreachable[asked] = unreachable[asked] + 1 if answer.status == "no network" else 0
            if answer.status == "rate limited" or unreachable[asked] == _UNREACHABLE:
                stopped[asked] = answer.sentence
            yield answer


@dataclass
class _Teller:
    """Says a sentence at one fraction of the progress, and the last one again where there is no new one."""

    progress: Progress
    fraction: float
    said: str

    def __call__(self, text: str) -> None:
        self.said = text or self.said
        self.progress(self.fraction, self.said)


def _patient(name: str, provider: str, pool: _Threads, tell: Tell) -> Fetched:
    """The answer for one symbol, asked for again while the provider limits requests."""
    pause, until = FIRST_WAIT, time.monotonic() + PATIENCE
    while True:
        answer = pool.result(name, tell)
        seconds = pause * random.uniform(0.75, 1.25)
        if answer.status != "rate limited" or time.monotonic() + seconds > until:
            return answer
        tell(f"{provider} limits requests: asking for {name} again in {seconds:.0f} s.")
        _sleep(seconds, tell)
        pool.begin(name)
        pause *= 2


def _sleep(seconds: float, tell: Tell) -> None:
    until = time.monotonic() + seconds
    while (left := until - time.monotonic()) > 0:
        tell("")
        time.sleep(min(left, _LOOK))


# -- threads ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Asked:
    """A symbol that is being asked for, and what was last said about it."""

    name: str
    answer: Future[Fetched] = field(default_factory=Future)
    said: list[str] = field(default_factory=list)


class _Threads:
    """Threads that ask for symbols in the order in which these were begun.

    They are daemons, which a process that ends does not wait for: a request may take as long as its time limit.
    """

    def __init__(self, ask: Ask, count: int) -> None:
        self._ask = ask
        self._begun: dict[str, _Asked] = {}
        self._waiting: queue.SimpleQueue[_Asked | None] = queue.SimpleQueue()
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
            self._begun[name] = asked = _Asked(name)
            self._waiting.put(asked)

    def result(self, name: str, tell: Tell) -> Fetched:
        """The answer for a symbol that was begun, which is forgotten then. Raises what ``tell`` does."""
        asked = self._begun[name]
        while not wait((asked.answer,), _LOOK).done:
            tell(asked.said[-1] if asked.said else "")
        return self._begun.pop(name).answer.result()

    def _work(self) -> None:
        while (asked := self._waiting.get()) is not None and not self._ended.is_set():
            try:
                asked.answer.set_result(self._ask(asked.name, self._teller(asked)))
            except BaseException as error:  # noqa: BLE001 - raised again where it is waited for
                asked.answer.set_exception(error)

    def _teller(self, asked: _Asked) -> Tell:
        def tell(text: str) -> None:
            if self._ended.is_set():
                raise Cancelled("Cancelled.")
            asked.said[:] = [text]

        return tell
