"""Flask-Login's weak spots, each shown not to be one here: small applications as its users write them."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest
from flask import Blueprint, Flask, redirect, request, session, url_for
from flask.testing import FlaskClient

import ostiary.events
from ostiary import ConfigurationError, Passwords, Sessions, SignIn
from ostiary.events import Event, SignedOut, SignInSucceeded
from ostiary.features.passwords import Argon2id
from ostiary.flask import Auth
from ostiary.storage.guard_reads import GuardReads

SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
PASSWORD = "correct horse battery staple"
STORED = Argon2id(memory_kib=19_456, passes=2, lanes=1).hash(PASSWORD)
KEY = "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test"


class Site:
    """An application with its own users and its own sign-in page, and whoever visits it."""

    def __init__(
        self, folder: Path, *, config: dict[str, Any] | None = None, loader: Callable[[str], Any] | None = None
    ) -> None:
        self.app = app = Flask("site")
        app.config["SECRET_KEY"] = "for-flask-itself"
        app.config["OSTIARY_SECRET_KEY"] = KEY
        app.config["OSTIARY_DATABASE_URL"] = f"sqlite:///{folder / 'site.sqlite3'}"
        app.config.update(config or {})
        users = {"ada": STORED, "bob": STORED}
        passwords = Passwords(lookup=users.get, memory_kib=19_456, passes=2, lanes=1)
        self.auth = auth = Auth(app, [Sessions(), passwords, SignIn(page="login")], user_loader=loader)

        @app.route("/login", methods=["GET", "POST"])
        def login():
            if request.method == "GET":
                return f"please sign in {auth.csrf_token()}"
            auth.sign_in(auth.passwords.verify(*auth.credentials()))
            return redirect(auth.next_url(url_for("home")))

        @app.post("/logout")
        def logout():
            auth.sign_out()
            return "bye"

        @app.get("/")
        @auth.require
        def home():
            return auth.principal.subject

        @app.get("/open")
        @auth.optional
        def anybody():
            return auth.principal.subject or "nobody"

        @app.post("/basket/<what>")
        @auth.public
        def basket(what):
            session["basket"] = what
            return dict(session)

        @app.get("/basket")
        @auth.public
        def show_basket():
            return dict(session)

    def visit(self) -> FlaskClient:
        return self.app.test_client()

    def sign_in(self, client: FlaskClient, who: str = "ada") -> Any:
        return client.post("/login", data={"username": who, "password": PASSWORD}, headers={**SAME, **PAGE})


@pytest.fixture
def site(tmp_path: Path) -> Site:
    return Site(tmp_path)


def _cookie(client: FlaskClient, stem: str = "ostiary_session") -> str:
    found = client.get_cookie(stem)
    assert found is not None
    return found.value


def _token(client: FlaskClient) -> str:
    """The CSRF token that the sign-in page shows."""
    return client.get("/login").text.split()[-1]


# L1: the session is never regenerated


def test_l1_nothing_planted_before_a_sign_in_is_worth_anything_after_it(site: Site) -> None:
    attacker, victim = site.visit(), site.visit()
    site.sign_in(attacker, "bob")
    planted = _cookie(attacker)
    token = _token(victim)
    victim.set_cookie("ostiary_session", planted)
    site.sign_in(victim)
    assert _cookie(victim) != planted
    assert victim.get("/").text == "ada"
    thief = site.visit()
    thief.set_cookie("ostiary_session", planted)
    assert thief.get("/open").text == "nobody", "what she carried has ended"
    refused = victim.post("/logout", headers={"X-Ostiary-CSRF": token})
    assert refused.status_code == 403, "nor is a token from before worth anything"


def test_l1_who_is_signed_in_does_not_stand_in_flasks_session_and_the_application_empties_it_if_it_likes(
    site: Site,
) -> None:
    client = site.visit()
    client.post("/basket/tea")
    site.sign_in(client)
    assert client.get("/basket").json == {"basket": "tea"}, "it is the application's, and holds nothing of ours"

    @site.auth.on(SignInSucceeded)
    @site.auth.on(SignedOut)
    def empty(_: Event) -> None:
        session.clear()

    client.post("/logout", headers=SAME)
    assert client.get("/basket").json == {}
    client.post("/basket/milk")
    site.sign_in(client)
    assert client.get("/basket").json == {}


# L2: signing out only asks the browser


def test_l2_a_captured_cookie_is_dead_after_signing_out_and_every_browser_is_on_a_list(site: Site) -> None:
    client, copy, other = site.visit(), site.visit(), site.visit()
    site.sign_in(client)
    site.sign_in(other)
    copy.set_cookie("ostiary_session", _cookie(client))
    assert copy.get("/").text == "ada"
    with site.app.app_context():
        assert len(site.auth.sessions.list("ada")) == 2
    client.post("/logout", headers=SAME)
    assert (copy.get("/").status_code, other.get("/").text) == (401, "ada")
    with site.app.app_context():
        (left,) = site.auth.sessions.list("ada")
        site.auth.sessions.end(left.id)
    assert other.get("/").status_code == 401


# L6: a key outside latin-1 fails at sign-in


def test_l6_a_key_of_any_letters_signs_in(tmp_path: Path) -> None:
    made = Site(tmp_path, config={"OSTIARY_SECRET_KEY": "ключ-от-входной-двери-№-12-非常に長い鍵"})
    client = made.visit()
    assert _token(client)
    assert made.sign_in(client).status_code == 302
    assert client.get("/").text == "ada"


# L7: fallbacks of the key are ignored


def test_l7_whoever_is_signed_in_stays_so_when_the_key_rotates_and_her_open_form_is_still_good(tmp_path: Path) -> None:
    before = Site(tmp_path)
    client = before.visit()
    before.sign_in(client)
    token = _token(client)
    rotated = {"OSTIARY_SECRET_KEY": f"another-{KEY}", "OSTIARY_SECRET_KEY_FALLBACKS": KEY}
    after = Site(tmp_path, config=rotated).visit()
    after.set_cookie("ostiary_session", _cookie(client))
    assert after.get("/").text == "ada"
    assert after.post("/logout", headers={"X-Ostiary-CSRF": token}).text == "bye"


# L9 and L10: an address and a browser's name are taken for a binding


def test_l9_l10_another_address_and_another_version_of_the_browser_change_nothing(site: Site) -> None:
    client = site.visit()
    site.sign_in(client)
    moved = client.get(
        "/", environ_base={"REMOTE_ADDR": "2001:db8::7"}, headers={"User-Agent": "Mozilla/5.0 (another version)"}
    )
    assert moved.text == "ada"


def test_l9_what_is_to_be_protected_is_protected_whatever_the_session_is(site: Site) -> None:
    """Instead of a guess from headers, a guard asks for a recent proof."""

    @site.app.get("/payout")
    @site.auth.require(fresh="5m")
    def payout():
        return "paid"

    client = site.visit()
    site.sign_in(client)
    assert client.get("/payout").text == "paid"
    clock = site.app.extensions["ostiary"].runtime.clock
    later = clock.now() + 6 * 60_000

    class Later:
        def now(self) -> int:
            return later

    site.app.extensions["ostiary"].runtime.guard._clock = Later()
    assert "why=stale" in client.get("/payout", headers=PAGE).location
    assert client.get("/").text == "ada"


# L11: an unknown id is asked for on every request


def test_l11_a_cookie_of_nobody_is_cleared_and_the_database_is_asked_once(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = site.visit()
    site.sign_in(client)
    with site.app.app_context():
        site.auth.sessions.end_all("ada")
    asked, original = [], GuardReads.fetch_one

    def counted(self: GuardReads, *arguments: Any) -> Any:
        asked.append(arguments)
        return original(self, *arguments)

    monkeypatch.setattr(GuardReads, "fetch_one", counted)
    assert [client.get("/open").text for _ in range(3)] == ["nobody"] * 3
    assert (client.get_cookie("ostiary_session"), len(asked)) == (None, 1)


# L12: an async loader is never awaited


def test_l12_an_async_loader_is_awaited_and_one_that_knows_nobody_lets_nobody_in(tmp_path: Path) -> None:
    gone: set[str] = set()

    async def load(subject: str) -> str | None:
        return None if subject in gone else f"user {subject}"

    made = Site(tmp_path, loader=load)

    @made.app.get("/me")
    @made.auth.require
    def me():
        return made.auth.user

    client = made.visit()
    made.sign_in(client)
    assert client.get("/me").text == "user ada"
    gone.add("ada")
    assert client.get("/me").status_code == 401


# L13: the user is cached on g


def test_l13_with_an_application_context_pushed_every_client_is_itself(site: Site) -> None:
    with site.app.app_context():
        ada, bob, nobody = site.visit(), site.visit(), site.visit()
        site.sign_in(ada)
        site.sign_in(bob, "bob")
        assert [client.get("/open").text for client in (ada, bob, nobody, ada)] == ["ada", "bob", "nobody", "ada"]


# L14: sign-in pages of blueprints


def test_l14_a_blueprint_may_have_a_sign_in_page_of_its_own_and_the_others_keep_theirs(site: Site) -> None:
    staff, auth = Blueprint("staff", __name__, url_prefix="/staff"), site.auth

    @staff.get("/")
    @auth.require
    def rota():
        return "rota"

    @staff.get("/login")
    def staff_login():
        return "staff only"

    @auth.error_handler
    def refuse(error):
        if error.status == 401 and request.blueprint == "staff":
            return redirect(url_for("staff.staff_login", next=request.full_path))
        return None

    site.app.register_blueprint(staff)
    client = site.visit()
    assert client.get("/staff/", headers=PAGE).location.startswith("/staff/login?next=")
    assert client.get("/", headers=PAGE).location == "/login?next=%2F"


def test_l14_a_sign_in_page_that_is_not_there_is_told_before_the_first_view_and_never_a_crash_later(
    tmp_path: Path,
) -> None:
    app = Flask("site")
    app.testing = True
    auth = Auth(app, [Sessions(), SignIn(page="lgin")])

    @app.get("/login")
    def login():
        return "please sign in"

    @app.get("/")
    @auth.require
    def home():
        return "home"

    with pytest.raises(ConfigurationError, match=r"no_sign_in_page.*'lgin'(.|\n)*write 'login'"):
        app.test_client().get("/login")


# L16: the validation of next is left to the application


@pytest.mark.parametrize(
    "target",
    [
        "https://evil.test",
        "//evil.test",
        "/\\evil.test",
        "/\t/evil.test",
        "https:evil.test",
        "javascript:alert(1)",
        "\\evil",
    ],
)
def test_l16_next_leads_to_a_page_of_ours_or_to_the_default(site: Site, target: str) -> None:
    client = site.visit()
    form = {"username": "ada", "password": PASSWORD}
    answer = client.post("/login", query_string={"next": target}, data=form, headers={**SAME, **PAGE})
    assert answer.location == "/"
    good = client.post("/login", query_string={"next": "/open?a=1"}, data=form, headers={**SAME, **PAGE})
    assert good.location == "/open?a=1"


# L17: one secret for everything


def test_l17_what_is_made_for_one_purpose_is_of_no_use_for_another(site: Site) -> None:
    client = site.visit()
    token = _token(client)
    site.sign_in(client)
    values = {stem: _cookie(client, stem) for stem in ("ostiary_session", "ostiary_device", "ostiary_csrf")}
    values["token"] = token
    for source, value in values.items():
        for stem in ("ostiary_session", "ostiary_device", "ostiary_csrf", "ostiary_pending", "ostiary_remember"):
            other = site.visit()
            other.set_cookie(stem, value)
            who = other.get("/open").text
            assert who == ("ada" if source == stem == "ostiary_session" else "nobody"), (source, stem)


def test_l17_flasks_own_key_signs_nobody_in(site: Site) -> None:
    forged = site.app.session_interface.get_signing_serializer(site.app).dumps({"_user_id": "ada", "subject": "ada"})
    client = site.visit()
    for stem in ("session", "ostiary_session"):
        client.set_cookie(stem, forged)
    assert client.get("/open").text == "nobody"


# L18: undocumented signals, no types, one manager an application


def test_l18_every_event_is_documented() -> None:
    page = (Path(__file__).resolve().parents[2] / "docs" / "reference" / "events.md").read_text("utf-8")
    kinds = [getattr(ostiary.events, name) for name in ostiary.events.__all__]
    events = [kind for kind in kinds if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event]
    assert len(events) > 10
    assert not [kind.__name__ for kind in events if f"| `{kind.__name__}` |" not in page]


def test_l18_the_package_is_typed() -> None:
    assert files("ostiary").joinpath("py.typed").is_file()


def test_l18_one_auth_serves_several_applications(tmp_path: Path) -> None:
    auth = Auth(features=[Sessions()])
    clients = []
    for name in ("one", "two"):
        app = Flask(name)
        app.testing = True
        app.config["OSTIARY_DATABASE_URL"] = f"sqlite:///{tmp_path / name}.sqlite3"
        auth.init_app(app)
        app.add_url_rule("/in", "in", lambda: auth.sign_in("ada").response(), methods=["POST"])
        app.add_url_rule("/who", "who", auth.require(lambda: auth.principal.subject))
        clients.append(app.test_client())
    clients[0].post("/in", headers=SAME)
    assert [client.get("/who").status_code for client in clients] == [200, 401]


# L19: a sign-in leaves no CSRF token, no rotation and no record


def test_l19_a_sign_in_leaves_a_new_session_a_token_bound_to_it_and_a_record(site: Site) -> None:
    client, stranger = site.visit(), site.visit()
    site.sign_in(client)
    first = _cookie(client)
    site.sign_in(client)
    assert _cookie(client) != first
    token = _token(client)
    assert stranger.post("/logout", headers={"X-Ostiary-CSRF": token}).status_code == 200, "nobody is signed out"
    site.sign_in(stranger, "bob")
    assert stranger.post("/logout", headers={"X-Ostiary-CSRF": token}).status_code == 403
    with site.app.app_context():
        named = [(entry.event, entry.subject) for entry in site.auth.audit_log.entries(subject="ada")]
        (device,) = site.auth.sessions.list("ada")
    assert named.count(("sign_in_succeeded", "ada")) == 2
    assert (device.network, [factor.kind for factor in device.factors]) == ("127.0.0.1", ["password"])
    assert client.post("/logout", headers={"X-Ostiary-CSRF": token}).text == "bye"
