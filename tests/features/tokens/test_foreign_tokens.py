"""Foreign tokens, from real providers on this machine: each verified by its own issuer's keys alone, or refused."""

import base64
import json
import ssl

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from joserfc.jwk import ECKey, OctKey, RSAKey
from tests.certificate import certificate
from tests.features.tokens.provider import AUDIENCE, NOW, Provider, new_key, public
from tests.outbound.server import Dripping, Server
from tests.shop import FrozenClock

from ostiary.features.tokens.foreign_tokens import TrustedIssuers, trust
from ostiary.features.tokens.trusted_issuer import Introspection, Issuer
from ostiary.kernel.clock import Clock
from ostiary.kernel.errors import ConfigurationError, Unavailable
from ostiary.kernel.factor import Factor
from ostiary.kernel.resources import Resources
from ostiary.kernel.subject_gate import SubjectGate
from ostiary.kernel.upstream_identities import UpstreamIdentities
from ostiary.outbound import OutboundClient
from ostiary.standards.jose.refusals import InvalidToken
from ostiary.web.credential_reader import Presented, Rejected

MINUTE = 60_000
HOUR = 60 * MINUTE


@pytest.fixture
def clock():
    return FrozenClock()


@pytest.fixture
def provider():
    with Server() as server:
        yield Provider(server)


@pytest.fixture
def other():
    with Server() as server:
        yield Provider(server)


class Trust:
    """The trusted issuers under test, and the clock they live by."""

    def __init__(self, clock: FrozenClock, *issuers: Issuer, resources: Resources | None = None, **client) -> None:
        self.clock = clock
        outbound = OutboundClient(allow_loopback=True, **client)
        self.issuers = TrustedIssuers(issuers, resources or Resources(), client_of=lambda _: outbound, clock=clock)

    def principal(self, token: str):
        return self.issuers.find_principal(token, now=self.clock.now())

    def why_not(self, token: str) -> str | None:
        """Why a token is refused; None if it is taken."""
        try:
            self.principal(token)
        except InvalidToken as refusal:
            return refusal.reason
        return None


def trusting(clock, provider, **settings) -> Trust:
    return Trust(clock, Issuer(provider.url, audience=AUDIENCE, **settings))


class TestATokenThatIsGood:
    def test_makes_a_caller_under_a_name_that_only_its_issuer_gives(self, clock, provider) -> None:
        token = provider.token()
        found = trusting(clock, provider).principal(token)
        assert found.subject == f"{provider.url}#248289761001"
        assert (found.kind, found.scope, found.factors, found.tenant) == ("person", {"order:read"}, (), None)
        assert found.credential.kind == "bearer"
        assert found.credential.id == f"{provider.url}#dbe39bf3a3ba4238a513f51d6e1691c4"
        assert found.claims["client_id"] == "s6BhdRkqt3"

    @pytest.mark.parametrize("kind", ["openid-configuration", "oauth-authorization-server"])
    def test_whichever_way_its_issuer_says_where_its_keys_are(self, clock, provider, kind) -> None:
        provider.kind = kind
        assert trusting(clock, provider).principal(provider.token())

    def test_without_discovery_where_the_address_of_the_keys_is_given(self, clock, provider) -> None:
        trusted = trusting(clock, provider, jwks_uri=provider.url + "/jwks")
        assert trusted.principal(provider.token())
        assert [request.path for request in provider.server.requests] == ["/jwks"]

    @pytest.mark.parametrize("algorithm", ["ES256", "RS256", "PS256", "Ed25519"])
    def test_by_any_algorithm_that_is_listed(self, clock, provider, algorithm) -> None:
        provider.key = new_key(algorithm)
        provider.publish(public(provider.key, kid="first", alg=algorithm))
        assert trusting(clock, provider).principal(provider.token(alg=algorithm))

    def test_also_where_a_lone_key_has_no_name(self, clock, provider) -> None:
        provider.publish(public(provider.key, alg="ES256"))
        assert trusting(clock, provider).principal(provider.token(header={"kid": None}))
        provider.publish(public(provider.key, kid="a", alg="ES256"), public(new_key(), kid="b", alg="ES256"))
        assert trusting(clock, provider).why_not(provider.token(header={"kid": None})) == "unknown_key"

    def test_is_asked_about_once(self, clock, provider) -> None:
        trusted, token = trusting(clock, provider), provider.token()
        first = trusted.principal(token)
        assert trusted.principal(token) == first
        assert len(provider.server.requests) == 2

    def test_until_it_ends(self, clock, provider) -> None:
        trusted, token = trusting(clock, provider), provider.token(exp=NOW + 300)
        clock.pass_(299_999)
        assert trusted.principal(token)
        clock.pass_(1)
        assert trusted.why_not(token) == "expired"

    def test_its_claims_cannot_be_changed(self, clock, provider) -> None:
        claims = trusting(clock, provider).principal(provider.token(groups=["a"], address={"city": "x"})).claims
        assert claims["groups"] == ("a",)
        with pytest.raises(TypeError):
            claims["address"]["city"] = "y"
        with pytest.raises(TypeError):
            claims["sub"] = "admin"

    def test_of_a_program_for_itself_is_a_programs(self, clock, provider) -> None:
        found = trusting(clock, provider).principal(provider.token(sub="s6BhdRkqt3"))
        assert found.kind == "program"


