"""The kit signs in through the one way in, and changes nothing that production relies on."""

import pytest
from flask import Flask
from flask.testing import FlaskClient
from tests.testing.teller import bank, who

from ostiary import (
    Accounts,
    ApiKeys,
    ConfigurationError,
    Field,
    Passwords,
    RateLimits,
    RememberMe,
    Roles,
    Sessions,
    SignIn,
    SignInRefused,
    Tokens,
    hash_password,
)
from ostiary.events import Registered, SignInSucceeded
from ostiary.features.roles import RoleActions
from ostiary.flask import Auth
from ostiary.kernel.errors import ValidationFailed
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.testing import PASSWORD, AuthKit

JSON = {"Accept": "application/json"}


@pytest.fixture
def app():
    return bank()


@pytest.fixture
def kit(app):
    with AuthKit(app) as made:
        yield made


class TestWhoIsSignedIn:
    def test_a_client_alone_is_nobody(self, kit):
        assert who(kit.client()) == ""

    def test_an_account_is_signed_in(self, kit):
        ada = kit.account(email="ada@example.com")
        assert who(kit.client(ada)) == ada.id
        assert kit.client(ada).get("/account").json["email"] == "ada@example.com"

    def test_an_account_is_found_by_its_id_and_by_its_address(self, kit):
        ada = kit.account(email="ada@example.com")
        assert who(kit.client(ada.id)) == ada.id
        assert who(kit.client("ADA@example.com")) == ada.id

    def test_an_address_that_nobody_has_is_said_with_the_cure(self, kit):
        with pytest.raises(LookupError, match=r"auth_kit\.account\(email='eve@example\.com'\)"):
            kit.client("eve@example.com")

    @pytest.mark.parametrize("asked", [{"factors": ["password"]}, {"factors": ("password", "totp")}, {"age": "1m"}])
    def test_whoever_is_asked_for_without_a_name_gets_an_account_of_her_own(self, kit, asked):
        first, second = who(kit.client(**asked)), who(kit.client(**asked))
        assert first
        assert second
        assert first != second
        with kit.app.app_context():
            assert kit.app.auth.accounts.get(first).email.endswith("@example.com")

    def test_without_accounts_a_subject_is_signed_in(self):
        app = Flask("plain")
        auth = Auth(app, [Sessions()])
        app.add_url_rule("/who", view_func=auth.optional(lambda: {"subject": auth.principal.subject}), endpoint="who")
        with AuthKit(app) as kit:
            assert who(kit.client("ada")) == "ada"
            assert who(kit.client(factors=["password"])) == "subject-1"
            with pytest.raises(TypeError, match="as text"):
                kit.client(5)

    def test_clients_share_nothing(self, kit):
        ada, bob, nobody = kit.client(kit.account()), kit.client(kit.account()), kit.client()
        assert len({who(ada), who(bob), who(nobody)}) == 3
        ada.post("/auth/sign-out")
        assert who(ada) == ""
        assert who(bob)

    def test_it_is_a_session_like_any_other(self, kit):
        ada = kit.account()
        client = kit.client(ada)
        with kit.app.app_context():
            assert len(kit.app.auth.sessions.list(ada.id)) == 1
            kit.app.auth.sessions.end_all(ada.id)
        assert who(client) == ""

    def test_a_client_is_one_of_the_applications_own_class(self, app):
        class Own(FlaskClient):
            mark = "own"

        app.test_client_class = Own
        with AuthKit(app) as kit:
            assert kit.client(kit.account()).mark == "own"


