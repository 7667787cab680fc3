"""``AuthKit``: clients that are really signed in, accounts, a frozen clock and captured mail, for tests of an application.

Nobody is signed in by a row that is written past the rules: a kit vouches for a proof, as an application may, and
the pipeline decides what comes of it. So a suspended account is refused, a policy that wants two factors wants them, and
listeners hear of it.
"""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import count
from types import MappingProxyType, TracebackType
from typing import TYPE_CHECKING, Any, Final, Literal, Self, TypeAlias, cast

from flask import Flask
from flask.testing import FlaskClient

from ostiary.delivery.memory import MemoryMailbox
from ostiary.flask.state import EXTENSION, AppState
from ostiary.kernel.clock import Millis
from ostiary.kernel.duration import Duration, milliseconds
from ostiary.kernel.errors import ConfigurationError, misconfigured
from ostiary.kernel.factor import ProvableKinds
from ostiary.kernel.principal import ANONYMOUS, On, Principal
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.runtime.sign_in_answer import PENDING_COOKIE, SignInIncomplete
from ostiary.storage.database import Database
from ostiary.storage.ephemeral.store import EphemeralStore
from ostiary.storage.guard_reads import GuardReads
from ostiary.testing.frozen_clock import FrozenClock
from ostiary.testing.outbox import Outbox
from ostiary.testing.passing_database import passing_database
from ostiary.testing.same_origin_client import same_origin_client
from ostiary.web.cookies import CookieToSet

if TYPE_CHECKING:
    from ostiary.features.accounts import Account, AccountActions, Field
    from ostiary.runtime.runtime import Runtime

Via: TypeAlias = Literal["session", "bearer", "api_key"]

PASSWORD: Final = "correct horse battery staple"  # noqa: S105 - for accounts that live as long as a test
"""The password of every account that a kit makes, unless the test gives one."""

_ADD: Final[Mapping[str, str]] = MappingProxyType(
    {
        "accounts": "add Accounts() to the features",
        "roles": "add Roles({…}) to the features",
        "session": "add Sessions() to the features",
        "bearer": "add Tokens() to the features",
        "api_key": "add ApiKeys() to the features",
    }
)
"""What to write when something is asked for that the application does not have."""