class TestWhoseItIs:
    def test_nobodys_who_is_trusted_is_left_to_others(self, clock, provider, other) -> None:
        trusted = trusting(clock, provider)
        assert trusted.principal(other.token()) is None
        assert trusted.issuers.present(other.token(), clock.now()) is None
        assert trusted.principal("opaque") is None
        assert trusted.principal("") is None
        assert trusted.principal("a.b.c") is None
        assert trusted.principal("x" * 9_000) is None
        assert not provider.server.requests
        assert not other.server.requests

    @pytest.mark.attack("C11")
    @pytest.mark.parametrize("change", ["/", " ", "/x", "?", "#"])
    def test_its_issuer_is_compared_letter_by_letter(self, clock, provider, change) -> None:
        trusted = trusting(clock, provider)
        assert trusted.principal(provider.token(iss=provider.url + change)) is None
        assert trusted.principal(provider.token(iss=provider.url.upper())) is None
        assert trusted.principal(provider.token(iss=provider.url[:-1])) is None
        assert trusted.principal(provider.token(iss=[provider.url])) is None
        assert trusted.principal(provider.token(iss=None)) is None

    @pytest.mark.must("8725-3.8")
    @pytest.mark.attack("B12")
    def test_the_keys_of_one_issuer_are_none_of_anothers(self, clock, provider, other) -> None:
        """Both call their key "first"; each tries to speak for the other."""
        trusted = Trust(
            clock, Issuer(provider.url, audience=AUDIENCE), Issuer(other.url, audience="https://other.example")
        )
        assert trusted.why_not(provider.token(key=other.key)) == "bad_signature"
        assert trusted.why_not(other.token(key=provider.key, aud="https://other.example")) == "bad_signature"
        assert trusted.principal(provider.token())
        assert trusted.principal(other.token(aud="https://other.example"))
        assert trusted.why_not(other.token(aud=AUDIENCE)) == "wrong_audience"

    @pytest.mark.attack("B12")
    @pytest.mark.asvs("V10.3.3")
    def test_a_subject_of_one_issuer_is_never_one_of_anothers(self, clock) -> None:
        with Server() as server:
            short, long = Provider(server), Provider(server, "/a")
            server.act = lambda handler: (long if handler.path.startswith("/a") else short).answer(handler)
            trusted = Trust(clock, Issuer(short.url, audience=AUDIENCE), Issuer(long.url, audience=AUDIENCE))
            tricks = ("bob", "/a#bob", "a#bob", "#bob")
            subjects = [trusted.principal(one.token(sub=sub)).subject for one in (short, long) for sub in tricks]
            assert len(set(subjects)) == len(subjects)

    @pytest.mark.must("8414-3.3")
    def test_an_issuer_whose_metadata_name_another_has_no_keys(self, clock, provider, other) -> None:
        provider.metadata["issuer"] = other.url
        trusted = trusting(clock, provider)
        with pytest.raises(Unavailable):
            trusted.principal(provider.token())
        assert provider.asked("/jwks") == 0

    @pytest.mark.attack("P9")
    @pytest.mark.parametrize(
        "where",
        ["http://login.example/jwks", "https://169.254.169.254/", "https://10.0.0.1/", "file:///etc/passwd", "x"],
    )
    def test_metadata_lead_to_no_address_that_may_not_be_called(self, clock, provider, where) -> None:
        provider.metadata["jwks_uri"] = where
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("T7")
    def test_without_development_an_issuer_on_this_machine_is_not_called(self, clock, provider) -> None:
        trusted = TrustedIssuers(
            [Issuer(provider.url, audience=AUDIENCE)], Resources(), client_of=lambda _: OutboundClient(), clock=clock
        )
        with pytest.raises(Unavailable):
            trusted.find_principal(provider.token(), now=clock.now())
        assert not provider.server.requests

    def test_plain_http_stops_the_start_in_production(self, clock) -> None:
        resources = Resources()
        resources.add(clock, as_type=Clock)
        issuer = Issuer("http://localhost:8080", audience=AUDIENCE)
        with pytest.raises(ConfigurationError, match="issuer_not_https"):
            trust([issuer], resources, development=False)
        assert trust([issuer], resources, development=True)


