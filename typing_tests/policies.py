"""What a type checker sees of policies: rules that join into rules, functions that answer what a policy may answer.

Nothing here is run; see ``features.py`` for how to read the comments.
"""

from typing import assert_type

from flask import Flask
from sqlalchemy import ColumnElement
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column

from ostiary import Principal, Sessions
from ostiary.flask import Auth
from ostiary.kernel.requirement import Names
from ostiary.policies import (
    Allow,
    Decision,
    Deny,
    PolicyContext,
    Rule,
    all_of,
    any_of,
    holds,
    not_,
    owner,
    permitted,
    where,
)


class Base(DeclarativeBase):
    """Where the mapped classes are."""


class Article(Base):
    """A resource."""

    __tablename__ = "article"
    id: Mapped[int] = mapped_column(primary_key=True)
    author_id: Mapped[str]
    public: Mapped[bool]


auth = Auth(Flask(__name__), [Sessions()])
mine = any_of(owner(Article.author_id), permitted("article:edit", on=("org", Article.author_id)))
assert_type(mine, Rule)
assert_type(all_of(mine, not_(where(Article.public.is_(True))), holds(any_of("editor", "owner"))), Rule)
assert_type(any_of("editor", "owner"), Names)
assert_type(auth.policy("read", Article)(mine), Rule)


@auth.policy("edit", Article)
def edit(principal: Principal, article: Article, context: PolicyContext) -> Allow | Deny:
    """Answers with a reason."""
    return Allow() if article.author_id == principal.subject and context.at else Deny("no", public=True)


assert_type(edit(Principal("ada"), Article(), PolicyContext(at=0)), Allow | Deny)


@auth.policy("list", Article, filters=True)
def listed(principal: Principal) -> Rule:
    """Answers a rule."""
    return mine if principal else not_(mine)


@auth.policy("print", Article)  # type: ignore[type-var]
def wrong(principal: Principal, article: Article) -> str:
    """Answers what no policy may."""
    return principal.subject + article.author_id


def names_and_rules_are_not_mixed() -> None:
    any_of("editor", mine)  # type: ignore[call-overload]


def what_a_question_answers(article: Article) -> None:
    assert_type(auth.can("edit", article), bool)
    assert_type(auth.can("article:read"), bool)
    assert_type(auth.decide("edit", article), Decision)
    assert_type(auth.decide_each("edit", [article]), list[Decision])
    assert_type(auth.visible("read", Article), ColumnElement[bool])
    assert_type(auth.fields("read", article), frozenset[str])
    auth.acting_as("ada")  # type: ignore[arg-type]


def load_article(id: int) -> Article | None:
    """By its id."""
    return Article(id=id)


auth.resource(Article)(load_article)


@auth.require(can="edit", resource=load_article, into="article")
def view(article: Article) -> str:
    """Keeps its signature."""
    return article.author_id


assert_type(view(Article()), str)
