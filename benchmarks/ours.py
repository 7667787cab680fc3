"""Our own applications: each guard, as an application switches it on, configured as in production."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import cycle
from pathlib import Path
from typing import Any, Final

from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from flask import Flask
from flask.typing import ResponseReturnValue

from benchmarks.case import BARE, ORIGIN, SECRET, Case, cookies_after, get
from benchmarks.clients import PASSWORD
from benchmarks.workplace import Workplace
from ostiary import Accounts, ApiKeys, Passwords, Roles, Sessions, Tokens
from ostiary.flask import Auth
from ostiary.kernel.principal import Principal
from ostiary.kernel.requirement import Requirement


@dataclass(frozen=True, slots=True, kw_only=True)
class Amounts:
    """How much the applications hold.

    ``unseen``  tokens that take turns, so that each has been forgotten when it comes again: twice what a process remembers
    ``roles``   how many roles are defined, least first
    """

    unseen: int = 9_000
    roles: tuple[int, ...] = (10, 1_000, 100_000)


A_LOOK: Final = Amounts(unseen=4_500)
"""As few tokens as will do: a little more than a process remembers."""

ROLE_AIM: Final = 2 / 45
"""Two microseconds for a question to the roles where a bare view takes 45; as a share, since microseconds do not carry over."""

_FEW: Final = 20


def bare_application() -> Flask:
    """The view that everything is divided by."""
    app = Flask("bare")

    @app.get("/guarded")
    def view() -> dict[str, int]:
        return {"answer": 42}

    return app


def application(
    place: Workplace, name: str, features: list[Any], database: str | None = None, **config: Any
) -> tuple[Flask, Auth]:
    """An application with a public view, a guarded one, and ways to sign in and to get tokens."""
    app = Flask(name, instance_path=str(Path(place.folder, name)))
    # As in production, wherever this runs.
    app.config.update(OSTIARY_DEVELOPMENT=False, OSTIARY_SECRET_KEY=SECRET, OSTIARY_PUBLIC_URL=ORIGIN, **config)
    if database is not None:
        migrate(database)
    auth: Auth = Auth(app, features, database=database)

    @app.get("/public")
    def public() -> dict[str, int]:
        return {"answer": 42}

    @app.get("/guarded")
    @auth.require
    def guarded() -> dict[str, int]:
        return {"answer": 42}

    @app.post("/sign-in")
    def sign_in() -> dict[str, int]:
        auth.sign_in("ada")
        return {}

    @app.post("/issue")
    def issue() -> ResponseReturnValue:
        return auth.tokens.issue("ada").response()

    return app, auth


def migrate(url: str) -> None:
    """Make the tables in a database."""
    from ostiary.storage.database import Database  # as `ostiary db upgrade` does

    database = Database.from_url(url, migrates_itself=True)
    database.engine()
    database.close()


def private_key(algorithm: str) -> str:
    """A new private key, PEM."""
    key: Any
    if algorithm == "ES256":
        key = ec.generate_private_key(ec.SECP256R1())
    elif algorithm == "RS256":
        key = rsa.generate_private_key(public_exponent=65_537, key_size=2_048)
    else:
        key = ed25519.Ed25519PrivateKey.generate()
    pem: bytes = key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())
    return pem.decode()


def _bearers(auth: Auth, app: Flask, count: int) -> list[str]:
    with app.app_context():
        return [f"Bearer {auth.tokens.issue('ada').access_token}" for _ in range(count)]


def token_cases(place: Workplace, unseen: int) -> Iterator[Case]:
    """Access tokens: seen for the first time, and seen before; alone, and asked whether they were revoked."""
    aims = {"HS256": 2.0, "RS256": 2.6, "ES256": 3.9, "Ed25519": 4.6}
    for algorithm, aim in aims.items():
        key: dict[str, Any] = (
            {"secret": SECRET}
            if algorithm == "HS256"
            else {"algorithm": algorithm, "private_key": private_key(algorithm)}
        )
        group = "JWT guard, HS256" if algorithm == "HS256" else "JWT guard, RS256, ES256, EdDSA"
        app, auth = application(place, f"ours-{algorithm}", [Tokens(stateless=True, **key)])
        new = _bearers(auth, app, unseen)
        first = get(app, authorizations=new)
        yield Case(group=group, name=f"Ostiary, {algorithm}, first time, stateless", run=first, ours=True, aim=aim)
        again = get(app, authorizations=_bearers(auth, app, _FEW))
        yield Case(group=group, name=f"Ostiary, {algorithm}, seen before, stateless", run=again, ours=True, aim=1.35)
        for where, url in _databases(place, f"ours-{algorithm}"):
            app, auth = application(place, f"ours-{algorithm}-{where}", [Tokens(**key)], url)
            again = get(app, authorizations=_bearers(auth, app, _FEW))
            name = f"Ostiary, {algorithm}, seen before, revocation asked ({where})"
            yield Case(group=group, name=name, run=again, ours=True, aim=1.35)
            if algorithm == "HS256":
                # Of the same issuer and key; to issue them here would write a refresh family for each.
                first = get(app, authorizations=new)
                name = f"Ostiary, {algorithm}, first time, revocation asked ({where})"
                yield Case(group=group, name=name, run=first, ours=True, aim=aim)


def _databases(place: Workplace, name: str) -> Iterator[tuple[str, str | None]]:
    yield "SQLite", place.sqlite(name)
    if place.postgresql is not None:
        yield "PostgreSQL", place.database(place.postgresql)


def session_cases(place: Workplace) -> Iterator[Case]:
    """Sessions, read at every request and remembered; and what a public view pays for them."""
    group = "session guard"
    for where, url in _databases(place, "ours-sessions"):
        app, _ = application(place, f"ours-sessions-{where}", [Sessions()], url)
        cookie = cookies_after(app, "/sign-in")
        yield Case(
            group=group,
            name=f"Ostiary, session, one read a request ({where})",
            run=get(app, cookie=cookie),
            ours=True,
            # The aim is about an SQLite file: a server answers when its network does.
            aim=2.3 if where == "SQLite" else None,
        )
        if where == "SQLite":
            public = "public view of an application that has the library"
            yield Case(group=public, name="Ostiary, no cookie", run=get(app, "/public"), ours=True, aim=1.05)
            run = get(app, "/public", cookie=cookie)
            yield Case(group=public, name="Ostiary, signed in", run=run, ours=True, aim=1.05)
    for where, url in _databases(place, "ours-cached"):
        app, _ = application(place, f"ours-cached-{where}", [Sessions(cache="5s")], url)
        run = get(app, cookie=cookies_after(app, "/sign-in"))
        yield Case(group=group, name=f"Ostiary, sessions remembered ({where})", run=run, ours=True, aim=1.5)


def account_cases(place: Workplace) -> Iterator[Case]:
    """A token and a session with the account loaded in the view: a guard of ours does not touch it, that of others does."""
    app, auth = application(
        place, "ours-accounts", [Accounts(), Sessions(), Tokens(secret=SECRET)], place.sqlite("ours-accounts")
    )

    @app.get("/me")
    @auth.require
    def me() -> dict[str, int]:
        assert auth.principal.subject == auth.accounts.get(auth.principal.subject).id
        return {"answer": 42}

    @app.post("/sign-in-with-an-account")
    def sign_in_with_an_account() -> dict[str, int]:
        auth.sign_in(ada)
        return {}

    with app.app_context():
        ada = auth.accounts.create(email="ada@shop.example")
        tokens = [f"Bearer {auth.tokens.issue(ada).access_token}" for _ in range(_FEW)]
    run = get(app, "/me", authorizations=tokens)
    name = "Ostiary, HS256, seen before, and the account loaded (SQLite)"
    yield Case(group="JWT guard, HS256", name=name, run=run, ours=True)
    run = get(app, "/me", cookie=cookies_after(app, "/sign-in-with-an-account"))
    yield Case(group="session guard", name="Ostiary, session, and the account loaded (SQLite)", run=run, ours=True)


def api_key_cases(place: Workplace) -> Iterator[Case]:
    """API keys, read at every request."""
    app, auth = application(place, "ours-keys", [Sessions(), ApiKeys()], place.sqlite("ours-keys"))
    with app.app_context():
        key = auth.api_keys.create("ada", name="bench")
    run = get(app, authorizations=[f"Bearer {key.secret}"])
    yield Case(group="API key guard", name="Ostiary, API key, one read a request (SQLite)", run=run, ours=True, aim=2.0)


def role_cases(place: Workplace, amounts: tuple[int, ...]) -> Iterator[Case]:
    """One question to the roles, with few roles and with many; and a session that has to hold a permission."""
    group = "role or permission check"
    for many in amounts:
        roles = {f"role{number}": [f"thing{number}:read"] for number in range(many - 1)}
        app, auth = application(
            place,
            f"ours-roles-{many}",
            [Sessions(), Roles({**roles, "teller": ["order:*"]})],
            place.sqlite(f"ours-roles-{many}"),
        )
        with app.app_context():
            auth.roles.assign("ada", "teller")
            ada = Principal("ada", rights_version=auth.roles.held("ada").version)
        guard = app.extensions["ostiary"].runtime.guard
        needed = Requirement(permission="order:read")
        name = f"Ostiary, {many:,} roles"
        yield Case(group=group, name=name, run=partial(guard.decide, needed, ada), ours=True, aim=ROLE_AIM)
        if many == min(amounts):
            app.add_url_rule("/orders", "orders", auth.require("order:read")(lambda: {"answer": 42}))
            run = get(app, "/orders", cookie=cookies_after(app, "/sign-in"))
            name = "Ostiary, session with a permission, one read a request (SQLite)"
            yield Case(group="session guard", name=name, run=run, ours=True, aim=2.3)


def sign_in_cases(place: Workplace) -> Iterator[Case]:
    """Signing in by a password, beside the hash that it consists of."""
    from ostiary.features.passwords import Argon2id  # as the settings make it
    from ostiary.features.passwords.background_threads import BackgroundThreads

    hasher = Argon2id()
    stored = hasher.hash(PASSWORD)
    app, auth = application(
        place, "ours-passwords", [Sessions(), Passwords(lookup=lambda _: stored)], place.sqlite("ours-passwords")
    )

    @app.post("/password")
    def password() -> dict[str, int]:
        auth.sign_in(auth.passwords.verify(*auth.credentials()))
        return {}

    group, threads = "sign-in by password", BackgroundThreads(1)
    alone = "the hash alone, in a thread that stands back, as Ostiary makes it (Argon2id)"
    yield Case(group=group, name=alone, run=lambda: threads.run(lambda: hasher.verify(stored, PASSWORD)), base=None)
    # Where others want the processor, to stand back costs: what was in the caches is gone when its turn comes.
    name = "the same hash, in a thread that does not"
    yield Case(group=group, name=name, run=lambda: hasher.verify(stored, PASSWORD), base=None)
    clients = cycle([app.test_client() for _ in range(4)])

    def sign_in() -> None:
        client = next(clients)
        # Her own browser, which is known here, and signed out: as the peers are measured.
        client.delete_cookie("__Host-ostiary_session", domain="shop.example")
        answer = client.post(
            "/password",
            base_url=ORIGIN,
            json={"identifier": "ada", "password": PASSWORD},
            headers={"Sec-Fetch-Site": "same-origin"},
        )
        assert answer.status_code == 200, answer.get_data()

    yield Case(
        group=group, name="Ostiary, sign-in and new session (SQLite)", run=sign_in, ours=True, base=alone, aim=1.02
    )


def cases(place: Workplace, amounts: Amounts) -> Iterator[Case]:
    """Everything of ours, behind the view that it is divided by."""
    yield Case(group="bare", name=BARE, run=get(bare_application()), base=None)
    yield from token_cases(place, amounts.unseen)
    yield from session_cases(place)
    yield from account_cases(place)
    yield from api_key_cases(place)
    yield from role_cases(place, amounts.roles)
    yield from sign_in_cases(place)