class TestItsSignature:
    @pytest.mark.attack("A2")
    @pytest.mark.attack("A3")
    @pytest.mark.parametrize("alg", ["none", "None", "NONE", "noNE", "none ", "HS256", "RS1", "", "es256"])
    def test_an_algorithm_that_is_not_listed_is_refused_before_any_key_is_fetched(self, clock, provider, alg) -> None:
        _, payload, signature = provider.token().split(".")
        head = _encode({"alg": alg, "kid": "first", "typ": "at+jwt"})
        assert trusting(clock, provider).why_not(f"{head}.{payload}.{signature}") in ("wrong_algorithm", None)
        assert not provider.server.requests

    @pytest.mark.attack("A4")
    @pytest.mark.attack("A7")
    def test_a_public_key_is_no_secret_whatever_its_form(self, clock, provider) -> None:
        provider.key = new_key("RS256")
        provider.publish(public(provider.key, kid="first", alg="RS256"))
        native = provider.key.public_key
        pem = native.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
        pkcs1 = native.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.PKCS1)
        trusted = trusting(clock, provider)
        for secret in (pem, pem.strip(), pkcs1, json.dumps(provider.jwks["keys"][0]).encode()):
            forged = _hmac_token(provider, secret)
            assert trusted.why_not(forged) == "wrong_algorithm"
        assert trusted.principal(provider.token(alg="RS256"))

    @pytest.mark.attack("A8")
    @pytest.mark.attack("A9")
    @pytest.mark.attack("A11")
    @pytest.mark.must("8725-3.1-b")
    def test_a_key_has_one_algorithm(self, clock, provider) -> None:
        provider.key = new_key("RS256")
        provider.publish(public(provider.key, kid="first", alg="RS256"))
        trusted = trusting(clock, provider)
        assert trusted.why_not(provider.token(alg="PS256")) == "wrong_algorithm"
        assert trusted.principal(provider.token(alg="RS256"))

    @pytest.mark.attack("B2")
    @pytest.mark.must("8725-3.1-b")
    def test_a_key_that_says_no_algorithm_is_bound_to_the_first_of_ours_that_fits(self, clock, provider) -> None:
        provider.key = new_key("RS256")
        provider.publish(public(provider.key, kid="first"))
        rs, ps = provider.token(alg="RS256"), provider.token(alg="PS256")
        trusted = trusting(clock, provider)
        assert (trusted.why_not(rs), trusted.why_not(ps)) == (None, "wrong_algorithm")
        trusted = trusting(clock, provider, algorithms=("PS256", "RS256"))
        assert (trusted.why_not(rs), trusted.why_not(ps)) == ("wrong_algorithm", None)

    def test_a_key_for_an_algorithm_that_is_not_listed_is_passed_over(self, clock, provider) -> None:
        provider.publish(*provider.jwks["keys"], public(new_key("RS256"), kid="rsa", alg="RS256"))
        trusted = trusting(clock, provider, algorithms=("ES256",))
        assert trusted.principal(provider.token())

    @pytest.mark.attack("A23")
    def test_what_was_changed_is_refused(self, clock, provider) -> None:
        head, payload, signature = provider.token().split(".")
        trusted = trusting(clock, provider)
        changed = _encode(provider.claims(sub="admin"))
        assert trusted.why_not(f"{head}.{changed}.{signature}") == "bad_signature"
        longer = _encode({"alg": "ES256", "kid": "first", "typ": "at+jwt", "x": 1})
        assert trusted.why_not(f"{longer}.{payload}.{signature}") == "bad_signature"

    @pytest.mark.attack("B3")
    @pytest.mark.attack("B5")
    @pytest.mark.attack("B6")
    @pytest.mark.asvs("V9.1.3")
    def test_keys_that_a_token_brings_or_points_to_are_not_looked_at(self, clock, provider, other) -> None:
        brought = {"jwk": public(other.key), "jku": other.url + "/jwks", "x5u": other.url + "/cert", "x5c": ["MIIB"]}
        trusted = trusting(clock, provider)
        assert trusted.why_not(provider.token(key=other.key, header=brought)) == "bad_signature"
        assert not other.server.requests

    @pytest.mark.attack("B7")
    @pytest.mark.attack("C1")
    def test_what_is_no_token_to_the_letter_is_none(self, clock, provider) -> None:
        trusted = trusting(clock, provider)
        head, payload, signature = provider.token().split(".")
        doubled = base64.urlsafe_b64encode(b'{"alg":"ES256","alg":"HS256","typ":"at+jwt"}').rstrip(b"=").decode()
        for text in (f"{doubled}.{payload}.{signature}", f"{head}.{payload}", f"{head}.{payload}.{signature}.x"):
            assert trusted.principal(text) is None
        critical = _encode({"alg": "ES256", "kid": "first", "typ": "at+jwt", "crit": ["bork"], "bork": 1})
        assert trusted.principal(f"{critical}.{payload}.{signature}") is None
        assert not provider.server.requests