class TestPrincipalsNeverLeak:
    """A principal is the request's, so a context that a test has pushed keeps nobody (troubles.md L13)."""

    def test_between_clients_under_a_pushed_application_context(self, kit):
        ada, bob = kit.account(email="ada@example.com"), kit.account(email="bob@example.com")
        with kit.app.app_context():
            clients = kit.client(ada), kit.client(bob), kit.client()
            assert [who(client) for client in clients] == [ada.id, bob.id, ""]
            assert clients[0].get("/account").json["email"] == "ada@example.com"
            assert clients[1].get("/account").json["email"] == "bob@example.com"
            assert clients[2].get("/account").status_code == 401

    def test_between_clients_under_a_pushed_request_context(self, kit):
        ada = kit.account()
        with kit.app.test_request_context("/who"):
            assert who(kit.client(ada)) == ada.id
            assert not kit.app.auth.principal
            assert who(kit.client()) == ""
            assert not kit.app.auth.principal

    def test_into_a_request_that_is_made_by_hand(self, kit):
        client = kit.client(kit.account())
        with client:
            assert who(client)
            assert kit.app.auth.principal
            with kit.app.test_request_context("/who"):
                assert not kit.app.auth.principal


class TestTheOneWayIn:
    def test_listeners_hear_of_it(self, app, kit):
        heard = []
        app.auth.on(SignInSucceeded)(heard.append)
        ada = kit.account()
        kit.client(ada, factors=["password", "totp"])
        assert [(event.subject, event.methods) for event in heard] == [
            (ada.id, ("password",)),
            (ada.id, ("password", "totp")),
        ]

    def test_a_listener_runs_within_the_application_context(self, app, kit):
        from flask import current_app

        heard = []
        app.auth.on(SignInSucceeded)(lambda event: heard.append(current_app.name))
        app.auth.during(Registered)(lambda event, tx: heard.append(current_app.name))
        kit.client(kit.account())
        assert heard == ["bank", "bank"]

    def test_a_suspended_account_is_refused(self, app, kit):
        ada = kit.account()
        with app.app_context():
            app.auth.accounts.suspend(ada, reason="asked for")
        with pytest.raises(SignInRefused):
            kit.client(ada)

    def test_an_unverified_account_is_refused(self, kit):
        with pytest.raises(SignInRefused):
            kit.client(kit.account(verified=False))

    def test_a_policy_that_wants_two_factors_wants_two(self):
        with AuthKit(bank(sign_in=SignIn(policy=2, vouches=("totp",)))) as kit:
            ada = kit.account()
            with pytest.raises(ConfigurationError, match="policy wants another factor") as caught:
                kit.client(ada)
            assert 'factors=["password", "totp"]' in str(caught.value)
            assert who(kit.client(ada, factors=["password", "totp"])) == ada.id

    def test_a_proof_that_the_application_does_not_know_is_said_with_the_cure(self, kit):
        with pytest.raises(ConfigurationError, match="proves that") as caught:
            kit.client(factors=["password", "passkey"])
        assert 'SignIn(vouches=("passkey",))' in str(caught.value)


class TestFactorsAndTheirAge:
    def test_they_are_as_old_as_asked(self, kit):
        client = kit.client(factors=["password", "totp"], age="10m")
        ago = kit.clock.now() - 600_000
        assert client.get("/who").json["factors"] == {"password": ago, "totp": ago}

    def test_a_step_up_is_needed_when_they_are_too_old(self, kit):
        teller = kit.client(factors=["password", "totp"])
        assert teller.post("/transfers").status_code == 200
        kit.clock.advance("6m")
        answer = teller.post("/transfers", headers=JSON)
        assert (answer.status_code, answer.get_json()["code"]) == (403, "step_up_needed")

    def test_an_old_proof_needs_one_from_the_start(self, kit):
        answer = kit.client(factors=["password", "totp"], age="6m").post("/transfers", headers=JSON)
        assert (answer.status_code, answer.json["code"]) == (403, "step_up_needed")

    def test_one_factor_is_not_two(self, kit):
        assert kit.client(factors=["password"]).post("/transfers", headers=JSON).json["code"] == "step_up_needed"

    def test_a_session_ends_when_its_time_is_over(self):
        with AuthKit(bank(sessions=Sessions(idle="1h", absolute="1d"))) as kit:
            client = kit.client(kit.account())
            kit.clock.advance("59m")
            assert who(client)
            kit.clock.advance("2h")
            assert who(client) == ""


