"""One application, every kind of credential, every guard, many sets of roles: no credential carries more than its person holds.

What a request may do is computed here once more, from what was given to the person and what the credential was narrowed
to, and compared with what each guard says, exactly: nothing more, and nothing less.
"""

from itertools import product

import pytest
from flask import Flask

from ostiary import Accounts, ApiKeys, Group, RememberMe, Roles, Sessions, Tokens
from ostiary.flask import Auth
from ostiary.kernel.permission import any_covers
from ostiary.testing import AuthKit

ACME, OTHER = ("org", "acme"), ("org", "other")
ROLES = {
    "root": ["*"],
    "owner": ["editor", "member:*"],
    "editor": ["article:*"],
    "reader": ["article:read"],
    "boss": [],
}
# What a guard asks: a permission or a role, at the organisation of the address or at no place.
GUARDS = [
    *(("permission", name) for name in ("article:read", "article:write", "member:add", "order:read")),
    *(("role", name) for name in ("editor", "reader", "boss", "root")),
    ("nothing", ""),
]
PLACES = [None, "acme", "other"]

# What a person was given: (role, place), and by a group.
PEOPLE = {
    "nothing": [],
    "reads everywhere": [("reader", None)],
    "edits acme": [("editor", ACME)],
    "owns acme and reads other": [("owner", ACME), ("reader", OTHER)],
    "is the boss of other": [("boss", OTHER)],
    "may do everything": [("root", None)],
    "may do everything in acme": [("root", ACME)],
    "edits acme with her group": [("editor", ACME, "sales")],
    "edits everywhere and is the boss of acme": [("editor", None), ("boss", ACME)],
}


def _address(kind, name, place):
    word = name.replace(":", "-") or "in"
    return f"/{kind}/{word}" if place is None else f"/{place}/{kind}/{word}"


@pytest.fixture
def kit(sqlite_url):
    app = Flask("sample")
    app.config["OSTIARY_DATABASE_URL"] = sqlite_url
    features = [Accounts(), Sessions(), RememberMe(), Tokens(), ApiKeys(), Roles(ROLES)]
    auth = Auth(app, features)

    def add(kind, name, place):
        demands = {"role": {"role": name}, "nothing": {}, "permission": {}}[kind]
        on = None if place is None else ("org", place)
        guard = auth.require(name if kind == "permission" else None, on=None if on is None else lambda: on, **demands)
        address = _address(kind, name, place)

        def view():
            return {"for": auth.principal.subject}

        app.add_url_rule(address, address, guard(view))

    for (kind, name), place in product(GUARDS, PLACES):
        add(kind, name, place)
    with AuthKit(app) as made:
        made.auth = auth
        yield made


def _passed(client, headers=None):
    """Every guard that lets this client through."""
    found = set()
    for (kind, name), place in product(GUARDS, PLACES):
        status = client.get(_address(kind, name, place), headers=headers).status_code
        assert status in (200, 403)
        if status == 200:
            found.add((kind, name, place))
    return found


def _expected(given, *, scope=None, tenant=None):
    """What a person who was given this may do, by a credential that is narrowed so."""
    found = set()
    for (kind, name), place in product(GUARDS, PLACES):
        on = None if place is None else ("org", place)
        if tenant is not None and on != tenant and (kind != "nothing" or on is not None):
            continue
        roles = [one[0] for one in given if one[1] in (None, on)]
        while more := [entry for role in roles for entry in ROLES[role] if entry in ROLES and entry not in roles]:
            roles += more
        permissions = [entry for role in roles for entry in ROLES[role] if entry not in ROLES]
        if kind == "permission":
            passes = any_covers(permissions, name) and (scope is None or any_covers(scope, name))
        elif kind == "role":
            passes = name in roles and scope is None
        else:
            passes = scope is None
        if passes:
            found.add((kind, name, place))
    return found


