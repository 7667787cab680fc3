"""Introspection: who asks says who he is, what is answered is checked and kept a moment, and a failure is nobody's 401."""

import threading
from base64 import b64decode
from concurrent.futures import ThreadPoolExecutor, as_completed
from hashlib import sha256
from itertools import islice
from urllib.parse import parse_qs, unquote_plus

import pytest
from tests.features.tokens.provider import AUDIENCE, NOW, Provider
from tests.outbound.server import Dripping, Server, write_answer
from tests.shop import FrozenClock

from ostiary.features.tokens.foreign_tokens import TrustedIssuers
from ostiary.features.tokens.introspection import Introspector, basic_authorization
from ostiary.features.tokens.trusted_issuer import Introspection, Issuer
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.own_marks import OwnMarks
from ostiary.kernel.resources import Resources
from ostiary.outbound import OutboundClient
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.web.credential_reader import Presented, Rejected

TOKEN = "mF_9.B5f-4.1JqM"
SECRET = "s3cret: with % and +"


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def provider():
    with Server() as server:
        made = Provider(server)
        made.introspected[TOKEN] = active()
        yield made


def active(**changed):
    """A good answer; None takes a member away."""
    good = {
        "active": True,
        "iss": None,
        "aud": AUDIENCE,
        "sub": "ada",
        "client_id": "web",
        "scope": "order:read",
        "token_type": "Bearer",
        "exp": NOW + 3_600,
    }
    return {name: value for name, value in {**good, **changed}.items() if value is not None}


def asking(
    clock, provider, resources=None, *, url=None, audience_required=True, timeout=2_000, **settings
) -> TrustedIssuers:
    endpoint = Introspection(
        url=url or provider.url + "/introspect",
        client_id="shop:api",
        client_secret=SECRET,
        audience_required=audience_required,
    )
    issuer = Issuer(provider.url, audience=AUDIENCE, introspection=endpoint, **settings)
    client = OutboundClient(allow_loopback=True, timeout=timeout)
    return TrustedIssuers([issuer], resources or Resources(), client_of=lambda _: client, clock=clock)


def why_not(issuers: TrustedIssuers, clock, token: str = TOKEN) -> str | None:
    reading = issuers.present(token, clock.now())
    return reading.reason if isinstance(reading, Rejected) else None


def test_an_opaque_token_makes_a_caller(clock, provider) -> None:
    found = asking(clock, provider).find_principal(TOKEN, now=clock.now())
    assert found.subject == f"{provider.url}#ada"
    assert found.scope == {"order:read"}
    assert found.kind == "person"
    assert TOKEN not in found.credential.id


@pytest.mark.must("7662-2.1")
def test_who_asks_says_who_he_is_and_the_token_stands_in_the_body(clock, provider) -> None:
    asking(clock, provider).present(TOKEN, clock.now())
    [request] = provider.server.requests
    assert request.text.startswith("POST /introspect HTTP/1.1")
    assert parse_qs(request.body.decode()) == {"token": [TOKEN], "token_type_hint": ["access_token"]}
    scheme, _, pair = request.headers["authorization"].partition(" ")
    assert scheme == "Basic"
    name, _, secret = b64decode(pair).decode().partition(":")
    # RFC 6749 §2.3.1: encoded as in a form, so that a colon, a per cent sign and a plus arrive as they are.
    assert (unquote_plus(name), unquote_plus(secret)) == ("shop:api", SECRET)


def test_an_id_and_a_secret_are_encoded_as_in_a_form() -> None:
    endpoint = Introspection(url="https://a.example", client_id="a b", client_secret="p%:+/\u00e4")
    assert b64decode(basic_authorization(endpoint).removeprefix("Basic ")) == b"a+b:p%25%3A%2B%2F%C3%A4"


@pytest.mark.must("7662-2.2")
def test_a_token_that_is_not_active_is_invalid(clock, provider) -> None:
    provider.introspected.clear()
    assert why_not(asking(clock, provider), clock) == "inactive"


@pytest.mark.must("7662-4")
@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"iss": "https://other.example"}, "wrong_issuer"),
        ({"aud": "https://other.example"}, "wrong_audience"),
        ({"aud": None}, "missing_claim"),
        ({"exp": NOW}, "expired"),
        ({"exp": "soon"}, "unreadable_claim"),
        ({"nbf": NOW + 120}, "not_yet_valid"),
        ({"iat": NOW + 120}, "not_yet_valid"),
        ({"sub": None, "client_id": None}, "missing_claim"),
        ({"sub": ""}, "unreadable_claim"),
        ({"token_type": "DPoP"}, "wrong_type"),
        ({"token_type": 7}, "wrong_type"),
        ({"cnf": {"jkt": "x"}}, "bound_to_a_key"),
        ({"scope": 7}, "unreadable_claim"),
    ],
)
def test_an_active_answer_is_checked(clock, provider, changed, reason) -> None:
    provider.introspected[TOKEN] = active(**changed)
    assert why_not(asking(clock, provider), clock) == reason


