"""Setting and changing a password: by proof or on the application's word; whatever was signed in before has ended."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import update
from tests.features.passwords.house import NEW, House, open_house
from tests.shop import PASSWORD, hashed

from ostiary import SignIn, SignInRefused
from ostiary.features.accounts import Accounts, NoSuchAccount, WrongState
from ostiary.features.passwords import store
from ostiary.features.passwords.store import passwords
from ostiary.kernel.clock import DAY
from ostiary.kernel.errors import ConfigurationError, TooManyAttempts, Unavailable, ValidationFailed
from ostiary.kernel.events import PasswordChanged, SignInFailed

ADA = "ada@mail.example"


def _ada(house: House, password: str | None = PASSWORD, **kwargs):
    return house.accounts.create(email=ADA, password=password, **kwargs)


def _codes(failed) -> list[tuple[str, str]]:
    return [(error.field, error.code) for error in failed.value.errors]


def _change(house: House, subject: str, current: str, new: str, **kwargs):
    with house.app.test_request_context():
        return house.passwords.change(subject, current=current, new=new, **kwargs)


# Accounts have passwords


def test_a_new_account_signs_in_with_the_password_it_was_given(house: House) -> None:
    account = _ada(house)
    assert house.verify(ADA, PASSWORD).subject == account.id
    with pytest.raises(SignInRefused):
        house.verify(ADA, "wrong")


@pytest.mark.must("63B-3.1.1.2-hash")
def test_what_is_stored_is_a_salted_hash_with_its_parameters_and_never_the_password(house: House) -> None:
    one, other = _ada(house), house.accounts.create(email="bob@mail.example", password=PASSWORD)
    first, second = house.stored(one.id), house.stored(other.id)
    assert first != second
    assert first.startswith("$argon2id$v=19$m=19456,t=2,p=1$")
    assert PASSWORD not in first


@pytest.mark.parametrize("value", [5, b"x", ["x"], {"a": 1}, True])
@pytest.mark.attack("J13")
def test_a_password_that_is_not_text_makes_no_account(house: House, value) -> None:
    with pytest.raises(ValidationFailed) as failed:
        house.accounts.create(email=ADA, password=value)
    assert _codes(failed) == [("password", "not_text")]
    assert house.accounts.find(email=ADA) is None


@pytest.mark.must("CS-Stuffing")
@pytest.mark.asvs("V6.2.11")
@pytest.mark.asvs("V6.2.4")
@pytest.mark.attack("J11")
@pytest.mark.parametrize("verb", ["create", "set", "change"])
@pytest.mark.parametrize(
    ("password", "code"),
    [
        ("short", "too_short"),
        ("passwordpassword", "too_common"),
        ("ada@mail.example", "contains_context"),
        ("Harbourside-2027!", "contains_context"),
        ("x" * 1_025, "too_long"),
    ],
)
def test_every_way_to_a_password_goes_through_the_policy(sqlite_url: str, verb: str, password: str, code: str) -> None:
    with open_house(sqlite_url) as house:
        account = None if verb == "create" else _ada(house)
        before = house.stored(account.id) if account else None
        with pytest.raises(ValidationFailed) as failed:
            if verb == "create":
                _ada(house, password)
            elif verb == "set":
                house.passwords.set(account, password)
            else:
                _change(house, account.id, PASSWORD, password)
        assert ("password", code) in _codes(failed)
        assert (house.stored(account.id) if account else None) == before


def test_an_account_without_a_password_has_none_and_signs_in_with_none(house: House, hashes) -> None:
    account = _ada(house, None)
    assert not house.passwords.has_password(account.id)
    for password in (PASSWORD, "x"):
        with pytest.raises(SignInRefused):
            house.verify(ADA, password)
    assert len(hashes) == 2


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I2")
@pytest.mark.parametrize("identifier", [ADA, "nobody@mail.example", "no address at all", ""])
def test_a_guess_costs_one_hash_whoever_it_is_about(sqlite_url: str, hashes, identifier: str) -> None:
    with open_house(sqlite_url) as house:
        _ada(house)
        hashes.clear()
        with pytest.raises(SignInRefused):
            house.verify(identifier, "wrong")
    assert hashes == ["m=19456,t=2,p=1"]


@pytest.mark.asvs("V6.2.10")
@pytest.mark.must("63B-3.1.1.2-5/6")
def test_a_password_never_grows_too_old(house: House) -> None:
    account = _ada(house)
    house.clock.pass_(3_650 * DAY)
    assert house.verify(ADA, PASSWORD).subject == account.id


def test_a_closed_account_keeps_no_password(house: House) -> None:
    account = _ada(house)
    house.accounts.close(account)
    assert house.stored(account.id) is None


# Changing by proof


@pytest.mark.asvs("V6.2.2")
@pytest.mark.asvs("V6.2.3")
def test_a_change_takes_the_present_password_and_the_new_one(house: House) -> None:
    account = _ada(house)
    evidence = _change(house, account.id, PASSWORD, NEW)
    assert (evidence.subject, evidence.factor.kind) == (account.id, "password")
    assert evidence.epoch == house.epoch(account.id) == 1
    assert house.verify(ADA, NEW).subject == account.id
    with pytest.raises(SignInRefused):
        house.verify(ADA, PASSWORD)


@pytest.mark.asvs("V6.2.3")
@pytest.mark.attack("J12")
@pytest.mark.parametrize("current", ["", "wrong", PASSWORD + " ", PASSWORD.upper(), NEW + "!"])
def test_a_wrong_present_password_changes_nothing_and_counts_as_a_guess(house: House, current: str) -> None:
    account = _ada(house)
    before = house.stored(account.id)
    with pytest.raises(ValidationFailed) as failed:
        _change(house, account.id, current, NEW)
    assert _codes(failed) == [("current", "wrong_password")]
    assert (house.stored(account.id), house.epoch(account.id)) == (before, 0)
    assert [event.subject for event in house.events if isinstance(event, SignInFailed)] == [account.id]


@pytest.mark.asvs("V6.2.3")
def test_guesses_at_a_change_and_at_a_sign_in_are_one_count(sqlite_url: str) -> None:
    with open_house(sqlite_url, sign_in=SignIn(account_limit="4/1h")) as house:
        account = _ada(house)
        for _ in range(2):
            with pytest.raises(SignInRefused):
                house.verify(ADA, "wrong")
            with pytest.raises(ValidationFailed):
                _change(house, account.id, "wrong", NEW)
        with pytest.raises(TooManyAttempts):
            _change(house, account.id, PASSWORD, NEW)
        with pytest.raises(TooManyAttempts):
            house.verify(ADA, PASSWORD)


def test_the_same_password_once_more_is_no_change(house: House) -> None:
    account = house.accounts.create(email=ADA, password="caf\u00e9 on the harbour")
    for same in ("caf\u00e9 on the harbour", "cafe\u0301 on the harbour"):
        with pytest.raises(ValidationFailed) as failed:
            _change(house, account.id, "caf\u00e9 on the harbour", same)
        assert _codes(failed) == [("password", "unchanged")]


@pytest.mark.attack("J12")
def test_an_account_without_a_password_changes_none(house: House) -> None:
    account = _ada(house, None)
    with pytest.raises(ValidationFailed) as failed:
        _change(house, account.id, PASSWORD, NEW)
    assert _codes(failed) == [("current", "wrong_password")]
    assert house.stored(account.id) is None


def test_a_change_ends_every_session_but_the_one_that_is_carried_over(house: House) -> None:
    account = _ada(house)
    here, elsewhere = house.browser(), house.browser()
    for browser in (here, elsewhere):
        assert browser.sign_in(ADA).status_code == 200
    kept = []
    _change(house, account.id, PASSWORD, NEW, during=lambda tx, epoch: kept.append((epoch, tx.connection.closed)))
    assert kept == [(1, False)]
    assert (here.who, elsewhere.who) == ("", "")


def test_what_fails_beside_a_change_undoes_it(house: House) -> None:
    account = _ada(house)
    before = house.stored(account.id)

    def fail(_tx, _epoch):
        raise LookupError

    with pytest.raises(LookupError):
        _change(house, account.id, PASSWORD, NEW, during=fail)
    assert (house.stored(account.id), house.epoch(account.id), house.mailbox.sent) == (before, 0, ())


def test_of_two_changes_at_once_one_is_made(house: House) -> None:
    account = _ada(house)
    barrier = threading.Barrier(4)

    def change(number: int) -> bool:
        barrier.wait()
        try:
            _change(house, account.id, PASSWORD, f"{NEW} {number}")
        except ValidationFailed:
            return False
        return True

    with ThreadPoolExecutor(4) as pool:
        made = list(pool.map(change, range(4)))
    assert sum(made) == 1
    assert house.epoch(account.id) == 1
    assert house.verify(ADA, f"{NEW} {made.index(True)}")


def test_a_change_undoes_no_reset_that_came_in_between(house: House, monkeypatch) -> None:
    account = _ada(house)
    reset = house.passwords.hash("another harbour by the sea")
    original = house.passwords.verify_current

    def verify_current(*args):
        evidence = original(*args)
        with house.database.write() as tx:
            house.passwords.set_in(tx, account, reset, how="reset")
        return evidence

    monkeypatch.setattr(type(house.passwords), "verify_current", lambda self, *args: verify_current(*args))
    with pytest.raises(ValidationFailed):
        _change(house, account.id, PASSWORD, NEW)
    assert house.stored(account.id) == reset


@pytest.mark.attack("J13")
@pytest.mark.parametrize("value", [None, b"x", 1, {}])
def test_a_program_that_passes_what_is_no_text_is_told(house: House, value) -> None:
    account = _ada(house)
    with pytest.raises(TypeError):
        _change(house, account.id, value, NEW)
    with pytest.raises(TypeError):
        _change(house, account.id, PASSWORD, value)
    with pytest.raises(TypeError):
        house.passwords.set(account, value)


# Setting, on the application's word


def test_the_application_sets_a_password_and_everything_before_has_ended(house: House) -> None:
    account = _ada(house)
    browser = house.browser()
    browser.sign_in(ADA)
    assert house.passwords.set(account.id, NEW) == 1
    assert browser.who == ""
    assert house.verify(ADA, NEW)


@pytest.mark.parametrize("state", ["suspend", "close"])
def test_a_password_opens_no_account_that_is_suspended_and_a_closed_one_gets_none(house: House, state: str) -> None:
    account = _ada(house)
    if state == "close":
        house.accounts.close(account)
        with pytest.raises(WrongState):
            house.passwords.set(account.id, NEW)
        return
    house.accounts.suspend(account, reason="a complaint")
    house.passwords.set(account.id, NEW)
    assert house.accounts.get(account.id).state.value == "suspended"


def test_an_account_that_is_not_there_gets_no_password(house: House) -> None:
    with pytest.raises(NoSuchAccount):
        house.passwords.set("01ARZ3NDEKTSV4RRFFQ69G5FAV", NEW)


@pytest.mark.must("63B-3.2.2")
def test_a_new_password_gives_the_guesses_back_that_were_made_at_the_old_one(sqlite_url: str) -> None:
    with open_house(sqlite_url, sign_in=SignIn(failures=2)) as house:
        account = _ada(house)
        for _ in range(3):
            with pytest.raises(SignInRefused):
                house.verify(ADA, "wrong")
        with pytest.raises(SignInRefused):
            house.verify(ADA, PASSWORD)
        house.passwords.set(account, NEW)
        assert house.verify(ADA, NEW)


# What is told, and what is not


@pytest.mark.asvs("V6.3.7")
def test_a_change_is_told_to_listeners_and_to_every_proven_address(house: House) -> None:
    account = _ada(house)
    with house.database.write() as tx:
        house.accounts.add_identifier(tx, account.id, "email", "ada@second.example", verified=True)
        house.accounts.add_identifier(tx, account.id, "email", "mallory@third.example")
    house.mailbox.clear()
    _change(house, account.id, PASSWORD, NEW)
    house.passwords.set(account.id, "another harbour by the sea")
    told = [event for event in house.events if isinstance(event, PasswordChanged)]
    assert [(event.subject, event.how) for event in told] == [(account.id, "changed"), (account.id, "set")]
    assert sorted({mail.to for mail in house.mailbox.sent}) == [ADA, "ada@second.example"]
    assert len(house.mailbox.sent) == 4
    mail = house.mailbox.last(ADA)
    assert "was changed" in mail.subject
    assert "None" not in mail.text
    assert mail.link.startswith("https://harbourside.example/")


@pytest.mark.attack("J14")
def test_no_password_is_in_an_event_a_log_a_mail_or_a_representation(house: House, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        account = _ada(house)
        _change(house, account.id, PASSWORD, NEW)
        with pytest.raises(ValidationFailed) as failed:
            _change(house, account.id, "guess one two three", "passwordpassword")
    said = [caplog.text, repr(house.events), repr(failed.value), str(failed.value), repr(house.passwords)]
    said += [f"{mail.subject}{mail.text}" for mail in house.mailbox.sent]
    for secret in (PASSWORD, NEW, "guess one two three", "passwordpassword", house.stored(account.id)):
        assert not [text for text in said if secret in text]


# Passwords that are kept elsewhere


@pytest.mark.attack("J16")
@pytest.mark.parametrize("settings", [{"lookup": lambda _: hashed()}, {"check": lambda *_: "42"}])
def test_a_password_that_is_kept_elsewhere_is_never_set_here(sqlite_url: str, settings) -> None:
    with open_house(sqlite_url, accounts=Accounts(identifiers=("username",)), **settings) as house:
        account = house.accounts.create(username="ada")
        for verb in (
            lambda: house.passwords.set(account, NEW),
            lambda: _change(house, account.id, PASSWORD, NEW),
            lambda: house.passwords.has_password(account.id),
            lambda: house.accounts.create(username="bob", password=NEW),
        ):
            with pytest.raises(ConfigurationError):
                verb()
        assert not house.passwords.are_kept_here
        assert house.stored(account.id) is None


# Newer parameters


@pytest.mark.asvs("V11.2.2")
@pytest.mark.asvs("V11.4.2")
def test_a_hash_of_weaker_parameters_is_made_anew_at_sign_in_and_nothing_ends(house: House) -> None:
    from ostiary.features.passwords import Argon2id

    account = _ada(house, None)
    house.store(account.id, Argon2id(memory_kib=64, passes=1, lanes=1).hash(PASSWORD))
    with pytest.raises(SignInRefused):
        house.verify(ADA, "wrong")
    assert "m=64," in house.stored(account.id)
    house.verify(ADA, PASSWORD)
    assert "m=19456,t=2,p=1" in house.stored(account.id)
    assert house.epoch(account.id) == 0
    assert "password_changed" not in house.named()
    assert house.verify(ADA, PASSWORD)


def test_a_password_changed_while_it_is_made_anew_stays_changed(house: House, monkeypatch) -> None:
    from ostiary.features.passwords import Argon2id, users

    account = _ada(house, None)
    house.store(account.id, Argon2id(memory_kib=64, passes=1, lanes=1).hash(PASSWORD))
    newer = hashed(NEW)
    original = users.AccountUsers.renew

    def renew(self, subject, old, new):
        with house.database.write() as tx:
            tx.execute(update(passwords).values(hash=newer))
        original(self, subject, old, new)

    monkeypatch.setattr(users.AccountUsers, "renew", renew)
    house.verify(ADA, PASSWORD)
    assert house.stored(account.id) == newer


def test_a_hash_that_cannot_be_made_anew_refuses_nobody(house: House, monkeypatch, caplog) -> None:
    from ostiary.features.passwords import Argon2id

    account = _ada(house, None)
    house.store(account.id, Argon2id(memory_kib=64, passes=1, lanes=1).hash(PASSWORD))

    def away(*_args, **_kwargs):
        raise Unavailable(detail="no disk")

    monkeypatch.setattr(store, "renew", away)
    assert house.verify(ADA, PASSWORD).subject == account.id
    assert "newer parameters" in caplog.text