class TestRoles:
    @pytest.fixture
    def staff(self):
        roles = Roles({"editor": ["article:*"], "reader": ["article:read"]}, default=["reader"])
        with AuthKit(bank(further=(roles, Tokens(), ApiKeys()))) as kit:
            kit.roles = kit.app.extensions["ostiary"].runtime.action("roles", RoleActions)
            yield kit

    @pytest.mark.parametrize("via", ["session", "bearer", "api_key"])
    def test_a_client_is_given_roles_whatever_carries_her(self, staff, via):
        client = staff.client(roles=["editor"], via=via)
        subject = client.get("/who").json["subject"]
        assert staff.roles.of(subject) == {"editor", "reader"}

    def test_roles_hold_where_on_says(self, staff):
        account = staff.account()
        staff.client(account, roles=["editor"], on=("org", "acme"))
        assert staff.roles.of(account, ("org", "acme")) == {"editor", "reader"}
        assert staff.roles.of(account) == {"reader"}

    def test_a_key_is_narrowed_to_what_its_owner_was_given(self, staff):
        assert staff.client(roles=["editor"], via="api_key", scope=["article:write"])
        with pytest.raises(ValidationFailed):
            staff.client(via="api_key", scope=["article:write"])

    def test_an_account_is_made_with_roles(self, staff):
        assert staff.roles.of(staff.account(roles=["editor"])) == {"editor", "reader"}

    def test_a_role_that_nobody_defines_is_said(self, staff):
        with pytest.raises(ValidationFailed, match="unknown_role"):
            staff.client(roles=["editr"])

    def test_a_place_without_roles_means_nothing(self, staff):
        with pytest.raises(ConfigurationError, match=r"write client\(roles="):
            staff.client(on=("org", "acme"))


class TestWhatTheApplicationDoesNotHave:
    @pytest.mark.parametrize(
        ("asked", "cure"),
        [
            ({"roles": ["teller"]}, "add Roles({…}) to the features"),
            ({"on": ("org", "acme")}, "add Roles({…}) to the features"),
            ({"via": "bearer"}, "add Tokens() to the features"),
            ({"via": "api_key"}, "add ApiKeys() to the features"),
            ({"scope": ["order:read"]}, 'give via="bearer" or via="api_key" as well'),
        ],
    )
    def test_is_said_with_the_cure(self, kit, asked, cure):
        with pytest.raises(ConfigurationError) as caught:
            kit.client(**asked)
        assert cure in str(caught.value)

    def test_roles_of_an_account_are_one_of_these(self, kit):
        with pytest.raises(ConfigurationError, match="add Roles"):
            kit.account(roles=["teller"])

    def test_sessions_are_one_of_these(self):
        app = Flask("nothing")
        Auth(app, [Passwords(lookup={}.get)])
        with AuthKit(app) as kit, pytest.raises(ConfigurationError, match=r"add Sessions\(\)"):
            kit.client("ada")

    def test_accounts_and_mail_are_two_of_these(self):
        app = Flask("plain")
        Auth(app, [Sessions()])
        with AuthKit(app) as kit:
            with pytest.raises(ConfigurationError, match=r"add Accounts\(\)"):
                kit.account()
            with pytest.raises(ConfigurationError, match="sends mail"):
                _ = kit.outbox

    def test_an_application_without_auth_is_told_so(self):
        with pytest.raises(ConfigurationError, match="init_app"):
            AuthKit(Flask("bare"))


