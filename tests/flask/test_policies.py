"""Policies in an application: guards that load once, questions in views, templates and jobs, and what a caller is told."""

import logging
from collections.abc import Mapping
from typing import Any, ClassVar

import pytest
from flask import Flask, abort, render_template_string, request
from flask.views import MethodView
from tests.badges import Badges
from tests.features.policies.library import Article, Held
from tests.shop import FrozenClock

from ostiary import ConfigurationError, Principal, Sessions, SignIn
from ostiary.events import AccessDenied, Event
from ostiary.features.policies import Policies
from ostiary.flask import Auth
from ostiary.kernel.clock import MINUTE
from ostiary.kernel.errors import AuthError, NotAllowed, NotAuthenticated
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.principal import ANONYMOUS, Credential
from ostiary.policies import Allow, Deny, all_of, any_of, anyone, holds, owner, permitted, proven, where
from ostiary.web.contribution import Contribution
from ostiary.web.problem import Refusal

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@feature
class Grants(Feature):
    """Who holds what, written down in the test."""

    name: ClassVar[str] = "roles"

    held: Any = setting(factory=Held, about="what is held")

    def contribute(self, resources: object) -> Contribution:
        return Contribution(actions=self, rights=self.held)


class Magazine:
    """An application with a few articles, which counts what it loads."""

    def __init__(self, *further: Feature, held: Held | None = None) -> None:
        self.app = Flask("magazine")
        self.app.testing = True
        features = [Sessions(), SignIn(vouches=("password", "totp")), Badges(), *further]
        if held is not None:
            features.append(Grants(held=held))
        self.auth = Auth(self.app, features)
        self.clock = FrozenClock()
        self.app.extensions["ostiary"].clock = self.clock
        self.articles = {
            1: Article(id=1, author_id="ada", public=True, locked=False, status="done"),
            2: Article(id=2, author_id="bob", public=False, locked=True, status="draft"),
        }
        self.loaded: list[int] = []
        self.events: list[Event] = []
        self.auth.on(AccessDenied)(self.events.append)

        @self.app.post("/in/<who>")
        @self.auth.public
        def sign_in(who):
            self.auth.sign_in(who, proof=request.args.get("proof", "password"))
            return "in"

    def load(self, id):
        self.loaded.append(id)
        return self.articles.get(id)

    def client(self, who: str | None = None):
        client = self.app.test_client()
        if who is not None:
            assert client.post(f"/in/{who}", headers=SAME).status_code == 200
        return client


@pytest.fixture
def magazine():
    return Magazine()


def read_and_edit(magazine):
    auth = magazine.auth
    auth.policy("read", Article, visitors=True)(any_of(where(Article.public.is_(True)), owner(Article.author_id)))

    @auth.policy("edit", Article)
    def edit(principal, article):
        if article.author_id != principal.subject:
            return Deny(f"{article.author_id} wrote it, not {principal.subject}")
        return Allow() if not article.locked else Deny("It is being printed.", code="locked", public=True)


# --- guards -------------------------------------------------------------------------------------------------


