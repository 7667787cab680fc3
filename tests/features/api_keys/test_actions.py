"""What ``auth.api_keys`` does: a key is shown once, belongs to its owner, is never more than she is, and ends."""

import pytest
from flask import Flask
from hypothesis import given
from hypothesis import strategies as st
from tests.features.api_keys.keys import UNKNOWN, KeyShop, open_key_shop
from tests.shop import KEY, NOON, FrozenClock, open_shop

from ostiary import Accounts, ApiKeys, AuthError
from ostiary.features.api_keys import ApiKeyCreated
from ostiary.features.api_keys.api_key import AlreadyRotated, NoSuchKey, OwnerNotActive, TooManyKeys
from ostiary.features.api_keys.key_text import parse_key
from ostiary.flask import Auth
from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.errors import ValidationFailed
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement, check_requirement
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.web.contribution import Contribution

# Creating


@pytest.mark.asvs("V7.2.3")
def test_a_new_key_is_shown_once_and_says_what_it_is(keys) -> None:
    new = keys.create(name="export", scope=["order:read"], expires="90d", limit="5/minute", tenant=("org", "acme"))
    (listed,) = keys.list()
    assert listed == new.key
    assert (listed.name, listed.scope, listed.limit, listed.tenant) == (
        "export", frozenset({"order:read"}), "5/minute", ("org", "acme"),
    )  # fmt: skip
    assert (listed.expires_at - listed.created_at).days == 90
    assert parse_key(new.secret).id == listed.id
    assert not hasattr(listed, "secret")


@pytest.mark.attack("W4")
def test_the_secret_stands_in_no_repr_no_event_no_log_and_no_row(keys, caplog) -> None:
    caplog.set_level("DEBUG")
    new = keys.create()
    replaced = keys.rotate(new.key.id)
    keys.who(new.secret), keys.who(replaced.secret[:-1]), keys.revoke(new.key.id)
    for one in (new, replaced):
        secret = parse_key(one.secret).secret
        for place in (
            repr(one),
            repr(one.key),
            repr(keys.shop.events),
            caplog.text,
            repr(keys.shop.audit()),
            repr(keys.rows()),
        ):
            assert secret not in place


def test_making_replacing_and_revoking_leave_their_rows_in_the_audit_log(keys) -> None:
    one = keys.create(scope=["order:read"])
    other = keys.rotate(one.key.id)
    keys.revoke(one.key.id)
    rows = [(event, detail) for event, subject, detail in keys.shop.audit("ada")]
    assert [event for event, _ in rows] == ["api_key_created", "api_key_rotated", "api_key_created", "api_key_revoked"]
    created, rotated, _, revoked = (detail for _, detail in rows)
    assert (created["key"], created["label"], created["scope"]) == (one.key.id, "export", ["order:read"])
    assert (rotated["key"], rotated["successor"]) == (one.key.id, other.key.id)
    assert (revoked["key"], revoked["reason"]) == (one.key.id, "revoked")


def test_an_owner_has_so_many_keys_and_no_more(database_url) -> None:
    with open_key_shop(database_url, keys=ApiKeys(at_most=2)) as keys:
        one, other = keys.create(), keys.create()
        with pytest.raises(TooManyKeys):
            keys.create()
        keys.create("bob")
        # Replacing one is always possible, and revoking one makes room.
        keys.rotate(one.key.id)
        with pytest.raises(TooManyKeys):
            keys.create()
        keys.revoke(other.key.id)
        keys.create()


def test_a_listener_can_refuse_a_key_and_nothing_is_left_of_it(keys) -> None:
    def refuse(event, tx):
        raise AuthError("no")

    keys.shop.auth.during(ApiKeyCreated)(refuse)
    with pytest.raises(AuthError):
        keys.create()
    assert keys.rows() == []
    assert keys.shop.named("ada") == []


def test_a_number_is_no_owner(keys_here) -> None:
    for verb in (keys_here.create, keys_here.list):
        with pytest.raises(TypeError, match="write str"):
            verb(5)


# Owners who are accounts


@pytest.fixture
def office(database_url, clock):
    app = Flask("office")
    app.testing = True
    app.config.update(OSTIARY_SECRET_KEY=KEY)
    database = Database.from_url(database_url, migrates_itself=True)
    auth = Auth(app, [Accounts(), ApiKeys()], database=database)
    app.extensions["ostiary"].clock = clock
    app.add_url_rule("/me", "me", auth.require(lambda: {"subject": auth.principal.subject}))
    with app.app_context():
        yield auth
    runtime = app.extensions["ostiary"].runtime
    runtime.resources[GuardReads].close()
    runtime.resources[EphemeralStore].close()
    database.close()


def _status(auth, secret):
    from flask import current_app

    return current_app.test_client().get("/me", headers={"X-API-Key": secret}).status_code


