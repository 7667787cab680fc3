"""Verifying a password: the same work and the same answer whoever it is, and never a match with nothing."""

import logging
from contextlib import ExitStack

import pytest
from tests.shop import CHEAP, NOON, PASSWORD, FrozenClock, Shop, hashed, open_shop

from ostiary import SignIn, SignInRefused
from ostiary.features.passwords import Argon2id, PasswordVerifier
from ostiary.features.passwords.input_bounds import LONGEST_CHARACTERS, LONGEST_IDENTIFIER
from ostiary.kernel.errors import ConfigurationError, Unavailable
from ostiary.kernel.factor import Factor


@pytest.fixture
def shop(sqlite_url):
    with open_shop(sqlite_url, clock=FrozenClock()) as made:
        yield made


def _shop(url: str, lookup):
    return open_shop(url, users=lookup, clock=FrozenClock())


def _verify(shop: Shop, identifier="ada", password=PASSWORD):
    with shop.app.test_request_context():
        return shop.auth.passwords.verify(identifier, password)


def test_the_right_password_is_evidence_with_its_time_its_epoch_and_what_it_was_counted_against(shop: Shop) -> None:
    shop.suspend("ada")
    evidence = _verify(shop)
    assert (evidence.subject, evidence.factor) == ("ada", Factor("password", at=NOON))
    assert (evidence.epoch, evidence.guessed) == (1, "ada")


def test_evidence_is_no_sign_in(shop: Shop) -> None:
    _verify(shop)
    assert (shop.rows(), shop.audit()) == ([], [])


# The same work


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
@pytest.mark.parametrize(
    ("identifier", "password"),
    [
        ("ada", "wrong"),
        ("ned", "wrong"),
        ("ned", PASSWORD),
        ("", "wrong"),
        ("x" * 10_000, "wrong"),
        ("a\x00b", "wrong"),
    ],
)
def test_every_refused_guess_costs_exactly_one_hash_of_the_same_parameters(
    shop: Shop, hashes, identifier, password
) -> None:
    with pytest.raises(SignInRefused):
        _verify(shop, identifier, password)
    assert hashes == ["m=19456,t=2,p=1"]


@pytest.mark.attack("I2")
def test_a_known_and_an_unknown_name_are_looked_up_equally_often(sqlite_url: str) -> None:
    asked: list[str] = []
    users = {"ada": hashed()}
    with _shop(sqlite_url, lambda name: asked.append(name) or users.get(name)) as shop:
        for name in ("ada", "ned"):
            with pytest.raises(SignInRefused):
                _verify(shop, name, "wrong")
    assert (asked.count("ada"), asked.count("ned")) == (2, 2)


@pytest.mark.attack("I2")
@pytest.mark.parametrize("password", ["", "x" * (LONGEST_CHARACTERS + 1), "\ud800"])
def test_what_can_be_no_password_is_hashed_for_nobody(shop: Shop, hashes, password: str) -> None:
    for name in ("ada", "ned"):
        with pytest.raises(SignInRefused):
            _verify(shop, name, password)
    assert hashes == []


# Never a match with nothing


@pytest.mark.attack("J10")
@pytest.mark.parametrize("stored", ["", " ", "!", "*", "x", "$", "$argon2id$", "None", "plain", PASSWORD, None])
@pytest.mark.parametrize("password", ["", " ", "!", "x", "None", "$argon2id$", "plain", PASSWORD])
def test_an_account_without_a_password_matches_none(sqlite_url: str, stored, password: str) -> None:
    scheme = Argon2id(memory_kib=64, passes=1, lanes=1)
    assert scheme.verify(stored, password) is False


@pytest.mark.attack("J10")
@pytest.mark.parametrize("stored", ["", "!", None, ("ada", ""), ("ada", "!")])
def test_an_account_with_an_empty_column_is_refused_like_a_wrong_password(sqlite_url: str, hashes, stored) -> None:
    with _shop(sqlite_url, lambda _: stored) as shop:
        answers = [shop.browser().sign_in("ada", password) for password in ("x", "", "!")]
        assert {(answer.status_code, answer.json["code"]) for answer in answers} == {(401, "invalid_credentials")}
        assert shop.rows() == []
    assert len(hashes) == 2, "one for each password that could be one"


@pytest.mark.attack("J13")
@pytest.mark.parametrize("value", [{}, [], 1, 0, True, False, None, 1.5, ["x"], {"$ne": ""}])
@pytest.mark.parametrize("field", ["identifier", "password"])
def test_what_is_not_text_is_refused_before_anything_is_looked_up(sqlite_url: str, hashes, field: str, value) -> None:
    asked: list[str] = []
    with _shop(sqlite_url, lambda name: asked.append(name) or hashed()) as shop:
        fields = {"identifier": "ada", "password": PASSWORD, field: value}
        browser = shop.browser()
        assert browser.post("/login", json=fields).status_code == 400
        assert (asked, hashes, browser.who, shop.audit()) == ([], [], "", [])


