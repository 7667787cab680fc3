"""JSON for administrators: each change wants the permission on that place, and nobody gives what she does not hold there."""

import pytest
from tests.features.roles.house import open_house
from tests.shop import NOON

from ostiary import Accounts, ApiKeys
from ostiary.features.roles import Group, store
from ostiary.features.roles.holder import Holder

ACME = ("org", "acme")


@pytest.fixture
def owner(house):
    """Ada's browser; she owns acme, and nothing else."""
    house.roles.assign("ada", "owner", on=ACME)
    return house.browser("ada")


@pytest.fixture
def root(house):
    """Kim's browser; she may do everything everywhere."""
    house.roles.assign("kim", "root")
    return house.browser("kim")


def test_who_may_not_look_sees_nothing(house) -> None:
    house.roles.assign("bob", "editor", on=ACME)
    for path in ("/roles", "/role-assignments", "/role-members?role=editor", "/groups", "/groups/sales"):
        assert house.shop.browser().get(f"/auth{path}").status_code == 401
        assert house.browser("bob").get(f"/auth{path}").status_code == 403


@pytest.mark.asvs("V8.2.1")
def test_who_may_not_change_changes_nothing(house) -> None:
    house.roles.assign("bob", "editor", on=ACME)
    bob = house.browser("bob")
    body = {"subject": "eve", "role": "editor"}
    assert bob.post("/auth/role-assignments?on=org:acme", json=body).status_code == 403, "holding it is not enough"
    for method, path in [
        ("POST", "/roles"),
        ("DELETE", "/roles/editor"),
        ("DELETE", "/role-assignments?on=org:acme&subject=bob&role=editor"),
        ("POST", "/groups"),
        ("DELETE", "/groups/org:acme"),
        ("POST", "/groups/org:acme/members"),
        ("DELETE", "/groups/org:acme/members/eve"),
    ]:
        assert bob.open(f"/auth{path}", method=method, json=body).status_code == 403
        assert house.shop.browser().open(f"/auth{path}", method=method, json=body).status_code == 401
    assert [(one.subject, one.role) for one in house.roles.assignments()] == [("bob", "editor")]


def test_the_owner_of_a_place_gives_and_takes_there_and_nowhere_else(house, owner) -> None:
    body = {"subject": "bob", "role": "editor", "until": "30d"}
    answer = owner.post("/auth/role-assignments?on=org:acme", json=body)
    assert (answer.status_code, answer.json) == (201, {"changed": True})
    assert owner.post("/auth/role-assignments?on=org:acme", json=body).json == {"changed": False}
    for query in ("", "?on=org:other"):
        assert owner.post(f"/auth/role-assignments{query}", json=body).status_code == 403
    listed = owner.get("/auth/role-assignments?on=org:acme&role=editor").json
    assert listed["assignments"] == [
        {
            "subject": "bob",
            "group": None,
            "role": "editor",
            "on": "org:acme",
            "until": "2027-02-14T08:00:00+00:00",
            "given_at": "2027-01-15T08:00:00+00:00",
            "given_by": "ada",
        }
    ]
    assert owner.get("/auth/role-members?on=org:acme&role=writer").json == {"members": ["ada", "bob"], "next": None}
    path = "/auth/role-assignments?on=org:acme&subject=bob&role=editor"
    assert owner.delete(path).status_code == 204
    assert owner.delete(path).status_code == 404
    assert house.roles.assignments("bob") == []


def test_the_owner_of_a_place_does_not_learn_who_looks_after_all_of_them(house, owner, root) -> None:
    house.roles.assign("eve", "editor")
    house.roles.assign("bob", "editor", on=ACME)
    path = "/auth/role-members?on=org:acme&role=editor"
    assert owner.get(path).json["members"] == ["ada", "bob"]
    assert root.get(path).json["members"] == ["ada", "bob", "eve"]
    assert owner.get("/auth/role-members?role=editor").status_code == 403


