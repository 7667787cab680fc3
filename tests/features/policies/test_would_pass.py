"""What would pass: whatever a refusal says is enough is enough, for any policy; and what it says nothing about is nothing."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.features.policies import generated
from tests.features.policies.library import Article, Held, Library, Share
from tests.shop import NOON

from ostiary.kernel.decision import PROOFS
from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import Credential, Principal
from ostiary.policies import (
    Deny,
    all_of,
    any_of,
    holds,
    not_,
    owner,
    permitted,
    proven,
    shared,
    tenant,
    where,
)


def carry_out(changes, article, who, held):
    """Do in the world what a decision says would have to change. Knows nothing of how it was found."""
    roles, permissions = list(held._roles), list(held._permissions)
    values = {column.key: getattr(article, column.key) for column in Article.__table__.columns}
    for change in changes:
        match change.kind:
            case "attribute":
                values[change.of] = change.value
            case "role":
                roles.append((who.subject, change.value, change.on))
            case "permission":
                permissions.append((who.subject, change.value, change.on))
            case "scope":
                who = replace(who, scope=who.scope | {change.value})
            case "tenant":
                who = replace(who, tenant=change.on)
            case "via":
                who = replace(who, credential=Credential(change.value.names[0], "c1"))
    if any(change.kind in PROOFS for change in changes):
        who = replace(who, factors=prove(changes, who))
    return Article(**values), who, Held(roles=roles, permissions=permissions)


def prove(changes, who):
    """She gives every proof of before again, and those that are asked for."""
    wanted = {change.kind: change.value for change in changes}
    kinds = {factor.kind for factor in who.factors} | {"password"}
    if "proof" in wanted:
        kinds |= set(wanted["proof"].names)
    if int(wanted.get("factors", 1)) > 1:
        kinds |= {"password", "totp"}
    if int(wanted.get("factors", 1)) > 2 or "phishing_resistant" in wanted:
        kinds |= {"verified_passkey"}
    return tuple(Factor(kind, at=NOON) for kind in sorted(kinds))


@settings(max_examples=600)
@given(
    values=generated.articles,
    rules=st.lists(generated.rules_that_can_change, min_size=1, max_size=3),
    who=generated.people,
    held=generated.rights,
)
def test_applying_what_a_refusal_says_makes_the_request_pass(values, rules, who, held):
    article = Article(id=1, **values)
    library = Library(held)
    for rule in rules:
        library.policy("read", scope="article:read")(rule)
    decision = library.decide("read", article, who)
    if decision.allowed:
        assert decision.would_pass_if == ()
        return
    assert decision.code != "step_up_needed" or {change.kind for change in decision.would_pass_if} <= PROOFS
    if decision.would_pass_if:
        article, who, library.rights = carry_out(decision.would_pass_if, article, who, held)
        assert library.can("read", article, who), [str(change) for change in decision.would_pass_if]


@pytest.mark.parametrize(
    ("rule", "says"),
    [
        (owner(Article.author_id), ["author_id='ada'"]),
        # "ada" is no number: she can never own it.
        (owner(Article.clerk_id), None),
        (permitted("article:edit", on=("org", Article.org_id)), ["permission=article:edit on org:acme"]),
        (holds("editor"), ["role=editor"]),
        (holds(all_of("editor", "reader"), on=("org", "acme")), ["role=editor on org:acme", "role=reader on org:acme"]),
        (tenant(Article.org_id), ["tenant=org:acme"]),
        (proven(factors=2, fresh="5m"), ["factors=2", "fresh=5m"]),
        (proven(phishing_resistant=True), ["phishing_resistant=True"]),
        (proven(proof=any_of("totp", "passkey")), ["proof=any_of('totp', 'passkey')"]),
        (proven(via="session"), ["via=session"]),
        (where(Article.public.is_(True)), ["public=True"]),
        (where(Article.status.in_(["done", "late"])), ["status='done'"]),
        (where(~Article.locked), ["locked=False"]),
        (not_(where(Article.locked == True)), ["locked=False"]),  # noqa: E712 - as people write it
        # The cheapest: what she can do herself, before what somebody must grant, before what is true of the resource.
        (any_of(owner(Article.author_id), holds("editor"), proven(fresh="5m")), ["fresh=5m"]),
        (
            all_of(where(Article.public), any_of(owner(Article.author_id), holds("editor"))),
            ["role=editor", "public=True"],
        ),
        # What undoes the one for the other is not told.
        (all_of(where(Article.public.is_(True)), where(Article.public.is_(False))), None),
        (
            all_of(where(Article.status == "done"), any_of(where(Article.status == "late"), holds("x"))),
            ["role=x", "status='done'"],
        ),
        (proven(proof=all_of("password", "totp"), phishing_resistant=True), None),
        # Of what is somewhere else, or in the application's own words, nothing is known.
        (shared(via=Article.shares, to=Share.subject), None),
        (where(Article.public, test=lambda article: False), None),
        (not_(holds("reader")), None),
    ],
)
def test_a_refusal_says_what_would_be_enough(rule, says):
    library = Library(Held(roles=[("ada", "reader", None)] if "not_(holds" in str(rule) else []))
    library.policy("edit")(rule)
    article = Article(id=1, author_id="bob", clerk_id=5, org_id="acme", public=None, locked=True, status="draft")
    decision = library.decide("edit", article)
    assert not decision.allowed
    assert [str(change) for change in decision.would_pass_if] == (says or [])


def test_several_policies_are_passed_together():
    library = Library(Held())
    library.policy("edit", scope="article:edit")(permitted("article:edit"))
    library.policy("edit")(proven(factors=2))
    library.policy("*")(where(Article.locked.is_(False)))
    who = Principal("ada", scope=frozenset({"article:read"}), factors=(Factor("password", at=NOON),))
    decision = library.decide("edit", Article(id=1, locked=True), who)
    assert {str(change) for change in decision.would_pass_if} == {
        "scope=article:edit",
        "permission=article:edit",
        "factors=2",
        "locked=False",
    }
    assert decision.code == "insufficient_scope"


def test_where_one_policy_knows_nothing_that_would_do_nothing_is_said():
    library = Library(Held())
    library.policy("edit")(holds("editor"))
    library.policy("edit")(lambda principal, article: Deny("no"))
    assert library.decide("edit", Article(id=1)).would_pass_if == ()


def test_the_search_is_bounded_however_a_rule_is_written():
    library = Library(Held())
    rule = all_of(*(any_of(*(holds(f"r{i}-{j}") for j in range(8))) for i in range(12)))
    library.policy("edit")(rule)
    decision = library.decide("edit", Article(id=1))
    assert len(decision.would_pass_if) == 12


def test_a_rule_that_fails_in_a_situation_that_is_not_says_nothing_and_denies():
    library = Library(Held())

    def test(article):
        return 1 / article.stars > 0

    library.policy("edit")(any_of(where(Article.public.is_(False)), where(None, test=test)))
    library.policy("edit")(where(Article.public.is_(True)))
    decision = library.decide("edit", Article(id=1, public=False, stars=0))
    assert (decision.allowed, decision.code, decision.would_pass_if) == (False, "policy_denies", ())