@pytest.mark.parametrize("changed", [{"exp": None}, {"token_type": None}, {"token_type": "bearer"}, {"scope": None}])
def test_what_may_be_missing_may_be_missing(clock, provider, changed) -> None:
    provider.introspected[TOKEN] = active(**changed)
    assert why_not(asking(clock, provider), clock) is None


def test_an_answer_without_audience_will_do_where_the_application_says_so(clock, provider) -> None:
    provider.introspected[TOKEN] = active(aud=None)
    lenient = asking(clock, provider, audience_required=False)
    assert isinstance(lenient.present(TOKEN, clock.now()), Presented)
    provider.introspected["another"] = active(aud="https://other.example")
    assert why_not(lenient, clock, "another") == "wrong_audience"


def test_a_token_of_a_client_alone_is_its_own(clock, provider) -> None:
    provider.introspected[TOKEN] = active(sub=None)
    found = asking(clock, provider).find_principal(TOKEN, now=clock.now())
    assert (found.subject, found.kind) == (f"{provider.url}#web", "program")


class TestWhatIsKept:
    @pytest.mark.must("7662-4-cache")
    def test_an_answer_is_kept_for_a_minute(self, clock, provider) -> None:
        issuers = asking(clock, provider)
        for _ in range(10):
            assert why_not(issuers, clock) is None
        provider.introspected.clear()
        clock.pass_(59_999)
        assert why_not(issuers, clock) is None
        assert provider.asked("/introspect") == 1
        clock.pass_(1)
        assert why_not(issuers, clock) == "inactive"

    @pytest.mark.must("7662-4-cache")
    def test_an_answer_never_outlives_the_token(self, clock, provider) -> None:
        provider.introspected[TOKEN] = active(exp=NOW + 5)
        issuers = asking(clock, provider)
        assert why_not(issuers, clock) is None
        clock.pass_(5_000)
        assert why_not(issuers, clock) == "expired"

    def test_a_refusal_is_kept_for_ten_seconds(self, clock, provider) -> None:
        issuers, answer = asking(clock, provider), provider.introspected.pop(TOKEN)
        assert why_not(issuers, clock) == "inactive"
        provider.introspected[TOKEN] = answer
        clock.pass_(9_999)
        assert why_not(issuers, clock) == "inactive"
        assert provider.asked("/introspect") == 1
        clock.pass_(1)
        assert why_not(issuers, clock) is None

    def test_a_strangers_garbage_pushes_no_good_token_out(self, clock, provider) -> None:
        endpoint = Introspection(url=provider.url + "/introspect", client_id="shop", client_secret="s")
        issuer = Issuer(provider.url, audience=AUDIENCE, introspection=endpoint)
        asker = Introspector(issuer, endpoint, client=OutboundClient(allow_loopback=True))
        asker.verify(TOKEN, sha256(TOKEN.encode()).digest(), now=clock.now())
        for number in range(5_000):
            asker._inactive.keep(sha256(str(number).encode()).digest(), "inactive", clock.now() + 10_000)
        assert len(asker._inactive) <= 4_096
        asker.verify(TOKEN, sha256(TOKEN.encode()).digest(), now=clock.now())
        assert provider.asked("/introspect") == 1

    def test_neither_the_token_nor_the_secret_is_kept_in_the_open(self, clock, provider) -> None:
        asker = asking(clock, provider)._introspector
        asker.verify(TOKEN, sha256(TOKEN.encode()).digest(), now=clock.now())
        assert TOKEN not in repr(asker._good._younger)


class TestWhereItFails:
    @pytest.mark.attack("X3")
    @pytest.mark.parametrize("status", [301, 400, 401, 403, 404, 429, 500, 503])
    def test_it_is_unavailable_and_not_invalid(self, clock, provider, status, caplog) -> None:
        provider.server.act = lambda handler: write_answer(handler, status, '{"active": true}')
        with pytest.raises(Unavailable):
            asking(clock, provider).present(TOKEN, clock.now())
        assert len(provider.server.requests) == 1
        assert TOKEN not in caplog.text
        assert str(status) in caplog.text

    @pytest.mark.attack("P19")
    @pytest.mark.parametrize(
        ("body", "kind"),
        [
            ('{"active": true}', "text/html"),
            ("<html>", "application/json"),
            ("[]", "application/json"),
            ("{}", "application/json"),
            ('{"active": "true"}', "application/json"),
            ('{"active": 1}', "application/json"),
            ('{"active": false, "active": true}', "application/json"),
            ('{"active": true, "x": "' + "y" * 300_000 + '"}', "application/json"),
        ],
    )
    def test_an_answer_that_is_none_is_unavailable(self, clock, provider, body, kind) -> None:
        provider.server.answers(200, body, {"Content-Type": kind})
        with pytest.raises(Unavailable):
            asking(clock, provider).present(TOKEN, clock.now())

    def test_an_issuer_that_is_slow_is_not_waited_for(self, clock, provider) -> None:
        with Dripping(b"HTTP/1.1 200 OK\r\n\r\n", b" ") as slow, pytest.raises(Unavailable):
            asking(clock, provider, url=slow.url, timeout=200).present(TOKEN, clock.now())

    def test_a_failure_is_remembered_for_two_seconds(self, clock, provider) -> None:
        answer = provider.server.act
        provider.server.answers(500)
        issuers = asking(clock, provider)
        for number in range(20):
            with pytest.raises(Unavailable):
                issuers.present(f"token-{number}", clock.now())
        assert len(provider.server.requests) == 1
        provider.server.act = answer
        clock.pass_(2_000)
        assert why_not(issuers, clock) is None

    def test_a_remembered_token_stays_good_while_its_issuer_is_down(self, clock, provider) -> None:
        issuers = asking(clock, provider)
        assert why_not(issuers, clock) is None
        provider.server.answers(500)
        clock.pass_(30_000)
        assert why_not(issuers, clock) is None