class TestAccounts:
    def test_one_that_says_nothing_has_an_address_and_a_password(self, kit):
        account = kit.account()
        answer = kit.client().post("/auth/sign-in", json={"identifier": account.email, "password": PASSWORD})
        assert (answer.status_code, answer.json["subject"]) == (200, account.id)
        assert account.verified

    def test_addresses_are_made_up_anew(self, kit):
        assert len({kit.account().email for _ in range(5)}) == 5

    @pytest.mark.parametrize("kind", ["username", "phone"])
    def test_they_are_known_by_what_the_application_asks_for(self, kind):
        with AuthKit(bank(accounts=Accounts(identifiers=(kind,), registration="closed"))) as kit:
            assert getattr(kit.account(), kind)
            assert getattr(kit.account(), kind)

    def test_required_fields_are_made_up_unless_the_test_gives_them(self):
        fields = [
            Field("display_name", max_length=9),
            Field("terms", bool),
            Field("age", int),
            Field("note", required=False),
        ]
        with AuthKit(bank(accounts=Accounts(fields=fields))) as kit:
            found = kit.client(kit.account(fields={"age": 42})).get("/account").json["fields"]
        assert found == {"display_name": "Display n", "terms": True, "age": 42, "note": None}

    def test_no_password_is_kept_where_none_is_ours(self):
        app = Flask("directory")
        Auth(app, [Accounts(), Passwords(check=lambda name, password: None), Sessions()])
        with AuthKit(app) as kit:
            assert kit.account().email


class TestTestsAreCheap:
    def test_hashing_costs_next_to_nothing(self, app, kit):
        with app.app_context():
            stored = app.auth.passwords.hash(PASSWORD)
            assert stored.startswith("$argon2id$v=19$m=1024,t=1,p=1$")

    def test_a_hash_of_full_price_goes_on_verifying_and_is_never_made_cheap(self):
        renewed, users = [], {"ada": hash_password(PASSWORD)}
        app = Flask("own users")
        passwords = Passwords(lookup=users.get, on_rehash=lambda *facts: renewed.append(facts))
        auth = Auth(app, [Sessions(), passwords])
        with AuthKit(app), app.app_context():
            assert auth.passwords.verify("ada", PASSWORD).subject == "ada"
        assert renewed == []


class TestLimits:
    def _guess(self, kit, times=30):
        client, ada = kit.client(), kit.account()
        body = {"identifier": ada.email, "password": "wrong"}
        return {client.post("/auth/sign-in", json=body).status_code for _ in range(times)}

    def test_are_off_in_tests(self, kit):
        assert self._guess(kit) == {401}

    def test_are_on_for_a_kit_that_asks_for_them(self, app):
        with AuthKit(app, limits=True) as kit:
            assert self._guess(kit) == {401, 429}

    def test_are_on_from_where_a_test_asks_for_them(self, kit):
        assert self._guess(kit) == {401}
        kit.limits(True)
        assert self._guess(kit) == {401, 429}
        kit.limits(False)
        assert self._guess(kit) == {401}

    def test_stay_off_where_the_application_has_switched_them_off(self):
        with AuthKit(bank(further=[RateLimits(enabled=False)]), limits=True) as kit:
            assert self._guess(kit) == {401}

    def test_pass_with_the_frozen_clock(self, app):
        with AuthKit(app, limits=True) as kit:
            client, ada = kit.client(), kit.account()
            body = {"identifier": ada.email, "password": "wrong"}
            while (answer := client.post("/auth/sign-in", json=body)).status_code == 401:
                pass
            kit.clock.advance(int(answer.headers["Retry-After"]))
            assert client.post("/auth/sign-in", json=body).status_code == 401