@pytest.mark.asvs("V7.4.2")
@pytest.mark.parametrize("end", ["suspend", "close"])
def test_an_account_that_is_suspended_or_closed_has_no_key_and_gets_none(office, end) -> None:
    account = office.accounts.create(email="ada@example.com")
    new = office.api_keys.create(account, name="export")
    assert _status(office, new.secret) == 200
    if end == "suspend":
        office.accounts.suspend(account, reason="stolen")
    else:
        office.accounts.close(account)
    assert _status(office, new.secret) == 401
    with pytest.raises(OwnerNotActive):
        office.api_keys.create(account, name="export")
    with pytest.raises(NoSuchKey):
        office.api_keys.rotate(new.key.id, owner=account)
    if end == "suspend":
        office.accounts.restore(account)
        assert _status(office, new.secret) == 401, "what ended does not come back"
        office.api_keys.create(account, name="export")


def test_a_machine_that_is_no_account_may_have_a_key(office) -> None:
    assert _status(office, office.api_keys.create("nightly-export", name="export").secret) == 200


def test_a_suspension_while_a_key_is_made_is_not_outrun(database_url, clock) -> None:
    with open_key_shop(database_url, clock=clock) as keys:
        actions = keys.shop.runtime.actions["api_keys"]

        class Gate:
            """Suspends right after it said yes."""

            def why_not(self, subject):
                keys.shop.suspend(subject)

        actions._gate = Gate
        assert keys.who(keys.create().secret) == 401


# Somebody else's


@pytest.mark.attack("V3")
def test_somebody_elses_key_is_as_good_as_none(keys) -> None:
    new = keys.create("ada")
    for id in (new.key.id, UNKNOWN, "x", "", "\x00", new.key.id.lower()):
        for verb in (keys.rotate, keys.revoke):
            with pytest.raises(NoSuchKey) as refused:
                verb(id, owner="bob")
            assert (refused.value.status, refused.value.code) == (404, "not_found")
            assert refused.value.detail is None
    assert (keys.who(new.secret), keys.list("bob"), len(keys.list("ada"))) == ("ada", [], 1)


def test_a_key_is_found_by_its_id_while_it_is_good(keys) -> None:
    new = keys.create(expires="1d")
    with keys.shop.app.app_context():
        find = keys.shop.auth.api_keys.find
        assert find(new.key.id) == new.key
        assert [find(id) for id in (UNKNOWN, "x", "", new.secret)] == [None] * 4
        keys.shop.clock.pass_(DAY)
        assert find(new.key.id) is None


# Rotating


def test_both_keys_are_good_until_the_overlap_has_passed(keys, clock) -> None:
    old = keys.create(scope=None, limit="50/minute", tenant=("org", "acme"), expires="30d")
    clock.pass_(10 * DAY)
    new = keys.rotate(old.key.id, overlap="7d")
    assert (new.key.name, new.key.limit, new.key.tenant, new.key.subject) == (
        "export",
        "50/minute",
        ("org", "acme"),
        "ada",
    )
    assert (new.key.expires_at - new.key.created_at).days == 30
    clock.pass_(7 * DAY - 1)
    assert (keys.who(old.secret), keys.who(new.secret)) == ("ada", "ada")
    assert [key.successor for key in keys.list()] == [None, new.key.id]
    clock.pass_(1)
    assert (keys.who(old.secret), keys.who(new.secret)) == (401, "ada")


def test_an_overlap_prolongs_nothing_and_may_be_none_at_all(keys, clock) -> None:
    old = keys.create(expires="1d")
    keys.rotate(old.key.id, overlap="7d")
    clock.pass_(DAY)
    assert keys.who(old.secret) == 401
    other = keys.create()
    keys.rotate(other.key.id, overlap=0)
    assert keys.who(other.secret) == 401


def test_a_key_has_one_successor_and_that_one_has_the_next(keys) -> None:
    one = keys.create()
    two = keys.rotate(one.key.id)
    with pytest.raises(AlreadyRotated):
        keys.rotate(one.key.id)
    assert len(keys.rows()) == 2
    three = keys.rotate(two.key.id)
    assert keys.who(three.secret) == "ada"


def test_what_was_revoked_or_has_expired_is_replaced_by_nothing(keys, clock) -> None:
    revoked, expired = keys.create(), keys.create(expires="1d")
    keys.revoke(revoked.key.id)
    clock.pass_(DAY)
    for one in (revoked, expired):
        with pytest.raises(NoSuchKey):
            keys.rotate(one.key.id)


@pytest.mark.parametrize("overlap", ["91d", "x", "", None, True, False, -1, "-1d"])
def test_an_overlap_is_a_length_of_time_and_not_for_ever(keys_here, overlap) -> None:
    new = keys_here.create()
    with pytest.raises(ValidationFailed):
        keys_here.rotate(new.key.id, overlap=overlap)
    assert keys_here.list()[0].successor is None


def test_revoking_a_replaced_key_leaves_its_successor(keys) -> None:
    one = keys.create()
    two = keys.rotate(one.key.id)
    keys.revoke(one.key.id)
    assert (keys.who(one.secret), keys.who(two.secret)) == (401, "ada")
    keys.revoke(two.key.id)
    assert (keys.who(two.secret), keys.list()) == (401, [])


