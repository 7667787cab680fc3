"""Trusted issuers as they are written down: audience mandatory, https, algorithms listed; every mistake has its cure."""

import pytest
from tests.certificate import certificate

from ostiary.features.tokens.trusted_issuer import Introspection, Issuer, trust_problems
from ostiary.kernel.secret import Secret

URL = "https://login.example/realms/shop"
AUDIENCE = "https://api.shop.example"


def codes(*issuers: object, own: str | None = "https://shop.example") -> list[str]:
    return [problem.code for problem in trust_problems(issuers, own_issuer=own)]


def endpoint(**settings) -> Introspection:
    good = {"url": URL + "/introspect", "client_id": "shop", "client_secret": "s3cret"}
    return Introspection(**{**good, **settings})


def test_an_issuer_is_its_url_and_our_audience() -> None:
    assert codes(Issuer(URL, audience=AUDIENCE)) == []


@pytest.mark.asvs("V9.2.3")
@pytest.mark.must("8725-3.9")
def test_an_issuer_without_an_audience_is_refused_with_the_cure() -> None:
    [problem] = trust_problems([Issuer(URL)], own_issuer=None)
    assert problem.code == "issuer_without_audience"
    assert "audience=" in problem.cure


@pytest.mark.attack("B21")
@pytest.mark.parametrize(
    "url",
    [
        "http://login.example",
        "http://localhost.evil.example",
        "ftp://login.example",
        "login.example",
        "//login.example",
        "https://",
        "https:///realm",
        "https://user@login.example",
        "https://user:secret@login.example",
        "https://login.example@evil.example",
        "https://login.example?x=1",
        "https://login.example#x",
        "https://login.example/a b",
        "https://login.example\n",
        "https://login.ex\u00e4mple",
        "https://login.example:99999",
        "https://[::1",
        "https://login.example/" + "x" * 255,
        "",
    ],
)
def test_an_issuer_is_an_https_address_without_user_query_and_fragment(url) -> None:
    assert codes(Issuer(url, audience=AUDIENCE)) == ["no_issuer_address"]


@pytest.mark.attack("B21")
@pytest.mark.parametrize(
    "url", ["http://login.example/jwks", "https://user@login.example", "https://a.example#x", "x", ""]
)
def test_keys_are_fetched_from_an_https_address_which_may_have_a_query(url) -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, jwks_uri=url)) == ["no_issuer_address"]
    assert codes(Issuer(URL, audience=AUDIENCE, jwks_uri=URL + "/jwks?v=2")) == []


@pytest.mark.parametrize("url", ["http://localhost:8080/realms/a", "http://127.0.0.1:8080", "http://[::1]:8080"])
def test_on_this_machine_http_will_do_for_development(url) -> None:
    assert codes(Issuer(url, audience=AUDIENCE)) == []


@pytest.mark.asvs("V9.1.2")
@pytest.mark.must("8725-3.2")
@pytest.mark.attack("A4")
@pytest.mark.parametrize(
    "algorithms", [("HS256",), ("ES256", "HS256"), ("none",), ("ES256", "noNE"), ("RS1",), ("es256",), (), "ES256"]
)
def test_only_algorithms_of_published_keys_are_taken(algorithms) -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, algorithms=algorithms)) == ["algorithms_not_named"]


def test_no_algorithm_will_do_where_the_issuer_is_asked_about_every_token() -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, algorithms=(), introspection=endpoint())) == []


@pytest.mark.parametrize("kind", ["id_token", (), ("at+jwt", "logout+jwt"), "dpop+jwt"])
def test_only_types_of_access_tokens_are_taken(kind) -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, token_type=kind)) == ["unknown_token_type"]


def test_a_kind_of_proof_that_there_is_not_is_a_mistake() -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, factors={"pwd": "passwort"})) == ["unknown_proof"]
    issuer = Issuer(URL, audience=AUDIENCE, factors={"pwd": "password", "mfa": ("password", "totp")})
    assert codes(issuer) == []
    assert issuer.proofs() == {"password", "totp"}