def test_invented_tokens_never_ask_more_than_a_few_at_once(clock, provider) -> None:
    at_once, most, lock, go_on = 0, 0, threading.Lock(), threading.Event()
    answer = provider.server.act

    def act(handler):
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        go_on.wait(5)
        with lock:
            at_once -= 1
        answer(handler)

    provider.server.act = act
    issuers = asking(clock, provider, timeout=20_000)
    with ThreadPoolExecutor(20) as threads:
        asked = [threads.submit(_outcome, issuers, f"invented-{number}", clock) for number in range(20)]
        # Who waits for a turn is sent away after a second; then the rest may be answered.
        sent_away = [one.result() for one in islice(as_completed(asked), 12)]
        go_on.set()
        outcomes = [one.result() for one in asked]
    assert most == 8
    assert sent_away == ["unavailable"] * 12
    assert outcomes.count("answered") == 8


def _outcome(issuers, token, clock) -> str:
    try:
        issuers.present(token, clock.now())
    except Unavailable:
        return "unavailable"
    return "answered"


@pytest.mark.parametrize(
    "text",
    [
        "0123456789ABCDEFGHJKMNPQRS." + "a" * 43,
        "0123456789ABCDEFGHJKMNPQRS.7." + "a" * 43,
        "ost_live_0123456789ABCDEFGHJKMNPQRS." + "a" * 49,
        "two words",
        "a\u00e4",
        'quote"',
        "",
        "=",
    ],
)
def test_a_secret_of_our_own_and_what_is_no_token_are_shown_to_nobody(clock, provider, text) -> None:
    assert asking(clock, provider).present(text, clock.now()) is None
    assert not provider.server.requests


@pytest.mark.attack("U14")
@pytest.mark.parametrize(
    "text",
    [
        "ost_live_0123456789ABCDEFGHJKMNPQRS." + "a" * 48,
        "ost_live_0123456789ABCDEFGHJKMNPQR." + "a" * 49,
        "ost_live_0123456789ABCDEFGHJKMNPQRS" + "a" * 49,
        "ost_live_0123456789ABCDEFGHJKMNPQRS." + "a" * 49 + "=",
        "Ost_Live_0123456789ABCDEFGHJKMNPQRS." + "a" * 49,
        "-ost_test_0123456789abcdefghjkmnpqrs." + "a" * 49,
        "ost_",
    ],
)
def test_a_damaged_api_key_is_shown_to_nobody(clock, provider, text) -> None:
    resources = Resources()
    resources.add(OwnMarks("ost_", ("ost_live_", "ost_test_")))
    assert asking(clock, provider, resources).present(text, clock.now()) is None
    assert not provider.server.requests


@pytest.mark.attack("U14")
@pytest.mark.parametrize("damage", [lambda t: t + "=", lambda t: t[:-1] + "~", lambda t: t + ".", lambda t: t + "."])
def test_a_damaged_access_token_is_shown_to_nobody_who_could_mend_it(clock, provider, damage) -> None:
    text = damage(provider.token(iss="https://shop.example"))
    assert asking(clock, provider).present(text, clock.now()) is None
    assert not provider.server.requests


def test_an_opaque_token_may_look_like_the_beginning_of_a_signed_one(clock, provider) -> None:
    for text in ("eyJhbGciOiJkaXIifQ", "eyJhbGciOiJkaXIifQ..a.b.c"):
        assert asking(clock, provider).present(text, clock.now()) is not None
    assert provider.asked("/introspect") == 2


@pytest.mark.attack("U14")
def test_a_million_full_stops_are_shown_to_nobody(clock, provider) -> None:
    assert asking(clock, provider).present("." * 1_000_000, clock.now()) is None
    assert not provider.server.requests


def test_an_inactive_token_raises_for_whoever_verifies(clock, provider) -> None:
    provider.introspected.clear()
    with pytest.raises(InvalidToken):
        asking(clock, provider).find_principal(TOKEN, now=clock.now())


@pytest.mark.attack("U14")
@pytest.mark.parametrize("status", [400, 403, 404, 413, 422])
def test_what_the_issuer_says_of_a_strangers_token_keeps_nobody_elses_from_being_asked_about(clock, provider, status):
    issuers, usual = asking(clock, provider), provider.server.act
    provider.server.act = lambda handler: write_answer(handler, status)
    with pytest.raises(Unavailable):
        why_not(issuers, clock, "../../../../etc/passwd")
    provider.server.act = usual
    assert why_not(issuers, clock) is None
