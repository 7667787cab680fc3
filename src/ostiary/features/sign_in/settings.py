"""Settings of sign-in: each with its unit, its reason and the source of its default."""

from collections.abc import Callable, Iterable
from typing import TypeAlias

from ostiary.kernel.duration import Duration
from ostiary.kernel.errors import Problem
from ostiary.kernel.feature import Feature, feature, setting
from ostiary.kernel.limit import LimitText, parse_limit
from ostiary.kernel.plain_function import NOT_PLAIN, is_plain_function

Policy: TypeAlias = Callable[[str], int]
"""subject → how many factors she must prove to be signed in."""


@feature
class SignInSettings(Feature):
    """``OSTIARY_SIGN_IN_…``"""

    page: str | None = setting(
        default=None,
        about="The endpoint of the application's own sign-in view, as for url_for; the guard sends visitors there "
        "with ?next=, and with &why=stale when a recent proof is missing.",
    )
    policy: int | Policy | None = setting(
        default=None,
        about="How many factors everybody must prove (1 or 2), or a function from a subject to that number. "
        "None: one factor.",
    )
    after: str = setting(default="/", about="Where a sign-in leads when the request names no page of ours.")
    vouches: tuple[str, ...] = setting(
        default=(),
        about='The kinds of proof the application checks by itself beyond a password, such as ("totp",): auth.sign_in '
        "takes its word for them, and guards may ask for them.",
    )
    new_device_mail: bool = setting(
        default=False,
        about="Whether the owner of an account is written to when somebody signs in to it with a browser that never did "
        "before (ASVS 5.0 V6.3.5). Needs Accounts, and mail.",
    )
    pending: Duration = setting(
        default="10m", about="How long a sign-in may take from its first proof to its last (ASVS 5.0 V6.5.5: 10 min)."
    )
    network_limit: LimitText = setting(
        default="60/5m",
        about="Guesses from one network, over all accounts, from browsers that never signed in to the one they try. "
        "A family or a small office stays below it.",
    )
    account_limit: LimitText = setting(
        default="20/1h",
        about="Guesses against one account from browsers that never signed in to it, over all networks and all names it "
        "has. "
        "480 a day against a password of 15 characters is nothing.",
    )
    nearby_limit: LimitText = setting(
        default="10/15m", about="Guesses against one account from one network: somebody who forgot, or tries names."
    )
    device_limit: LimitText = setting(
        default="20/15m",
        about="Guesses from a browser that has signed in to the account before. Its own allowance: while an attacker "
        "uses up the account's, or her network's, the owner signs in from her own device.",
    )

    failures: int = setting(
        default=100,
        about="How many wrong proofs in a row an account takes from browsers that never signed in to it, and how many "
        "from each that did; after them only a browser with failures to spare gets in. NIST SP 800-63B-4 §3.2.2: "
        "100 at most.",
    )

    def limit_problems(self) -> Iterable[Problem]:
        """Limits that cannot be read, and a policy that cannot be met."""
        for name in ("network_limit", "account_limit", "nearby_limit", "device_limit"):
            try:
                parse_limit(name, getattr(self, name))
            except ValueError as error:
                yield Problem(code="unreadable_limit", what=f"SignIn({name}=…) cannot be read", cure=str(error))
        if isinstance(self.policy, int) and not 1 <= self.policy <= 3:
            yield Problem(
                code="impossible_policy",
                what=f"SignIn(policy={self.policy}) asks for a number of factors nobody has",
                cure="1 or 2: something she knows, and something she has",
            )
        if not is_plain_function(self.policy):
            yield Problem(
                code="async_factors",
                what=f"SignIn(policy=…) is {NOT_PLAIN}, and would never run",
                cure="give it a plain function from a subject to a number of factors",
            )
        if not 1 <= self.failures <= 100:
            yield Problem(
                code="impossible_failures",
                what=f"SignIn(failures={self.failures}) is no number of wrong proofs in a row",
                cure="at least 1, and at most 100 (NIST SP 800-63B-4 §3.2.2)",
            )