@pytest.mark.asvs("V8.2.2")
@pytest.mark.asvs("V8.4.1")
@pytest.mark.attack("V12")
@pytest.mark.attack("V3")
@pytest.mark.parametrize("person", PEOPLE)
def test_no_credential_carries_more_than_its_person_holds_nor_less_than_it_was_given(kit, person) -> None:
    given, auth, account = PEOPLE[person], kit.auth, kit.account()
    with kit.app.app_context():
        auth.roles.groups.create(Group("sales"))
        auth.roles.groups.create(Group(ACME))
        auth.roles.groups.add(Group("sales"), account)
        auth.roles.groups.add(Group(ACME), account)
        for role, on, *group in given:
            auth.roles.assign(Group(group[0]) if group else account, role, on=on)
        held = auth.roles.of(account)
        tokens = {
            scope: auth.tokens.issue(account, scope=scope)
            for scope in (None, ("article:*",), ("article:read", "order:*"), ("*",))
        }
        keys = {tenant: auth.api_keys.create(account, name="k", tenant=tenant).secret for tenant in (None, ACME, OTHER)}
    unrestricted = _expected(given)
    assert _passed(kit.client(account)) == unrestricted
    program = kit.app.test_client()

    def passed(token):
        return _passed(program, {"Authorization": f"Bearer {token}"})

    for scope, issued in tokens.items():
        assert passed(issued.access_token) == _expected(given, scope=scope), scope
        with kit.app.app_context():
            refreshed = auth.tokens.refresh(issued.refresh_token)
            narrowed = auth.tokens.refresh(refreshed.refresh_token, scope=["article:read"])
        assert passed(refreshed.access_token) == _expected(given, scope=scope), scope
        assert passed(narrowed.access_token) == _expected(given, scope=("article:read",)), scope
    for tenant, secret in keys.items():
        assert passed(secret) == _expected(given, tenant=tenant), tenant
    if "reader" in held:
        with kit.app.app_context():
            issued = auth.tokens.issue(account, roles=["reader"])
            narrow = auth.api_keys.create(account, name="k", scope=["article:read"], tenant=ACME).secret
        assert passed(issued.access_token) == _expected(given, scope=("article:read",))
        assert passed(narrow) == _expected(given, scope=("article:read",), tenant=ACME)
    bound = kit.client(account)
    assert bound.post("/auth/organisation", json={"on": "org:acme"}).status_code == 200
    assert _passed(bound) == _expected(given, tenant=ACME)


@pytest.mark.asvs("V8.3.2")
def test_what_is_taken_is_taken_from_every_credential_at_once(kit) -> None:
    auth, account = kit.auth, kit.account()
    with kit.app.app_context():
        auth.roles.assign(account, "root")
        token = auth.tokens.issue(account).access_token
        key = auth.api_keys.create(account, name="k").secret
    browser, program = kit.client(account), kit.app.test_client()
    bound = kit.client(account)
    callers = [
        (browser, None),
        (bound, None),
        (program, {"Authorization": f"Bearer {token}"}),
        (program, {"X-API-Key": key}),
    ]
    assert all(("permission", "order:read", None) in _passed(*caller) for caller in callers)
    with kit.app.app_context():
        auth.roles.revoke(account, "root")
    for caller in callers:
        assert _passed(*caller) == _expected([])


def test_nobody_narrows_a_credential_to_a_role_she_does_not_hold(kit) -> None:
    from ostiary.kernel.errors import ValidationFailed

    account = kit.account()
    with kit.app.app_context():
        kit.auth.roles.assign(account, "editor", on=ACME)
        kit.auth.roles.assign(account, "reader")
        kit.auth.roles.assign(account, "boss")
        for roles, scope, code in [
            (["editor"], None, "not_held"),
            (["root"], None, "not_held"),
            (["nobody"], None, "not_held"),
            ("reader", None, "text"),
            (["boss"], None, "grants_nothing"),
            ([], None, "grants_nothing"),
            (["reader"], ["article:write"], "not_held"),
        ]:
            with pytest.raises(ValidationFailed) as refused:
                kit.auth.tokens.issue(account, roles=roles, scope=scope)
            assert refused.value.errors[0].code == code
        both = kit.auth.tokens.issue(account, roles=["reader", "boss"], scope=["article:read"])
    program = kit.app.test_client()
    assert _passed(program, {"Authorization": f"Bearer {both.access_token}"}) == {
        ("permission", "article:read", place) for place in PLACES
    }