def test_pruning_removes_what_has_ended_and_nothing_else(keys, clock) -> None:
    from ostiary.storage.prune import prune

    keys.create(expires="1d")
    kept = keys.create()
    clock.pass_(DAY)
    (expiring,) = keys.shop.runtime.assembly.get("api_keys").expiring()
    assert prune(keys.shop.database, clock.now(), tables=[expiring])["ostiary_api_keys"] == 1
    assert [row.id for row in keys.rows()] == [kept.key.id]


# Never more than the owner

HELD = {"ada": frozenset({"order:*", "invoice:read"})}


class Granted:
    """What subjects may do, as the feature that knows roles will say it."""

    def permissions(self, principal: Principal, on):
        return HELD.get(principal.subject, frozenset())

    def roles(self, principal: Principal, on):
        return frozenset()


@feature
class PretendRoles(Feature):
    """Rights from a table."""

    name = "pretend_roles"

    def contribute(self, resources):
        return Contribution(actions=self, rights=Granted())


@pytest.fixture
def granted(sqlite_url):
    with open_shop(sqlite_url, clock=FrozenClock(), further=[ApiKeys(), PretendRoles()]) as shop:
        guards = {"/read": "order:read", "/write": "order:write", "/users": "user:read"}
        for path, permission in guards.items():
            # Past the check at start-up, which knows no roles yet: the rule itself is asked.
            requirement = Requirement(permission=permission)
            shop.app.add_url_rule(path, path, lambda requirement=requirement: _asked(shop, requirement))
        yield KeyShop(shop)


def _asked(shop, requirement):
    from flask import request

    shop.runtime.guard.require(request, requirement)
    return {"passed": True}


@pytest.mark.attack("R13")
@pytest.mark.parametrize("scope", [["*"], ["user:read"], ["order:read", "user:read"], ["invoice:*"], ["*:read"]])
def test_nobody_gives_a_key_what_she_does_not_hold(granted, scope) -> None:
    with pytest.raises(ValidationFailed) as refused:
        granted.create("ada", scope=scope)
    assert [(error.field, error.code) for error in refused.value.errors] == [("scope", "not_held")]
    assert granted.rows() == []


@pytest.mark.parametrize("scope", [["order:read"], ["order:*"], ["order:*", "invoice:read"], ["order:read:own"], None])
def test_what_she_holds_she_may_give(granted, scope) -> None:
    assert granted.create("ada", scope=scope).key.scope == (None if scope is None else frozenset(scope))


@pytest.mark.attack("V12")
@pytest.mark.asvs("V10.3.2")
def test_a_guard_wants_the_permission_in_the_rights_and_in_the_scope(granted) -> None:
    def passes(scope):
        client = granted.shop.app.test_client()
        secret = granted.create("ada", scope=scope).secret
        answers = {}
        for path in ("/read", "/write", "/users", "/account"):
            try:
                answers[path] = client.get(path, headers={"X-API-Key": secret}).status_code == 200
            except AuthError:
                answers[path] = False
        return answers

    granted.shop.app.testing = True
    assert passes(None) == {"/read": True, "/write": True, "/users": False, "/account": True}
    assert passes(["order:read"]) == {"/read": True, "/write": False, "/users": False, "/account": False}
    assert passes(["invoice:read"]) == {"/read": False, "/write": False, "/users": False, "/account": False}


SEGMENT = st.sampled_from(["order", "invoice", "read", "write", "*"])
PATTERN = st.one_of(st.just("*"), st.lists(SEGMENT, min_size=2, max_size=3).map(":".join))
PERMISSION = st.lists(st.sampled_from(["order", "invoice", "read", "write"]), min_size=2, max_size=3).map(":".join)
PATTERNS = st.frozensets(PATTERN, max_size=4)


class _Holds:
    def __init__(self, held):
        self.held = held

    def permissions(self, principal, on):
        return self.held

    def roles(self, principal, on):
        return frozenset({"teller"})


@pytest.mark.attack("V12")
@given(held=PATTERNS, scope=PATTERNS, further=PATTERNS, permission=st.none() | PERMISSION)
def test_a_scope_restriction_never_adds_a_permission(held, scope, further, permission) -> None:
    """Whatever a narrowed key may do, the whole one may; and the narrower of two may do no more than the other."""
    requirement = Requirement(permission=permission)

    def allowed(given):
        principal = Principal("ada", kind="program", scope=given)
        return check_requirement(requirement, principal, now=NOON, rights=_Holds(held)).allowed

    if allowed(scope):
        assert allowed(None)
        assert allowed(scope | further)
        assert permission is not None
        assert any_covers(held, permission)
        assert any_covers(scope, permission)
    assert not allowed(frozenset())


@given(held=PATTERNS, wanted=PATTERN, permission=PERMISSION)
def test_what_passes_as_held_opens_nothing_that_is_not_held(held, wanted, permission) -> None:
    """The comparison of two patterns at creation: a scope that is accepted covers only what the owner's rights cover."""
    if any_covers(held, wanted) and any_covers([wanted], permission):
        assert any_covers(held, permission)


def test_a_key_that_is_made_within_an_hour_of_another_sorts_behind_it(keys, clock) -> None:
    first = keys.create()
    clock.pass_(HOUR)
    second = keys.create()
    assert [key.id for key in keys.list()] == [second.key.id, first.key.id]
