"""The request for a model."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Literal

from pydantic import BeforeValidator, model_validator

from engine.core.spec import Estimate, Resources, RunSpec, canonical_json, kind_name, parameter
from engine.features import Features
from engine.features.processors import Processors
from engine.features.spec import FeatureSpec
from engine.indicators.averages import SmaDistance
from engine.indicators.momentum import Rsi
from engine.labels import LABELS, Label
from engine.labels.forward_return import ForwardReturn
from engine.market import catalog
from engine.market.spec import MarketSpec
from engine.models import MODELS, Model
from engine.models.kinds.lightgbm import LightGbm
from engine.models.permuting import copies
from engine.models.splits import SPLITS, Split
from engine.models.splits.chronological import Chronological
from engine.models.weights import Weighting

_MOVED = ("test_fraction", "embargo")
# Measured on daily bars of the sample: the share of its steps that a model runs that stops early, over kinds and splits
# 0.06 to 0.3, and seconds for scores and their intervals of a fold.
_RUN, _SCORED = 0.3, 0.12


class ModelSpec(RunSpec):
    """A model of one label on some features, trained and tested on the folds of a split in time."""

    told_to: ClassVar[str] = "engine.models.tracking"

    kind: Literal["model"] = "model"
    market: MarketSpec = parameter(MarketSpec(), title="Market", section="Universe")
    features: Features = parameter((SmaDistance(), Rsi()), title="Features", section="Features")
    processors: Processors = parameter(
        (),
        title="Processors",
        help="Applied to the features in this order, fitted on the training rows alone.",
        section="Features",
    )
    target: Annotated[Label, LABELS] = parameter(ForwardReturn(), title="Label", section="Label")
    model: Annotated[Model, MODELS] = parameter(LightGbm(), title="Model", section="Model")
    sample_weights: Literal["none", "uniqueness"] = parameter(
        "none",
        title="Sample weights",
        help="How much a training row counts. Labels that overlap share what happened: by uniqueness each of ten "
        "labels over the same bars counts about a tenth.",
        choices={"none": "All rows alike", "uniqueness": "By uniqueness"},
        section="Training",
    )
    time_decay: float = parameter(
        0.0,
        title="Time decay",
        help="Part of its weight that the oldest training row loses, the newest none: 1 is all of it, 1.5 also that of "
        "the older half of the rows.",
        ge=0,
        lt=2,
        step=0.1,
        section="Training",
    )
    validation: Annotated[Split, SPLITS] = parameter(Chronological(), title="Split", section="Validation")
    holdout: float = parameter(
        0.0,
        percent=True,
        title="Sealed holdout",
        help="Latest share of the bars that nothing is trained, tuned or tested on until it is opened; 0 for none.",
        ge=0,
        le=0.5,
        step=0.05,
        section="Validation",
    )
    open_holdout: bool = parameter(
        False,
        title="Open the holdout",
        help="Trains once more on all bars before the holdout and scores it. The ledger keeps every opening: each "
        "makes the next one worth less.",
        section="Validation",
    )
    null_fits: int = parameter(
        20,
        title="Null models",
        help="Models trained on permuted labels, to see what chance scores; 0 for none.",
        ge=0,
        le=200,
        section="Validation",
    )
    seed: int = parameter(0, title="Seed", ge=0, le=2**31 - 1, section="Validation")

    @model_validator(mode="before")
    @classmethod
    def _one_cut(cls, values: Any) -> Any:
        """Accepts the fields of a split in one cut at the top, where stored requests and files have them."""
        if not isinstance(values, Mapping) or not (moved := {name for name in _MOVED if name in values}):
            return values
        split = values.get("validation") or {}
        if isinstance(split, Split):
            split = split.model_dump(mode="json")
        name = kind_name(Chronological)
        if not isinstance(split, Mapping) or split.get("kind", name) != name:
            return values
        rest = {key: value for key, value in values.items() if key not in moved}
        return rest | {"validation": {"kind": name, **split, **{key: values[key] for key in moved}}}

    @model_validator(mode="after")
    def _has_what_it_opens(self) -> ModelSpec:
        if self.open_holdout and not self.holdout:
            raise ValueError("There is no sealed holdout to open: choose its share of the bars first.")
        return self

    @model_validator(mode="after")
    def _can_do_the_task(self) -> ModelSpec:
        if problem := self.model.refusal(self.target.task, self._columns()):
            raise ValueError(problem)
        return self

    def fingerprint(self) -> str:
        """Where its networks are trained, of those that leave it to what was measured."""
        models = [item for item in self.model.walk() if isinstance(item, Model)]
        return ", ".join(canonical_json(found) for item in models if (found := item.placed()) is not item)

    def label(self) -> str:
        features = ", ".join(feature.label() for feature in self.features[:3])
        more = f" and {len(self.features) - 3} more" if len(self.features) > 3 else ""
        return f"{self.model.label()} on {features}{more}: {self.market.label()} {self.target.label()}"

    def inputs(self) -> Mapping[str, RunSpec]:
        return {"market": self.market, "features": self.feature_spec()}

    def estimate(self) -> Estimate:
        rows, columns = self.expected_size()
        seconds = 0.1 + self.fit_seconds() * (2 + self.null_fits) + self.answer_seconds()
        megabytes = 100 + rows * (columns + 8) * 32e-6 + self.fit_memory() * 1e-6
        return Estimate(seconds=seconds, megabytes=megabytes)

    def fit_memory(self) -> float:
        """Bytes that the model, or the largest of those that it is made of, takes beside its rows, at least."""
        rows, columns = self.expected_size()
        return max(item.memory(int(rows), columns) for item in self.model.walk() if isinstance(item, Model))

    def expected_size(self) -> tuple[float, int]:
        """Roughly the rows before the holdout, and the columns of the features."""
        return catalog.expected_rows(self.market) * (1 - self.holdout), self._columns()

    def _columns(self) -> int:
        return sum(len(feature.outputs) for feature in self.features)

    def fit_seconds(self) -> float:
        """Roughly how long it takes to train one model on each fold, on one core."""
        rows, columns = self.expected_size()
        shares = self.validation.shares(int(rows / max(len(self.market.symbols), 1)))
        one = sum(self.model.seconds(int(rows * min(share, 1.0)), columns) for share in shares)
        each_class = self.target.task == "multiclass" and self.model.trains_each_class
        return one * len(self.target.classes) if each_class else one

    def answer_seconds(self) -> float:
        """Roughly how long the models of all folds take, on one core, to predict their training rows, their tests, and
        these with a feature permuted.
        """
        rows, columns = self.expected_size()
        shares = self.validation.shares(int(rows / max(len(self.market.symbols), 1)))
        found = 0.0
        for share in shares:
            trained = int(rows * min(share, 1.0))
            tested = int(min(rows - trained, rows / len(shares)))
            asked = trained + tested * (self.null_fits + copies(tested, columns))
            found += self.model.answer_seconds(asked, columns, trained)
        return found

    def feature_spec(self) -> FeatureSpec:
        """The request for the features that it is trained on."""
        return FeatureSpec(market=self.market, features=self.features)

    def fills_unknown(self) -> bool:
        """Whether rows of which a feature is unknown are used too."""
        return any(processor.fills_unknown for processor in self.processors)

    def weighting(self) -> Weighting:
        """The weights that the training rows have."""
        return Weighting(self.sample_weights == "uniqueness", self.time_decay)

    def resources(self) -> Resources:
        return Resources(gpus=int(self.model.processor() != "cpu"))


def _from_text(value: Any) -> Any:
    return json.loads(value) if isinstance(value, str) else value


StatedModel = Annotated[ModelSpec, BeforeValidator(_from_text)]
"""A model in another request: its spec, or the JSON text of it, as the form's list of models submits it."""
