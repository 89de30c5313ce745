"""Predictions over HTTP: one row of fifty features for a LightGBM model, by one client and by eight at once."""

from __future__ import annotations

import http.client
import json
import threading
import time
from pathlib import Path
from urllib.parse import urlsplit

import numpy as np

from dashboard.security.tokens import PREDICT
from engine.models.service import registered
from tests.benchmarks.waiting import settle
from tests.support.served import served
from tests.support.workbench import server
from tests.support.workspace import in_force

TOKEN = "a-token-for-the-benchmark"
FEATURES = [{"kind": "sma", "window": window} for window in range(5, 55)]
MODEL = {"kind": "lightgbm", "rounds": 200, "leaves": 31, "min_data_in_leaf": 20, "early_stopping": 0}
CLIENTS, REQUESTS, SECONDS = 8, 2000, 4.0


def rows(folder: Path) -> list[tuple[str, ...]]:
    """The 99th percentile of one client's requests, and the requests a second of eight."""
    folder.mkdir(parents=True, exist_ok=True)
    with in_force(folder):
        registered.add(served("ONE", "TWO", count=2500, features=FEATURES, model=MODEL), "mine")
        columns = registered.load("mine").columns
    (folder / "token.txt").write_text(TOKEN, encoding="utf-8")
    body = json.dumps({"model": "mine", "features": [dict.fromkeys(columns, 100.0)]}).encode()
    with server(folder, config="service: {enabled: true, token_file: token.txt}\n") as running:
        client = Client(running.address, body)
        for _ in range(200):  # starts the process, loads the model
            client.ask()
        settle(running)  # the workers of the workbench start too
        alone = np.array([client.ask() for _ in range(REQUESTS)]) * 1000
        together = [Client(running.address, body) for _ in range(CLIENTS)]
        counts = throughput(together)
    p99, median = np.quantile(alone, (0.99, 0.5))
    spread = f"{alone.min():.1f} to {alone.max():.1f} ms"
    return [
        ("`/api/predict`, one row, LightGBM of 50 features: 99th percentile (median)", "20 ms",
         f"{p99:.1f} ms ({median:.1f} ms)", spread),
        (f"the same by {CLIENTS} clients at once, requests a second", "300", f"{sum(counts) / SECONDS:,.0f}",
         f"{min(counts) / SECONDS:,.0f} to {max(counts) / SECONDS:,.0f} a client"),
    ]  # fmt: skip


class Client:
    """One that keeps its connection and sends the same request again and again."""

    def __init__(self, address: str, body: bytes) -> None:
        self._connection, self._body = http.client.HTTPConnection(urlsplit(address).netloc), body

    def ask(self) -> float:
        """Seconds until the whole answer is there."""
        began = time.perf_counter()
        self._connection.request("POST", PREDICT, self._body, {"Authorization": f"Bearer {TOKEN}"})
        answer = self._connection.getresponse()
        content = answer.read()
        if answer.status != 200:
            raise RuntimeError(f"{answer.status}: {content[:200]!r}")
        return time.perf_counter() - began


def throughput(clients: list[Client]) -> list[int]:
    """Answers to each of ``clients`` within ``SECONDS``."""
    counts = [0] * len(clients)
    end = time.perf_counter() + SECONDS

    def work(place: int) -> None:
        while time.perf_counter() < end:
            clients[place].ask()
            counts[place] += 1

    threads = [threading.Thread(target=work, args=(place,)) for place in range(len(clients))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return counts