class TestItsKeys:
    @pytest.mark.attack("P10")
    def test_a_rotation_is_seen_at_the_first_token_of_the_new_key(self, clock, provider) -> None:
        trusted, old = trusting(clock, provider), provider.token()
        assert trusted.principal(old)
        clock.pass_(MINUTE)
        provider.rotate("second")
        assert trusted.principal(provider.token())
        assert trusted.principal(old)
        assert provider.asked("/jwks") == 2

    @pytest.mark.attack("B13")
    def test_a_thousand_tokens_of_invented_keys_cost_one_request(self, clock, provider) -> None:
        trusted, good = trusting(clock, provider), provider.token()
        head, payload, signature = good.split(".")
        assert trusted.principal(good)
        clock.pass_(10_000)
        for number in range(1_000):
            head = _encode({"alg": "ES256", "kid": f"invented-{number}", "typ": "at+jwt"})
            assert trusted.why_not(f"{head}.{payload}.{signature}") == "unknown_key"
        assert provider.asked("/jwks") == 2
        assert trusted.principal(good)

    def test_a_token_whose_key_its_issuer_took_back_is_good_no_more(self, clock, provider) -> None:
        trusted, stolen = trusting(clock, provider), provider.token(exp=NOW + 86_400)
        assert trusted.principal(stolen)
        provider.publish(public(new_key(), kid="second", alg="ES256"))
        clock.pass_(HOUR)
        assert trusted.why_not(stolen) == "unknown_key"

    def test_another_key_under_the_same_name_makes_no_remembered_token_good(self, clock, provider) -> None:
        trusted, stolen = trusting(clock, provider), provider.token(exp=NOW + 86_400)
        assert trusted.principal(stolen)
        provider.publish(public(new_key(), kid="first", alg="ES256"))
        clock.pass_(HOUR)
        assert trusted.why_not(stolen) == "bad_signature"

    @pytest.mark.attack("B14")
    def test_a_set_with_two_keys_of_one_name_is_refused(self, clock, provider) -> None:
        provider.publish(*provider.jwks["keys"], public(new_key(), kid="first", alg="ES256"))
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("B15")
    def test_a_set_with_a_shared_secret_is_refused(self, clock, provider) -> None:
        secret = OctKey.import_key("x" * 40).as_dict(private=True)
        provider.publish(*provider.jwks["keys"], {**secret, "kid": "secret", "alg": "HS256"})
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("B19")
    def test_a_set_that_shows_a_private_key_is_refused(self, clock, provider) -> None:
        provider.publish({**provider.key.as_dict(private=True), "kid": "first", "alg": "ES256"})
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("A14")
    @pytest.mark.attack("B17")
    @pytest.mark.attack("B18")
    @pytest.mark.filterwarnings("ignore:Key size:joserfc.errors.SecurityWarning")
    def test_a_weak_or_broken_key_is_never_used(self, clock, provider) -> None:
        weak = RSAKey.import_key(rsa.generate_private_key(65_537, 1_024))
        off_curve = {**public(new_key()), "y": public(new_key())["y"]}
        p384 = public(ECKey.import_key(ec.generate_private_key(ec.SECP384R1())))
        e3 = {**public(new_key("RS256")), "e": "Aw"}
        for published, alg in ((public(weak), "RS256"), (e3, "RS256"), (off_curve, "ES256"), (p384, "ES256")):
            provider.publish({**published, "kid": "first", "alg": alg})
            trusted = trusting(clock, provider)
            with pytest.raises((Unavailable, InvalidToken)):
                trusted.principal(provider.token(alg=alg, key=weak if alg == "RS256" else None))

    def test_keys_of_other_kinds_beside_are_passed_over(self, clock, provider) -> None:
        other = [
            {"kty": "AKP", "kid": "pq", "alg": "ML-DSA-44", "pub": "x"},
            public(new_key("RS256"), kid="enc", use="enc", alg="RSA-OAEP"),
            public(ECKey.import_key(ec.generate_private_key(ec.SECP384R1())), kid="p384", alg="ES384"),
        ]
        provider.publish(*other, *provider.jwks["keys"])
        assert trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("B20")
    @pytest.mark.parametrize(
        "jwks",
        [{}, {"keys": {}}, {"keys": ["x"]}, [], {"keys": [{"kty": "EC"}] * 101}, {"keys": [], "x": "y" * 300_000}],
    )
    def test_what_is_no_set_of_keys_or_a_huge_one_is_refused(self, clock, provider, jwks) -> None:
        provider.jwks = jwks
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("B20")
    def test_a_page_is_no_set_of_keys(self, clock, provider) -> None:
        provider.headers = {"Content-Type": "text/html"}
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())

    @pytest.mark.attack("B21")
    @pytest.mark.parametrize("status", [301, 302, 307, 308])
    def test_a_redirect_is_not_followed(self, clock, provider, other, status) -> None:
        provider.status, provider.headers = status, {"Location": other.url + "/jwks"}
        with pytest.raises(Unavailable):
            trusting(clock, provider).principal(provider.token())
        assert not other.server.requests

    @pytest.mark.attack("X3")
    def test_an_issuer_that_is_down_makes_its_tokens_unavailable_and_not_invalid(self, clock, provider) -> None:
        provider.status = 503
        trusted = trusting(clock, provider)
        with pytest.raises(Unavailable) as unavailable:
            trusted.issuers.present(provider.token(), clock.now())
        assert unavailable.value.headers["Retry-After"] == "10"
        provider.status = 200
        clock.pass_(10_000)
        assert isinstance(trusted.issuers.present(provider.token(), clock.now()), Presented)

    @pytest.mark.attack("X3")
    def test_an_issuer_that_goes_down_later_is_believed_for_a_bounded_time(self, clock, provider) -> None:
        trusted, token = trusting(clock, provider), provider.token(exp=NOW + 86_400)
        assert trusted.principal(token)
        provider.status = 500
        clock.pass_(6 * HOUR)
        assert trusted.principal(token)
        clock.pass_(2 * HOUR)
        with pytest.raises(Unavailable):
            trusted.principal(token)

    @pytest.mark.attack("P19")
    def test_an_issuer_that_is_slow_is_not_waited_for(self, clock, provider) -> None:
        with Dripping(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n", b" ") as slow:
            issuer = Issuer(provider.url, audience=AUDIENCE, jwks_uri=slow.url + "/jwks")
            with pytest.raises(Unavailable):
                Trust(clock, issuer, timeout=200).principal(provider.token())


class TestItsClaims:
    @pytest.mark.must("9068-2.2")
    @pytest.mark.attack("C8")
    @pytest.mark.parametrize("name", ["aud", "sub", "client_id", "jti", "iat", "exp"])
    def test_each_that_the_profile_asks_for_is_there(self, clock, provider, name) -> None:
        assert trusting(clock, provider).why_not(provider.token(**{name: None})) == "missing_claim"

    @pytest.mark.asvs("V9.2.3")
    @pytest.mark.parametrize("audience", ["https://api.shop.example/", "https://api", "", [], ["other"], "API", 7])
    def test_it_is_for_us(self, clock, provider, audience) -> None:
        assert trusting(clock, provider).why_not(provider.token(aud=audience)) in ("wrong_audience", "unreadable_claim")

    def test_it_may_be_for_others_too(self, clock, provider) -> None:
        assert trusting(clock, provider).principal(provider.token(aud=["other", AUDIENCE]))

    @pytest.mark.asvs("V9.2.1")
    @pytest.mark.attack("C9")
    def test_it_is_valid_now(self, clock, provider) -> None:
        trusted = trusting(clock, provider)
        assert trusted.why_not(provider.token(exp=NOW)) == "expired"
        assert trusted.why_not(provider.token(nbf=NOW + 61)) == "not_yet_valid"
        assert trusted.why_not(provider.token(iat=NOW + 3_600)) == "not_yet_valid"

    @pytest.mark.attack("C12")
    @pytest.mark.parametrize("sub", ["", 7, ["x"], "x" * 256, "a\nb", "a\u0000b"])
    def test_its_subject_is_a_name(self, clock, provider, sub) -> None:
        assert trusting(clock, provider).why_not(provider.token(sub=sub)) == "unreadable_claim"

    @pytest.mark.must("8725-3.11")
    @pytest.mark.must("9068-4")
    @pytest.mark.attack("B23")
    @pytest.mark.parametrize("kind", ["JWT", "jwt", None, "logout+jwt", "dpop+jwt", "secevent+jwt", "at+jwtx"])
    def test_it_says_that_it_is_an_access_token(self, clock, provider, kind) -> None:
        assert trusting(clock, provider).why_not(provider.token(header={"typ": kind})) == "wrong_type"
        assert not provider.server.requests

    @pytest.mark.parametrize("kind", ["at+jwt", "AT+JWT", "application/at+jwt"])
    def test_a_type_is_a_media_type(self, clock, provider, kind) -> None:
        assert trusting(clock, provider).principal(provider.token(header={"typ": kind}))

    @pytest.mark.parametrize("kind", ["JWT", None])
    def test_a_plain_token_is_taken_where_the_application_says_so(self, clock, provider, kind) -> None:
        trusted = trusting(clock, provider, token_type=("at+jwt", "JWT"))
        plain = provider.token(header={"typ": kind}, client_id=None, jti=None, azp="web")
        assert trusted.principal(plain).kind == "person"
        assert trusted.principal(provider.token())
        assert trusted.why_not(provider.token(client_id=None)) == "missing_claim", "its own type keeps its own rules"

    @pytest.mark.asvs("V9.2.2")
    @pytest.mark.must("8725-3.12")
    @pytest.mark.attack("B23")
    @pytest.mark.parametrize(
        "claims",
        [
            {"nonce": "n-0S6_WzA2Mj"},
            {"at_hash": "MTIzNDU2Nzg5MDEyMzQ1Ng"},
            {"c_hash": "x"},
            {"token_use": "id"},
            {"typ": "ID"},
            {"typ": "Refresh"},
            {"typ": 7},
            {"events": {"http://schemas.openid.net/event/backchannel-logout": {}}},
        ],
    )
    def test_an_id_token_or_a_logout_token_is_no_access_token_of_the_plain_kind(self, clock, provider, claims) -> None:
        trusted = trusting(clock, provider, token_type="JWT")
        assert trusted.principal(provider.token(header={"typ": "JWT"}))
        assert trusted.why_not(provider.token(header={"typ": "JWT"}, **claims)) == "wrong_type"

    @pytest.mark.asvs("V9.2.3")
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"aud": "other"}, "wrong_audience"),
            ({"aud": None}, "missing_claim"),
            ({"exp": NOW}, "expired"),
            ({"exp": None}, "missing_claim"),
            ({"sub": None}, "missing_claim"),
        ],
    )
    def test_one_of_the_plain_kind_is_for_us_too_and_valid_now(self, clock, provider, changed, reason) -> None:
        trusted = trusting(clock, provider, token_type="JWT")
        assert trusted.why_not(provider.token(header={"typ": "JWT"}, **changed)) == reason

    def test_an_issuer_may_say_in_a_claim_that_it_is_an_access_token(self, clock, provider) -> None:
        trusted = trusting(clock, provider, token_type="JWT")
        assert trusted.principal(provider.token(header={"typ": "JWT"}, typ="Bearer", nonce="x"))

    def test_a_token_that_is_bound_to_a_key_is_no_bearer_token(self, clock, provider) -> None:
        assert trusting(clock, provider).why_not(provider.token(cnf={"jkt": "x"})) == "bound_to_a_key"


