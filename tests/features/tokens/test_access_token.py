"""Access tokens: issued in the profile of RFC 9068, and believed only to the letter of it."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.features.tokens.conftest import SHOP, Mint
from tests.shop import NOON

from ostiary.features.tokens.access_token import RESERVED_CLAIMS, AccessTokens, checked_extra_claims
from ostiary.features.tokens.signing_keys import ConfiguredKeys
from ostiary.kernel.clock import DAY, MINUTE, SECOND
from ostiary.kernel.errors import ConfigurationError
from ostiary.kernel.factor import Factor
from ostiary.standards.jose.jws import LONGEST_TOKEN, parse_compact
from ostiary.standards.jose.key_set import KeySet
from ostiary.standards.jose.refusals import InvalidToken

END = NOON + 15 * MINUTE


def refusal(mint, token, now=NOON):
    with pytest.raises(InvalidToken) as caught:
        mint.tokens.verify(token, now=now)
    return caught.value.reason


def problem(act):
    with pytest.raises(ConfigurationError) as caught:
        act()
    return caught.value.problems[0].code


# Issuing


@pytest.mark.must("9068-2.1")
@pytest.mark.must("9068-2.2")
@pytest.mark.parametrize("algorithm", ["ES256", "Ed25519", "RS256", "PS256"])
def test_a_token_says_what_the_profile_wants(algorithm):
    mint = Mint(algorithm)
    token = mint.issue(scope=frozenset({"order:read"}))
    parsed = parse_compact(token)
    assert (parsed.algorithm, parsed.kid, parsed.type) == (algorithm, mint.key.kid, "at+jwt")
    claims = mint.claims(token)
    assert len(claims.pop("jti")) == 26
    assert claims == {
        "iss": SHOP, "aud": SHOP, "sub": "ada", "client_id": SHOP, "iat": NOON // 1_000, "exp": END // 1_000,
        "auth_time": NOON // 1_000, "acr": "urn:ostiary:acr:1", "amr": ["pwd"], "scope": "order:read",
        "ostiary": {"epoch": 3, "rights": 2, "factors": f"password@{NOON}"},
    }  # fmt: skip


def test_what_was_issued_is_what_is_verified():
    mint = Mint()
    factors = (Factor("password", at=NOON - MINUTE), Factor("totp", at=NOON - 1))
    token = mint.issue(
        factors=factors, scope=frozenset({"a:b", "c:*"}), audience=(SHOP, "https://other.example"), client="cli",
        family="F1", tenant=("org", "acme"), claims={"plan": "gold"}, lifetime=2 * MINUTE,
    )  # fmt: skip
    found = mint.tokens.verify(token, now=NOON)
    assert (found.subject, found.client, found.family, found.epoch, found.rights) == ("ada", "cli", "F1", 3, 2)
    assert (found.issued_at, found.expires_at) == (NOON, NOON + 2 * MINUTE)
    principal = found.presented.principal
    assert (principal.subject, principal.kind, principal.credential.kind) == ("ada", "person", "bearer")
    assert (principal.factors, principal.scope, principal.rights_version) == (factors, {"a:b", "c:*"}, 2)
    assert (principal.tenant, dict(principal.claims)) == (("org", "acme"), {"plan": "gold"})
    assert mint.claims(token)["aud"] == [SHOP, "https://other.example"]
    assert mint.claims(token)["amr"] == ["pwd", "otp", "mfa"]
    assert mint.claims(token)["acr"] == "urn:ostiary:acr:2"


def test_a_token_of_the_application_itself_names_no_client(mint):
    assert mint.tokens.verify(mint.issue(), now=NOON).client is None


def test_no_two_tokens_are_the_same(mint):
    assert mint.claims(mint.issue())["jti"] != mint.claims(mint.issue())["jti"]


def test_a_scope_of_nothing_is_never_no_restriction(mint):
    assert mint.tokens.verify(mint.issue(scope=frozenset()), now=NOON).presented.principal.scope == frozenset()
    assert mint.tokens.verify(mint.issue(scope=None), now=NOON).presented.principal.scope is None


@pytest.mark.asvs("V9.2.1")
@pytest.mark.parametrize("lifetime", [0, -1, 999, DAY + 1, 365 * DAY])
def test_a_token_lives_a_second_at_least_and_a_day_at_most(mint, lifetime):
    assert problem(lambda: mint.issue(lifetime=lifetime)) == "access_lifetime"
    assert mint.issue(lifetime=SECOND)
    assert mint.issue(lifetime=DAY)


def test_a_token_is_never_longer_than_is_read(mint):
    many = frozenset(f"resource{number}:action" for number in range(200))
    assert (
        problem(
            lambda: mint.issue(
                scope=many, claims={"x": "y" * 2_900}, audience=tuple("a" * 250 + str(n) for n in range(9))
            )
        )
        == "token_too_long"
    )


@pytest.mark.parametrize("subject", ["", "a" * 256])
def test_a_subject_that_no_token_could_name_is_not_issued_for(mint, subject):
    with pytest.raises(ValueError, match="subject"):
        mint.issue(subject)


# Extra claims


@pytest.mark.parametrize("name", sorted(RESERVED_CLAIMS))
def test_an_extra_claim_never_takes_the_place_of_one_with_a_meaning(mint, name):
    assert problem(lambda: mint.issue(claims={name: "admin"})) == "reserved_claim"


def test_extra_claims_are_copied(mint):
    kept = {"groups": ["staff"]}
    token = mint.issue(claims=kept)
    kept["groups"].append("admin")
    assert mint.claims(token)["groups"] == ["staff"]
    assert checked_extra_claims(kept)["groups"] is not kept["groups"]


@pytest.mark.parametrize(
    "claims",
    [{"a": object()}, {"a": {1, 2}}, {"a": float("nan")}, {"a": float("inf")}, {"a": b"x"}, {"a": "x" * 3_000}, {"a": "\ud800"},
     {"a": [[[[[[[[]]]]]]]]}, {7: "a", "7": "b"}],
)  # fmt: skip
def test_what_cannot_stand_in_a_token_is_refused_when_it_is_issued(mint, claims):
    assert problem(lambda: mint.issue(claims=claims)) == "unwritable_claims"


def test_a_mapping_that_holds_itself_is_refused(mint):
    round: dict = {}
    round["round"] = round
    assert problem(lambda: mint.issue(claims=round)) == "unwritable_claims"


@given(
    st.dictionaries(
        st.text(max_size=12),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=20),
            lambda one: st.lists(one, max_size=3),
            max_leaves=5,
        ),
        max_size=5,
    )
)
def test_whatever_is_added_who_it_is_and_what_it_may_stay_as_they_are(claims):
    mint = Mint(key=KEY)
    try:
        token = mint.issue(claims=claims, scope=frozenset({"order:read"}))
    except ConfigurationError:
        return
    found = mint.tokens.verify(token, now=NOON)
    assert (found.subject, found.presented.principal.scope, found.epoch, found.expires_at) == (
        "ada",
        {"order:read"},
        3,
        END,
    )
    assert dict(found.presented.principal.claims) == claims


KEY = Mint().key


# Verifying


@pytest.mark.must("9068-4")
@pytest.mark.parametrize("name", ["iss", "aud", "sub", "client_id", "jti", "iat", "exp", "ostiary"])
def test_a_token_without_one_of_its_claims_is_refused(mint, name):
    assert refusal(mint, mint.written(without=[name])) in {"missing_claim", "wrong_issuer"}


@pytest.mark.must("9068-4")
@pytest.mark.asvs("V9.2.2")
@pytest.mark.attack("B23")
@pytest.mark.parametrize("type", ["JWT", "id_token", "rt+jwt", "logout+jwt", "dpop+jwt", "reset+jwt", "secevent+jwt"])
def test_a_token_for_another_purpose_by_the_same_key_is_refused(mint, type):
    assert refusal(mint, mint.written(type=type)) == "wrong_type"
    assert mint.tokens.verify(mint.written(), now=NOON)


@pytest.mark.asvs("V9.2.4")
def test_a_token_says_for_whom_it_is(mint):
    assert mint.claims()["aud"] == SHOP
    assert mint.claims(mint.issue(audience=("https://billing.example",)))["aud"] == "https://billing.example"
    for nobody in ((), ("",)):
        with pytest.raises((ConfigurationError, ValueError), match="audience"):
            mint.issue(audience=nobody)


@pytest.mark.asvs("V9.2.3")
@pytest.mark.must("9700-2.3")
@pytest.mark.asvs("V10.3.1")
@pytest.mark.must("9068-5")
@pytest.mark.parametrize("audience", ["https://other.example", SHOP + "/", SHOP[:-1], ["https://other.example"]])
def test_a_token_for_somebody_else_is_refused(mint, audience):
    assert refusal(mint, mint.written(aud=audience)) == "wrong_audience"
    assert mint.tokens.verify(mint.written(aud=[audience[0], SHOP] if isinstance(audience, list) else SHOP), now=NOON)


@pytest.mark.attack("C11")
@pytest.mark.attack("B12")
@pytest.mark.must("8725-3.8")
def test_a_token_in_another_name_is_refused_whoever_signed_it(mint):
    stranger = Mint(issuer="https://other.example")
    assert refusal(mint, stranger.issue()) == "wrong_issuer"
    assert refusal(mint, Mint().issue()) == "unknown_key"
    assert refusal(mint, mint.written(iss=SHOP + "/")) == "wrong_issuer"


@pytest.mark.asvs("V9.2.1")
@pytest.mark.attack("C9")
def test_a_token_ends_at_the_instant_it_names_also_when_it_was_seen_before(mint):
    token = mint.issue()
    assert mint.tokens.verify(token, now=END - 1)
    assert refusal(mint, token, now=END) == "expired"


@pytest.mark.attack("C7")
@pytest.mark.parametrize("name", ["exp", "iat", "nbf"])
@pytest.mark.parametrize("value", ["1800000000", True, -1, 10**30, [], {}])
def test_times_that_are_none_are_refused(mint, name, value):
    assert refusal(mint, mint.written(**{name: value})) == "unreadable_claim"


@pytest.mark.parametrize(
    "own",
    [None, [], "x", {}, {"epoch": True, "rights": 0, "factors": ""}, {"epoch": "0", "rights": 0, "factors": ""},
     {"epoch": 0, "rights": 0.0, "factors": ""}, {"epoch": 0, "rights": 0, "factors": "magic@1"},
     {"epoch": 0, "rights": 0, "factors": None}, {"epoch": 0, "rights": 0, "factors": "", "family": 7},
     {"epoch": 0, "rights": 0, "factors": "", "tenant": []}],
)  # fmt: skip
def test_what_the_guard_compares_has_to_be_there_to_the_letter(mint, own):
    assert refusal(mint, mint.written(ostiary=own)) in {"missing_claim", "unreadable_claim"}


def test_a_long_text_costs_nothing(mint):
    assert refusal(mint, "a" * (LONGEST_TOKEN + 1)) == "too_large"


@given(st.text(max_size=100))
def test_whatever_is_presented_nothing_but_invalid_token_is_raised(text):
    with pytest.raises(InvalidToken):
        Mint(key=KEY).tokens.verify(text, now=NOON)


# Verdicts


def test_a_token_that_was_seen_before_is_not_verified_again(mint, monkeypatch):
    token = mint.issue()
    first = mint.tokens.verify(token, now=NOON)
    monkeypatch.setattr("ostiary.features.tokens.access_token.parse_compact", None)
    assert mint.tokens.verify(token, now=NOON + MINUTE) is first


def test_a_signature_is_part_of_what_is_remembered(mint):
    token = mint.issue()
    mint.tokens.verify(token, now=NOON)
    head, _, signature = token.rpartition(".")
    other = mint.issue().rpartition(".")[2]
    assert signature != other
    assert refusal(mint, f"{head}.{other}") == "bad_signature"


def test_what_is_refused_is_not_remembered(mint):
    for number in range(100):
        refusal(mint, f"a.b.{number}")
    assert len(mint.tokens._known[1]) == 0


class Retiring(ConfiguredKeys):
    """Keys that somebody takes back."""

    gone = 0

    def version(self, now):
        return self.gone


def retiring(mint, **settings):
    keys = Retiring(lambda: [mint.key])
    return keys, AccessTokens(keys, issuer=SHOP, audience=SHOP, lifetime=15 * MINUTE, **settings)


def test_when_a_key_goes_everything_is_verified_again(mint):
    keys, tokens = retiring(mint)
    token = mint.issue()
    first = tokens.verify(token, now=NOON)
    assert tokens.verify(token, now=NOON) is first
    keys.gone = 1
    again = tokens.verify(token, now=NOON)
    assert again is not first
    assert tokens.verify(token, now=NOON) is again


def test_what_was_verified_by_the_keys_of_before_is_not_kept(mint, monkeypatch):
    keys, tokens = retiring(mint)
    token, other = mint.issue(), mint.issue()
    verify_anew = AccessTokens._verify_anew

    def slowly(self, text, now):
        # Meanwhile the key goes, and another thread comes with a token of its own.
        monkeypatch.setattr(AccessTokens, "_verify_anew", verify_anew)
        keys.gone = 1
        self.verify(other, now=now)
        return verify_anew(self, text, now)

    monkeypatch.setattr(AccessTokens, "_verify_anew", slowly)
    first = tokens.verify(token, now=NOON)
    assert tokens.verify(token, now=NOON) is not first


def test_no_more_is_remembered_than_was_said(mint):
    _, tokens = retiring(mint, most_remembered=4)
    for _ in range(20):
        tokens.verify(mint.issue(), now=NOON)
    assert len(tokens._known[1]) <= 4


def test_nobody_can_change_what_is_remembered(mint):
    found = mint.tokens.verify(mint.issue(claims={"a": 1}), now=NOON)
    with pytest.raises(TypeError):
        found.presented.principal.claims["b"] = 2


# The family of an expired token


def test_an_expired_token_still_tells_its_family_and_no_other_does(mint):
    token = mint.issue(family="F1")
    ask = mint.tokens.find_family_of_expired
    assert ask(token, now=END) == "F1"
    assert ask(token, now=NOON) is None
    assert ask(Mint().issue(family="F1"), now=END) is None
    assert ask(mint.written(type="JWT"), now=END) is None
    assert ask(mint.written(aud="https://other.example"), now=END) is None
    assert ask("nonsense", now=END) is None


def test_keys_of_before_verify_and_never_sign():
    from ostiary.features.tokens.access_token import AccessTokens
    from ostiary.features.tokens.signing_keys import ConfiguredKeys, keys_of_secrets

    new, old = "n0123456789abcdefghijklmnopqrstuv", "o0123456789abcdefghijklmnopqrstuv"
    before = Mint(key=keys_of_secrets(old, ())[0])
    now_keys = keys_of_secrets(new, (old,))
    tokens = AccessTokens(ConfiguredKeys(lambda: now_keys), issuer=SHOP, audience=SHOP, lifetime=MINUTE)
    assert tokens.verify(before.issue(), now=NOON).subject == "ada"
    assert parse_compact(tokens.issue(before.grant(), now=NOON).text).kid == now_keys[0].kid
    assert json.dumps(KeySet(now_keys).document()) == '{"keys": []}'
