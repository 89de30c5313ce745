"""Fixtures of the tests of the cluster."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from engine.core.config import Compute
from engine.jobs.cluster import Cluster
from tests.support.clusters import WORKERS


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    compute = Compute(workers=WORKERS, memory_limit_mb=600)
    started = Cluster(compute, tmp_path_factory.mktemp("workers"), warm=("tests.support.tasks:warm",))
    yield started
    started.close()
