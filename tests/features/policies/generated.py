"""Generated rows, people and rules for the tests that compare Python with SQL, and what is said with what happens."""

from hypothesis import strategies as st
from sqlalchemy import and_, not_, or_
from tests.features.policies.library import Article, Folder, Held, Share
from tests.shop import NOON

from ostiary.kernel.factor import Factor
from ostiary.kernel.principal import ANONYMOUS, Principal
from ostiary.policies import (
    all_of,
    any_of,
    anyone,
    holds,
    owner,
    permitted,
    proven,
    related,
    shared,
    tenant,
    where,
)
from ostiary.policies import not_ as not_rule

SUBJECTS = ["ada", "bob", "7", "007", "Ada", "", "ada ", "\u0430da", "a\0b", "9223372036854775808"]
ORGS = ["acme", "beta", "7"]
TEXTS = ["draft", "done", "Draft", "", "ada"]

nothing_or = lambda values: st.one_of(st.none(), st.sampled_from(values))
# What a database can hold: PostgreSQL knows no NUL in text.
stored_subjects = nothing_or([subject for subject in SUBJECTS if "\0" not in subject])

articles = st.fixed_dictionaries(
    {
        "author_id": stored_subjects,
        "editor_id": stored_subjects,
        "clerk_id": nothing_or([7, 0, -7, 2**31 - 1]),
        "org_id": nothing_or(ORGS),
        "public": nothing_or([True, False]),
        "locked": nothing_or([True, False]),
        "status": nothing_or(TEXTS),
        "stars": nothing_or([0, 1, 5]),
        "folder_id": nothing_or([1, 2, 3]),
    }
)
shares = st.fixed_dictionaries(
    {"article_id": st.integers(1, 4), "subject": stored_subjects, "may_edit": nothing_or([True, False])}
)
folders = st.tuples(stored_subjects, stored_subjects, stored_subjects)
folder_orgs = st.tuples(nothing_or(ORGS), nothing_or(ORGS), nothing_or(ORGS))

places = st.one_of(st.none(), st.sampled_from([("org", "acme"), ("org", "beta"), ("org", "7"), ("team", "acme")]))
grants = st.lists(st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(["reader", "editor"]), places), max_size=4)
permissions = st.lists(
    st.tuples(st.sampled_from(SUBJECTS), st.sampled_from(["article:read", "article:*", "*"]), places), max_size=4
)
rights = st.builds(lambda roles, names: Held(roles=roles, permissions=names), grants, permissions)

factors = st.lists(
    st.builds(Factor, st.sampled_from(["password", "totp", "passkey"]), at=st.sampled_from([NOON, NOON - 3_600_000])),
    max_size=3,
    unique_by=lambda factor: factor.kind,
).map(tuple)
people = st.builds(
    Principal,
    st.sampled_from([subject for subject in SUBJECTS if subject]),
    factors=factors,
    scope=st.one_of(st.none(), st.just(frozenset({"article:read"})), st.just(frozenset({"other:thing"}))),
    tenant=st.one_of(st.none(), st.just(("org", "acme")), st.just(("team", "acme"))),
)
callers = st.one_of(people, st.just(ANONYMOUS))

# --- conditions of SQLAlchemy -------------------------------------------------------------------------------

flags = st.sampled_from([Article.public, Article.locked])
texts = st.sampled_from([Article.status, Article.author_id, Article.editor_id])
truths = st.sampled_from([True, False])

comparisons = st.one_of(
    flags,
    st.builds(lambda flag, truth: flag.is_(truth), flags, truths),
    st.builds(lambda flag, truth: flag.is_not(truth), flags, truths),
    st.builds(lambda flag, truth: flag == truth, flags, truths),
    st.builds(lambda flag, truth: flag != truth, flags, truths),
    st.builds(lambda column: column.is_(None), st.one_of(flags, texts, st.just(Article.stars))),
    st.builds(lambda column: column.is_not(None), st.one_of(flags, texts, st.just(Article.stars))),
    st.builds(lambda column, text: column == text, texts, st.sampled_from(TEXTS)),
    st.builds(lambda column, text: column != text, texts, st.sampled_from(TEXTS)),
    st.builds(lambda column, other: column == other, texts, texts),
    st.builds(lambda column, other: column != other, texts, texts),
    st.builds(lambda column, some: column.in_(some), texts, st.lists(nothing_or(TEXTS), max_size=3)),
    st.builds(lambda column, some: column.not_in(some), texts, st.lists(nothing_or(TEXTS), max_size=3)),
    st.builds(lambda number: Article.stars < number, st.integers(-1, 6)),
    st.builds(lambda number: Article.stars <= number, st.integers(-1, 6)),
    st.builds(lambda number: Article.stars > number, st.integers(-1, 6)),
    st.builds(lambda number: Article.stars >= number, st.integers(-1, 6)),
)
conditions = st.recursive(
    comparisons,
    lambda inner: st.one_of(
        st.builds(not_, inner),
        st.builds(lambda one, other: and_(one, other), inner, inner),
        st.builds(lambda one, other: or_(one, other), inner, inner),
    ),
    max_leaves=4,
)