class TestWhatItMayDo:
    def test_without_a_scope_it_may_do_nothing_that_asks_for_a_permission(self, clock, provider) -> None:
        trusted = trusting(clock, provider)
        assert trusted.principal(provider.token(scope=None)).scope == frozenset()
        assert trusted.principal(provider.token(scope="")).scope == frozenset()
        assert trusted.principal(provider.token(scope=None, scp=["a", "b"])).scope == {"a", "b"}

    @pytest.mark.parametrize("scope", [7, ["a", 7], "a  b", 'a"b', {"a": 1}, None])
    def test_a_scope_that_cannot_be_read_is_not_no_restriction(self, clock, provider, scope) -> None:
        token = provider.token(payload=json.dumps({**provider.claims(), "scope": scope}).encode())
        assert trusting(clock, provider).why_not(token) == "unreadable_claim"

    def test_the_application_says_what_scopes_mean(self, clock, provider) -> None:
        token = provider.token(permissions=["order:read"])
        assert trusting(clock, provider, scope="ignored").principal(token).scope is None
        by_claim = trusting(clock, provider, scope=lambda claims: claims["permissions"])
        assert by_claim.principal(token).scope == {"order:read"}
        with pytest.raises(TypeError):
            trusting(clock, provider, scope=lambda claims: "order:read").principal(token)

    def test_it_proves_no_factor_unless_the_application_says_which(self, clock, provider) -> None:
        token = provider.token(amr=["pwd", "otp", "face"], acr="gold", auth_time=NOW - 60)
        assert trusting(clock, provider).principal(token).factors == ()
        trusted = trusting(clock, provider, factors={"pwd": "password", "gold": ("totp",), "hwk": "passkey"})
        at = (NOW - 60) * 1000
        assert set(trusted.principal(token).factors) == {Factor("password", at=at), Factor("totp", at=at)}
        assert trusted.principal(provider.token(amr=["pwd"])).factors == (), "without a time there is no proof"
        assert trusted.why_not(provider.token(amr=["pwd"], auth_time=NOW + 3_600)) == "unreadable_claim"
        assert trusted.why_not(provider.token(amr=["pwd"], auth_time=1)) == "unreadable_claim"
        assert trusted.why_not(provider.token(amr="pwd", auth_time=NOW)) == "unreadable_claim"


