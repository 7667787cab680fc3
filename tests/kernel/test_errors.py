"""Errors: a stable code and a public message for the caller, a private detail for logs, every problem at once."""

import pytest

from ostiary.kernel.errors import (
    AuthError,
    ConfigurationError,
    CsrfRefused,
    InvalidCredential,
    MalformedRequest,
    NotAllowed,
    NotAuthenticated,
    Problem,
    SignInRefused,
    StepUpNeeded,
    TooManyAttempts,
    Unavailable,
    misconfigured,
)


@pytest.mark.parametrize(
    ("error", "code", "status"),
    [
        (AuthError(), "auth_error", 403),
        (MalformedRequest(), "malformed_request", 400),
        (NotAuthenticated(), "not_authenticated", 401),
        (InvalidCredential(), "invalid_credential", 401),
        (NotAllowed(), "not_allowed", 403),
        (StepUpNeeded(), "step_up_needed", 403),
        (CsrfRefused(), "csrf_refused", 403),
        (SignInRefused(), "invalid_credentials", 401),
        (TooManyAttempts(retry_after=1), "too_many_attempts", 429),
        (Unavailable(), "unavailable", 503),
    ],
)
def test_each_error_has_its_code_and_its_status(error: AuthError, code: str, status: int) -> None:
    assert (error.code, error.status) == (code, status)
    assert error.public_message


def test_the_detail_is_in_logs_and_not_in_the_public_message() -> None:
    error = NotAllowed(detail="row 7 belongs to bob")
    assert "row 7 belongs to bob" in str(error)
    assert "bob" not in error.public_message


def test_what_is_given_to_one_error_leaves_its_class_alone() -> None:
    error = NotAllowed("Only on Mondays.", code="not_today", status=423, headers={"A": "b"}, members={"day": "Sunday"})
    assert (error.public_message, error.code, error.status) == ("Only on Mondays.", "not_today", 423)
    assert (error.headers, error.members) == ({"A": "b"}, {"day": "Sunday"})
    other = NotAllowed()
    assert (other.code, other.status, other.headers, other.members) == ("not_allowed", 403, {}, {})


def test_the_mappings_of_an_error_are_its_own() -> None:
    headers = {"A": "b"}
    error = AuthError(headers=headers)
    headers["A"] = "changed"
    assert error.headers == {"A": "b"}


@pytest.mark.asvs("V6.3.8")
def test_a_refused_sign_in_has_one_message_for_every_reason() -> None:
    unknown = SignInRefused(detail="no such account")
    wrong = SignInRefused(detail="wrong password")
    assert (unknown.public_message, unknown.code, unknown.status) == (wrong.public_message, wrong.code, wrong.status)


@pytest.mark.parametrize(
    ("seconds", "told"),
    [
        (1, "1 second"),
        (59, "59 seconds"),
        (60, "1 minute"),
        (61, "2 minutes"),
        (3_600, "1 hour"),
        (3_601, "2 hours"),
        (86_400, "24 hours"),
    ],
)
def test_too_many_attempts_tells_a_time_that_is_never_too_short(seconds: int, told: str) -> None:
    error = TooManyAttempts(retry_after=seconds)
    assert f" in {told}." in error.public_message
    assert error.headers == {"Retry-After": str(seconds)}
    assert error.members == {"retry_after": seconds}


@pytest.mark.parametrize("seconds", [0, -5])
def test_retry_after_is_at_least_a_second(seconds: int) -> None:
    assert TooManyAttempts(retry_after=seconds).headers == {"Retry-After": "1"}
    assert Unavailable(retry_after=seconds).headers == {"Retry-After": "1"}


def test_whoever_catches_a_refused_sign_in_catches_the_limit_too() -> None:
    assert issubclass(TooManyAttempts, SignInRefused)
    assert issubclass(InvalidCredential, NotAuthenticated)
    assert not issubclass(Unavailable, SignInRefused)
    assert not issubclass(ConfigurationError, AuthError)


def test_every_problem_is_told_at_once_with_its_cure() -> None:
    problems = [Problem(code="one", what="A is wrong", cure="write B"), Problem(code="two", what="C is", cure="no C")]
    error = ConfigurationError(iter(problems))
    assert error.problems == tuple(problems)
    text = str(error)
    assert text.startswith("Ostiary cannot start: 2 problems\n")
    assert "[one] A is wrong\n    -> write B" in text
    assert "[two] C is\n    -> no C" in text


def test_a_single_problem_is_not_counted() -> None:
    error = misconfigured("one", "A is wrong", "write B")
    assert str(error) == "Ostiary cannot start\n  [one] A is wrong\n    -> write B"
