"""A brake on guesses at the password: after five wrong ones an address waits before the next one counts."""

from __future__ import annotations

import threading
import time

FREE_ATTEMPTS, MAXIMUM_WAIT, MAXIMUM_ADDRESSES = (
    5,
    60.0,
    10_000,
)  # wrong guesses without a wait, seconds of the longest wait, addresses kept


class Throttle:
    """Wrong guesses by client address; any thread may call. Nobody waits here: a guess is refused instead.

    The address is that of the connection: what a header says of it, anyone can forge. Behind a proxy all share its.
    """

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._wrong: dict[str, tuple[int, float]] = {}  # count, and when the next guess counts; latest last

    def seconds(self, address: str) -> float:
        """How long this address has to wait; 0 if it may guess."""
        with self._lock:
            return max(self._wrong.get(address, (0, 0.0))[1] - time.monotonic(), 0.0)

    def note(self, address: str, is_right: bool) -> None:
        """Take a guess into account: a right one ends the waiting, each wrong one after the fifth doubles it."""
        with self._lock:
            count, _ = self._wrong.pop(address, (0, 0.0))
            if is_right:
                return
            wait = min(2.0 ** (count + 1 - FREE_ATTEMPTS), MAXIMUM_WAIT) if count + 1 >= FREE_ATTEMPTS else 0.0
            self._wrong[address] = (min(count + 1, 100), time.monotonic() + wait)
            if len(self._wrong) > MAXIMUM_ADDRESSES:
                del self._wrong[next(iter(self._wrong))]
