"""A stand-in for FRED, for the unmodified pandas-datareader."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import pytest

from tests.support.network import PORTAL, Answer, Network, faulty


@dataclass
class Fred:
    """Rows of its series by id, dates and values as texts; the ids that it was asked for; and the faults that the next
    requests for an id meet, one each (``network.faulty``).
    """

    series: dict[str, list[tuple[str, str]]]
    asked: list[str] = field(default_factory=list)
    faults: dict[str, deque[int | str]] = field(default_factory=dict)
    hosts = ("fred.stlouisfed.org",)

    def fail(self, name: str, *faults: int | str) -> None:
        self.faults.setdefault(name, deque()).extend(faults)

    def answer(self, host: str, path: str, query: dict[str, str]) -> Answer | None:
        name = query.get("id", "")
        self.asked.append(name)
        if waiting := self.faults.get(name):
            return faulty(waiting.popleft(), "observation_date,X\nnever,1.0\n")
        if path != "/graph/fredgraph.csv" or name not in self.series:
            return Answer(404, PORTAL, "text/html")
        rows = [f"{day},{value}" for day, value in self.series[name]]
        return Answer(200, "\n".join([f"observation_date,{name}", *rows, ""]), "application/csv")


@pytest.fixture
def fred(network: Network) -> Fred:
    """A stand-in that knows nothing yet, and is where this process finds FRED."""
    found = Fred({})
    network.sites = (*network.sites, found)
    return found
