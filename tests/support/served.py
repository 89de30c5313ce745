"""Trained models to be served, small ones."""

from __future__ import annotations

from typing import Any

import engine
from engine.market.sources.stored import save
from engine.models.result import ModelResult
from engine.models.service.served import ServedModel, of_run
from engine.models.spec import ModelSpec
from tests.support.market import random_walk

QUICK = {"kind": "lightgbm", "rounds": 5, "early_stopping": 0}


def trained(*symbols: str, count: int = 400, **changes: Any) -> tuple[str, ModelResult]:
    """The run key and the result of a model of random walks of these symbols, which are stored."""
    for seed, symbol in enumerate(symbols or ("ONE",)):
        save(random_walk(count, seed, symbol=symbol))
    market = {"collection": "made-up", "symbols": list(symbols or ("ONE",))}
    spec = ModelSpec.parse({"market": market, "model": QUICK, "null_fits": 0} | changes)
    result = engine.run(spec)
    return engine.run_key(spec), result


def served(*symbols: str, **changes: Any) -> ServedModel:
    """The model of ``trained``."""
    return of_run(trained(*symbols, **changes)[0])