class Accounts:
    """Who keeps links and states, as accounts do."""

    def __init__(self) -> None:
        self.links: dict[tuple[str, str], str] = {}
        self.states: dict[str, str] = {}

    def of_upstream(self, issuer: str, subject: str):
        id = self.links.get((issuer, subject))
        return None if id is None else type("Account", (), {"id": id})()

    def why_not(self, subject: str) -> str | None:
        return self.states.get(subject, None if subject.startswith("account") else "no_account")


class TestWhoItIsHere:
    @pytest.fixture
    def accounts(self):
        return Accounts()

    @pytest.fixture
    def resources(self, accounts):
        found = Resources()
        found.add(accounts, as_type=UpstreamIdentities)
        found.add(accounts, as_type=SubjectGate)
        return found

    def test_the_account_that_is_linked(self, clock, provider, accounts, resources) -> None:
        trusted = Trust(clock, Issuer(provider.url, audience=AUDIENCE), resources=resources)
        token = provider.token(sub="ada")
        assert trusted.principal(token).subject == f"{provider.url}#ada"
        accounts.links[provider.url, "ada"] = "account-1"
        assert trusted.principal(token).subject == "account-1"

    def test_a_suspension_here_is_seen_at_the_next_request(self, clock, provider, accounts, resources) -> None:
        trusted = Trust(clock, Issuer(provider.url, audience=AUDIENCE), resources=resources)
        accounts.links[provider.url, "ada"] = "account-1"
        token = provider.token(sub="ada")
        assert trusted.principal(token)
        accounts.states["account-1"] = "suspended"
        assert trusted.why_not(token) == "suspended"

    def test_whom_the_application_says(self, clock, provider, accounts, resources) -> None:
        names = {"ada": "account-1", "robot": "svc:robot"}
        issuer = Issuer(provider.url, audience=AUDIENCE, subject=lambda claims: names.get(claims["sub"]))
        trusted = Trust(clock, issuer, resources=resources)
        assert trusted.principal(provider.token(sub="ada")).subject == "account-1"
        assert trusted.principal(provider.token(sub="robot")).subject == "svc:robot"
        assert trusted.why_not(provider.token(sub="eve")) == "no_subject"
        accounts.states["account-1"] = "closed"
        assert trusted.why_not(provider.token(sub="ada")) == "closed"

    @pytest.mark.attack("X7")
    @pytest.mark.parametrize("answer", ["", 7, True])
    def test_a_mapping_that_answers_something_else_lets_nobody_in(self, clock, provider, answer) -> None:
        trusted = trusting(clock, provider, subject=lambda claims: answer)
        with pytest.raises(TypeError):
            trusted.principal(provider.token())

    def test_the_newest_version_of_the_subjects_rights_goes_with_it(self, clock, provider) -> None:
        client = OutboundClient(allow_loopback=True)
        issuers = [Issuer(provider.url, audience=AUDIENCE)]
        trusted = TrustedIssuers(
            issuers, Resources(), client_of=lambda _: client, clock=clock, rights=lambda who, now: 7
        )
        assert trusted.find_principal(provider.token(), now=clock.now()).rights_version == 7

    def test_a_refusal_says_why_to_logs_and_invalid_token_to_the_program(self, clock, provider) -> None:
        reading = trusting(clock, provider).issuers.present(provider.token(aud="other"), clock.now())
        assert isinstance(reading, Rejected)
        assert reading.reason == "wrong_audience"
        assert 'error="invalid_token"' in reading.challenge


