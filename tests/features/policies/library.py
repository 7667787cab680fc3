"""A library for the tests of policies: articles with authors, organisations, shares and folders; and who holds what."""

from collections.abc import Iterable
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship
from tests.shop import NOON

from ostiary.features.policies.context import PolicyContext
from ostiary.features.policies.decide import PolicyActions
from ostiary.features.policies.registry import Registry, check_declared
from ostiary.kernel.declared_policies import DeclaredPolicies, DeclaredPolicy
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.events import Event
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import On, Principal


class Base(DeclarativeBase):
    pass


class Folder(Base):
    __tablename__ = "folder"
    id: Mapped[int] = mapped_column(primary_key=True)
    owner_id: Mapped[str | None]
    org_id: Mapped[str | None]
    parent_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id"))
    parent: Mapped["Folder | None"] = relationship(remote_side=[id])


class Share(Base):
    __tablename__ = "share"
    id: Mapped[int] = mapped_column(primary_key=True)
    article_id: Mapped[int | None] = mapped_column(ForeignKey("article.id"))
    subject: Mapped[str | None]
    may_edit: Mapped[bool | None]


class Article(Base):
    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[str | None]
    editor_id: Mapped[str | None]
    clerk_id: Mapped[int | None]
    org_id: Mapped[str | None]
    public: Mapped[bool | None]
    locked: Mapped[bool | None]
    status: Mapped[str | None]
    stars: Mapped[int | None]
    notes: Mapped[str | None]
    folder_id: Mapped[int | None] = mapped_column(ForeignKey("folder.id"))
    folder: Mapped[Folder | None] = relationship()
    shares: Mapped[list[Share]] = relationship()


class Held:
    """Who holds what: (subject, name, place); a place that is None is everywhere. Bound to a place, she holds it there only."""

    def __init__(
        self,
        *,
        roles: Iterable[tuple[str, str, On | None]] = (),
        permissions: Iterable[tuple[str, str, On | None]] = (),
    ) -> None:
        self._roles = list(roles)
        self._permissions = list(permissions)

    @staticmethod
    def _at(rows: list[tuple[str, str, On | None]], principal: Principal, on: On | None) -> frozenset[str]:
        if principal.tenant not in (None, on):
            return frozenset()
        return frozenset(name for subject, name, place in rows if subject == principal.subject and place in (None, on))

    def roles(self, principal: Principal, on: On | None) -> frozenset[str]:
        return self._at(self._roles, principal, on)

    def permissions(self, principal: Principal, on: On | None) -> frozenset[str]:
        return self._at(self._permissions, principal, on)

    def places(
        self, principal: Principal, kind: str, *, role: str | None = None, permission: str | None = None
    ) -> frozenset[str] | None:
        rows = [place for subject, name, place in self._roles if subject == principal.subject and name == role]
        rows += [
            place
            for subject, name, place in self._permissions
            if subject == principal.subject and permission is not None and any_covers([name], permission)
        ]
        bound = principal.tenant
        if bound is not None:
            return frozenset({bound[1]}) if bound[0] == kind and (None in rows or bound in rows) else frozenset()
        if None in rows:
            return None
        return frozenset(place[1] for place in rows if place is not None and place[0] == kind)


NOW = PolicyContext(at=NOON, network="192.0.2.1", device="a browser", method="GET", endpoint="article")


class Library:
    """Policies without an application around them."""

    def __init__(self, rights: Any = None) -> None:
        self.declared = DeclaredPolicies()
        self.events: list[Event] = []
        listeners = Listeners()
        listeners.on(Event, self.events.append)
        self.rights = rights
        self.actions = PolicyActions(
            registry=Registry(self.declared), bus=EventBus(listeners), find_rights=lambda: self.rights
        )

    def policy(self, action, type_=Article, **options):
        def declare(answer):
            declared = DeclaredPolicy(action=action, type=type_, answer=answer, **options)
            check_declared(declared)
            self.declared.add(declared)
            return answer

        return declare

    def decide(self, action, resource, who="ada", *, context=NOW, **options):
        return self.actions.decide(principal(who), action, resource, context, **options)

    def can(self, action, resource, who="ada", *, context=NOW):
        return self.actions.can(principal(who), action, resource, context)

    def fields(self, action, resource, who="ada"):
        return self.actions.fields(principal(who), action, resource, NOW)

    def visible(self, action, entity=Article, who="ada"):
        return self.actions.visible(principal(who), action, entity, NOW)


def principal(who: str | Principal) -> Principal:
    return Principal(who) if isinstance(who, str) else who