def test_a_group_that_is_not_hers_to_look_after_is_changed_by_nothing_and_not_told_of(house, owner) -> None:
    for name in (Group(("org", "secret")), Group("sales")):
        house.roles.groups.create(name)
        house.roles.groups.add(name, "bob")
    version = house.roles.held("bob").version
    path, answers = "/auth/role-assignments?on=org:acme", []
    for name in ("org:secret", "sales", "org:nowhere", "nobody"):
        answers.append(owner.post(path, json={"group": name, "role": "editor"}))
        answers.append(owner.delete(f"{path}&group={name}&role=editor"))
    assert {(one.status_code, one.text) for one in answers} == {(403, answers[0].text)}
    assert answers[0].json["code"] == "beyond_own_rights"
    assert (house.roles.organisations("bob"), house.roles.held("bob").version) == ((("org", "secret"),), version)
    house.roles.assign("ada", "owner", on=("org", "secret"))
    assert owner.post(path, json={"group": "org:secret", "role": "editor"}).status_code == 201
    assert owner.delete(f"{path}&group=org:secret&role=editor").status_code == 204


def test_the_permission_to_give_gives_nothing_she_does_not_hold(house, owner) -> None:
    answer = owner.post("/auth/role-assignments?on=org:acme", json={"subject": "bob", "role": "boss"})
    assert (answer.status_code, answer.json["code"]) == (403, "beyond_own_rights")
    house.roles.assign("bob", "boss", on=ACME)
    assert owner.delete("/auth/role-assignments?on=org:acme&subject=bob&role=boss").status_code == 403


def test_an_administrator_of_everything_defines_roles_and_gives_them(house, root) -> None:
    answer = root.post("/auth/roles", json={"name": "auditor", "grants": ["audit:read", "reader"]})
    assert answer.status_code == 201
    found = {role["name"]: role for role in root.get("/auth/roles").json["roles"]}
    assert found["auditor"]["origin"] == "database"
    assert found["auditor"]["permissions"] == ["article:read", "audit:read"]
    assert root.post("/auth/role-assignments", json={"subject": "bob", "role": "auditor"}).status_code == 201
    assert root.delete("/auth/roles/auditor").json["code"] == "role_in_use"
    assert root.delete("/auth/role-assignments?subject=bob&role=auditor").status_code == 204
    assert root.delete("/auth/roles/auditor").status_code == 204
    assert root.delete("/auth/roles/auditor").status_code == 404
    assert root.post("/auth/roles", json={"name": "editor", "grants": ["*"]}).json["code"] == "defined_in_code"


def test_who_defines_roles_takes_from_one_only_what_is_hers(house) -> None:
    house.roles.define("definer", ["role:define", "article:*"])
    house.roles.define("treasurer", ["payment:*", "article:read", "boss"])
    house.roles.assign("eve", "definer")
    house.roles.assign("bob", "treasurer")
    eve = house.browser("eve")

    def redefine(*grants):
        return eve.post("/auth/roles", json={"name": "treasurer", "grants": list(grants)}).status_code

    for grants in ([], ["article:read"], ["article:*", "payment:*"], ["payment:*", "boss"]):
        assert redefine(*grants) == 403, grants
    assert house.roles.of("bob") >= {"treasurer", "boss"}
    assert "payment:*" in house.roles.permissions_of("bob")
    house.roles.define("treasurer", ["article:read"])
    assert redefine("article:publish") == redefine() == 201


def test_groups_are_made_filled_and_removed(house, root) -> None:
    assert root.post("/auth/groups", json={"name": "sales"}).status_code == 201
    assert root.post("/auth/groups", json={"name": "sales"}).json == {"name": "sales", "changed": False}
    assert root.post("/auth/groups", json={"name": "Sales Team"}).status_code == 422
    assert root.post("/auth/role-assignments", json={"group": "sales", "role": "editor"}).status_code == 201
    assert root.post("/auth/groups/sales/members", json={"subject": "bob"}).status_code == 201
    assert root.get("/auth/groups").json == {"groups": [{"name": "sales", "members": 1}], "next": None}
    shown = root.get("/auth/groups/sales").json
    assert shown["memberships"] == [{"subject": "bob", "added_at": "2027-01-15T08:00:00+00:00", "added_by": "kim"}]
    assert (shown["members"], [one["role"] for one in shown["assignments"]]) == (["bob"], ["editor"])
    assert "editor" in house.roles.of("bob")
    assert root.delete("/auth/groups/sales/members/bob").status_code == 204
    assert root.delete("/auth/groups/sales/members/bob").status_code == 404
    assert root.delete("/auth/groups/sales").status_code == 204
    for method, path in [("GET", "sales"), ("DELETE", "sales"), ("DELETE", "sales/members/bob"), ("GET", "Sales")]:
        assert root.open(f"/auth/groups/{path}", method=method).status_code == 404


