"""Passwords: checking what somebody knows, with the same work whether or not the account exists; new ones, and their policy.

settings.py       what an application may say
verify.py         one guess: look up, count, verify
users.py          whose password it is: our accounts, or the application's own users
directory.py      another system that knows the passwords (``check=``)
actions.py        auth.passwords: a new password checked, set, changed
new_account.py    the password of an account that is being made
register.py       an account begins with a proven address
invite.py         or with an invitation
reset.py          a forgotten password
mail_limits.py    how many mails a stranger can have sent
store.py          the table

sign_in_form.py   the password on the sign-in page
http.py           the pages of registration, reset and change; invitation_http.py, that of an invitation
pages.py          what they are made of
self_service.py   all of it wired for one application

policy.py         what a new password must be (NIST SP 800-63B-4)
guessable.py      repetitions, sequences, keyboard walks, decorated words
context.py        a person's names and the site's
most_common.py    the list that is built in
breaches.py       passwords known from breaches: a file, the range API
strength.py       a hint for whoever types

argon2id.py       hashing (RFC 9106)
argon2_hash.py    a stored hash: its form, and what it costs to compute
old_hashes.py     reading Werkzeug's, bcrypt, Django's, passlib's and Flask-Security's hashes
hashing.py        both of them, in a slot
hash_slots.py     how many hashes are computed at once
background_threads.py  by threads that stand back behind requests
input_bounds.py   what is refused before anything is computed
own_hashes.py     hash_password and verify_password, for applications that keep their own
"""

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, ClassVar

from ostiary.features.passwords.actions import CHANGED_MAIL, OwnPasswords, PasswordActions
from ostiary.features.passwords.argon2id import Argon2id, Argon2idForTests
from ostiary.features.passwords.breaches import Breaches, BreachFile, RangeApi
from ostiary.features.passwords.directory import Directory
from ostiary.features.passwords.hash_slots import HashSlots
from ostiary.features.passwords.hashing import PasswordHasher
from ostiary.features.passwords.old_hashes import OldHashes
from ostiary.features.passwords.policy import PasswordPolicy
from ostiary.features.passwords.settings import LEAST_ALONE, LEAST_BESIDE_ANOTHER_FACTOR, PasswordsSettings
from ostiary.features.passwords.sign_in_form import ANY_NAME, PasswordForm
from ostiary.features.passwords.users import AccountUsers, LookupUsers, Users
from ostiary.features.passwords.verify import PasswordVerifier
from ostiary.features.sign_in import SignInActions, SignInMethods, sign_in_page
from ostiary.kernel.client import ClientSource
from ostiary.kernel.clock import Clock
from ostiary.kernel.duration import milliseconds
from ostiary.kernel.errors import Problem
from ostiary.kernel.event_bus import EventBus, Listeners
from ostiary.kernel.feature import Feature, feature
from ostiary.kernel.mail import Mailer
from ostiary.kernel.rehearsal import Rehearsal
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.outbound import OutboundClient
from ostiary.web.addresses import Addresses
from ostiary.web.contribution import Contribution
from ostiary.web.section import Section
from ostiary.web.url_policy import UrlPolicy

if TYPE_CHECKING:
    from ostiary.features.accounts import AccountActions

__all__ = ["Argon2id", "HashSlots", "PasswordActions", "PasswordVerifier", "Passwords"]