@pytest.mark.attack("J13")
@pytest.mark.parametrize("value", [b"x", 1, None, [], {}])
def test_a_program_that_passes_what_is_not_text_is_told(shop: Shop, value) -> None:
    with pytest.raises(TypeError):
        _verify(shop, password=value)
    with pytest.raises(TypeError):
        _verify(shop, identifier=value)


def test_a_name_longer_than_any_mailbox_is_nobodys_even_if_the_application_would_find_it(sqlite_url: str) -> None:
    with _shop(sqlite_url, lambda _: hashed()) as shop:
        assert _verify(shop, "a" * LONGEST_IDENTIFIER)
        with pytest.raises(SignInRefused):
            _verify(shop, "a" * (LONGEST_IDENTIFIER + 1))


@pytest.mark.parametrize("identifier", ["ada\x00", "ada\n", "\u202eada", "ada\ud800", "\x1b[31m"])
def test_a_name_with_control_characters_is_never_looked_up(sqlite_url: str, identifier: str) -> None:
    asked: list[str] = []
    with _shop(sqlite_url, lambda name: asked.append(name) or hashed()) as shop:
        with pytest.raises(SignInRefused):
            _verify(shop, identifier)
    assert asked == []


# The application's lookup


def test_a_lookup_may_name_another_subject(sqlite_url: str) -> None:
    with _shop(sqlite_url, lambda name: ("42", hashed()) if name == "ada" else None) as shop:
        browser = shop.browser()
        browser.sign_in("ada")
        assert browser.who == "42"


@pytest.mark.parametrize(
    "found", [1, True, b"x", ["ada", "x"], ("ada",), ("", "x"), (1, "x"), ("ada", None), object(), {}]
)
def test_a_lookup_that_answers_something_else_signs_nobody_in_and_says_so(sqlite_url: str, found) -> None:
    with _shop(sqlite_url, lambda _: found) as shop:
        with pytest.raises(ConfigurationError, match="lookup_returns_neither"):
            _verify(shop)


@pytest.mark.asvs("V16.5.3")
@pytest.mark.attack("X1")
def test_a_lookup_that_fails_is_503_and_nobodys_wrong_password(sqlite_url: str, caplog) -> None:
    def lookup(_: str):
        raise LookupError("the table is away")

    with _shop(sqlite_url, lookup) as shop, caplog.at_level(logging.ERROR):
        answer = shop.browser().sign_in()
        assert answer.status_code == 503
        assert "the table" not in answer.text
        assert (shop.rows(), shop.audit()) == ([], [])
    assert "lookup" in caplog.text
    assert PASSWORD not in caplog.text


def test_a_subject_that_changes_between_two_lookups_is_refused(sqlite_url: str) -> None:
    found = iter([("1", hashed()), ("2", hashed())])
    with _shop(sqlite_url, lambda _: next(found)) as shop:
        with pytest.raises(SignInRefused):
            _verify(shop)


@pytest.mark.attack("X1")
def test_a_lookup_that_fails_takes_nobodys_allowance(sqlite_url: str) -> None:
    away = [True]

    def lookup(_: str):
        if away[0]:
            raise LookupError("the table is away")
        return hashed()

    with open_shop(sqlite_url, users=lookup, sign_in=SignIn(account_limit="2/1h", nearby_limit="2/1h")) as shop:
        for _ in range(5):
            assert shop.browser().sign_in().status_code == 503
        away[0] = False
        assert [shop.browser().sign_in(password="wrong").status_code for _ in range(3)] == [401, 401, 429]


@pytest.mark.attack("I2")
def test_while_every_slot_is_taken_known_and_unknown_names_wait_alike(sqlite_url: str) -> None:
    with open_shop(sqlite_url, clock=FrozenClock()) as shop:
        verifier = shop.runtime.action("passwords", PasswordVerifier)
        slots = verifier._hasher._slots
        slots._places = 0
        held = [slots.slot() for _ in range(4)]
        for slot in held:
            slot.__enter__()
        for name in ("ada", "ned"):
            with pytest.raises(Unavailable):
                _verify(shop, name, "wrong")
        for slot in held:
            slot.__exit__(None, None, None)


@pytest.mark.attack("U1")
@pytest.mark.parametrize("password", ["", "x" * (LONGEST_CHARACTERS + 1), "\ud800"])
def test_what_can_be_no_password_takes_no_slot(shop: Shop, password: str) -> None:
    """It would be a hash that took no time: a few hundred of them, and everybody is told to come back at once."""
    verifier = shop.runtime.action("passwords", PasswordVerifier)
    slots = verifier._hasher._slots
    slots._places = 0
    with ExitStack() as held:
        for _ in range(slots.most):
            held.enter_context(slots.slot())
        with pytest.raises(SignInRefused):
            _verify(shop, "ada", password)
        with pytest.raises(ValueError, match="empty or too long|not Unicode"):
            verifier.hash(password)
    assert slots.refused == 0


def test_a_password_is_hashed_by_the_settings_of_the_application(shop: Shop) -> None:
    with shop.app.app_context():
        stored = shop.auth.passwords.hash(PASSWORD)
    assert stored.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert CHEAP.verify(stored, PASSWORD)