def test_a_guard_loads_the_resource_once_and_hands_it_to_the_view(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:id>/edit")
    @magazine.auth.require(can="edit", resource=magazine.load, into="article")
    @magazine.auth.require(can="read", resource=magazine.load, into="article")
    def edit(article):
        return {"by": article.author_id, "same": article is magazine.articles[1]}

    assert magazine.client("ada").get("/articles/1/edit").json == {"by": "ada", "same": True}
    assert magazine.loaded == [1]


def test_the_view_gets_the_variables_of_the_address_that_it_names(magazine):
    read_and_edit(magazine)
    guard = magazine.auth.require(can="read", resource=magazine.load)

    @magazine.app.get("/a/<int:id>")
    @guard
    def named(id, resource):
        return {"id": id, "by": resource.author_id}

    @magazine.app.get("/b/<int:id>")
    @guard
    def only_checked():
        return {"seen": True}

    @magazine.app.get("/c/<int:id>")
    @guard
    def everything(**kwargs):
        return {"names": sorted(kwargs)}

    @magazine.app.get("/d/<int:id>")
    @guard
    async def later(resource):
        return {"by": resource.author_id}

    client = magazine.client("ada")
    assert client.get("/a/1").json == {"id": 1, "by": "ada"}
    assert client.get("/b/1").json == {"seen": True}
    assert client.get("/c/1").json == {"names": ["id", "resource"]}
    assert client.get("/d/1").json == {"by": "ada"}
    assert client.head("/a/1").status_code == 200


def test_a_class_of_views_gets_it_in_the_method_that_runs(magazine):
    read_and_edit(magazine)

    class Articles(MethodView):
        decorators: ClassVar = [magazine.auth.require(can="read", resource=magazine.load, into="article")]

        def get(self, article):
            return {"by": article.author_id}

        def put(self, id, article):
            return {"id": id}

        @magazine.auth.require(can="edit", resource=magazine.load, into="article")
        def delete(self, article):
            return {"deleted": article.id}

    magazine.app.add_url_rule("/articles/<int:id>", view_func=Articles.as_view("articles"))
    client = magazine.client("ada")
    assert client.get("/articles/1").json == {"by": "ada"}
    assert client.put("/articles/1", headers=SAME).json == {"id": 1}
    assert client.head("/articles/1").status_code == 200
    assert client.delete("/articles/1", headers=SAME).json == {"deleted": 1}
    assert magazine.client("bob").delete("/articles/1", headers=SAME).status_code == 403


def test_an_async_loader_is_awaited(magazine):
    read_and_edit(magazine)

    async def load(id):
        return magazine.articles.get(id)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require(can="read", resource=load)
    def read(resource):
        return {"by": resource.author_id}

    assert magazine.client("ada").get("/articles/1").json == {"by": "ada"}
    assert magazine.client("ada").get("/articles/9").status_code == 404


@pytest.mark.asvs("V8.2.2")
@pytest.mark.attack("V3")
@pytest.mark.parametrize("answers", [None, 404])
def test_what_is_hidden_and_what_is_not_there_look_the_same(magazine, answers):
    read_and_edit(magazine)

    def load(id):
        if id not in magazine.articles and answers is not None:
            abort(answers)
        return magazine.load(id)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require(can="read", resource=load, hidden=True)
    def read(resource):
        return {"by": resource.author_id}

    def seen(client):
        return [(answer.status_code, answer.data) for answer in (client.get(f"/articles/{id}") for id in (2, 9))]

    hidden, absent = seen(magazine.client("ada"))
    assert hidden == absent
    assert hidden[0] == 404
    hidden, absent = seen(magazine.client())
    assert hidden == absent
    assert hidden[0] == 401


@pytest.mark.asvs("V8.2.2")
@pytest.mark.attack("V3")
def test_every_person_every_article_every_verb(magazine):
    """The full cross product, against the rules in other words."""
    read_and_edit(magazine)
    for method, action in (("GET", "read"), ("PUT", "edit")):

        @magazine.app.route("/articles/<int:id>", methods=[method], endpoint=action)
        @magazine.auth.require(can=action, resource=magazine.load)
        def view(resource):
            return {"by": resource.author_id}

    for who in ("ada", "bob", "eve"):
        client = magazine.client(who)
        for id, article in magazine.articles.items():
            mine = article.author_id == who
            assert client.get(f"/articles/{id}").status_code == (200 if mine or article.public else 403)
            assert client.put(f"/articles/{id}", headers=SAME).status_code == (
                200 if mine and not article.locked else 403
            )


@pytest.mark.attack("V3")
def test_nothing_is_loaded_for_a_visitor_whom_no_policy_is_for(magazine):
    read_and_edit(magazine)

    @magazine.app.put("/articles/<int:id>")
    @magazine.auth.require(can="edit", resource=magazine.load)
    def edit(resource):
        return {}

    assert magazine.client().put("/articles/1").status_code == 401
    assert magazine.client().put("/articles/9").status_code == 401
    assert magazine.loaded == []


def test_a_policy_for_visitors_lets_them_through_its_guard_and_no_other_demand_is_forgotten(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require(can="read", resource=magazine.load)
    def read(resource):
        return {"by": resource.author_id}

    @magazine.app.get("/fresh/<int:id>")
    @magazine.auth.require(fresh="5m", can="read", resource=magazine.load)
    def fresh(resource):
        return {"by": resource.author_id}

    assert magazine.client().get("/articles/1").status_code == 200
    assert magazine.client().get("/articles/2").status_code == 401
    assert magazine.client().get("/fresh/1").status_code == 401
    client = magazine.client("ada")
    assert client.get("/fresh/1").status_code == 200
    magazine.clock.pass_(6 * MINUTE)
    loaded = len(magazine.loaded)
    assert client.get("/fresh/1").json["code"] == "step_up_needed"
    # What is demanded of the caller comes first: nothing is loaded for whoever does not meet it.
    assert len(magazine.loaded) == loaded


def test_a_change_by_a_cookie_is_still_asked_where_it_comes_from(magazine):
    read_and_edit(magazine)

    @magazine.app.put("/articles/<int:id>")
    @magazine.auth.require(can="edit", resource=magazine.load)
    def edit(resource):
        return {}

    client = magazine.client("ada")
    assert client.put("/articles/1", headers={"Sec-Fetch-Site": "cross-site"}).json["code"] == "csrf_refused"
    assert client.put("/articles/1", headers=SAME).status_code == 200


def test_a_guard_may_ask_about_a_type(magazine):
    magazine.auth.policy("create", Article)(lambda principal, article: principal.subject == "ada" and article is None)

    @magazine.app.post("/articles")
    @magazine.auth.require(can="create", resource=Article)
    def create():
        return {"created": True}

    assert magazine.client("ada").post("/articles", headers=SAME).json == {"created": True}
    assert magazine.client("bob").post("/articles", headers=SAME).status_code == 403


def test_a_blueprint_may_be_protected_by_a_policy(magazine):
    from flask import Blueprint

    read_and_edit(magazine)
    desk = Blueprint("desk", __name__, url_prefix="/desk")
    magazine.auth.protect(desk, can="read", resource=magazine.load, into="article")

    @desk.get("/<int:id>")
    def show(article):
        return {"by": article.author_id}

    magazine.app.register_blueprint(desk)
    assert magazine.client("ada").get("/desk/1").json == {"by": "ada"}
    assert magazine.client("ada").get("/desk/2").status_code == 403


def test_a_guard_whose_loader_raises_lets_nobody_pass(magazine):
    read_and_edit(magazine)
    magazine.app.testing = False
    magazine.app.config["PROPAGATE_EXCEPTIONS"] = False

    def load(id):
        raise ZeroDivisionError

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require(can="read", resource=load)
    def read(resource):
        return {}

    assert magazine.client("ada").get("/articles/1").status_code == 500
    assert magazine.events[-1].code == "guard_failed"


# --- what the caller is told --------------------------------------------------------------------------------


def guarded(magazine, action="edit", **options):
    @magazine.app.put("/articles/<int:id>")
    @magazine.auth.require(can=action, resource=magazine.load, **options)
    def view(resource):
        return {"by": resource.author_id}


def test_a_refusal_tells_the_caller_the_public_reason_only(magazine):
    read_and_edit(magazine)
    guarded(magazine)
    magazine.articles[1].author_id = "bob"
    private = magazine.client("ada").put("/articles/1", headers=SAME)
    assert (private.status_code, private.json["code"], private.json["title"]) == (
        403,
        "not_allowed",
        "You may not do this.",
    )
    assert "bob" not in private.text
    public = magazine.client("bob").put("/articles/2", headers=SAME)
    assert (public.status_code, public.json["code"], public.json["title"]) == (403, "locked", "It is being printed.")
    assert "because" not in public.json


def test_staff_see_every_ground_and_what_would_pass():
    held = Held(permissions=[("ada", "decision:explain", None)])
    magazine = Magazine(held=held)
    magazine.auth.policy("edit", Article)(owner(Article.author_id))
    guarded(magazine)
    told = magazine.client("ada").put("/articles/2", headers=SAME).json
    assert told["because"][0]["because"][0]["code"] == "owner"
    assert told["would_pass_if"] == ["author_id='ada'"]
    assert "because" not in magazine.client("eve").put("/articles/2", headers=SAME).json
    # A credential that was not given it does not show it either.
    badge = {"Authorization": "Badge ada;article:edit"}
    assert "because" not in magazine.app.test_client().put("/articles/2", headers=badge).json


def test_the_permission_that_shows_the_grounds_is_a_setting():
    held = Held(permissions=[("ada", "staff:see", None)])
    magazine = Magazine(Policies(explained_to="staff:see"), held=held)
    magazine.auth.policy("edit", Article)(owner(Article.author_id))
    guarded(magazine)
    assert "because" in magazine.client("ada").put("/articles/2", headers=SAME).json


@pytest.mark.attack("V15")
@pytest.mark.parametrize("guarded", [False, True])
def test_why_is_not_told_to_whoever_calls_because_she_may_know_in_whose_name_a_view_acts(guarded):
    """Who reads the answer is who made the request."""
    magazine = Magazine(held=Held(permissions=[(who, "decision:explain", None) for who in ("robot", "ada")]))
    read_and_edit(magazine)
    auth = magazine.auth

    def load(id):
        return magazine.articles[id]

    @magazine.app.get("/as/<who>/<int:id>")
    def acting(who, id):
        with auth.acting_as(Principal(who)):
            if guarded:
                auth.check(auth.require(can="edit", resource=load))
            auth.check(can="edit", resource=magazine.articles[id])

    for client in (magazine.app.test_client(), magazine.client("eve")):
        answer = client.get("/as/robot/2")
        assert (answer.status_code, "because" in answer.json) == (403, False)
    assert "because" in magazine.client("ada").get("/as/robot/2").json
    assert "because" not in magazine.client("ada").get("/as/eve/2").json


@pytest.mark.asvs("V8.2.4")
def test_a_person_who_lacks_only_a_proof_is_asked_for_it_also_where_others_would_see_nothing(magazine):
    magazine.auth.policy("delete", Article)(all_of(owner(Article.author_id), proven(fresh="5m")))

    @magazine.app.get("/articles/<int:id>/delete")
    @magazine.auth.require(can="delete", resource=magazine.load, hidden=True)
    def delete(resource):
        return {"deleted": True}

    ada, bob = magazine.client("ada"), magazine.client("bob")
    magazine.clock.pass_(6 * MINUTE)
    answer = ada.get("/articles/1/delete")
    assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")
    assert answer.json["would_pass_if"] == ["fresh=5m"]
    assert bob.get("/articles/1/delete").status_code == 404


@pytest.mark.asvs("V16.3.2")
def test_a_refusal_by_a_policy_is_an_event_with_its_ground_and_its_place(magazine):
    read_and_edit(magazine)
    guarded(magazine)
    magazine.client("bob").put("/articles/2", headers=SAME)
    (event,) = magazine.events
    assert (event.code, event.endpoint, event.subject) == ("locked", "view", "bob")


@pytest.mark.asvs("V16.4.1")
def test_the_log_holds_every_ground_of_a_refusal_on_one_line(magazine, caplog):
    read_and_edit(magazine)
    guarded(magazine)
    magazine.articles[1].author_id = "bob\nERROR all is lost"
    with caplog.at_level(logging.INFO, "ostiary.policies"):
        magazine.client("ada").put("/articles/1", headers=SAME)
    (record,) = (one for one in caplog.records if one.name == "ostiary.policies")
    assert "all is lost wrote it, not ada" in record.getMessage()
    assert "\n" not in record.getMessage()


@pytest.mark.asvs("V8.2.4")
def test_a_policy_asks_for_a_proof_when_the_network_changes_under_way(magazine):
    @magazine.auth.policy("edit", Article)
    def edit(principal, article, context):
        return owner(Article.author_id) if context.network == "192.0.2.1" else proven(factors=2)

    guarded(magazine)
    ada = magazine.client("ada")
    office, elsewhere = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "203.0.113.9"}
    assert ada.put("/articles/1", headers=SAME, environ_base=office).status_code == 200
    challenged = ada.put("/articles/1", headers=SAME, environ_base=elsewhere)
    assert (challenged.json["code"], challenged.json["would_pass_if"]) == ("step_up_needed", ["factors=2"])
    assert ada.post("/in/ada?proof=totp", headers=SAME).status_code == 200
    assert ada.put("/articles/1", headers=SAME, environ_base=elsewhere).status_code == 200


@pytest.mark.asvs("V8.4.2")
def test_a_desk_for_administrators_wants_two_factors_and_the_right_network_at_once(magazine):
    from flask import Blueprint

    admin = Blueprint("admin", __name__, url_prefix="/admin")
    magazine.auth.protect(admin, factors=2, can="administer", resource=Article)

    @magazine.auth.policy("administer", Article)
    def administer(principal, article, context):
        return principal.subject == "ada" and context.network == "192.0.2.1"

    admin.get("/")(lambda: {"desk": True})
    magazine.app.register_blueprint(admin)
    ada, bob = magazine.client("ada"), magazine.client("bob")
    office, elsewhere = {"REMOTE_ADDR": "192.0.2.1"}, {"REMOTE_ADDR": "203.0.113.9"}
    assert ada.get("/admin/", environ_base=office).json["code"] == "step_up_needed"
    for client, who in ((ada, "ada"), (bob, "bob")):
        client.post(f"/in/{who}?proof=totp", headers=SAME)
    assert ada.get("/admin/", environ_base=office).json == {"desk": True}
    assert ada.get("/admin/", environ_base=elsewhere).status_code == 403
    assert bob.get("/admin/", environ_base=office).status_code == 403


def test_asking_is_no_refusal(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require
    def read(id):
        return {"edit": magazine.auth.can("edit", magazine.articles[id])}

    assert magazine.client("bob").get("/articles/1").json == {"edit": False}
    assert magazine.events == []


# --- inside a view ------------------------------------------------------------------------------------------


def test_a_view_may_ask_and_may_be_refused(magazine):
    read_and_edit(magazine)
    auth = magazine.auth

    @magazine.app.get("/articles/<int:id>")
    @auth.optional
    def read(id):
        article = magazine.articles.get(id)
        auth.check(can="read", resource=article, hidden=True)
        decision = auth.decide("edit", article)
        return {"can": auth.can("edit", article), "code": decision.code}

    assert magazine.client().get("/articles/1").json == {"can": False, "code": "not_authenticated"}
    assert magazine.client("ada").get("/articles/1").json["can"] is True
    assert magazine.client("ada").get("/articles/2").status_code == 404
    assert magazine.client("ada").get("/articles/9").status_code == 404
    assert magazine.client().get("/articles/9").status_code == 401


def test_a_check_takes_the_demands_of_a_guard_as_well(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.optional
    def read(id):
        magazine.auth.check(can="read", resource=magazine.articles[id], fresh="5m")
        return {}

    client = magazine.client("ada")
    assert client.get("/articles/1").status_code == 200
    magazine.clock.pass_(6 * MINUTE)
    assert client.get("/articles/1").json["code"] == "step_up_needed"
    assert magazine.client().get("/articles/1").status_code == 401


def test_templates_ask_the_same_question(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.optional
    def read(id):
        return render_template_string("{% if auth.can('edit', a) %}edit{% else %}-{% endif %}", a=magazine.articles[id])

    assert magazine.client("ada").get("/articles/1").text == "edit"
    assert magazine.client().get("/articles/1").text == "-"


def test_a_question_about_nothing_is_no_question_about_a_permission(magazine):
    read_and_edit(magazine)
    with magazine.app.test_request_context():
        assert magazine.auth.can("edit", None) is False
        with pytest.raises(ConfigurationError, match="not_a_permission"):
            magazine.auth.can("edit")
        with pytest.raises(TypeError, match="on="):
            magazine.auth.can("edit", magazine.articles[1], on=("org", "acme"))
        assert magazine.auth.can("article:edit") is False


@pytest.mark.attack("V9")
def test_one_that_fails_among_many_is_denied_alone(magazine):
    @magazine.auth.policy("read", Article)
    def read(principal, article):
        return 10 / article.stars > 1

    with magazine.app.app_context(), magazine.auth.acting_as(Principal("ada")):
        decisions = magazine.auth.decide_each("read", [Article(stars=number) for number in (1, 0, 20, 2)])
    assert [decision.allowed for decision in decisions] == [True, False, False, True]
    assert decisions[1].code == "policy_failed"


@pytest.mark.asvs("V8.2.3")
def test_what_may_be_read_is_shown_and_what_may_not_be_written_is_refused(magazine):
    auth = magazine.auth
    auth.policy("read", Article)(anyone())
    auth.policy("read", Article, fields=["status", "author_id"])(anyone())
    auth.policy("read", Article, fields=["notes"])(owner(Article.author_id))
    auth.policy("edit", Article)(anyone())
    auth.policy("edit", Article, fields=["status"])(anyone())

    @magazine.app.get("/articles/<int:id>")
    @auth.require(can="read", resource=magazine.load)
    def read(resource):
        return auth.readable(resource)

    @magazine.app.put("/articles/<int:id>")
    @auth.require(can="edit", resource=magazine.load)
    def edit(resource):
        for name, value in auth.writable(resource, request.get_json()).items():
            setattr(resource, name, value)
        return auth.readable(resource)

    ada, bob = magazine.client("ada"), magazine.client("bob")
    assert ada.get("/articles/1").json == {"author_id": "ada", "notes": None, "status": "done"}
    assert bob.get("/articles/1").json == {"author_id": "ada", "status": "done"}
    assert bob.put("/articles/1", json={"status": "late"}, headers=SAME).json["status"] == "late"
    for sent in ({"author_id": "bob"}, {"status": "x", "author_id": "bob"}, {"id": 5}, {"__class__": "x"}):
        answer = bob.put("/articles/1", json=sent, headers=SAME)
        assert (answer.status_code, answer.json["code"]) == (403, "field_not_allowed")
        assert set(answer.json["fields"]) == set(sent) - {"status"}
    assert magazine.articles[1].author_id == "ada"
    assert magazine.articles[1].status == "late"
    assert [event.code for event in magazine.events] == ["field_not_allowed"] * 4
    for sent in ([{"status": "x"}], ["status"], "status", 5):
        assert bob.put("/articles/1", json=sent, headers=SAME).json["code"] == "malformed_request"


@pytest.mark.parametrize("text", ["ssn", "s", ""])
def test_the_fields_of_a_policy_are_a_list_and_no_text_whose_letters_would_be_named(magazine, text):
    with pytest.raises(ConfigurationError, match=r"no_fields.*\n.*give the names in a list"):
        magazine.auth.policy("read", Article, fields=text)(anyone())


# --- on somebody's behalf -----------------------------------------------------------------------------------


class TestActingAs:
    def test_a_job_asks_as_whom_it_works_for(self, magazine):
        read_and_edit(magazine)
        auth = magazine.auth
        with magazine.app.app_context():
            assert auth.principal == ANONYMOUS
            with auth.acting_as(Principal("ada", kind="job")):
                assert auth.principal.subject == "ada"
                assert auth.can("edit", magazine.articles[1])
                assert "author_id" in str(auth.visible("read", Article))
                auth.check(can="edit", resource=magazine.articles[1])
                with auth.acting_as(Principal("bob")):
                    assert not auth.can("edit", magazine.articles[1])
                assert auth.can("edit", magazine.articles[1])
            assert not auth.can("edit", magazine.articles[1])

    def test_what_a_job_is_refused_is_raised_and_told(self, magazine):
        read_and_edit(magazine)
        with magazine.app.app_context(), magazine.auth.acting_as(Principal("eve")):
            with pytest.raises(NotAllowed) as caught:
                magazine.auth.check(can="edit", resource=magazine.articles[1])
        assert caught.value.code == "not_allowed"
        assert magazine.events[-1].subject == "eve"

    @pytest.mark.attack("V11")
    def test_every_demand_of_a_check_is_about_whom_the_block_acts_as(self):
        held = Held(roles=[("kim", "root", None)], permissions=[("kim", "member:add", None), ("ada", "x:y", None)])
        magazine = Magazine(held=held)
        auth = magazine.auth
        read_and_edit(magazine)
        guards = {
            "permission": {"permission": "member:add"},
            "role": {"role": "root"},
            "joined": {"guard": auth.require("member:add") & auth.require(role="root")},
            "proof": {"factors": 1, "fresh": "5m"},
            "both": {"permission": "member:add", "can": "edit", "resource": magazine.articles[1]},
            "policy": {"guard": auth.require(can="edit", resource=magazine.load)},
        }

        def passes(demands):
            try:
                auth.check(**demands)
            except (AuthError, Refusal):
                return False
            return True

        @magazine.app.get("/as/<who>/<int:id>")
        @auth.require(role="root")
        def acting(who, id):
            with auth.acting_as(Principal(who) if who != "nobody" else ANONYMOUS):
                assert passes({"permission": "member:add"}) is auth.can("member:add")
                answer = {name: passes(dict(demands)) for name, demands in guards.items()}
            return {**answer, "own": passes({"role": "root"})}

        kim = magazine.client("kim")
        nothing = dict.fromkeys(guards, False)
        for who in ("eve", "nobody"):
            assert kim.get(f"/as/{who}/1").json == {**nothing, "own": True}
        assert kim.get("/as/ada/1").json == {**nothing, "policy": True, "own": True}
        assert kim.get("/as/kim/1").json == {**nothing, "permission": True, "role": True, "joined": True, "own": True}
        with magazine.app.app_context():
            with auth.acting_as(Principal("kim", kind="job")):
                auth.check(permission="member:add")
                auth.check(auth.require(role="root"))
            with auth.acting_as(Principal("eve", kind="job")), pytest.raises(NotAllowed):
                auth.check(permission="member:add")
            with auth.acting_as(ANONYMOUS), pytest.raises(NotAuthenticated):
                auth.check()
        assert (magazine.events[-2].subject, magazine.events[-2].endpoint) == ("eve", "")

    @pytest.mark.attack("V15")
    def test_a_check_inside_is_about_the_place_that_the_request_takes(self):
        magazine = Magazine(held=Held(roles=[("ada", "editor", ("org", "acme"))]))
        auth = magazine.auth

        @magazine.app.get("/<org>")
        @auth.public
        def acting(org):
            found = {}
            for name, who in {"ada": Principal("ada"), "bound": Principal("ada", tenant=("org", "beta"))}.items():
                with auth.acting_as(who):
                    try:
                        auth.check(role="editor", on="org")
                        found[name] = True
                    except Refusal:
                        found[name] = False
            return found

        client = magazine.client()
        assert client.get("/acme").json == {"ada": True, "bound": False}
        assert client.get("/beta").json == {"ada": False, "bound": False}

    def test_a_request_that_begins_inside_is_its_own_callers(self, magazine):
        read_and_edit(magazine)
        guarded(magazine)

        @magazine.app.get("/who")
        @magazine.auth.optional
        def who():
            return {"who": magazine.auth.principal.subject, "can": magazine.auth.can("edit", magazine.articles[1])}

        client = magazine.client()
        with magazine.app.app_context(), magazine.auth.acting_as(Principal("ada")):
            assert client.get("/who").json == {"who": "", "can": False}
            assert client.put("/articles/1").status_code == 401

    def test_a_view_that_acts_as_another_does_not_become_her(self, magazine):
        read_and_edit(magazine)

        @magazine.app.get("/articles/<int:id>")
        @magazine.auth.require
        def read(id):
            with magazine.auth.acting_as(Principal("ada")):
                as_ada = magazine.auth.can("edit", magazine.articles[id])
            return {
                "ada": as_ada,
                "own": magazine.auth.can("edit", magazine.articles[id]),
                "who": magazine.auth.principal.subject,
            }

        assert magazine.client("bob").get("/articles/1").json == {"ada": True, "own": False, "who": "bob"}

    def test_it_ends_also_when_the_job_raises(self, magazine):
        with magazine.app.app_context():
            with pytest.raises(ZeroDivisionError), magazine.auth.acting_as(Principal("ada")):
                raise ZeroDivisionError
            assert magazine.auth.principal == ANONYMOUS

    @pytest.mark.parametrize("who", ["ada", None, 5])
    def test_only_a_principal_is_somebody(self, magazine, who):
        with magazine.app.app_context(), pytest.raises(TypeError), magazine.auth.acting_as(who):
            pass

    def test_a_thread_that_begins_inside_is_nobody(self, magazine):
        from threading import Thread

        seen = []

        def work():
            with magazine.app.app_context():
                seen.append(magazine.auth.principal)

        with magazine.app.app_context(), magazine.auth.acting_as(Principal("ada")):
            thread = Thread(target=work)
            thread.start()
            thread.join()
        assert seen == [ANONYMOUS]


@pytest.mark.asvs("V8.4.1")
@pytest.mark.attack("V15")
def test_a_credential_that_is_bound_elsewhere_does_not_pass_whatever_the_policy_says(magazine):

    magazine.auth.policy("read", Article, visitors=True)(anyone())
    places = {"acme.localhost": ("org", "acme"), "beta.localhost": ("org", "beta")}

    @magazine.auth.tenant
    def tenant():
        return places.get(request.host)

    @magazine.app.get("/articles/<int:id>")
    @magazine.auth.require(can="read", resource=magazine.load)
    def by_host(resource):
        return {}

    @magazine.app.get("/<org>/articles/<int:id>")
    @magazine.auth.require(can="read", resource=magazine.load, on="org")
    def by_address(org, resource):
        return {}

    bound = Principal(
        "ada", credential=Credential("session", "s1"), tenant=("org", "acme"), scope=frozenset({"article:read"})
    )
    state = magazine.app.extensions["ostiary"]

    def status(path, host, who=bound):
        with magazine.app.test_request_context(path, headers={"Host": host}) as context:
            state.runtime.guard.become(context.request.environ, who, None)
            return magazine.app.full_dispatch_request().status_code

    assert status("/articles/1", "acme.localhost") == 200
    assert status("/articles/1", "beta.localhost") == 403
    assert status("/acme/articles/1", "localhost") == 200
    assert status("/beta/articles/1", "localhost") == 403
    assert status("/beta/articles/1", "localhost", ANONYMOUS) == 200


def test_an_explanation_is_for_anybody_and_holds_everything(magazine):
    read_and_edit(magazine)
    with magazine.app.app_context():
        told = list(magazine.auth.explain("read", magazine.articles[2], who="ada").lines())
        assert told[0] == "denied"
        assert "author_id is 'bob', and the caller is 'ada'" in "\n".join(told)
        assert magazine.auth.explain("read", magazine.articles[2], who="bob").allowed
        assert magazine.auth.explain("article:read", who="bob").code == "missing_permission"


# --- what is wrong is found before the first view -----------------------------------------------------------


def problems(magazine) -> Mapping[str, str]:
    with pytest.raises(ConfigurationError) as caught:
        magazine.app.test_client().get("/")
    return {problem.code: problem.what for problem in caught.value.problems}


def test_a_guard_that_asks_what_no_policy_answers_is_found(magazine):
    read_and_edit(magazine)
    guarded(magazine, action="edti")
    assert "edti" in problems(magazine)["no_policy"]


def test_a_loader_of_what_the_address_has_not_is_found(magazine):
    read_and_edit(magazine)

    @magazine.app.get("/articles/<int:number>")
    @magazine.auth.require(can="read", resource=magazine.load)
    def read(resource):
        return {}

    assert "'id'" in problems(magazine)["no_url_variable"]


def test_rules_that_nobody_can_meet_are_found(magazine):
    magazine.auth.policy("a", Article)(holds("editor"))
    magazine.auth.policy("b", Article)(all_of(anyone(), any_of(permitted("article:read"), owner(Article.author_id))))
    magazine.auth.policy("c", Article)(proven(phishing_resistant=True))
    with pytest.raises(ConfigurationError) as caught:
        magazine.app.test_client().get("/")
    assert [problem.code for problem in caught.value.problems] == ["requirement_cannot_be_met"] * 3


def test_half_a_policy_is_refused_where_it_is_written(magazine):
    for half in ({"can": "edit"}, {"resource": magazine.load}, {"can": "Edit", "resource": magazine.load}):
        with pytest.raises(ConfigurationError):
            magazine.auth.require(**half)
    with pytest.raises(ConfigurationError, match="not_a_loader"):
        magazine.auth.require(can="edit", resource=5)
    with pytest.raises(ConfigurationError, match="loader_parameters"):
        magazine.auth.require(can="edit", resource=lambda **variables: None)


def test_an_application_without_policies_denies_every_action(magazine):
    with magazine.app.app_context():
        assert magazine.auth.decide("edit", magazine.articles[1]).code == "no_policy"


def test_a_policy_declared_late_counts_from_then_on(magazine):
    with magazine.app.app_context(), magazine.auth.acting_as(Principal("ada")):
        assert not magazine.auth.can("edit", magazine.articles[1])
        magazine.auth.policy("edit", Article)(anyone())
        assert magazine.auth.can("edit", magazine.articles[1])
