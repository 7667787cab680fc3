"""Security headers: those of our own answers, and what keeps caches away from the application's."""

import pytest
from werkzeug.wrappers import Response

from ostiary.web.headers import apply_own_headers, protect_from_caches

NONCE = "A" * 22


def policy(response: Response) -> dict[str, str]:
    directives = response.headers["Content-Security-Policy"].split("; ")
    return {directive.partition(" ")[0]: directive.partition(" ")[2] for directive in directives}


@pytest.mark.asvs("V3.4.3")
@pytest.mark.asvs("V3.4.6")
@pytest.mark.must("9700-4.16")
@pytest.mark.attack("G16")
def test_a_page_runs_only_scripts_with_the_nonce_and_is_never_framed() -> None:
    response = Response("<p>", mimetype="text/html")
    apply_own_headers(response, nonce=NONCE)
    found = policy(response)
    assert found["default-src"] == found["object-src"] == found["base-uri"] == found["frame-ancestors"] == "'none'"
    assert found["script-src"] == f"'nonce-{NONCE}'"
    assert found["style-src"] == f"'self' 'nonce-{NONCE}'"
    assert found["form-action"] == "'self'"
    assert "unsafe" not in response.headers["Content-Security-Policy"]


@pytest.mark.asvs("V3.4.4")
@pytest.mark.asvs("V3.4.5")
@pytest.mark.asvs("V3.4.8")
@pytest.mark.asvs("V3.5.7")
@pytest.mark.asvs("V3.5.8")
@pytest.mark.asvs("V14.3.2")
@pytest.mark.attack("H17")
@pytest.mark.parametrize("mimetype", ["text/html", "application/json", "application/problem+json"])
def test_every_answer_of_ours_is_unsniffable_unembeddable_and_unkept(mimetype: str) -> None:
    response = Response("{}", mimetype=mimetype, headers={"Cache-Control": "public, max-age=60"})
    apply_own_headers(response)
    assert response.headers["X-Content-Type-Options"] == "nosniff"
    assert response.headers["Referrer-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert response.headers["Cross-Origin-Resource-Policy"] == "same-origin"
    assert response.headers.getlist("Cache-Control") == ["no-store"]
    assert policy(response)["default-src"] == "'none'"


@pytest.mark.asvs("V13.4.6")
def test_no_header_tells_a_version() -> None:
    response = Response()
    apply_own_headers(response, nonce=NONCE)
    assert not {"server", "x-powered-by", "via"} & {name.lower() for name, _ in response.headers}
    assert "ostiary" not in str(response.headers).lower()


@pytest.mark.asvs("V3.2.1")
def test_data_opened_as_a_document_does_nothing() -> None:
    response = Response("{}", mimetype="application/json")
    apply_own_headers(response)
    assert policy(response)["sandbox"] == ""
    assert policy(response)["form-action"] == "'none'"


@pytest.mark.asvs("V3.4.5")
def test_a_page_that_carries_a_code_sends_no_referrer() -> None:
    response = Response(mimetype="text/html")
    apply_own_headers(response, referrer="no-referrer")
    assert response.headers["Referrer-Policy"] == "no-referrer"


def test_a_site_may_add_sources() -> None:
    response = Response(mimetype="text/html")
    extend = {
        "form-action": ("https://client.test",),
        "frame-src": ("https://captcha.test",),
        "object-src": ("'self'",),
    }
    apply_own_headers(response, extend=extend)
    found = policy(response)
    assert found["form-action"] == "'self' https://client.test"
    assert found["frame-src"] == "https://captcha.test"
    assert found["object-src"] == "'self'"


@pytest.mark.parametrize(
    "extend",
    [
        {"img-src": ("https://a.test; script-src *",)},
        {"img-src": ("a,b",)},
        {"img-src": ("a\r\nx: y",)},
        {"img-src": ("",)},
    ]
    + [{"img-src": ("a b",)}, {"img-src;": ("a",)}, {"Img": ("a",)}],
)
def test_a_source_that_breaks_out_of_the_policy_is_refused(extend: dict[str, tuple[str, ...]]) -> None:
    with pytest.raises(ValueError, match="Content-Security-Policy"):
        apply_own_headers(Response(mimetype="text/html"), extend=extend)


@pytest.mark.parametrize("nonce", ["", "short", "A" * 22 + "'", "A" * 22 + "; x", "A" * 22 + "\n"])
def test_a_nonce_that_is_guessable_or_breaks_out_is_refused(nonce: str) -> None:
    with pytest.raises(ValueError, match="nonce"):
        apply_own_headers(Response(mimetype="text/html"), nonce=nonce)


@pytest.mark.attack("H16")
@pytest.mark.asvs("V14.2.2")
@pytest.mark.parametrize(
    ("given", "kept"),
    [
        (None, "no-store"),
        ("public", "no-store"),
        ("max-age=3600", "no-store"),
        ("no-cache", "no-store"),
        ("s-maxage=60, max-age=1", "no-store"),
        ("public, private", "no-store"),
        ("public, no-store", "no-store"),
        ('private="Set-Cookie"', "no-store"),
        ("private, max-age=60", "private, max-age=60"),
        ("Private", "Private"),
        ("no-store, max-age=0", "no-store, max-age=0"),
    ],
)
def test_no_shared_cache_keeps_what_belongs_to_somebody(given: str | None, kept: str) -> None:
    response = Response()
    if given is not None:
        response.headers["Cache-Control"] = given
    protect_from_caches(response)
    assert response.headers.getlist("Cache-Control") == [kept]
    assert response.headers["Vary"] == "Cookie"


@pytest.mark.attack("H16")
@pytest.mark.parametrize(
    "given", [["private", "public, max-age=60"], ["no-store", "public"], ["max-age=60", "s-maxage=9"]]
)
def test_several_fields_of_one_name_are_one_list(given: list[str]) -> None:
    """RFC 9110 §5.3: a cache reads all of them, so what the first says is not enough."""
    response = Response()
    for value in given:
        response.headers.add("Cache-Control", value)
    protect_from_caches(response)
    assert response.headers.getlist("Cache-Control") == ["no-store"]


@pytest.mark.attack("H16")
@pytest.mark.asvs("V14.2.2")
@pytest.mark.parametrize(
    "name",
    ["CDN-Cache-Control", "Cloudflare-CDN-Cache-Control", "surrogate-control", "Edge-Control", "X-Accel-Expires"],
)
@pytest.mark.parametrize("beside", [None, "public, max-age=60", "private, max-age=60"])
def test_nothing_tells_a_gateway_to_keep_what_belongs_to_somebody(name: str, beside: str | None) -> None:
    """RFC 9213 §2.2: a cache that a targeted field is for obeys it, and ignores Cache-Control."""
    response = Response(headers={name: "600" if name == "X-Accel-Expires" else "max-age=600"})
    if beside is not None:
        response.headers["Cache-Control"] = beside
    protect_from_caches(response)
    assert name not in response.headers
    kept = beside if beside is not None and beside.startswith("private") else "no-store"
    assert response.headers.getlist("Cache-Control") == [kept]


def test_a_view_may_forbid_a_gateway_what_it_allows_the_browser() -> None:
    response = Response(headers={"Cache-Control": "private, max-age=60", "CDN-Cache-Control": "no-store"})
    protect_from_caches(response)
    assert response.headers["CDN-Cache-Control"] == "no-store"
    assert response.headers["Cache-Control"] == "private, max-age=60"


@pytest.mark.attack("H16")
@pytest.mark.parametrize(
    ("given", "kept"),
    [(list[str](), "Cookie"), (["Accept"], "Accept, Cookie"), (["accept, cookie"], "accept, cookie"), (["*"], "*")]
    + [(["Accept", "Origin"], "Accept, Origin, Cookie")],
)
def test_the_response_varies_on_the_cookie_beside_what_the_view_says(given: list[str], kept: str) -> None:
    response = Response()
    for value in given:
        response.headers.add("Vary", value)
    protect_from_caches(response)
    assert ", ".join(response.headers.getlist("Vary")) == kept


@pytest.mark.parametrize(
    ("header", "given", "vary"),
    [
        # RFC 9110 §12.5.5, RFC 9111 §3.5: what came with Authorization and is not kept needs no more.
        ("Authorization", None, None),
        ("X-API-Key", None, "X-API-Key"),
        # A browser's own cache may keep it, and its next user present another token.
        ("Authorization", "private, max-age=60", "Authorization"),
        ("X-API-Key", "private, max-age=60", "X-API-Key"),
        ("Authorization", "public", "Authorization"),
    ],
)
def test_an_answer_to_a_program_varies_on_where_its_credential_stood(
    header: str, given: str | None, vary: str | None
) -> None:
    response = Response()
    if given is not None:
        response.headers["Cache-Control"] = given
    protect_from_caches(response, header=header)
    assert response.headers.get("Vary") == vary
    kept = given if given is not None and given.startswith("private") else "no-store"
    assert response.headers.getlist("Cache-Control") == [kept]