class TestWhereThingsAreStored:
    def test_every_kit_begins_with_nothing(self, app):
        for _ in range(2):
            with AuthKit(app) as kit:
                kit.account(email="ada@example.com")

    def test_nothing_is_written_into_the_instance_folder(self, tmp_path):
        app = Flask("tidy", instance_path=str(tmp_path / "instance"))
        Auth(app, [Passwords(), Sessions()])
        with AuthKit(app) as kit:
            kit.client(kit.account())
        assert not (tmp_path / "instance").exists()

    def test_the_file_is_gone_afterwards(self, app):
        with AuthKit(app) as kit:
            kit.client(kit.account())
            file = app.extensions["ostiary"].runtime.database.file
            assert file.is_file()
        assert not file.parent.exists()

    def test_a_database_that_is_given_is_used(self, database_url):
        from ostiary.storage import schema
        from ostiary.storage.database import Database

        given = Database.from_url(database_url)
        schema.upgrade(given)
        given.close()
        app = bank(database=database_url)
        with AuthKit(app) as kit:
            ada = kit.account(email="ada@example.com")
            assert who(kit.client(ada)) == ada.id
        with AuthKit(app) as kit:
            assert who(kit.client("ada@example.com")) == ada.id

    def test_a_database_that_the_settings_name_is_used(self, sqlite_url):
        app = bank(config={"OSTIARY_DATABASE_URL": sqlite_url})
        for _ in range(2):
            with AuthKit(app) as kit, app.app_context():
                app.auth.accounts.ensure(email="ada@example.com", password=PASSWORD)
                assert who(kit.client("ada@example.com"))

    def test_what_a_fixture_stored_before_is_there(self, app):
        app.testing = True
        with app.app_context():
            ada = app.auth.accounts.create(email="ada@example.com", password=PASSWORD)
        for _ in range(2):
            with AuthKit(app) as kit:
                assert who(kit.client("ada@example.com")) == ada.id

    def test_an_application_that_was_used_before_it_was_a_test_is_refused(self, tmp_path):
        app = Flask("hasty", instance_path=str(tmp_path / "instance"))
        app.debug = True
        auth = Auth(app, [Passwords(), Sessions()])
        with app.app_context():
            auth.accounts.create(email="ada@example.com", password=PASSWORD)
        with pytest.raises(ConfigurationError, match=r"set app\.testing = True in your app fixture"):
            AuthKit(app)
        runtime = app.extensions["ostiary"].runtime
        from ostiary.storage.guard_reads import GuardReads

        runtime.resources[GuardReads].close()
        runtime.database.close()


class TestMail:
    def test_a_registration_sends_a_link_that_leads_back_into_the_application(self, kit):
        client = kit.client()
        client.post("/auth/register", json={"identifier": "ada@example.com", "password": PASSWORD})
        link = kit.outbox.last(to="ada@example.com").link
        assert client.get(link).status_code == 200

    def test_a_link_to_the_public_url_finds_the_cookies_of_its_browser(self):
        config = {
            "OSTIARY_PUBLIC_URL": "https://bank.example",
            "OSTIARY_SECRET_KEY": "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a",
        }
        with AuthKit(bank(config=config)) as kit:
            client = kit.client()
            client.post("/auth/register", json={"identifier": "ada@example.com", "password": PASSWORD})
            link = kit.outbox.last().link
            assert link.startswith("https://bank.example/auth/")
            # A browser that has begun the registration is asked for no password.
            assert 'type="password"' not in client.get(link, headers={"Accept": "text/html"}).text
            assert 'type="password"' in kit.client().get(link, headers={"Accept": "text/html"}).text
            assert who(kit.client(kit.account()))

    def test_mail_stays_here_whatever_server_the_settings_name(self):
        config = {
            "OSTIARY_MAIL_URL": "smtp://127.0.0.1:9",
            "OSTIARY_MAIL_FROM": "bank@example.com",
            "OSTIARY_MAIL_WORKER": "none",
        }
        with AuthKit(bank(config=config)) as kit:
            kit.client().post("/auth/register", json={"identifier": "ada@example.com", "password": PASSWORD})
            assert kit.outbox.last(to="ada@example.com").text


class TestOutsideOfTests:
    @pytest.mark.asvs("V13.4.2")
    def test_a_runtime_that_is_no_test_takes_no_cheap_hashes(self, app):
        with AuthKit(app) as kit:
            app.testing = False
            app.config.update(OSTIARY_DEVELOPMENT="1", OSTIARY_SECRET_KEY="Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")
            with pytest.raises(ConfigurationError, match=r"app\.testing is false"):
                kit.client()
            app.testing = True

    def test_an_application_is_what_it_was_before_when_the_kit_is_closed(self, app):
        app.testing = True
        kit = AuthKit(app)
        kit.client(kit.account())
        kit.close()
        runtime = app.extensions["ostiary"].runtime
        assert Rehearsal not in runtime.resources
        assert type(runtime.clock).__name__ == "SystemClock"
        with app.app_context():
            assert "m=65536" in app.auth.passwords.hash(PASSWORD)

    def test_a_kit_sets_testing(self, app):
        assert not app.testing
        with AuthKit(app):
            assert app.testing


