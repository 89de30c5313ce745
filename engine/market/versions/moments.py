"""Moments as requests and versions write them: days, to their end, and times of the day, all in UTC."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

_DAY = len("2026-03-31")


def moment_text(given: object) -> str:
    """A day as ``2026-03-31``, a moment in UTC as ``2026-03-31 14:05:00``, with parts of a second if it has any; from
    text, a date or a datetime, one without an offset in UTC. Raises ``ValueError`` for anything else.
    """
    try:
        if isinstance(given, str) and len(given.strip()) > _DAY:
            given = datetime.fromisoformat(given.strip())
        elif isinstance(given, str):
            given = date.fromisoformat(given.strip())
    except ValueError:
        pass
    if isinstance(given, datetime):
        moment = given.astimezone(UTC) if given.tzinfo else given
        return moment.replace(tzinfo=None).isoformat(" ", "microseconds" if moment.microsecond else "seconds")
    if isinstance(given, date):
        return given.isoformat()
    raise ValueError(
        f"As known on must be a day such as 2026-03-31 or a moment such as 2026-03-31 14:05, not '{given}'."
    )


def moment_of(text: str) -> datetime:
    """The moment in UTC of what ``moment_text`` returns; of a day the last."""
    if len(text) == _DAY:
        return datetime.fromisoformat(text).replace(tzinfo=UTC) + timedelta(days=1, microseconds=-1)
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def iso(moment: datetime) -> str:
    """``moment``, one with a time zone, as versions have it: in UTC, with microseconds."""
    return moment.astimezone(UTC).isoformat(timespec="microseconds")