def test_the_owner_of_an_organisation_chooses_its_members(house) -> None:
    house.roles.groups.create(Group(ACME))
    house.roles.assign("ada", "owner", on=ACME)
    owner = house.browser("ada")
    house.roles.groups.create(Group("sales"))
    house.roles.assign(Group(ACME), "editor", on=ACME)
    assert owner.post("/auth/groups/org:acme/members", json={"subject": "bob"}).status_code == 201
    assert owner.post("/auth/groups/sales/members", json={"subject": "bob"}).status_code == 403
    assert owner.delete("/auth/groups/org:acme/members/bob").status_code == 204


@pytest.mark.attack("V10")
@pytest.mark.parametrize(
    ("query", "body", "status"),
    [
        ("?on=", {"subject": "bob", "role": "editor"}, 400),
        ("?on=acme", {"subject": "bob", "role": "editor"}, 400),
        ("?on=:acme", {"subject": "bob", "role": "editor"}, 400),
        ("?on=org:", {"subject": "bob", "role": "editor"}, 400),
        ("?on=org:acme&on=org:other", {"subject": "bob", "role": "editor"}, 400),
        ("?on=org:" + "a" * 300, {"subject": "bob", "role": "editor"}, 400),
        ("", {"role": "editor"}, 400),
        ("", {"subject": "bob", "group": "sales", "role": "editor"}, 400),
        ("", {"subject": 5, "role": "editor"}, 400),
        ("", {"subject": ["bob"], "role": "editor"}, 400),
        ("", {"subject": "bob"}, 400),
        ("", {"subject": "bob", "role": {"name": "editor"}}, 400),
        ("", {"subject": "b\0b", "role": "editor"}, 400),
        ("", {"subject": "bob", "role": "editor\0"}, 400),
        ("", {"subject": "bob", "role": "Editor"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "yesterday"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "2027-01-15T08:00:00"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "2020-01-15T08:00:00Z"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "2027-99-15T08:00:00Z"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "9999-12-31T23:59:59-23:59"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "2127-01-17T08:00:00Z"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "0001-01-01T00:00:00+23:59"}, 422),
        ("", {"subject": "bob", "role": "editor", "until": "9999999999d"}, 422),
        ("", {"group": "nobody", "role": "editor"}, 404),
    ],
)
def test_what_cannot_be_meant_is_refused_with_what_is_wrong(house, root, query, body, status) -> None:
    assert root.post(f"/auth/role-assignments{query}", json=body).status_code == status
    assert house.roles.assignments("bob") == []


@pytest.mark.attack("V10")
@pytest.mark.parametrize(
    "path",
    [
        "DELETE /role-assignments?subject=%00&role=editor",
        "DELETE /role-assignments?subject=bob&role=%00",
        "DELETE /role-assignments?role=editor",
        "GET /role-assignments?subject=%00",
        "GET /role-assignments?group=Sales",
        "GET /role-members?role=%00",
        "GET /role-members",
        "GET /role-members?role=editor&on=",
        "GET /role-assignments?on=",
        "DELETE /role-assignments?on=&subject=bob&role=editor",
        "DELETE /groups/sales/members/%00",
        f"DELETE /groups/sales/members/{'a' * 300}",
        "DELETE /groups/%00",
        "DELETE /roles/%00",
    ],
)
def test_what_no_address_can_mean_is_refused_and_breaks_nothing(house, root, path) -> None:
    house.roles.groups.create(Group("sales"))
    method, _, rest = path.partition(" ")
    assert root.open(f"/auth{rest}", method=method).status_code in (400, 404)


def test_an_instant_is_taken_as_it_is_written_everywhere(house, root) -> None:
    body = {"subject": "bob", "role": "editor", "until": "2027-01-15T10:00:00+01:00"}
    assert root.post("/auth/role-assignments", json=body).status_code == 201
    (one,) = house.roles.assignments("bob")
    assert one.until == NOON + 3_600_000


def test_a_list_is_shown_whatever_instant_a_row_says(house, root) -> None:
    far = 400_000_000_000_000
    holder = Holder("subject", "bob")
    with house.database.write() as tx:
        store.assign(tx, holder, "editor", "", ends_at=far, now=-far, by=None)
    (shown,) = root.get("/auth/role-assignments?subject=bob").json["assignments"]
    assert (shown["given_at"], shown["until"]) == ("0001-01-01T00:00:00+00:00", "9999-12-31T23:59:59+00:00")


