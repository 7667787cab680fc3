"""What is wrong with a rule is found before the first view: attributes that are not there, and that name nobody."""

import pytest
from sqlalchemy import Float
from sqlalchemy.orm import DeclarativeBase, Mapped, WriteOnlyMapped, mapped_column, relationship
from tests.features.policies.library import Article, Base, Folder, Library, Share

from ostiary.features.policies.examine import demands_of, problems_of
from ostiary.policies import (
    all_of,
    any_of,
    anyone,
    attribute,
    holds,
    not_,
    owner,
    permitted,
    proven,
    related,
    shared,
    tenant,
    where,
)


def problems(rule, type_=Article):
    library = Library()
    library.policy("read", type_)(rule)
    return [problem.code for problem in problems_of(library.actions.registry.all())]


@pytest.mark.parametrize(
    ("rule", "codes"),
    [
        (owner(Article.author_id), []),
        (any_of(anyone(), not_(where(Article.public))), []),
        (related(Article.folder, related(Folder.parent, owner(Folder.owner_id))), []),
        (shared(via=Article.shares, to=Share.subject), []),
        (owner("author"), ["no_attribute"]),
        (owner(Folder.owner_id), ["foreign_attribute"]),
        (all_of(anyone(), not_(where(Folder.owner_id == "ada"))), ["foreign_attribute"]),
        (shared(via=Article.shares, to=Article.author_id), ["foreign_attribute"]),
        (related(Article.folder, related(Folder.parent, owner("owner"))), ["no_attribute"]),
        (related("author_id", anyone()), ["no_relationship"]),
        (holds("editor", on=("org", attribute("orgid"))), ["no_attribute"]),
        (permitted("article:read", on=("org", Article.public)), ["not_comparable"]),
        (owner(Article.public), ["not_comparable"]),
        (tenant(Article.locked), ["not_comparable"]),
    ],
)
def test_every_attribute_of_a_rule_is_looked_for(rule, codes):
    assert problems(rule) == codes


def test_a_plain_class_is_taken_at_its_word():
    class Note:
        def __init__(self):
            self.author_id = "ada"

    assert problems(owner("author_id"), Note) == []
    assert problems(related("shares", owner("subject")), Note) == []


class Odd(DeclarativeBase):
    pass


class Part(Odd):
    __tablename__ = "part"
    id: Mapped[int] = mapped_column(primary_key=True)
    whole_id: Mapped[int] = mapped_column(Float)


class Whole(Odd):
    __tablename__ = "whole"
    id: Mapped[int] = mapped_column(primary_key=True)
    parts: WriteOnlyMapped[Part] = relationship(primaryjoin="Whole.id == foreign(Part.whole_id)")


def test_a_relationship_that_cannot_be_followed_is_found():
    assert problems(related(Whole.parts, anyone()), Whole) == ["no_relationship"]


def test_what_a_rule_demands_of_a_caller_is_known_however_deep_it_stands():
    library = Library()
    library.policy("read")(
        any_of(not_(holds("reader")), related(Article.folder, permitted("folder:read")), proven(factors=2))
    )
    library.policy("edit")(lambda principal, article: True)
    found = [requirement for _, requirement in demands_of(library.actions.registry.all())]
    assert [str(one.role or one.permission or one.factors) for one in found] == ["reader", "folder:read", "2"]


def test_a_rule_may_be_declared_before_the_mappers_are_configured():
    class Late(Base):
        __tablename__ = "late"
        id: Mapped[int] = mapped_column(primary_key=True)
        author_id: Mapped[str]

    rule = any_of(owner(Late.author_id), where(Late.id > 5))
    assert problems(rule, Late) == []
    Base.metadata.remove(Late.__table__)
    Base.registry._dispose_cls(Late)
