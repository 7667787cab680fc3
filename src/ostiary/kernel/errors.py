"""Errors: what a caller did wrong (``AuthError``) and what a developer did wrong (``ConfigurationError``).

Every ``AuthError`` has a stable public ``code`` (lower case, underscores; an application may switch
on it), an HTTP ``status``, a sentence for the person, and a private ``detail`` that reaches logs and
never an answer.
"""

from collections.abc import Iterable, Mapping

from ostiary.kernel.dataclass import dataclass


class AuthError(Exception):
    """A request that is not allowed to go on.

    ``code``            stable, for programs: ``"invalid_credentials"``
    ``status``          the HTTP status code it answers with
    ``public_message``  one sentence for the person, never with a secret in it
    ``detail``          private: for logs and staff; ``str(error)`` shows it, answers never do
    ``headers``         header fields the answer carries (``Retry-After``, ``WWW-Authenticate``)
    ``members``         further members of the problem document (RFC 9457 §3.2)
    """

    code = "auth_error"
    status = 403
    public_message = "This request is not allowed."
    answers_itself = False
    """Whether a form that meets it is not shown again: the next step is elsewhere, or the form is nobody's."""

    def __init__(
        self,
        public_message: str | None = None,
        *,
        code: str | None = None,
        status: int | None = None,
        detail: str | None = None,
        headers: Mapping[str, str] | None = None,
        members: Mapping[str, object] | None = None,
    ) -> None:
        if public_message is not None:
            self.public_message = public_message
        if code is not None:
            self.code = code
        if status is not None:
            self.status = status
        self.detail = detail
        self.headers: Mapping[str, str] = dict(headers or {})
        self.members: Mapping[str, object] = dict(members or {})
        super().__init__(f"{self.code}: {detail or self.public_message}")


class MalformedRequest(AuthError):
    """The request cannot be read: a missing field, a wrong type, JSON that is not JSON."""

    code = "malformed_request"
    status = 400
    public_message = "The request could not be read."


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field of a form: a stable code for programs, a sentence for the person."""

    field: str
    code: str
    message: str


class ValidationFailed(AuthError):
    """What was sent can be read and cannot be taken: every field that is wrong, at once (RFC 9110 §15.5.21)."""

    code = "validation_failed"
    status = 422
    public_message = "Please look at what you entered."

    def __init__(self, *errors: FieldError) -> None:
        self.errors = errors
        listed = [{"field": one.field, "code": one.code, "message": one.message} for one in errors]
        super().__init__(detail=", ".join(f"{one.field}: {one.code}" for one in errors), members={"errors": listed})


class NotAuthenticated(AuthError):
    """Nobody is signed in, or the credential that was presented is not valid (RFC 9110 §15.5.2)."""

    code = "not_authenticated"
    status = 401
    public_message = "Please sign in."


class InvalidCredential(NotAuthenticated):
    """The program presented a credential (``Authorization``, API key), and it is not valid."""

    code = "invalid_credential"
    public_message = "The credential is not valid."


class NotAllowed(AuthError):
    """Somebody is signed in, and may not do this (RFC 9110 §15.5.4)."""

    code = "not_allowed"
    status = 403
    public_message = "You may not do this."


class StepUpNeeded(AuthError):
    """The caller must prove herself again, or with more factors (RFC 9470)."""

    code = "step_up_needed"
    status = 403
    public_message = "Please confirm that it is you."


class CsrfRefused(AuthError):
    """A request that changes something came with a cookie, and not provably from our own pages."""

    code = "csrf_refused"
    answers_itself = True
    status = 403
    public_message = "This request did not come from our own pages. Go back, reload the page and try again."


class SignInRefused(AuthError):
    """A sign-in that failed. One message for every reason: it never tells whether an account exists."""

    code = "invalid_credentials"
    status = 401
    public_message = "The name or the password is not right."


class TooManyAttempts(SignInRefused):
    """A limit is reached (RFC 6585 §4). ``Retry-After`` says when to try again, in seconds."""

    code = "too_many_attempts"
    status = 429
    public_message = "Too many attempts. Please wait a little and try again."

    def __init__(self, *, retry_after: int, detail: str | None = None) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(
            f"Too many attempts. Please try again in {_spell_seconds(self.retry_after)}.",
            detail=detail,
            headers={"Retry-After": str(self.retry_after)},
            members={"retry_after": self.retry_after},
        )


class Unavailable(AuthError):
    """Something this answer depends on does not work right now. Nothing was done; try again later."""

    code = "unavailable"
    status = 503
    public_message = "This does not work right now. Please try again in a moment."

    def __init__(self, *, retry_after: int = 5, detail: str | None = None) -> None:
        self.retry_after = max(1, retry_after)
        super().__init__(detail=detail, headers={"Retry-After": str(self.retry_after)})


class OpenTransaction(RuntimeError):
    """A verb of ours was called while the application's own transaction holds the same SQLite file."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One thing a developer has to mend, with its cure.

    ``code`` is stable, ``what`` says what is wrong, ``cure`` says what to write instead.
    """

    code: str
    what: str
    cure: str

    def __str__(self) -> str:
        return f"{self.what}\n    -> {self.cure}"


class ConfigurationError(Exception):
    """What a developer has to mend before the application can start: every problem at once, each with its cure."""

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        count = len(self.problems)
        head = "Ostiary cannot start" if count == 1 else f"Ostiary cannot start: {count} problems"
        super().__init__("\n".join([head, *(f"  [{problem.code}] {problem}" for problem in self.problems)]))


def misconfigured(code: str, what: str, cure: str) -> ConfigurationError:
    """A ``ConfigurationError`` with a single problem."""
    return ConfigurationError([Problem(code=code, what=what, cure=cure)])


def _spell_seconds(seconds: int) -> str:
    if seconds < 60:
        return "1 second" if seconds == 1 else f"{seconds} seconds"
    minutes = -(-seconds // 60)
    if minutes < 60:
        return "1 minute" if minutes == 1 else f"{minutes} minutes"
    hours = -(-minutes // 60)
    return "1 hour" if hours == 1 else f"{hours} hours"
