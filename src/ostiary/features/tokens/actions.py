"""``auth.tokens``: issue for a sign-in, verify, refresh, revoke one, revoke all of a subject.

Issuing takes a ``SignedIn``, which only ``sign_in`` makes: the way in (``runtime/token_way_in.py``) hands it over. Without a
database (``stateless=True``) there are access tokens and nothing else. Law: RFC 6749 §5, §6; RFC 7009.
"""

import json
from collections.abc import Iterable
from dataclasses import field, replace
from types import MappingProxyType
from typing import TYPE_CHECKING

from ostiary.features.tokens.access_token import BEARER, AccessTokens, Grant
from ostiary.features.tokens.csrf_binding import binding_of
from ostiary.features.tokens.grant_errors import InvalidScope
from ostiary.features.tokens.present import BearerReader
from ostiary.features.tokens.token_wish import TokenWish, make_wish
from ostiary.kernel.clock import SECOND, Clock, Millis
from ostiary.kernel.dataclass import dataclass
from ostiary.kernel.errors import ConfigurationError, InvalidCredential, misconfigured
from ostiary.kernel.extra_claims import ExtraClaims
from ostiary.kernel.factor import decode_factors, encode_factors
from ostiary.kernel.joint_epoch import joint_epoch, own_epoch
from ostiary.kernel.outcome import SignedIn
from ostiary.kernel.permission import any_covers
from ostiary.kernel.principal import Credential, Principal, decode_place, encode_place
from ostiary.kernel.token_lifetime import LONGEST_ACCESS_TOKEN
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.web.credential_reader import Rejected
from ostiary.web.token_response import IssuedTokens

if TYPE_CHECKING:
    from ostiary.features.tokens.families import Families, NewFamily, RefreshFamilies
    from ostiary.features.tokens.store import RefreshFamily
    from ostiary.storage.database import Database, Transaction


@dataclass(frozen=True, slots=True, kw_only=True)
class Issue:
    """Tokens ready to be given out, once what they need is stored.

    ``binding`` is what a CSRF token beside their cookies is bound to; ``ends_at`` when nothing can be refreshed any more.
    """

    tokens: IssuedTokens = field(repr=False)
    principal: Principal
    binding: str
    ends_at: Millis
    family: "NewFamily | None" = field(default=None, repr=False)


