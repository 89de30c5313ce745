"""SPA and StepM: arch's, asked rightly."""

from __future__ import annotations

import numpy as np
import pytest
from arch.bootstrap import SPA, StepM

from engine.core.errors import DataError
from engine.research.bootstrap import block_length
from engine.research.reality import _fast_spa, spa_and_stepm, superior_ability


class Study:
    """The size and power study in the documentation of arch 4.13, drawn again number by number."""

    def __init__(self) -> None:
        self.random = np.random.RandomState(23456)
        self.seed = self.random.randint(0, 2**31 - 1)
        self.draw()

    def draw(self) -> None:
        """A series and the benchmark's forecasts of it."""
        self.factors = self.random.randn(1000, 3)
        self.random.randn(1000)
        self.series = self.factors @ np.array([1, 0.5, 0.1])
        self.benchmark = self.losses(1.0)

    def losses(self, scale: float) -> np.ndarray:
        """Squared errors on the second half of what was fitted on the first."""
        seen = self.factors + scale * self.random.randn(1000, 3)
        beta = np.linalg.lstsq(seen[:500], self.series[:500])[0]
        return np.asarray((self.series[500:] - seen[500:] @ beta) ** 2)

    def gains(self, scales: np.ndarray) -> np.ndarray:
        return np.asarray(self.benchmark[:, None] - np.column_stack([self.losses(scale) for scale in scales]))


def test_documented_size_example() -> None:
    """https://bashtage.github.io/arch/doc: 500 models as good as the benchmark; printed are lower 0.520, consistent
    0.723, upper 0.733 of 1,000 resamples, blocks of the root of 500.
    """
    study = Study()
    found = spa_and_stepm(study.gains(np.ones(500)), 22, 1000, np.random.RandomState(study.seed))
    assert [round(value, 3) for value in (found.lower, found.consistent, found.upper)] == [0.520, 0.723, 0.733]
    assert found.superior == ()


SUPERIOR = """
106 115 117 152 156 157 158 169 186 187 192 197 214 215 219 228 235 238 246 248 252 253 254 257 261 262 263 266 272 275
279 280 281 282 286 291 294 298 299 300 305 306 310 312 316 318 325 326 329 330 332 335 336 338 340 341 342 344 348 349
350 351 352 353 354 356 357 359 360 362 363 364 365 367 368 370 371 372 373 374 377 378 379 380 382 383 385 386 387 388
389 390 391 392 393 394 395 398 399 400 401 402 403 404 405 406 407 408 410 411 412 413 414 417 419 420 421 422 423 424
425 426 427 428 429 431 432 433 434 435 436 437 438 439 440 441 442 443 444 445 447 448 449 450 451 453 454 455 456 457
458 459 460 461 462 463 464 465 466 467 468 469 470 471 473 474 475 476 477 478 479 480 481 482 483 484 485 486 487 488
489 490 491 492 493 494 495 496 497 498 499
"""


def test_documented_power_example() -> None:
    """The same page: later models see less noise. Printed are p-values of 0.0 and the superior models of a StepM
    without a seed: ours are the same but for the resampling, which moves the one critical value that parts them.
    """
    study = Study()
    study.random.randn(500, 1000, 3)
    study.random.randint(0, 2**31 - 1, 100)
    for _ in range(99):
        study.draw()
        study.random.randn(500, 1000, 3)
    study.draw()
    study.random.randn(500, 1000, 3)
    gains = study.gains((2500.0 - np.arange(500)) / 2500.0)
    printed = np.isin(np.arange(500), [int(item) for item in SUPERIOR.split()])
    mean = gains.mean(axis=0)
    assert printed.sum() == 191
    assert mean[printed].min() > mean[~printed].max()
    found = [spa_and_stepm(gains, 22, 1000, np.random.default_rng(seed)) for seed in range(5)]
    assert max(item.upper for item in found) < 0.0025
    counts = sorted(len(item.superior) for item in found)
    assert counts[0] <= 191 <= counts[-1]
    assert counts[-1] - counts[0] < 50
    for item in found:
        named = np.isin(np.arange(500), item.superior)
        assert (printed[named].all()) or (named[printed].all())


def models(seed: int = 0, bars: int = 500, columns: int = 12) -> np.ndarray:
    return np.random.default_rng(seed).normal(0, 0.01, (bars, columns))


