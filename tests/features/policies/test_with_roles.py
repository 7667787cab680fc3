"""Policies over the roles of the feature itself: on both databases, changed under way, narrowed by every credential."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, select
from sqlalchemy.orm import Session
from tests.features.policies import generated
from tests.features.policies.library import Article, Base
from tests.features.policies.test_visible import fill, url_of
from tests.shop import open_shop

from ostiary import ApiKeys, Principal, Roles
from ostiary.kernel.errors import AuthError
from ostiary.policies import all_of, any_of, anyone, holds, not_, owner, permitted, tenant

ROLES = {"editor": ["reader", "article:*"], "reader": ["article:read"], "porter": ["door:open"]}
PEOPLE = ["ada", "bob"]
places = st.one_of(st.none(), st.sampled_from([("org", "acme"), ("org", "beta"), ("team", "acme")]))
given_roles = st.lists(
    st.tuples(st.sampled_from(PEOPLE), st.sampled_from(sorted(ROLES)), places), max_size=4, unique=True
)
spots = st.sampled_from([None, ("org", Article.org_id), ("team", Article.org_id), ("org", "acme")])
simple = st.one_of(
    st.builds(lambda role, on: holds(role, on=on), st.sampled_from(sorted(ROLES)), spots),
    st.builds(lambda join, on: holds(join("reader", "porter"), on=on), st.sampled_from([any_of, all_of]), spots),
    st.builds(lambda name, on: permitted(name, on=on), st.sampled_from(["article:read", "article:edit"]), spots),
    st.just(tenant(Article.org_id)),
    st.just(owner(Article.author_id)),
)
rules = st.recursive(
    simple,
    lambda inner: st.one_of(
        st.builds(not_, inner),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: any_of(*several)),
        st.lists(inner, min_size=1, max_size=3).map(lambda several: all_of(*several)),
    ),
    max_leaves=4,
)
callers = st.builds(
    Principal,
    st.sampled_from(PEOPLE),
    tenant=places,
    scope=st.one_of(st.none(), st.just(frozenset({"article:*"})), st.just(frozenset({"article:read"}))),
)


@pytest.fixture
def shop(database_url):
    with open_shop(database_url, further=[Roles(ROLES), ApiKeys()]) as made:
        yield made


@pytest.fixture
def engine(database_url, shop):
    # The rows are the application's own: on SQLite in a file of their own, so that its open transaction locks nothing of ours.
    made = create_engine(f"{database_url}.rows" if database_url.startswith("sqlite") else url_of(database_url))
    Base.metadata.create_all(made)
    yield made
    made.dispose()


@pytest.mark.asvs("V8.2.2")
@pytest.mark.asvs("V8.3.2")
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
@given(
    articles=st.lists(generated.articles, min_size=1, max_size=4),
    held=given_roles,
    some=st.lists(rules, min_size=4, max_size=8),
    who=callers,
)
def test_can_and_visible_agree_on_every_row_whoever_holds_what_where(shop, engine, articles, held, some, who):
    auth, begin = shop.auth, len(shop.auth._policies.declared)
    for number, rule in enumerate(some, begin):
        auth.policy(f"a{number}", Article, scope="article:read")(rule)
    with shop.app.app_context(), Session(engine) as session:
        for subject, role, on in held:
            auth.roles.assign(subject, role, on=on)
        try:
            fill(session, articles)
            everything = session.scalars(select(Article)).all()
            with auth.acting_as(who):
                for number, rule in enumerate(some, begin):
                    allowed = {article.id for article in everything if auth.can(f"a{number}", article)}
                    found = session.scalars(select(Article.id).where(auth.visible(f"a{number}", Article)))
                    assert set(found) == allowed, rule
        finally:
            session.rollback()
            for subject, role, on in held:
                auth.roles.revoke(subject, role, on=on)


@pytest.mark.asvs("V8.3.2")
def test_a_role_that_is_taken_away_counts_no_more_at_the_next_question(shop, engine):
    auth = shop.auth
    auth.policy("read", Article)(permitted("article:read", on=("org", Article.org_id)))
    article = Article(id=1, org_id="acme")
    with shop.app.app_context(), auth.acting_as(Principal("ada")):
        auth.roles  # noqa: B018 - it is on
        assert not auth.can("read", article)
    with shop.app.app_context():
        auth.roles.assign("ada", "reader", on=("org", "acme"))
        with auth.acting_as(Principal("ada")):
            assert auth.can("read", article)
            assert "org_id" in str(auth.visible("read", Article))
        auth.roles.revoke("ada", "reader", on=("org", "acme"))
        with auth.acting_as(Principal("ada")):
            assert not auth.can("read", article)


@pytest.mark.attack("V11")
def test_a_job_that_acts_as_somebody_gives_no_more_than_she_may(shop):
    auth = shop.auth
    with shop.app.app_context():
        with auth.acting_as(Principal("ada")), pytest.raises(AuthError, match="beyond_own_rights"):
            auth.roles.assign("bob", "editor")
        auth.roles.assign("bob", "editor")


@pytest.mark.attack("V12")
def test_a_key_may_be_narrowed_to_an_action_that_a_policy_and_no_role_allows(shop):
    auth = shop.auth
    auth.policy("read", Article)(owner(Article.author_id))
    auth.policy("list", Article)(anyone())

    def load(id):
        return Article(id=1, author_id="ada") if id == 1 else None

    @shop.app.get("/articles/<int:id>")
    @auth.require(can="read", resource=load)
    def read(resource):
        return {"list": auth.can("list", resource)}

    @shop.app.get("/all")
    @auth.require("article:read")
    def everything():
        return {}

    with shop.app.app_context():
        secret = auth.api_keys.create("ada", name="reading", scope=["article:read"]).secret
    program = shop.app.test_client()
    answer = program.get("/articles/1", headers={"X-API-Key": secret})
    assert answer.json == {"list": False}
    # The scope gives nothing: what roles grant has to be granted by a role.
    assert program.get("/all", headers={"X-API-Key": secret}).status_code == 403
    assert program.get("/articles/9", headers={"X-API-Key": secret}).status_code == 404
