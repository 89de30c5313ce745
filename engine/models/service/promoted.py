"""Promoted models: the versions in service, by name and role."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from engine.core.errors import DataError, did_you_mean
from engine.models.service import registered, roles
from engine.models.service.registered import Registered
from engine.models.service.roles import ROLES, Role


@dataclass(frozen=True)
class Promoted:
    """A version in service, its ``role``, and since when it has it, in seconds since 1970."""

    item: Registered
    role: Role
    since: float

    @property
    def alias(self) -> str:
        """What the role is called: ``momentum@champion``."""
        return f"{self.item.name}@{self.role}"


def every(names: Iterable[str] = ()) -> tuple[Promoted, ...]:
    """All versions in service, or those of ``names``: by name, the champion before its challenger."""
    wanted = set(names)
    return tuple(
        Promoted(registered.find(f"{held.name}@{held.version}"), held.role, held.since)
        for held in roles.every()
        if not wanted or held.name in wanted
    )


def promote(reference: str, role: str) -> Registered:
    """Give the ``role`` to the version that ``reference`` names, in place of the one that had it. Raises ``DataError``
    where there is no such version, or no such role.
    """
    item = registered.find(reference)
    roles.give(item.name, item.version, _role(role))
    return item


def demote(reference: str) -> Registered:
    """Take its role from the version that ``reference`` names. Raises ``DataError`` where it has none."""
    item = registered.find(reference)
    own = [role for role, version in roles.held(item.name).items() if version == item.version]
    if not own:
        raise DataError(f"{item.reference} is not in service: there is nothing to take from it.")
    for role in own:
        roles.take(item.name, _role(role))
    return item


def undo(name: str) -> tuple[Promoted, ...]:
    """Take back the last promotion or demotion of ``name``, and return who is in service then. Raises ``DataError``."""
    roles.undo(name.strip())
    return every([name.strip()])


def pair(name: str) -> tuple[Registered, Registered]:
    """The champion of ``name`` and its challenger. Raises ``DataError`` where one of them is missing."""
    return registered.find(f"{name}@{ROLES[0]}"), registered.find(f"{name}@{ROLES[1]}")


def _role(name: str) -> Role:
    for role in ROLES:
        if role == name:
            return role
    raise DataError(f"There is no role '{name[:30]}'.{did_you_mean(name, ROLES)}")
