"""Guards over real roles: at the place of the address, at the tenant of the request, in blueprints, templates and by hand."""

import pytest
from flask import Blueprint, Flask, render_template_string, request

from ostiary import Accounts, Roles, Sessions, SignIn, all_of, any_of
from ostiary.flask import Auth
from ostiary.kernel.errors import ConfigurationError
from ostiary.testing import AuthKit

ROLES = {"owner": ["editor", "member:*"], "editor": ["article:*"], "reader": ["article:read"], "boss": []}
ACME = ("org", "acme")


@pytest.fixture
def app():
    return Flask("news")


@pytest.fixture
def auth(app):
    return Auth(app, [Accounts(), Sessions(), SignIn(vouches=("totp",)), Roles(ROLES)])


@pytest.fixture
def kit(app, auth):
    with AuthKit(app) as made:
        yield made


def _view(app, address, guard):
    app.add_url_rule(address, address, guard(lambda **_: {"by": "view"}))


def test_one_of_several_roles_or_all_of_them(app, auth, kit) -> None:
    _view(app, "/one", auth.require(role=any_of("boss", "editor")))
    _view(app, "/all", auth.require(role=all_of("boss", "editor")))
    both, owner, reader = (
        kit.client(roles=["boss", "editor"]),
        kit.client(roles=["owner"]),
        kit.client(roles=["reader"]),
    )
    assert [client.get("/one").status_code for client in (both, owner, reader)] == [200, 200, 403]
    assert [client.get("/all").status_code for client in (both, owner, reader)] == [200, 403, 403]


def test_a_tenant_of_the_request_serves_every_guard_that_names_no_place(app, auth, kit) -> None:
    @auth.tenant
    def tenant():
        return ("org", request.host.partition(".")[0])

    @app.get("/may")
    def may():
        return {"may": auth.can("article:read"), "elsewhere": auth.can("article:read", on=("org", "other"))}

    _view(app, "/articles", auth.require("article:read"))
    _view(app, "/<org>/articles", auth.require("article:read", on="org"))
    client = kit.client(roles=["reader"], on=ACME)
    cookie = {"Cookie": "; ".join(f"{one.key}={one.value}" for one in client._cookies.values())}
    visitor = app.test_client(use_cookies=False)

    def there(host, path="/articles"):
        return visitor.get(path, headers={**cookie, "Host": host}).status_code

    assert there("acme.localhost") == 200
    assert there("other.localhost") == there("localhost") == 403
    assert there("other.localhost", "/acme/articles") == 200
    # What shows a button says what the guard behind it will.
    for host, allowed in (("acme.localhost", True), ("other.localhost", False)):
        assert visitor.get("/may", headers={**cookie, "Host": host}).json == {"may": allowed, "elsewhere": False}


@pytest.mark.asvs("V8.2.2")
@pytest.mark.attack("V3")
def test_what_is_hidden_answers_alike_whether_it_exists_or_not(app, auth, kit) -> None:
    _view(app, "/<org>/articles", auth.require("article:read", on="org", hidden=True))
    client = kit.client(roles=["reader"], on=("org", "other"))
    real, invented = client.get("/acme/articles"), client.get("/nowhere/articles")
    assert (real.status_code, real.json) == (404, invented.json)


def test_templates_show_what_somebody_may_do(app, auth, kit) -> None:
    @app.get("/page")
    def page():
        return render_template_string("{% if auth.can('article:write') %}Write{% else %}Read{% endif %}")

    assert kit.client(roles=["editor"]).get("/page").text == "Write"
    assert kit.client(roles=["reader"]).get("/page").text == kit.client().get("/page").text == "Read"


def test_a_place_is_checked_by_hand_where_the_address_does_not_name_it(app, auth, kit) -> None:
    @app.get("/by-hand/<org>")
    @auth.require
    def by_hand(org):
        auth.check(permission="article:write", on=lambda: ("org", org))
        return {"may": auth.can("member:add", on=("org", org))}

    editor = kit.client(roles=["editor"], on=ACME)
    assert editor.get("/by-hand/acme").json == {"may": False}
    assert editor.get("/by-hand/other").status_code == 403
    assert kit.client(roles=["owner"], on=ACME).get("/by-hand/acme").json == {"may": True}


@pytest.mark.asvs("V8.4.2")
def test_an_administrators_blueprint_wants_the_role_and_two_factors_and_a_recent_proof(app, auth, kit) -> None:
    admin = Blueprint("admin", "admin", url_prefix="/admin")
    auth.protect(admin, role="owner", factors=2, fresh="15m")
    admin.add_url_rule("/users", "users", lambda: {"users": []})
    app.register_blueprint(admin)
    account = kit.account(roles=["owner"])
    assert kit.client(account).get("/admin/users").json["code"] == "step_up_needed"
    assert kit.client(account, factors=["password", "totp"], age="20m").get("/admin/users").status_code == 403
    assert kit.client(account, factors=["password", "totp"]).get("/admin/users").status_code == 200
    assert kit.client(kit.account(), factors=["password", "totp"]).get("/admin/users").status_code == 403


@pytest.mark.asvs("V8.2.1")
def test_every_address_of_roles_asks_who_is_calling(app, auth, kit) -> None:
    for rule in app.url_map.iter_rules():
        if rule.rule.startswith(("/auth/role", "/auth/group", "/auth/organisation")):
            address = rule.rule.replace("<name>", "sales").replace("<subject>", "ada")
            for method in rule.methods - {"OPTIONS", "HEAD"}:
                assert kit.client().open(address, method=method).status_code == 401, (method, address)
                nobody = kit.client(kit.account()).open(address, method=method).status_code
                assert nobody in ((200, 204) if "organisation" in address else (403,)), (method, address)


def test_a_role_that_no_role_can_be_called_stops_the_start(app, auth, kit) -> None:
    _view(app, "/boss", auth.require(role="Boss"))
    with pytest.raises(ConfigurationError, match="'Boss', and no role can be called so"):
        kit.client().get("/boss")


def test_a_database_that_is_away_lets_nobody_through(app, auth, kit, monkeypatch) -> None:
    from ostiary.kernel.errors import Unavailable
    from ostiary.storage.guard_reads import GuardReads

    _view(app, "/articles", auth.require("article:read"))
    client = kit.client(roles=["reader"])

    def away(*_):
        raise Unavailable(detail="away")

    monkeypatch.setattr(GuardReads, "fetch_all", away)
    assert client.get("/articles").status_code == 503
    monkeypatch.undo()
    assert client.get("/articles").status_code == 200
    monkeypatch.setattr(GuardReads, "fetch_all", away)
    assert client.get("/articles").status_code == 200, "what is known at this version still holds"