@feature
class Passwords(PasswordsSettings):
    """Sign-in by password: over accounts of ours, the application's own users (``lookup=``), or a directory (``check=``)."""

    name: ClassVar[str] = "passwords"
    requires: ClassVar[tuple[str, ...]] = ("accounts", "one_time_tokens", "sign_in")

    def required(self) -> tuple[str, ...]:
        """Accounts, unless the users are elsewhere and none of them is made here."""
        elsewhere = self.lookup is not None or self.check is not None
        makes = self.check is not None and self.new_accounts == "create"
        if not elsewhere:
            return ("accounts", "one_time_tokens", "sign_in")
        return ("accounts", "sign_in") if makes else ("sign_in",)

    def keeps(self) -> bool:
        """Whether passwords are stored by us."""
        return self.lookup is None and self.check is None

    def stores(self) -> bool:
        """Passwords of ours need their table."""
        return self.keeps()

    def mails(self) -> frozenset[str]:
        """Links to confirm and to reset, and the notice that a password was changed."""
        if not self.keeps():
            return frozenset()
        from ostiary.features.passwords.self_service import mails_of  # accounts are on

        return mails_of(changed=CHANGED_MAIL)

    def routes(self, on: Mapping[str, Feature]) -> tuple[object, ...]:
        """The sign-in page; where passwords are ours, registration, reset and change as well."""
        if not self.keeps():
            return sign_in_page(on)
        from ostiary.features.passwords.self_service import routes_of  # accounts are on

        return (*sign_in_page(on), *routes_of(on))

    def proofs(self) -> frozenset[str]:
        """A password is something known."""
        return frozenset({"password"})

    def problems(self) -> Iterable[Problem]:
        """What is wrong with these settings."""
        yield from self.source_problems()
        yield from self.policy_problems()
        yield from self.legacy_problems()
        yield from self.floor_problems()

    def contribute(self, resources: Resources) -> Contribution:
        """``auth.passwords``, and the password of a new account."""
        own = self._own(resources) if self.keeps() else None
        sign_in = resources[SignInActions]
        actions = PasswordActions(
            hasher=self._hasher(cheap=Rehearsal in resources),
            source=self._source(resources, own),
            sign_in=sign_in,
            clock=resources[Clock],  # type: ignore[type-abstract] # found by the protocol it fulfils
            policy=PasswordPolicy(
                min_length=self._min_length(sign_in), site_words=(*self.context_words, *_hosts(resources))
            ),
            breaches=self._breaches(),
            breaches_required=self.breaches_required,
            own=own,
        )
        listeners = Listeners()
        sections: tuple[Section, ...] = ()
        identifier = ANY_NAME
        if own is not None:
            from ostiary.features.accounts import AccountClosed, Accounts  # accounts are on
            from ostiary.features.passwords.new_account import PasswordPart
            from ostiary.features.passwords.self_service import add_self_service, identifier_field_of

            own.accounts.add_part("password", PasswordPart(actions))
            sections += (add_self_service(resources, actions, resources[Accounts]),)
            identifier = identifier_field_of(resources)
            listeners.during(AccountClosed, actions.forget_closed)
        resources[SignInMethods].forms.append(PasswordForm(verifier=actions, identifier=identifier))
        return Contribution(actions=actions, listeners=listeners, sections=sections)

    def _hasher(self, *, cheap: bool) -> PasswordHasher:
        return PasswordHasher(
            Argon2idForTests() if cheap else Argon2id(memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes),
            HashSlots(self.hash_slots, waiting=self.waiting, patience=milliseconds(self.patience)),
            OldHashes(self.legacy, flask_security_salt=self.flask_security_salt),
        )

    def _min_length(self, sign_in: SignInActions) -> int:
        if self.min_length is not None:
            return self.min_length
        # NIST SP 800-63B-4 §3.1.1.2: 15 characters where a password is all, 8 where another factor is always asked for.
        return LEAST_BESIDE_ANOTHER_FACTOR if sign_in.factors_of_everybody > 1 else LEAST_ALONE

    def _breaches(self) -> Breaches | None:
        if self.breaches == "online":
            return RangeApi(self.breach_url, OutboundClient())
        if self.breaches == "offline" and self.breach_list is not None:
            return BreachFile(self.breach_list)
        return None

    def _source(self, resources: Resources, own: OwnPasswords | None) -> Users | Directory:
        if self.lookup is not None:
            return LookupUsers(self.lookup, self.on_rehash)
        if own is not None:
            return AccountUsers(own.accounts, own.database)
        from ostiary.storage.presence import find_database

        if self.check is None:
            message = "passwords are verified by accounts, a lookup or a check"
            raise LookupError(message)
        return Directory(
            self.check,
            creates=self.new_accounts == "create",
            find_accounts=lambda: _find_accounts(resources),
            database=find_database(resources),
        )

    @staticmethod
    def _own(resources: Resources) -> OwnPasswords:
        from ostiary.features.accounts import AccountActions  # accounts are on
        from ostiary.storage.database import Database

        return OwnPasswords(
            accounts=resources[AccountActions],
            database=resources[Database],
            bus=resources[EventBus],
            client=resources[ClientSource],  # type: ignore[type-abstract] # found by the protocol it fulfils
            mailer=resources.find(Mailer),  # type: ignore[type-abstract]
            addresses=resources.find(Addresses),  # type: ignore[type-abstract]
        )


def _find_accounts(resources: Resources) -> "AccountActions | None":
    # Asked at use: with check= accounts may be on and listed after passwords, which do not require them.
    if SubjectGate not in resources:
        return None
    from ostiary.features.accounts import AccountActions  # accounts are on: they brought the gate

    return resources.find(AccountActions)


def _hosts(resources: Resources) -> tuple[str, ...]:
    urls = resources.find(UrlPolicy)
    return () if urls is None or urls.public_url is None else (urls.public_url.host,)