def test_a_key_gives_roles_as_far_as_it_is_not_narrowed(database_url, clock) -> None:
    with open_house(database_url, clock=clock, further=(ApiKeys(),)) as house:
        house.roles.assign("kim", "root")
        body = {"subject": "bob", "role": "editor"}
        with house.shop.app.app_context():
            keys = house.shop.auth.api_keys
            secrets = {
                scope: keys.create("kim", name="k", scope=None if scope is None else [scope]).secret
                for scope in (None, "*", "role:assign", "article:*")
            }
            bound = keys.create("kim", name="k", tenant=ACME).secret
        program = house.shop.app.test_client()

        def give(secret, query=""):
            headers = {"Authorization": f"Bearer {secret}"}
            return program.post(f"/auth/role-assignments{query}", json=body, headers=headers).status_code

        assert [give(secrets[scope]) for scope in ("role:assign", "article:*")] == [403, 403]
        assert give(bound) == give(bound, "?on=org:other") == 403
        assert house.roles.assignments("bob") == []
        assert give(bound, "?on=org:acme") == give(secrets["*"]) == 201
        assert give(secrets[None]) == 200


@pytest.mark.attack("V12")
def test_a_narrowed_key_does_not_take_from_its_owner_what_is_hers(database_url, clock) -> None:
    """Stolen, a key that may only give roles would cost its owner all of hers."""
    with open_house(database_url, clock=clock, further=(ApiKeys(),)) as house:
        house.roles.assign("kim", "root")
        house.roles.assign("kim", "editor", on=ACME)
        house.roles.groups.create(Group("sales"))
        house.roles.groups.add(Group("sales"), "kim")
        with house.shop.app.app_context():
            keys = house.shop.auth.api_keys
            narrow = keys.create("kim", name="k", scope=["role:assign"]).secret
            bound = keys.create("kim", name="k", tenant=ACME).secret
        program = house.shop.app.test_client()

        def take(secret, path):
            return program.delete(f"/auth{path}", headers={"Authorization": f"Bearer {secret}"}).status_code

        for secret in (narrow, bound):
            assert take(secret, "/role-assignments?subject=kim&role=root") == 403
            assert take(secret, "/groups/sales/members/kim") == 403
        assert take(narrow, "/role-assignments?on=org:acme&subject=kim&role=editor") == 403
        assert "root" in house.roles.of("kim")
        assert house.roles.groups.members(Group("sales")) == ["kim"]
        assert take(bound, "/role-assignments?on=org:acme&subject=kim&role=editor") == 204


def test_with_accounts_nothing_is_given_to_whom_there_is_not(sqlite_url, clock) -> None:
    with open_house(sqlite_url, clock=clock, further=(Accounts(),)) as house:
        house.roles.assign("kim", "root")
        with house.shop.app.app_context():
            keys = house.shop.runtime.guard
            assert keys is not None
            account = house.shop.auth.accounts.create(email="ada@example.com")
            house.roles.assign(account, "root")
            browser = house.shop.browser()
        assert browser.post(f"/vouch/{account.id}").status_code == 200
        answer = browser.post("/auth/role-assignments", json={"subject": "nobody", "role": "editor"})
        assert (answer.status_code, answer.json["errors"][0]["code"]) == (422, "no_account")
        assert browser.post("/auth/role-assignments", json={"subject": account.id, "role": "editor"}).status_code == 201


@pytest.mark.attack("V11")
def test_a_place_in_the_body_is_not_taken_for_everywhere(house, root) -> None:
    """Whoever writes the place beside the role, and is allowed everywhere, would give it everywhere."""
    answer = root.post("/auth/role-assignments", json={"subject": "bob", "role": "editor", "on": "org:acme"})
    assert (answer.status_code, house.roles.assignments("bob")) == (400, [])
    body = {"subject": "bob", "role": "editor", "on": "org:other"}
    assert root.post("/auth/role-assignments?on=org:acme", json=body).status_code == 400
    assert house.roles.assignments("bob") == []


@pytest.mark.attack("V11")
def test_what_is_to_be_taken_stands_in_the_address(house, root) -> None:
    house.roles.assign("bob", "editor")
    answer = root.delete("/auth/role-assignments?subject=bob&role=editor", json={"on": "org:acme"})
    assert (answer.status_code, len(house.roles.assignments("bob"))) == (400, 1)