class AuthKit:
    """Tests of one application. Also a context manager, which closes it; the fixture ``auth_kit`` is one.

    ``limits`` has limits counted, as in production; see ``limits()``.
    """

    def __init__(self, app: Flask, *, limits: bool = False) -> None:
        state = app.extensions.get(EXTENSION)
        if not isinstance(state, AppState):
            what = f"AuthKit is given {app.name!r}, which has no Auth"
            raise misconfigured("no_init_app", what, "call auth.init_app(app) in the application factory")
        self.app = app
        self.clock = FrozenClock()
        self._state = state
        self._rehearsal = Rehearsal(limits=limits)
        self._numbers = count(1)
        self._end = ExitStack()
        app.testing = True
        rehearsing = state.rehearsing(self._rehearsal, clock=self.clock, find_database=self._find_database)
        self._end.enter_context(rehearsing)
        self._end.callback(self._close_connections)

    def _find_database(self, before: "Runtime | None") -> Database | None:
        """The database of an application that names none: one of this test's, or where its fixture wrote already."""
        if before is not None:
            if not before.deployment.testing:
                raise misconfigured(
                    "used_before_testing",
                    "the application was used while app.testing was false, so what it wrote is not a test's",
                    "set app.testing = True in your app fixture before anything signs in or is stored",
                )
            return before.database
        if not self._state.assembly.stores() or self._state.sources.find("DATABASE_URL") is not None:
            return None
        return self._end.enter_context(passing_database())

    # --- clients ------------------------------------------------------------------------------------------

    def client(
        self,
        who: "str | Account | None" = None,
        *,
        roles: Sequence[str] = (),
        on: On | None = None,
        factors: Sequence[str] | None = None,
        age: Duration = 0,
        via: Via | None = None,
        scope: Iterable[str] | None = None,
    ) -> FlaskClient:
        """A client that sends what a browser on the application's own pages sends, signed in if anybody is asked for.

        ``who``       an account, an identifier of one, or without Accounts a subject
        ``roles``     what she is given; ``on=("org", "acme")`` says where they hold, else it is everywhere
        ``factors``   the kinds of proof she gave, a password if none is named
        ``age``       how long ago she gave them: ``"10m"``
        ``via``       what carries her: a session cookie, a token or an API key; ``scope`` narrows the latter two. None: a
                      session where there are sessions, else a token

        Without ``who``, anything else makes somebody of its own; ``client()`` alone is nobody. Raises
        ``ConfigurationError`` for what the application does not have, and ``SignInRefused`` for who may not sign in.
        """
        client = same_origin_client(self.app, self._public_url)
        nobody = who is None and factors is None and not roles and on is None and age == 0 and scope is None
        if nobody and (via is None or (via == "session" and "sessions" in self._state.assembly)):
            return client
        via = via or (
            "bearer" if "sessions" not in self._state.assembly and "tokens" in self._state.assembly else "session"
        )
        self._require_what_is_asked_for(roles=roles, on=on, via=via, scope=scope)
        subject = self._subject(who)
        self._give(subject, roles, on)
        if via == "bearer":
            self._carry_token(client, subject, tuple(factors or ("password",)), age, scope)
            return client
        if via == "api_key":
            self._carry_api_key(client, subject, scope, proven=factors is not None or age != 0)
            return client
        # What carries her, in one place: a feature that brings another credential adds its line.
        carry = {"session": self._carry_session}[via]
        carry(client, subject, tuple(factors or ("password",)), age)
        return client

    def _require_what_is_asked_for(
        self, *, roles: Sequence[str], on: On | None, via: Via, scope: Iterable[str] | None
    ) -> None:
        """The one place that knows what each argument needs. Raises ``ConfigurationError`` with the cure."""
        kinds = frozenset[str]().union(*(feature.credential_kinds() for feature in self._state.assembly.features))
        if via not in kinds:
            raise _missing(f"client(via={via!r})", via)
        if scope is not None and via == "session":
            cure = 'give via="bearer" or via="api_key" as well'
            raise misconfigured("scope_of_a_session", "auth_kit.client(scope=…): a session is never narrowed", cure)
        if (roles or on is not None) and "roles" not in self._state.assembly:
            raise _missing(f"client({'roles' if roles else 'on'}=…)", "roles")
        if on is not None and not roles:
            what = f"auth_kit.client(on={on!r}) says where roles hold, and gives none"
            raise misconfigured("place_without_roles", what, 'write client(roles=["editor"], on=("org", "acme"))')

    def _give(self, subject: str, roles: Sequence[str], on: On | None) -> None:
        if not roles:
            return
        from ostiary.features.roles import RoleActions  # they are on

        with self.app.app_context():
            actions = self._runtime.action("roles", RoleActions)
            for role in roles:
                actions.assign(subject, role, on=on, by="auth_kit")

    def _subject(self, who: "str | Account | None") -> str:
        if "accounts" not in self._state.assembly:
            if who is not None and not isinstance(who, str):
                message = (
                    f"auth_kit.client takes a subject as text here, not {type(who).__name__}: there are no accounts"
                )
                raise TypeError(message)
            return who or f"subject-{next(self._numbers)}"
        if who is None:
            return self.account().id
        return self._account(who).id

    def _account(self, who: "str | Account") -> "Account":
        if not isinstance(who, str):
            return who
        with self.app.app_context():
            accounts = self._accounts
            found = accounts.find(id=who) or accounts.find_by_identifier(who)
        if found is None:
            message = f"there is no account {who!r}: make it with auth_kit.account(email={who!r})"
            raise LookupError(message)
        return found

    def _carry_session(self, client: FlaskClient, subject: str, factors: tuple[str, ...], age: Duration) -> None:
        self._give_cookies(client, self._sign_in(subject, factors, age))

    def _carry_api_key(self, client: FlaskClient, subject: str, scope: Iterable[str] | None, *, proven: bool) -> None:
        if proven:
            cure = "leave factors= and age= away"
            raise misconfigured("proof_of_a_key", "auth_kit.client(via='api_key', …): a key proves nothing", cure)
        from ostiary.features.api_keys import ApiKeyActions  # they are on

        with self.app.app_context():
            keys = self._runtime.action("api_keys", ApiKeyActions)
            new = keys.create(subject, name="a test", scope=scope)
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {new.secret}"

    def _carry_token(
        self,
        client: FlaskClient,
        subject: str,
        factors: tuple[str, ...],
        age: Duration,
        scope: Iterable[str] | None,
    ) -> None:
        from ostiary.features.tokens.token_wish import make_wish  # tokens are on

        self._require_provable(factors)
        at: Millis = self.clock.now() - (0 if age == 0 else milliseconds(age))
        way_in = self._state.token_way_in
        *further, last = (way_in.vouch(subject, kind, at=at) for kind in factors)
        with self.app.app_context():
            try:
                issue = way_in.issue(last, make_wish(scope=scope), further=tuple(one.factor for one in further))
            except SignInIncomplete as incomplete:
                raise _not_enough(factors) from incomplete
        client.environ_base["HTTP_AUTHORIZATION"] = f"Bearer {issue.tokens.access_token}"

    def _sign_in(self, subject: str, factors: tuple[str, ...], age: Duration) -> list[CookieToSet]:
        """Each proof through the one way in, as one after another in one browser."""
        self._require_provable(factors)
        at: Millis = self.clock.now() - (0 if age == 0 else milliseconds(age))
        way_in = self._state.way_in
        cookies: dict[str, CookieToSet] = {}
        present: Principal = ANONYMOUS
        incomplete: SignInIncomplete | None = None
        with self.app.app_context():
            for kind in factors:
                pending = cookies.get(PENDING_COOKIE)
                try:
                    entered = way_in.enter(
                        way_in.vouch(subject, kind, at=at),
                        present=present,
                        pending=pending.value if pending is not None else None,
                    )
                except SignInIncomplete as begun:
                    incomplete = begun
                    cookies |= {cookie.stem: cookie for cookie in begun.cookies}
                else:
                    incomplete, present = None, entered.principal
                    cookies |= {cookie.stem: cookie for cookie in entered.cookies}
        if incomplete is not None:
            raise _not_enough(factors) from incomplete
        return list(cookies.values())

    def _require_provable(self, factors: Iterable[str]) -> None:
        provable = self._runtime.resources[ProvableKinds].kinds
        for kind in factors:
            if kind not in provable:
                raise misconfigured(
                    "not_provable",
                    f"auth_kit.client(factors=…) names {kind!r}, and nothing in this application proves that",
                    f'add the feature that does, or SignIn(vouches=("{kind}",)); '
                    f"provable here: {', '.join(sorted(provable))}",
                )

    def _give_cookies(self, client: FlaskClient, cookies: Iterable[CookieToSet]) -> None:
        policy, public_url = self._runtime.cookies, self._runtime.deployment.public_url
        config = cast("Mapping[str, Any]", self.app.config)
        host = (
            public_url.host if public_url is not None else (config.get("SERVER_NAME") or "localhost").partition(":")[0]
        )
        for cookie in cookies:
            if cookie.value is not None:
                client.set_cookie(policy.name(cookie.stem), cookie.value, domain=policy.domain or host, path="/")

    # --- accounts, mail, limits ---------------------------------------------------------------------------

    def account(
        self,
        *,
        email: str | None = None,
        username: str | None = None,
        phone: str | None = None,
        password: str | None = None,
        roles: Sequence[str] = (),
        verified: bool = True,
        fields: Mapping[str, Any] | None = None,
    ) -> "Account":
        """A new account: what is not given is made up, and its password is ``PASSWORD``. As ``auth.accounts.create``."""
        if roles and "roles" not in self._state.assembly:
            raise _missing("account(roles=…)", "roles")
        if email is None and username is None and phone is None:
            email, username, phone = self._identifiers()
        if password is None and self._keeps_passwords():
            password = PASSWORD
        with self.app.app_context():
            return self._accounts.create(
                email=email,
                username=username,
                phone=phone,
                password=password,
                roles=roles,
                verified=verified,
                fields={**self._made_up_fields(), **(fields or {})},
            )

    def _identifiers(self) -> tuple[str | None, str | None, str | None]:
        number = next(self._numbers)
        kinds: tuple[str, ...] = getattr(self._state.assembly.get("accounts"), "identifiers", ())
        kind = "email" if "email" in kinds or not kinds else kinds[0]
        return (
            f"person{number}@example.com" if kind == "email" else None,
            f"person{number}" if kind == "username" else None,
            f"+1202{number:07d}" if kind == "phone" else None,
        )

    def _keeps_passwords(self) -> bool:
        from ostiary.features.passwords import Passwords  # only if the feature may be on

        passwords = self._state.assembly.get("passwords")
        return isinstance(passwords, Passwords) and passwords.keeps()

    def _made_up_fields(self) -> dict[str, Any]:
        fields: Sequence[Field] = getattr(self._state.assembly.get("accounts"), "fields", ())
        return {one.name: _made_up(one) for one in fields if one.required}

    @property
    def outbox(self) -> Outbox:
        """The mails that were sent. They leave nowhere, whatever ``OSTIARY_MAIL_URL`` says."""
        mailbox = self._runtime.resources.find(MemoryMailbox)
        if mailbox is None:
            what = "auth_kit.outbox is used, and no feature of this application sends mail"
            raise misconfigured("no_mail", what, "add a feature that does, such as Passwords()")
        return Outbox(mailbox)

    def limits(self, counted: bool) -> None:  # noqa: FBT001 - auth_kit.limits(True) reads as what it is
        """Have limits counted from here on, as in production, or not."""
        self._rehearsal.limits = counted

    # --- the end ------------------------------------------------------------------------------------------

    def close(self) -> None:
        """Close the connections and remove what was stored; the application is as it was before."""
        self._end.close()

    def _close_connections(self) -> None:
        runtime = self._state.built
        if runtime is None:
            return
        reads = runtime.resources.find(GuardReads)
        if reads is not None:
            reads.close()
        runtime.resources[EphemeralStore].close()  # type: ignore[type-abstract] # found by its protocol
        if runtime.database is not None:
            # Whoever built it may go on using it: the next use opens it again.
            runtime.database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def _runtime(self) -> "Runtime":
        return self._state.runtime

    @property
    def _public_url(self) -> str | None:
        public_url = self._runtime.deployment.public_url
        return None if public_url is None else str(public_url)

    @property
    def _accounts(self) -> "AccountActions":
        if "accounts" not in self._state.assembly:
            raise _missing("account()", "accounts")
        from ostiary.features.accounts import AccountActions  # accounts are on

        return self._runtime.action("accounts", AccountActions)


def _made_up(field: "Field") -> str | int | bool:
    if field.type is str:
        return field.shown[: field.max_length]
    return field.type(1)


def _missing(used: str, needed: str) -> ConfigurationError:
    return misconfigured("feature_not_on", f"auth_kit.{used} is used, and the feature for it is not on", _ADD[needed])


def _not_enough(factors: Iterable[str]) -> ConfigurationError:
    return misconfigured(
        "not_enough_factors",
        f"auth_kit.client(factors={list(factors)!r}) is not enough to be signed in: policy wants another factor",
        'name it as well: factors=["password", "totp"]',
    )