# --- rules --------------------------------------------------------------------------------------------------

spots = st.sampled_from([None, ("org", Article.org_id), ("team", Article.org_id), ("org", "acme")])
simple_rules_of_a_person = st.one_of(
    st.just(anyone()),
    st.builds(owner, st.sampled_from([Article.author_id, Article.editor_id, Article.clerk_id, "author_id"])),
    st.builds(lambda role, on: holds(role, on=on), st.sampled_from(["reader", "editor"]), spots),
    st.builds(lambda join, on: holds(join("reader", "editor"), on=on), st.sampled_from([any_of, all_of]), spots),
    st.builds(lambda name, on: permitted(name, on=on), st.sampled_from(["article:read", "article:edit"]), spots),
    st.builds(lambda: proven(fresh="5m")),
    st.builds(lambda: proven(factors=2)),
    st.builds(where, conditions),
)
unbound_tenants = st.builds(lambda kind: tenant(Article.org_id, kind, unbound=True), st.sampled_from(["org", "team"]))
simple_rules = st.one_of(
    simple_rules_of_a_person,
    st.builds(tenant, st.just(Article.org_id), st.sampled_from(["org", "team"]), unbound=st.booleans()),
)


def _joined(leaves, *, most):
    return st.recursive(
        leaves,
        lambda inner: st.one_of(
            st.builds(not_rule, inner),
            st.lists(inner, min_size=1, max_size=3).map(lambda several: any_of(*several)),
            st.lists(inner, min_size=1, max_size=3).map(lambda several: all_of(*several)),
        ),
        max_leaves=most,
    )


rules_that_can_change = _joined(simple_rules, most=5)
# About a folder: what is held where, denied, and asked of the folder that it stands in.
folder_spots = st.sampled_from([None, ("org", Folder.org_id), ("team", Folder.org_id), ("org", "acme")])
simple_folder_rules = st.one_of(
    # Good for whoever's credential is bound to nothing, so for every person.
    st.builds(lambda kind: tenant(Folder.org_id, kind, unbound=True), st.sampled_from(["org", "team"])),
    st.builds(lambda role, on: holds(role, on=on), st.sampled_from(["reader", "editor"]), folder_spots),
    st.builds(lambda name, on: permitted(name, on=on), st.sampled_from(["article:read", "article:edit"]), folder_spots),
    st.just(owner(Folder.owner_id)),
)
folder_rules = st.recursive(
    simple_folder_rules,
    lambda inner: st.one_of(
        st.builds(not_rule, inner),
        st.builds(lambda rule: related(Folder.parent, rule), inner),
        st.builds(any_of, inner, inner),
        st.builds(all_of, inner, inner),
    ),
    max_leaves=3,
)
related_rules_of_a_person = st.one_of(
    st.just(shared(via=Article.shares, to=Share.subject)),
    st.just(related(Article.shares, all_of(owner(Share.subject), where(Share.may_edit)))),
    st.just(related(Article.shares, not_rule(owner(Share.subject)))),
    st.builds(lambda rule: related(Article.folder, rule), folder_rules),
)
related_rules = st.one_of(
    related_rules_of_a_person,
    st.builds(
        lambda rule, join: related(Article.folder, join(rule, tenant(Folder.org_id))),
        folder_rules,
        st.sampled_from([any_of, all_of]),
    ),
)
rules = _joined(st.one_of(simple_rules, related_rules), most=6)
refusals_of_a_person = st.builds(
    lambda rule, more: all_of(not_rule(related(Article.folder, rule)), more),
    folder_rules,
    st.one_of(
        st.just(anyone()),
        _joined(st.one_of(simple_rules_of_a_person, related_rules_of_a_person, unbound_tenants), most=2),
    ),
)
"""Rules that forbid by what is related. Of where a credential is bound they say only that it may be bound nowhere: a person
without one is never bound.
"""

# Somebody who holds something, and a credential of hers that was not given all of it.
narrowed_people = st.builds(
    Principal,
    st.just("ada"),
    scope=st.sampled_from([None, frozenset({"article:read"})]),
    tenant=st.sampled_from([None, ("org", "acme"), ("org", "beta"), ("team", "acme")]),
).filter(lambda one: one.scope is not None or one.tenant is not None)
her_rights = st.builds(
    lambda roles, names: Held(roles=roles, permissions=names),
    st.lists(st.tuples(st.just("ada"), st.sampled_from(["reader", "editor"]), places), min_size=1, max_size=3),
    st.lists(st.tuples(st.just("ada"), st.sampled_from(["article:edit", "article:*"]), places), min_size=1, max_size=2),
)
