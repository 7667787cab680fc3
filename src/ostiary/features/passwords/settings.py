"""Settings of passwords: each with its unit, its reason and the source of its default."""

import os
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, Literal, TypeAlias

from ostiary.features.passwords.argon2_hash import Parameters
from ostiary.features.passwords.input_bounds import LONGEST_CHARACTERS
from ostiary.features.passwords.old_hashes import FORMATS
from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function
from ostiary.kernel.secret import Secret

Lookup: TypeAlias = Callable[[str], str | tuple[str, str] | None]
"""identifier → the stored hash, or (subject, stored hash), or None when there is nobody of that name."""
DirectoryCheck: TypeAlias = Callable[[str, str], str | None]
"""(identifier, password) → the subject, or None when they do not belong together."""
OnRehash: TypeAlias = Callable[[str, str, str], object]
"""(subject, the hash that was stored, the hash to store instead)."""

# NIST SP 800-63B-4 §3.1.1.2 and ASVS 5.0 V6.2.1.
LEAST_ALONE: Final = 15
LEAST_BESIDE_ANOTHER_FACTOR: Final = 8


def _slots() -> int:
    # One core stays free for the requests of those who are already signed in.
    return max(1, (os.cpu_count() or 2) - 1)


@feature
class PasswordsSettings(Feature):
    """``OSTIARY_PASSWORDS_…``"""

    lookup: Lookup | None = setting(
        default=None,
        about="The application's own users: a function from an identifier to the stored hash, or to "
        "(subject, hash), or None. Without a subject, the identifier is the subject: one that finds a person by several "
        "spellings, such as another case, has to name her.",
    )
    check: DirectoryCheck | None = setting(
        default=None,
        about="Another system that knows the passwords, such as a directory: a function from (identifier, password) to the "
        "subject, or None. It never gets an empty password.",
    )
    new_accounts: Literal["refuse", "create"] = setting(
        default="refuse",
        about='With check=: "create" makes an account for whoever it knows and we do not; "refuse" refuses her.',
    )
    min_length: int | None = setting(
        default=None,
        about="The least number of characters (code points) of a new password. None: 15, or 8 where SignIn(policy=2) "
        "demands a second factor. At least 8. NIST SP 800-63B-4 §3.1.1.2.",
    )
    context_words: tuple[str, ...] = setting(
        default=(),
        about="Words no new password may be made of, beside the person's own names and addresses and the host of the "
        "application: its name, the company's, the product's.",
    )
    breaches: Literal["offline", "online", "off"] = setting(
        default="offline",
        about='Where a new password is looked for: "offline" in breach_list, if there is one; "online" by the range API '
        '(five characters of its SHA-1 leave this machine); "off" nowhere. The list that is built in always applies.',
    )
    breach_list: str | None = setting(
        default=None,
        about="A file of SHA-1 hashes in hexadecimal, one a line, sorted, with or without a colon and a count after it: "
        "what Have I Been Pwned offers for download.",
    )
    breach_url: str = setting(
        default="https://api.pwnedpasswords.com/range/",
        about="The range API: the first five characters of the hash are put behind it.",
    )
    breaches_required: bool = setting(
        default=False,
        about="What happens when the file or the API cannot be reached: False takes the password and warns in the log; "
        "True answers 503.",
    )
    legacy: tuple[str, ...] = setting(
        default=(),
        about="The formats of old hashes that are read, the most frequent first: "
        + ", ".join(f'"{name}"' for name in FORMATS)
        + ". Whoever signs in with one is given an Argon2id hash.",
    )
    flask_security_salt: Secret | None = setting(
        default=None,
        secret=True,
        about='With legacy=("flask-security",): the SECURITY_PASSWORD_SALT of that application.',
    )
    on_rehash: OnRehash | None = setting(
        default=None,
        about="With lookup=: called as (subject, old hash, new hash) when a password that has just been verified should "
        "be stored anew. Write it only where the old hash still stands: UPDATE … WHERE hash = old.",
    )
    memory_kib: int = setting(
        default=65_536,
        about="Memory of Argon2id in KiB. 64 MiB: RFC 9106 §4, the second recommended option.",
    )
    passes: int = setting(default=3, about="Passes of Argon2id over its memory. RFC 9106 §4, second option.")
    lanes: int = setting(
        default=4, about="Lanes of Argon2id. RFC 9106 §4, second option. One thread computes them all."
    )
    hash_slots: int = setting(
        factory=_slots,
        about="How many hashes are computed at once; each takes memory_kib and one core. Default: the cores less one.",
    )
    waiting: int = setting(
        default=16,
        about="How many requests of a process may wait for a slot; beyond it the answer is 503, before any work, with a "
        "Retry-After that follows from how many wait and how long a hash took lately. Each holds a thread of the server: "
        "a line as long as there are threads leaves none for those who are signed in, so keep it well below that number.",
    )
    patience: Duration = setting(default="10s", about="How long a request waits for a slot before it answers 503.")

    def floor_problems(self) -> Iterable[Problem]:
        """Parameters below the floor of OWASP's Password Storage page (ASVS 5.0 V11.4.2: m=19 MiB, t=2, p=1), and impossible ones."""
        if self.memory_kib * self.passes < 19_456 * 2 or self.lanes < 1:
            yield Problem(
                code="weak_password_hash",
                what=f"Argon2id with {self.memory_kib} KiB and {self.passes} passes is too easy to guess against",
                cure="memory_kib=19456, passes=2, lanes=1 is the least; leave them out for the default",
            )
        if not Parameters(memory_kib=self.memory_kib, passes=self.passes, lanes=self.lanes).is_affordable:
            yield Problem(
                code="impossible_password_hash",
                what=f"Argon2id with {self.memory_kib} KiB, {self.passes} passes and {self.lanes} lanes is computed by nobody",
                cure="8 KiB a lane are the least (RFC 9106 §3.1), 64 lanes and 4 GiB over all passes the most",
            )
        if self.hash_slots < 1 or self.waiting < 0:
            yield Problem(
                code="no_hash_slots",
                what=f"hash_slots={self.hash_slots}, waiting={self.waiting} lets nobody sign in",
                cure="hash_slots is at least 1, and waiting at least 0",
            )

    def source_problems(self) -> Iterable[Problem]:
        """Where the users are, said twice, or by a function that would have to be awaited."""
        if self.lookup is not None and self.check is not None:
            yield Problem(
                code="lookup_and_check",
                what="Passwords(lookup=…, check=…) says twice where passwords are verified",
                cure="keep check= if another system knows the passwords, or lookup= if you store the hashes",
            )
        for name in ("lookup", "check", "on_rehash"):
            if not is_plain_function(getattr(self, name)):
                yield Problem(
                    code=f"async_{name}",
                    what=f"Passwords({name}=…) is {NOT_PLAIN}, and would never run",
                    cure="give it a plain function; under an async view it runs in the request's own thread",
                )
        if self.new_accounts == "create" and self.check is None:
            yield Problem(
                code="create_without_check",
                what='Passwords(new_accounts="create") without check= never creates anything',
                cure="give it check=fn, or leave new_accounts out; people register by Accounts(registration=…)",
            )
        if self.on_rehash is not None and self.lookup is None:
            yield Problem(
                code="on_rehash_without_lookup",
                what="Passwords(on_rehash=…) is for hashes you store, and there is no lookup=",
                cure="leave it out: what Ostiary stores it hashes anew by itself",
            )

    def policy_problems(self) -> Iterable[Problem]:
        """A least length that standards forbid, or a place to look for breaches that is not there."""
        if self.min_length is not None and not LEAST_BESIDE_ANOTHER_FACTOR <= self.min_length <= LONGEST_CHARACTERS:
            yield Problem(
                code="impossible_min_length",
                what=f"Passwords(min_length={self.min_length}) is no least length of a password",
                cure="15 is the standards' for a password alone, 8 the least beside a second factor, and 1,024 the most",
            )
        if self.breach_list is not None and not Path(self.breach_list).is_file():
            yield Problem(
                code="no_breach_list",
                what=f"Passwords(breach_list={self.breach_list!r}) is no file",
                cure="give the path of the sorted SHA-1 file, or leave it out: the built-in list applies without it",
            )
        if self.breaches == "online" and not self.breach_url.startswith("https://"):
            yield Problem(
                code="breach_url_not_https",
                what=f"Passwords(breach_url={self.breach_url!r}) does not begin with https://",
                cure="use https: whoever reads along learns which passwords are being chosen",
            )

    def legacy_problems(self) -> Iterable[Problem]:
        """A format nobody can read, or one that lacks its key."""
        unknown = [name for name in self.legacy if name not in FORMATS]
        if unknown:
            yield Problem(
                code="unknown_legacy",
                what=f"Passwords(legacy=…) names {unknown[0]!r}, which is no format that can be read",
                cure="the formats are " + ", ".join(FORMATS),
            )
        if ("flask-security" in self.legacy) != (self.flask_security_salt is not None):
            yield Problem(
                code="flask_security_without_salt",
                what='legacy=("flask-security",) and flask_security_salt= belong together, and one is missing',
                cure="set OSTIARY_PASSWORDS_FLASK_SECURITY_SALT to that application's SECURITY_PASSWORD_SALT",
            )