def test_an_issuer_over_tls_is_checked_against_its_name_and_the_authorities(clock, tmp_path) -> None:
    theirs, authority = certificate(tmp_path, "localhost")
    ours = ssl.create_default_context(cadata=authority)
    here = lambda *_: ["127.0.0.1"]
    with Server(theirs) as server:
        provider = Provider(server)
        issuer = Issuer(provider.url, audience=AUDIENCE)
        assert Trust(clock, issuer, tls=ours, resolve=here).principal(provider.token())
        with pytest.raises(Unavailable):
            Trust(clock, issuer, resolve=here).principal(provider.token())


@pytest.mark.attack("T7")
def test_an_issuer_inside_is_reached_by_its_own_networks_and_authorities_in_production(clock, tmp_path) -> None:
    resources = Resources()
    resources.add(clock, as_type=Clock)
    theirs, authority = certificate(tmp_path, "localhost")
    (tmp_path / "ca.pem").write_text(authority)
    inside = {"networks": ("127.0.0.0/8", "::1/128"), "ca_file": tmp_path / "ca.pem"}
    with Server(theirs) as server, Server(theirs) as second:
        provider, other = Provider(server), Provider(second)
        issuers = [Issuer(provider.url, audience=AUDIENCE, **inside), Issuer(other.url, audience=AUDIENCE)]
        trusted = trust(issuers, resources, development=False)
        found = trusted.find_principal(provider.token(), now=clock.now())
        assert found is not None
        assert found.subject == f"{provider.url}#248289761001"
        # What was said of one issuer is said of no other.
        with pytest.raises(Unavailable):
            trusted.find_principal(other.token(), now=clock.now())
        assert second is not server
        assert not second.requests
        for reach in ({"networks": ("10.0.0.0/8",), "ca_file": tmp_path / "ca.pem"}, {"networks": inside["networks"]}):
            with pytest.raises(Unavailable):
                trust([Issuer(provider.url, audience=AUDIENCE, **reach)], resources, development=False).find_principal(
                    provider.token(), now=clock.now()
                )