def test_a_browser_that_is_remembered_can_be_tried_out():
    app = bank(further=[RememberMe()])
    with AuthKit(app) as kit:
        ada = kit.account()
        client = kit.client()
        body = {"identifier": ada.email, "password": PASSWORD, "remember": True}
        assert client.post("/auth/sign-in", json=body).status_code == 200
        kit.clock.advance("20d")
        assert who(client) == ada.id
        assert client.post("/transfers", headers=JSON).json["code"] == "step_up_needed"


class TestApiKeys:
    @pytest.fixture
    def app(self):
        return bank(further=[ApiKeys(prefix="bank")])

    def test_a_program_comes_with_a_real_key(self, app):
        with AuthKit(app) as kit:
            ada = kit.account()
            client = kit.client(ada, via="api_key")
            assert who(client) == ada.id
            with app.app_context():
                (key,) = app.auth.api_keys.list(ada)
                app.auth.api_keys.revoke(key.id, owner=ada)
            assert client.get("/account").status_code == 401

    def test_its_scope_narrows_it(self, app):
        with AuthKit(app) as kit:
            assert kit.client(via="api_key", scope=["order:read"]).get("/account").status_code == 403

    @pytest.mark.parametrize("asked", [{"factors": ["password"]}, {"age": "5m"}])
    def test_a_key_proves_nothing(self, app, asked):
        with AuthKit(app) as kit, pytest.raises(ConfigurationError, match="a key proves nothing"):
            kit.client(via="api_key", **asked)


# Tokens


def _token_bank(tmp_path=None, **kwargs):
    from ostiary import Tokens

    return bank(further=[Tokens()], **kwargs)


def test_a_client_may_carry_a_token_and_its_proofs(sqlite_url):
    with AuthKit(_token_bank(database=sqlite_url)) as kit:
        ada = kit.account(email="ada@example.com")
        client = kit.client(ada, via="bearer", factors=["password", "totp"], age="1m")
        assert who(client) == ada.id
        assert client.post("/transfers").status_code == 200
        kit.clock.advance("5m")
        assert client.post("/transfers").status_code == 401, "a program is told by RFC 9470"


def test_a_token_is_narrowed_by_its_scope(sqlite_url):
    with AuthKit(_token_bank(database=sqlite_url)) as kit:
        client = kit.client(kit.account(), via="bearer", scope=["order:read"])
        assert client.get("/account").status_code == 403


def test_a_suspended_account_gets_no_token(sqlite_url):
    from ostiary import SignInRefused

    with AuthKit(_token_bank(database=sqlite_url)) as kit:
        ada = kit.account()
        with kit.app.app_context():
            kit.app.auth.accounts.suspend(ada, reason="test")
        with pytest.raises(SignInRefused):
            kit.client(ada, via="bearer")


def test_too_few_proofs_for_a_token_are_told(sqlite_url):
    from ostiary import SignIn

    app = _token_bank(database=sqlite_url, sign_in=SignIn(policy=2, vouches=("totp",)))
    with AuthKit(app) as kit:
        with pytest.raises(ConfigurationError, match="policy wants another factor"):
            kit.client(kit.account(), via="bearer")
        assert kit.client(kit.account(), via="bearer", factors=["totp", "password"]).get("/who").json["subject"]


def test_without_sessions_a_client_carries_a_token_by_itself():
    from flask import Flask

    from ostiary import Passwords, Tokens
    from ostiary.flask import Auth

    app = Flask("api")
    auth = Auth(app, [Passwords(lookup={}.get), Tokens(stateless=True)])
    app.add_url_rule("/", "index", auth.require(lambda: {"subject": auth.principal.subject}))
    with AuthKit(app) as kit:
        assert kit.client().get("/").status_code == 401
        assert kit.client("ada").get("/").json == {"subject": "ada"}