def scaled(returns: np.ndarray) -> tuple[np.ndarray, int]:
    losses = -returns / returns.std(axis=0, ddof=1)
    return losses, max(round(block_length(-losses.mean(axis=1))), 1)


@pytest.mark.parametrize("seed", range(3))
def test_values_are_those_of_a_direct_call(seed: int) -> None:
    returns = models(seed) + np.linspace(0, 0.0015, 12)
    losses, block = scaled(returns)
    theirs = SPA(np.zeros(500), losses, block_size=block, reps=500, seed=np.random.default_rng(7))
    theirs.compute()
    found = superior_ability(returns, np.zeros(500), 500, 7)
    counted = (1 + 500 * theirs.pvalues) / 501  # arch leaves out what happened itself
    assert (found.lower, found.consistent, found.upper) == pytest.approx(tuple(counted))


@pytest.mark.parametrize("seed", range(3))
def test_superior_columns_are_those_of_a_direct_call(seed: int) -> None:
    returns = models(seed)
    returns[:, [2, 5]] += [0.004, 0.0018]
    losses, block = scaled(returns)
    theirs = StepM(np.zeros(500), losses, block_size=block, reps=500, seed=np.random.default_rng(7))
    theirs.compute()
    found = superior_ability(returns, np.zeros(500), 500, 7)
    assert list(found.superior) == theirs.superior_models
    assert 2 in found.superior


def test_best_of_models_with_a_common_factor_is_superior() -> None:
    """The kind of example that arch documents: models that share a factor and differ in their mean."""
    random = np.random.default_rng(23456)
    bars, count = 250, 20
    factor = random.standard_normal((bars, 1))
    returns = 0.5 * factor + random.standard_normal((bars, count)) + np.linspace(-0.1, 0.4, count)
    found = superior_ability(returns, 0.5 * factor[:, 0], 500, 1)
    assert found.consistent < 0.01
    assert found.superior
    assert min(found.superior) > count // 2


@pytest.mark.parametrize("block", [1, 2, 7, 60])
def test_variances_are_those_of_arch(block: int) -> None:
    losses = models(4) + np.sin(np.arange(500) / 9)[:, None] * 0.01
    ours, theirs = (kind(np.zeros(500), losses, block_size=block, reps=2, seed=1) for kind in (_fast_spa(), SPA))
    for test in (ours, theirs):
        test.compute()
    np.testing.assert_allclose(ours._loss_diff_var, theirs._loss_diff_var, rtol=1e-10)


def test_every_column_superior_is_named() -> None:
    """Also where the last of them is named in a later step."""
    returns = models(1, columns=4) + np.array([0.01, 0.004, 0.0022, 0.0016])
    assert superior_ability(returns, np.zeros(500), 500, 0).superior == (0, 1, 2, 3)


def test_noise_is_rejected_as_often_as_allowed() -> None:
    """The p-value of the best of ten noises lies below 5% about one time in twenty: three of sixty."""
    low = sum(
        superior_ability(models(seed, 250, 10), np.zeros(250), 200, seed).consistent <= 0.05 for seed in range(60)
    )
    assert low <= 8


def test_volatile_columns_do_not_decide() -> None:
    """A good calm column is found beside a wild one without any edge."""
    returns = models(2, columns=2)
    returns[:, 0] += 0.003
    returns[:, 1] *= 30
    assert superior_ability(returns, np.zeros(500), 500, 0).superior == (0,)


def test_benchmark_itself_is_not_superior() -> None:
    returns = models(3)
    found = superior_ability(returns[:, :1], returns[:, 0], 200, 0)
    assert found.superior == ()
    assert (found.lower, found.consistent, found.upper) == (1, 1, 1)


def test_variants_that_never_traded_beat_nothing_by_nothing() -> None:
    found = superior_ability(np.zeros((100, 5)), np.zeros(100), 200, 0)
    assert (found.consistent, found.superior) == (1, ())


def test_no_p_value_is_zero() -> None:
    assert superior_ability(models() + 0.05, np.zeros(500), 199, 0).consistent == 1 / 200


def test_other_bars_are_said() -> None:
    with pytest.raises(DataError, match="different bars"):
        superior_ability(models(), np.zeros(400), 100, 0)
