"""``stratoscope serve`` with an hour of readings from the start, after as many seconds as its argument says."""

from __future__ import annotations

import sys
import time
from dataclasses import replace

import numpy as np

from dashboard import cli
from dashboard.pages.hardware import sampler
from engine.core.cores import logical_cores
from tests.support.machine import QUIET


class Filled(sampler.Sampler):
    """Has read for ``before`` seconds, of which the ring keeps the last hour."""

    before = 0

    def __init__(self, period: float = sampler.PERIOD, length: int = sampler.KEPT) -> None:
        super().__init__(period, length)
        random, count = np.random.default_rng(0), max(self.before, length)
        for age in range(count, 0, -1):
            if age <= length or age % 60 == 0:  # what falls out of the ring leaves nothing behind
                cores = tuple(random.uniform(0, 100, logical_cores()).tolist())
                self._ring.add(replace(QUIET, moment=time.time() - age, cores=cores))


if __name__ == "__main__":
    Filled.before = int(sys.argv[1])
    sampler.Sampler = Filled  # type: ignore[misc]
    sys.exit(cli.main(["serve"]))
