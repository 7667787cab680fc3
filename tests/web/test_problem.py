"""Problem documents (RFC 9457), and refusals as exceptions that Flask's handlers know."""

import json

import pytest
from werkzeug.exceptions import Forbidden, HTTPException, NotFound, TooManyRequests, Unauthorized
from werkzeug.test import Client
from werkzeug.wrappers import Response

from ostiary.kernel.errors import (
    AuthError,
    CsrfRefused,
    InvalidCredential,
    NotAllowed,
    NotAuthenticated,
    SignInRefused,
    TooManyAttempts,
    Unavailable,
)
from ostiary.web.problem import Refusal, problem_document, problem_response, refusal

EVERY = [NotAuthenticated(), InvalidCredential(), NotAllowed(), CsrfRefused(), SignInRefused(), Unavailable()]
EVERY += [TooManyAttempts(retry_after=7)]


@pytest.mark.parametrize("error", EVERY, ids=lambda error: error.code)
def test_every_refusal_is_a_document_with_a_stable_code_that_no_cache_keeps(error):
    answer = problem_response(error)
    document = json.loads(answer.data)
    assert answer.status_code == document["status"] == error.status
    assert (answer.mimetype, answer.headers["Cache-Control"]) == ("application/problem+json", "no-store")
    assert document["code"] == error.code
    assert document["type"] == f"urn:ostiary:problem:{error.code}"
    assert document["title"] == error.public_message


@pytest.mark.asvs("V16.5.1")
def test_what_is_private_stays_so():
    error = NotAllowed(detail="the subject does not hold auditor")
    answer = problem_response(error)
    assert "auditor" not in answer.get_data(as_text=True) + str(answer.headers)
    assert "auditor" in str(error), "staff see it in the log"


def test_what_a_client_needs_travels_in_the_header_and_in_the_document():
    answer = problem_response(TooManyAttempts(retry_after=7))
    assert answer.headers["Retry-After"] == "7"
    assert json.loads(answer.data)["retry_after"] == 7


@pytest.mark.attack("T5")
@pytest.mark.attack("T11")
def test_markup_and_format_strings_are_text():
    text = "<script>alert(1)</script> {0.__class__} {{7*7}} %s __proto__"
    assert problem_document(NotAllowed(text))["title"] == text
    assert "49" not in problem_response(NotAllowed(text)).get_data(as_text=True)


@pytest.mark.parametrize(
    ("error", "known"),
    [
        (NotAuthenticated(), Unauthorized),
        (NotAllowed(), Forbidden),
        (NotAllowed(status=404), NotFound),
        (TooManyAttempts(retry_after=1), TooManyRequests),
        (AuthError(status=499), HTTPException),
    ],
)
def test_a_refusal_is_werkzeugs_exception_of_its_status(error, known):
    raised = refusal(error, problem_response)
    assert isinstance(raised, Refusal)
    assert isinstance(raised, known)
    assert (raised.code, raised.error, raised.description) == (error.status, error, error.public_message)


def test_one_that_sends_somebody_to_sign_in_is_no_error():
    raised = refusal(NotAuthenticated(), lambda error: Response(status=303), redirects=True)
    assert raised.code is None
    assert raised.get_response().status_code == 303


def test_a_refusal_answers_as_a_wsgi_application_and_as_a_response():
    raised = refusal(NotAllowed(), problem_response)
    for answer in (Client(raised).get("/"), raised.get_response({"REQUEST_METHOD": "GET"})):
        assert (answer.status_code, answer.mimetype) == (403, "application/problem+json")
