"""Predictions by a process of their own, which has the heavy libraries in the server's place and keeps models warm."""

from __future__ import annotations

import logging
import multiprocessing
import queue
import subprocess
import sys
import threading
from collections.abc import Sequence
from concurrent.futures import Future
from multiprocessing.connection import Connection

from engine.models.service.process import receive
from engine.models.service.requests import Reply

TIMEOUT = 30.0
"""Seconds that one exchange may take before the process is ended."""
UNAVAILABLE = 503
_TOGETHER = 64  # requests of one exchange
_MODULE = "engine.models.service.process"
_log = logging.getLogger("stratoscope")

Asked = tuple[bytes, "Future[Reply]"]


class Predictor:
    """Answers requests of any threads. Those that arrive while it is busy go to the process together, so that nobody
    waits for company. The process is started at the first request or by ``start``, and anew where it was lost.
    """

    def __init__(self, timeout: float = TIMEOUT) -> None:
        self._timeout = timeout
        self._waiting: queue.SimpleQueue[Asked | None] = queue.SimpleQueue()
        self._process: subprocess.Popen[bytes] | None = None
        self._connection: Connection | None = None
        self._thread = threading.Thread(target=self._work, name="predictor", daemon=True)
        self._starting = threading.Lock()

    def start(self) -> None:
        """Have the process ready for the first request."""
        self.ask(b"")

    def ask(self, body: bytes) -> Reply:
        """The answer to a request (``requests``); status ``UNAVAILABLE`` where the process was lost."""
        with self._starting:
            if not self._thread.is_alive():
                self._thread.start()
        answer: Future[Reply] = Future()
        self._waiting.put((body, answer))
        return answer.result()

    def close(self) -> None:
        """End the process; requests under way are answered first."""
        with self._starting:
            if self._thread.is_alive():
                self._waiting.put(None)
                self._thread.join(self._timeout)
        self._end()

    def _work(self) -> None:
        while (first := self._waiting.get()) is not None:
            batch = [first]
            while len(batch) < _TOGETHER and not self._waiting.empty():
                if (more := self._waiting.get()) is None:
                    self._waiting.put(None)
                    break
                batch.append(more)
            for (_, answer), reply in zip(batch, self._answers([body for body, _ in batch]), strict=True):
                answer.set_result(reply)

    def _answers(self, bodies: Sequence[bytes]) -> list[Reply]:
        try:
            return self._exchange(bodies)
        except (EOFError, OSError, ValueError) as error:
            _log.warning("The process that predicts was lost (%s) and will be started again.", str(error) or "it ended")
            self._end()
            sentence = "The prediction was lost: it took too long, or its process was ended. Send it again."
            return [Reply.refusal(sentence, UNAVAILABLE) for _ in bodies]

    def _exchange(self, bodies: Sequence[bytes]) -> list[Reply]:
        connection = self._connection or self._started()
        connection.send_bytes(b"%d" % len(bodies))
        for body in bodies:
            connection.send_bytes(body)
        replies = []
        for _ in bodies:
            if not connection.poll(self._timeout):
                raise TimeoutError(f"no answer within {self._timeout:g} s")
            replies.append(receive(connection))
        return replies

    def _started(self) -> Connection:
        ours, theirs = multiprocessing.Pipe()
        number = theirs.fileno()
        self._process = subprocess.Popen([sys.executable, "-m", _MODULE, str(number)], pass_fds=[number])
        theirs.close()
        self._connection = ours
        return ours

    def _end(self) -> None:
        if self._connection is not None:
            self._connection.close()
        if self._process is not None:
            self._process.kill()
            self._process.wait()
        self._connection = self._process = None