def test_opaque_tokens_go_to_nobody_without_introspection(clock, provider) -> None:
    assert trusting(clock, provider).principal("mF_9.B5f-4.1JqM") is None


def test_an_issuer_may_be_asked_about_every_token(clock, provider) -> None:
    endpoint = Introspection(url=provider.url + "/introspect", client_id="shop", client_secret="s")
    trusted = trusting(clock, provider, algorithms=(), introspection=endpoint)
    token = provider.token()
    assert trusted.why_not(token) == "inactive"
    clock.pass_(10_000)
    provider.introspected[token] = {"active": True, "sub": "ada", "aud": AUDIENCE}
    assert trusted.principal(token).subject == f"{provider.url}#ada"
    assert provider.asked("/jwks") == 0


def _encode(members) -> str:
    return base64.urlsafe_b64encode(json.dumps(members).encode()).rstrip(b"=").decode()


def _hmac_token(provider: Provider, secret: bytes) -> str:
    import hmac

    signing_input = f"{_encode({'alg': 'HS256', 'kid': 'first', 'typ': 'at+jwt'})}.{_encode(provider.claims())}"
    mac = hmac.digest(secret, signing_input.encode(), "sha256")
    return f"{signing_input}.{base64.urlsafe_b64encode(mac).rstrip(b'=').decode()}"
