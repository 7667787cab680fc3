"""What a browser is told of a sign-in: the cookies to keep or to forget, and that another factor is needed.

Apart from the way in itself, so that an application without sessions imports none of them.
"""

from typing import Final

from ostiary.kernel.errors import AuthError
from ostiary.kernel.outcome import EnrolmentNeeded, FactorNeeded
from ostiary.web.cookies import CookieToSet

PENDING_COOKIE: Final = "ostiary_pending"


class SignInIncomplete(AuthError):
    """The proof is good, and policy wants another factor. Answers itself: the next page, or a problem with ``methods``.

    ``handle`` goes to a program in the body, and a browser's goes into a cookie.
    """

    code = "factor_needed"
    answers_itself = True
    status = 401
    public_message = "One more step is needed to sign in."

    def __init__(
        self,
        outcome: FactorNeeded | EnrolmentNeeded,
        *,
        cookies: tuple[CookieToSet, ...] = (),
        handle: str | None = None,
    ) -> None:
        self.outcome = outcome
        self.cookies = cookies
        code = "factor_needed" if isinstance(outcome, FactorNeeded) else "enrolment_needed"
        handles = {} if handle is None else {"handle": handle}
        super().__init__(code=code, members={"methods": list(outcome.methods), **handles})
