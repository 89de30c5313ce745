"""The process that predicts for the server: ``python -m engine.models.service.process`` and the number of its end of a
connection. It keeps the libraries and the models that it has loaded, and ends with the other end.

A message is the number of requests, then each of them; the answer is the status and the body of each. Nothing that
comes over the connection is unpickled.
"""

from __future__ import annotations

import logging
import sys
from multiprocessing.connection import Connection

from engine.models.service.requests import Loaded, Reply, answers


def main(number: int) -> None:
    """Answer what comes over the connection of that file descriptor until it is closed."""
    logging.basicConfig(level=logging.WARNING, format="%(asctime)s %(name)s: %(message)s")
    loaded, connection = Loaded(), Connection(number)
    try:
        while True:
            bodies = [connection.recv_bytes() for _ in range(int(connection.recv_bytes()))]
            for reply in answers(bodies, loaded):
                send(connection, reply)
    except (EOFError, OSError, KeyboardInterrupt):
        return  # the server is gone


def send(connection: Connection, reply: Reply) -> None:
    connection.send_bytes(b"%d\n" % reply.status + reply.body)


def receive(connection: Connection) -> Reply:
    """Raises ``EOFError`` and ``OSError`` where the other end is gone."""
    status, _, body = connection.recv_bytes().partition(b"\n")
    return Reply(int(status), body)


if __name__ == "__main__":
    main(int(sys.argv[1]))