@pytest.mark.attack("T7")
@pytest.mark.parametrize(
    "networks",
    [
        ("0.0.0.0/0",),
        ("::/0",),
        ("8.8.8.0/24",),
        ("169.254.0.0/16",),
        ("169.254.169.254/32",),
        ("fe80::/10",),
        ("10.0.0.1/8",),
        ("10.0.0.0/7",),
        ("192.0.2.0/24",),
        ("login.example",),
        ("10.0.0.0/8", ""),
        (None,),
        "8.8.8.8",
    ],
)
def test_only_private_networks_can_be_named(networks) -> None:
    assert set(codes(Issuer(URL, audience=AUDIENCE, networks=networks))) == {"no_private_network"}


def test_an_issuer_may_be_inside_and_have_authorities_of_its_own(tmp_path) -> None:
    _, authority = certificate(tmp_path)
    (tmp_path / "ca.pem").write_text(authority)
    networks = ("10.20.0.0/16", "172.16.0.0/12", "192.168.1.7", "100.64.0.0/10", "127.0.0.1", "fd12::/16", "::1")
    assert codes(Issuer(URL, audience=AUDIENCE, networks=networks, ca_file=tmp_path / "ca.pem")) == []
    assert codes(Issuer(URL, audience=AUDIENCE, networks="10.20.0.0/16")) == []
    assert codes(Issuer(URL, audience=AUDIENCE, ca_file=str(tmp_path / "ca.pem"))) == []


@pytest.mark.parametrize("content", [None, "", "no certificate"])
def test_authorities_that_cannot_be_read_stop_the_start(tmp_path, content) -> None:
    if content is not None:
        (tmp_path / "ca.pem").write_text(content)
    assert codes(Issuer(URL, audience=AUDIENCE, ca_file=tmp_path / "ca.pem")) == ["no_authorities"]


def test_how_scopes_are_read_is_one_of_three() -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, scope="all")) == ["unknown_scope_reading"]
    assert codes(Issuer(URL, audience=AUDIENCE, scope=lambda claims: ())) == []


def test_what_is_no_issuer_is_a_mistake() -> None:
    assert codes(URL) == ["not_an_issuer"]


def test_an_issuer_is_listed_once_and_is_not_ourselves() -> None:
    one = Issuer(URL, audience=AUDIENCE)
    assert codes(one, Issuer(URL, audience="other")) == ["issuer_twice"]
    assert codes(one, own=URL) == ["trusts_itself"]


def test_opaque_tokens_are_shown_to_one_issuer_only() -> None:
    one = Issuer(URL, audience=AUDIENCE, introspection=endpoint())
    other = Issuer("https://other.example", audience=AUDIENCE, introspection=endpoint())
    assert codes(one) == []
    assert codes(one, other) == ["several_introspections"]


def test_an_introspection_endpoint_is_an_https_address_which_may_have_a_query() -> None:
    assert codes(Issuer(URL, audience=AUDIENCE, introspection=endpoint(url="http://login.example/i"))) == [
        "no_issuer_address"
    ]
    assert codes(Issuer(URL, audience=AUDIENCE, introspection=endpoint(url=URL + "/i?realm=a"))) == []


@pytest.mark.attack("P21")
def test_the_secret_of_the_client_shows_nowhere() -> None:
    issuer = Issuer(URL, audience=AUDIENCE, introspection=endpoint(client_secret="hunter2"))
    assert "hunter2" not in repr(issuer)
    assert issuer.introspection.secret.reveal() == "hunter2"
    assert endpoint(client_secret=Secret("x")).secret == Secret("x")


def test_problems_name_what_was_written() -> None:
    for problem in trust_problems([Issuer("http://login.example", algorithms=("HS256",))], own_issuer=None):
        assert "login.example" in problem.what
        assert problem.cure
