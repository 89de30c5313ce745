"""Scoring the models in service, and telling of the rules that they break."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from engine.core.config import settings
from engine.core.errors import Cancelled, DataError, EngineError
from engine.core.progress import Progress, section, silent
from engine.jobs import runner
from engine.jobs.executors import performs
from engine.market.update.run import Updated, UpdateReport
from engine.market.update.run import perform as update
from engine.market.update.spec import Update
from engine.models.service import promoted
from engine.models.service.promoted import Promoted
from engine.research.service import alerts, webhook
from engine.research.service.alerts import Alert
from engine.research.service.requests import comparison, monitor
from engine.research.service.rescoring.spec import Refresh, Rescore
from engine.research.service.rules import breaches, costs_of, rules_of

_UPDATING = 0.7  # of the progress of a refresh


@dataclass(frozen=True)
class Scored:
    """What came of one model in service: the ``sentences`` of the alerts that are new, and what ``failed``, empty for
    nothing.
    """

    model: str
    sentences: tuple[str, ...]
    failed: str = ""


@dataclass(frozen=True)
class ScoreReport:
    """What came of a ``Rescore``, model by model; ``webhook`` says what went wrong with it, empty for nothing."""

    models: tuple[Scored, ...]
    webhook: str

    def summary(self) -> Mapping[str, object]:
        """Models, new alerts, and a sentence on each that failed."""
        return _told(self.models, self.webhook)


@dataclass(frozen=True)
class RefreshReport(UpdateReport):
    """What came of a ``Refresh``: the update, and the scores of the ``models`` in service after it."""

    models: tuple[Scored, ...] = ()
    webhook: str = ""

    def summary(self) -> Mapping[str, object]:
        """That of the update, with ``service`` where a model is."""
        service = {"service": _told(self.models, self.webhook)} if self.models else {}
        return {**super().summary(), **service}


@performs(Rescore)
def perform(action: Rescore, progress: Progress = silent) -> ScoreReport:
    """Score the models. Raises ``DataError`` where none of them is in service."""
    found = promoted.every(action.models)
    if not found:
        raise DataError("No model is in service: promote a registered one first.")
    return ScoreReport(*_scored(found, progress))


@performs(Refresh)
def refresh(action: Refresh, progress: Progress = silent) -> RefreshReport:
    """Update as ``Update`` does, then score the models: one that cannot be scored, or a webhook that fails, fails
    nothing else. Raises ``DataError`` as ``Update`` does.
    """
    in_service = bool(promoted.every())
    values = action.model_dump(exclude={"kind"})
    report = update(Update.parse(values), section(progress, 0.0, _UPDATING if in_service else 1.0))
    series: tuple[Updated, ...] = report.series
    models, failure = _scored(promoted.every(), section(progress, _UPDATING, 1.0)) if in_service else ((), "")
    return RefreshReport(series, report.refetched, report.unchecked, models, failure)


def _scored(found: Sequence[Promoted], progress: Progress) -> tuple[tuple[Scored, ...], str]:
    """The outcome of each model, and what went wrong with the webhook."""
    done, new = [], list[Alert]()
    for place, item in enumerate(found):
        part = section(progress, place / len(found), (place + 1) / len(found))
        try:
            own = _score(item, part)
        except Cancelled:
            raise
        except EngineError as error:
            done.append(Scored(item.item.reference, (), str(error)))
            continue
        new += own
        done.append(Scored(item.item.reference, tuple(alert.sentence for alert in own)))
    _compare({item.item.name for item in found})
    address = settings().service.webhook
    return tuple(done), webhook.post(address, new) if address and new else ""


def _score(item: Promoted, progress: Progress) -> tuple[Alert, ...]:
    rules = rules_of(item.item.name)
    found = runner.run(monitor(item.item, costs_of(rules)), progress)
    return alerts.note(item.item, breaches(found, rules))


def _compare(names: set[str]) -> None:
    """Compare champion and challenger of each name that has both, so that the page has it at hand."""
    for name in sorted(names):
        try:
            champion, challenger = promoted.pair(name)
            runner.run(comparison(champion, challenger, costs_of(rules_of(name))))
        except Cancelled:
            raise
        except EngineError:  # the page says why
            continue


def _told(models: Sequence[Scored], failure: str) -> Mapping[str, object]:
    failed = {item.model: item.failed for item in models if item.failed}
    told = [sentence for item in models for sentence in item.sentences]
    return {"scored": len(models) - len(failed), "alerts": told, "not_scored": failed} | (
        {"webhook": failure} if failure else {}
    )
