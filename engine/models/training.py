"""The request for a model, and its training."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Annotated, Any, Literal

import numpy as np

from engine.core.progress import Progress, section, silent
from engine.core.spec import Estimate, RunSpec, parameter
from engine.features import Features
from engine.features.matrix import FeatureMatrix, FeatureSpec, require_causal
from engine.indicators.averages import SmaDistance
from engine.indicators.momentum import Rsi
from engine.labels import LABELS, Label
from engine.labels.forward_return import ForwardReturn
from engine.market.bars import Floats, Market, MarketSpec
from engine.models import MODELS, Model
from engine.models.fitting import Learnt, LossCurve, learn, require_both
from engine.models.kinds.lightgbm import LightGbm
from engine.models.null import null_aucs
from engine.models.result import ModelResult
from engine.models.rows import Rows, pool
from engine.models.scores import auc, out_of_sample
from engine.models.splits import Split, chronological


class ModelSpec(RunSpec):
    """A model of one label on some features, tested on the bars after those that it learnt from."""

    kind: Literal["model"] = "model"
    market: MarketSpec = parameter(MarketSpec(), title="Market", section="Universe")
    features: Features = parameter((SmaDistance(), Rsi()), title="Features", section="Features")
    target: Annotated[Label, LABELS] = parameter(ForwardReturn(), title="Label", section="Label")
    model: Annotated[Model, MODELS] = parameter(LightGbm(), title="Model", section="Model")
    test_fraction: float = parameter(
        0.3,
        title="Test part",
        help="Latest share of the bars, kept from the training and used for the score.",
        ge=0.1,
        le=0.9,
        step=0.05,
        section="Validation",
    )
    embargo: int = parameter(
        0,
        title="Embargo",
        unit="bars",
        help="Bars left out before the test, beyond those whose labels reach into it.",
        ge=0,
        le=500,
        section="Validation",
    )
    null_fits: int = parameter(
        20,
        title="Null models",
        help="Models trained on labels without a tie to the features, to see what luck scores. 0 is none.",
        ge=0,
        le=200,
        section="Validation",
    )
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1, section="Validation")

    def label(self) -> str:
        features = ", ".join(feature.label() for feature in self.features[:3])
        more = f" and {len(self.features) - 3} more" if len(self.features) > 3 else ""
        return f"{self.model.label()} on {features}{more}: {self.market.label()} {self.target.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, "features": self._features()}

    def estimate(self) -> Estimate:
        rows, columns = self._rows(), sum(len(feature.outputs) for feature in self.features)
        one = self.model.seconds(int(rows * (1 - self.test_fraction)), columns)
        return Estimate(seconds=0.1 + one * (2 + self.null_fits), megabytes=100 + rows * (columns + 8) * 32e-6)

    def compute(self, inputs: Mapping[str, Any], progress: Progress) -> ModelResult:
        market: Market = inputs["market"]
        progress(0.0, "Checking the features for look-ahead")
        require_causal(self.features, market)
        matrix: FeatureMatrix = inputs["features"]
        train, test, split = self.parts(market, matrix)
        curve = LossCurve(section(progress, 0.05, 0.5))
        learnt = learn(self.model, train, self.seed, curve)
        null = null_aucs(self, section(progress, 0.5, 1.0), curve.partial())
        fitted = learnt.fitted
        probability = self.model.predict(fitted.text, test.values)
        return ModelResult(
            label=self.label(),
            family=f"model:{self.model.kind}",
            features=matrix.names,
            symbols=matrix.symbols,
            train_loss=fitted.train_loss,
            validation_loss=fitted.validation_loss,
            best_round=fitted.best_round,
            importance=fitted.importance,
            time=test.time,
            known=test.known,
            symbol=test.symbol,
            probability=probability,
            outcome=test.label,
            scores=self._scores(learnt, test, probability),
            null_auc=null,
            n_train=len(learnt.fitted_on),
            n_validation=learnt.n_validation,
            n_purged=int(split.purged.sum()) + learnt.n_purged,
            n_test=len(test),
            n_scored=int((~np.isnan(test.label)).sum()),
            train_start=str(train.time.min()),
            train_end=str(train.time.max()),
            test_start=str(split.start),
            text=fitted.text,
        )

    def point_in_time(self, result: ModelResult) -> Callable[[np.datetime64], ModelResult]:
        from engine.models.history import History

        return History(self, result, self.market.compute({}, silent))

    def _scores(self, learnt: Learnt, test: Rows, probability: Floats) -> dict[str, float]:
        on, known = learnt.fitted_on, ~np.isnan(test.label)
        scores = out_of_sample(test.label[known], probability[known], float(np.mean(on.label)))
        return scores | {"train_auc": auc(on.label, self.model.predict(learnt.fitted.text, on.values))}

    def prepare(self) -> tuple[Market, FeatureMatrix]:
        """Bars and features, read and computed here: for workers that get the spec alone."""
        market = self.market.compute({}, silent)
        return market, self.matrix(market)

    def matrix(self, market: Market) -> FeatureMatrix:
        """The features of ``market``."""
        return self._features().compute({"market": market}, silent)

    def parts(self, market: Market, matrix: FeatureMatrix) -> tuple[Rows, Rows, Split]:
        """Training rows, test rows and the split between them. Raises ``DataError`` where they are too few."""
        rows = pool(matrix, market, self.target, self.embargo)
        split = chronological(rows.time, rows.end, self.test_fraction)
        train, test = rows.where(split.train), rows.where(split.test)
        require_both(train, "training")
        require_both(test.where(~np.isnan(test.label)), "test")
        return train, test, split

    def _features(self) -> FeatureSpec:
        return FeatureSpec(market=self.market, features=self.features)

    def _rows(self) -> float:
        """Bars that the market selects, from what is known without reading them."""
        from engine.market import catalog

        total = 0.0
        for symbol in self.market.symbols:
            series = catalog.find(self.market.collection, symbol, self.market.interval)
            first, last = series.span
            start = max(first, np.datetime64(self.market.start or "0001-01-01", "D"))
            end = min(last, np.datetime64(self.market.end or "9999-12-31", "D"))
            share = float((end - start + 1) / (last - first + 1))
            total += series.rows * max(0.0, share)
        return total