class TokenActions:
    """Issues and ends tokens. ``families`` is None where nothing is stored."""

    __slots__ = ("_access", "_clock", "_database", "_extra", "_reader", "families")

    def __init__(
        self,
        *,
        access: AccessTokens,
        reader: BearerReader,
        extra: ExtraClaims,
        families: "RefreshFamilies | None",
        database: "Database | None",
        clock: Clock,
    ) -> None:
        self._access = access
        self._reader = reader
        self._extra = extra
        self.families = families
        self._database = database
        self._clock = clock

    # --- issuing ------------------------------------------------------------------------------------------

    def prepare(
        self, signed_in: SignedIn, wish: TokenWish, *, session: str | None = None, ends_by: Millis | None = None
    ) -> Issue:
        """Tokens for a sign-in, not given out yet. Takes a ``SignedIn``, which only ``sign_in`` makes.

        ``session`` is the session they stand beside, if any, and ``ends_by`` its end. Asks the application for extra claims, so
        it is called before a transaction.
        """
        now = signed_in.at
        if self.families is None and wish.refresh is not None:
            raise _stateless("auth.tokens.issue(refresh=…)")
        lifetime = self._access.lifetime if wish.access is None else wish.access
        rights, everybody = self._standing(signed_in.subject)
        epoch = joint_epoch(everybody, signed_in.epoch)
        family: NewFamily | None = None
        if self.families is not None:
            family = self.families.prepare(
                subject=signed_in.subject,
                epoch=epoch,
                factors=encode_factors(signed_in.factors),
                now=now,
                lifetime=wish.refresh,
                ends_by=ends_by,
                session=session,
                scope=_scope_text(wish.scope),
                audience=None if wish.audience is None else json.dumps(wish.audience),
                claims=json.dumps(dict(wish.claims)) if wish.claims else None,
                access_for=wish.access,
                tenant=encode_place(wish.tenant),
                client=None,
            )
            ends_by = family.ends_at
        grant = Grant(
            subject=signed_in.subject,
            factors=signed_in.factors,
            epoch=epoch,
            scope=wish.scope,
            audience=wish.audience,
            client=None,
            family=None if family is None else family.id,
            tenant=wish.tenant,
            claims=wish.claims,
            lifetime=lifetime if ends_by is None else _within(lifetime, ends_by - now),
            rights=rights,
        )
        issue = self._sign(grant, None, now, ends_at=now + lifetime if family is None else family.ends_at)
        return replace(issue, family=family)

    def give_out(self, issue: Issue, tx: "Transaction | None") -> Issue:
        """Store what the tokens need, in the transaction of the sign-in. The answer carries the refresh token."""
        if self.families is None or issue.family is None or tx is None:
            return issue
        refresh = self.families.begin(tx, issue.family)
        return replace(issue, tokens=replace(issue.tokens, refresh_token=refresh))

    # --- verifying ----------------------------------------------------------------------------------------

    def verify(self, token: str) -> Principal:
        """Who presents this access token, by the same rules as the guard. Raises ``InvalidCredential`` (401)."""
        reading = self._reader.present(token, self._clock.now())
        if isinstance(reading, Rejected):
            raise InvalidCredential(detail=reading.reason, code=reading.code)
        return reading.principal

    # --- refreshing ---------------------------------------------------------------------------------------

    def refresh(self, token: str, *, scope: Iterable[str] | None = None) -> IssuedTokens:
        """Exchange a refresh token for its successor and an access token; ``scope`` narrows the latter further.

        Raises ``InvalidGrant`` (400), ``InvalidScope`` (400) and ``Unavailable``.
        """
        return self.exchange(token, scope=scope).tokens

    def exchange(self, token: str, *, scope: Iterable[str] | None = None) -> Issue:
        """As ``refresh``, with all that cookies are made of."""
        families, now = self._stored("auth.tokens.refresh"), self._clock.now()
        narrowed = make_wish(scope=scope).scope
        if narrowed is not None:
            self._check_scope(families, token, narrowed, now)
        family, successor = families.rotate(token, now)
        return self._renewed(family, successor, narrowed, now)

    @staticmethod
    def _check_scope(families: "RefreshFamilies", token: str, wanted: frozenset[str], now: Millis) -> None:
        """Before the token is spent: a client that asks for too much may ask again."""
        from ostiary.features.tokens.families import Recognised  # only where something is stored

        found = families.recognise(token, now)
        if isinstance(found, Recognised):
            granted = _scope_of(found.family.scope)
            if granted is not None and not all(any_covers(granted, one) for one in wanted):
                raise InvalidScope

    def _renewed(
        self, family: "RefreshFamily", successor: str | None, narrowed: frozenset[str] | None, now: Millis
    ) -> Issue:
        scope = _scope_of(family.scope) if narrowed is None else narrowed
        lifetime = self._access.lifetime if family.access_for is None else family.access_for
        grant = Grant(
            subject=family.subject,
            factors=decode_factors(family.factors),
            # The family's own and never the present one: what was ended stays ended.
            epoch=family.epoch,
            scope=scope,
            audience=None if family.audience is None else tuple(json.loads(family.audience)),
            client=family.client,
            family=family.id,
            tenant=decode_place(family.tenant),
            claims={} if family.claims is None else json.loads(family.claims),
            lifetime=_within(lifetime, family.ends_at - now),
            rights=family.rights,
        )
        return self._sign(grant, successor, now, ends_at=family.ends_at)

    # --- looking after them -------------------------------------------------------------------------------

    def list(self, subject: str, *, current: str | None = None) -> "Families":
        """The programs and browsers that hold a refresh token of a subject, the newest first; ``current`` is the present family."""
        return self._stored("auth.tokens.families").list(subject, current=current, now=self._clock.now())

    def end_family(self, id: str, *, subject: str | None = None, reason: str = "ended") -> bool:
        """End one family and its access tokens. With ``subject``, only hers: somebody else's is as good as unknown.

        False: there was none.
        """
        families = self._stored("auth.tokens.end_family")
        return families.end(id, reason=reason, now=self._clock.now(), owner=subject)

    # --- revoking -----------------------------------------------------------------------------------------

    def revoke(self, token: str) -> None:
        """End what a token stands for: of a refresh token the family and its access tokens, else this one access token.

        RFC 7009 §2.2: a token that is nobody's is no error.
        """
        families, now = self._stored("auth.tokens.revoke"), self._clock.now()
        if families.end_by_token(token, now):
            return
        try:
            jti, expires_at = self._access.verify_to_revoke(token, now=now)
        except InvalidToken:
            return
        families.revoke_access(jti, expires_at=expires_at, now=now)

    def revoke_all(self, subject: str, *, reason: str = "tokens_revoked") -> int:
        """End every token of a subject at once, and everything else she is signed in with: there is one epoch.

        The answer is how many families of refresh tokens there were.
        """
        return self._stored("auth.tokens.revoke_all").end_all(subject, reason=reason, now=self._clock.now())

    def revoke_everybody(self, *, reason: str = "ended_by_operator") -> int:
        """End every access token and every family of refresh tokens there is; how many families there were.

        Sessions and API keys go on. Everybody's sessions take the tokens along: ``auth.sessions.end_everybody``.
        """
        return self._stored("auth.tokens.revoke_everybody").end_everybodys(reason=reason, now=self._clock.now())

    # --- browsers that have no session --------------------------------------------------------------------

    def loan_of(self, family: str) -> tuple[int, Millis] | None:
        """What the same subject may build on the present token's proofs with: the family's epoch, and its end. None: it has ended."""
        found = self._find_family(family)
        if found is None or found.epoch != found.current_epoch or self._clock.now() >= found.ends_at:
            return None
        return own_epoch(found.epoch), found.ends_at

    def replace(self, tx: "Transaction", family: str) -> bool:
        """End the family that a sign-in replaces, in its transaction. False: it has ended already."""
        return self.families is not None and self.families.end_in(tx, family, reason="replaced", now=self._clock.now())

    def leave(self, principal: Principal, family: str | None, scope: str) -> Issue | None:
        """Sign out ``"here"``, on all ``"others"``, or ``"everywhere"``.

        The answer is what the caller goes on with, where she signed out the others.
        """
        now, families = self._clock.now(), self.families
        if families is None:
            # Nothing is stored; the browser forgets, and a copy of the token is good until it expires.
            return None
        if scope == "everywhere" or (scope == "others" and family is None):
            families.end_all(principal.subject, reason="signed_out_everywhere", now=now)
        elif scope == "others":
            families.end_all(principal.subject, reason="signed_out_others", now=now, keep=family)
            kept = self._find_family(family or "")
            return None if kept is None else self._renewed(kept, None, None, now)
        elif family is not None:
            families.end(family, reason="signed_out", now=now)
        elif principal.credential is not None:
            families.revoke_access(principal.credential.id, expires_at=now + LONGEST_ACCESS_TOKEN, now=now)
        return None

    def _find_family(self, id: str) -> "RefreshFamily | None":
        if self._database is None:
            return None
        from ostiary.features.tokens import store  # only where something is stored

        with self._database.read() as connection:
            return store.find_family(connection, id)

    def _stored(self, used: str) -> "RefreshFamilies":
        if self.families is None:
            raise _stateless(used)
        return self.families

    # --- what is shared -----------------------------------------------------------------------------------

    def _sign(self, grant: Grant, refresh: str | None, now: Millis, *, ends_at: Millis) -> Issue:
        extra = self._extra.of(
            Principal(
                grant.subject,
                factors=grant.factors,
                scope=grant.scope,
                tenant=grant.tenant,
                rights_version=grant.rights,
            )
        )
        if extra:
            # What one call asked for wins over what every token has.
            grant = replace(grant, claims={**extra, **grant.claims})
        access = self._access.issue(grant, now=now)
        tokens = IssuedTokens(
            access_token=access.text,
            refresh_token=refresh,
            expires_in=max(0, access.expires_at - now) // SECOND,
            scope=grant.scope,
        )
        principal = Principal(
            grant.subject,
            credential=Credential(BEARER, access.jti),
            factors=grant.factors,
            scope=grant.scope,
            tenant=grant.tenant,
            claims=MappingProxyType(dict(grant.claims)),
            rights_version=grant.rights,
        )
        return Issue(tokens=tokens, principal=principal, binding=binding_of(grant.family, access.jti), ends_at=ends_at)

    def _standing(self, subject: str) -> tuple[int, int]:
        """The version of her rights, and the epoch of everybody."""
        if self._database is None:
            return 0, 0
        from ostiary.features.tokens import store  # only where something is stored

        with self._database.read() as connection:
            return store.read_standing(connection, subject)


def _scope_text(scope: frozenset[str] | None) -> str | None:
    return None if scope is None else " ".join(sorted(scope))


def _scope_of(text: str | None) -> frozenset[str] | None:
    return None if text is None else frozenset(text.split())


def _stateless(used: str) -> ConfigurationError:
    return misconfigured(
        "tokens_are_stateless",
        f"{used} is used, and Tokens(stateless=True) stores nothing that could be refreshed or revoked",
        "remove stateless=True: the embedded file is enough, and nothing has to be set up",
    )


def _within(lifetime: Millis, left: Millis) -> Millis:
    # Never longer than what it is renewed by; a second is the least a token can say.
    return max(SECOND, min(lifetime, left))
