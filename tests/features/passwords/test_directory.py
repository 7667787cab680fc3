"""Another system that knows the passwords: asked once, never without a password, and its failure is nobody's fault."""

import logging
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest
from tests.features.passwords.house import House, open_house
from tests.shop import PASSWORD

from ostiary import Sessions, SignIn, SignInRefused
from ostiary.features.accounts import Accounts
from ostiary.kernel.errors import ConfigurationError, Unavailable
from ostiary.storage.subjects import raise_epoch

PEOPLE = {"ada": "uuid-1", "bob": "uuid-2", "ada@mail.example": "uuid-1"}


class System:
    """A directory with two people of one password, which remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []
        self.failure: Exception | None = None
        self.meanwhile = lambda: None

    def __call__(self, identifier: str, password: str) -> str | None:
        self.asked.append((identifier, password))
        self.meanwhile()
        if self.failure is not None:
            raise self.failure
        # As many directories do: without a password everybody is let in, as nobody in particular.
        return PEOPLE.get(identifier) if password in ("", PASSWORD) else None


@pytest.fixture
def system():
    return System()


def _open(url: str, system: System, **kwargs):
    return open_house(url, check=system, **kwargs)


# Without accounts


def test_the_directorys_name_is_the_subject(sqlite_url: str, system: System) -> None:
    with _open(sqlite_url, system) as house:
        assert house.verify("ada", PASSWORD).subject == "uuid-1"
        with pytest.raises(SignInRefused):
            house.verify("ada", "wrong")
        with pytest.raises(SignInRefused):
            house.verify("ned", PASSWORD)
    assert system.asked == [("ada", PASSWORD), ("ada", "wrong"), ("ned", PASSWORD)]


@pytest.mark.attack("T3")
@pytest.mark.parametrize("password", ["", "x" * 1_025, "\ud800"])
def test_what_is_no_password_never_reaches_the_directory(sqlite_url: str, system: System, password: str) -> None:
    with _open(sqlite_url, system) as house, pytest.raises(SignInRefused):
        house.verify("ada", password)
    assert system.asked == []


@pytest.mark.parametrize("identifier", ["", "ada\x00", "ada\n", "a" * 321])
def test_what_is_no_name_never_reaches_the_directory(sqlite_url: str, system: System, identifier: str) -> None:
    with _open(sqlite_url, system) as house, pytest.raises(SignInRefused):
        house.verify(identifier, PASSWORD)
    assert system.asked == []


@pytest.mark.asvs("V6.2.8")
@pytest.mark.attack("J7")
def test_the_directory_gets_the_password_exactly_as_it_was_typed(sqlite_url: str, system: System) -> None:
    typed = " cafe\u0301 \t\0 "
    with _open(sqlite_url, system) as house, pytest.raises(SignInRefused):
        house.verify("ada", typed)
    assert system.asked == [("ada", typed)]


@pytest.mark.asvs("V16.5.3")
@pytest.mark.attack("X1")
def test_a_directory_that_fails_is_503_and_counts_against_nobody(sqlite_url: str, system: System, caplog) -> None:
    with (
        _open(sqlite_url, system, sign_in=SignIn(account_limit="2/1h", failures=1)) as house,
        caplog.at_level(logging.DEBUG),
    ):
        system.failure = ConnectionError(f"bind as ada with {PASSWORD} timed out")
        for _ in range(5):
            with pytest.raises(Unavailable):
                house.verify("ada", PASSWORD)
        assert "sign_in_failed" not in house.named()
        system.failure = None
        assert house.verify("ada", PASSWORD).subject == "uuid-1"
    assert "ConnectionError" in caplog.text
    assert PASSWORD not in caplog.text


@pytest.mark.parametrize("found", [1, True, False, "", b"ada", ("ada", "x"), []])
def test_an_answer_that_is_no_subject_signs_nobody_in_and_says_so(sqlite_url: str, found) -> None:
    with open_house(sqlite_url, check=lambda *_: found) as house:
        with pytest.raises(ConfigurationError, match="check_returns_neither"):
            house.verify("ada", PASSWORD)


def test_what_was_ended_while_the_directory_was_asked_stays_ended(sqlite_url: str, system: System) -> None:
    # The subject is what is typed here, so her epoch can be read before her proof.
    with open_house(sqlite_url, check=lambda name, _: system(name, PASSWORD) and name) as house:

        def end() -> None:
            with house.database.write() as tx:
                raise_epoch(tx, "ada", now=0)

        system.meanwhile = end
        assert house.verify("ada", PASSWORD).epoch == 0
        assert house.epoch("ada") == 1


@pytest.mark.must("63B-3.2.2")
def test_a_browser_that_is_known_has_a_hundred_failures_in_a_row_there_as_well(sqlite_url: str, system: System) -> None:
    """Without accounts a wrong password is nobody's, and the cookie says whose browser it is all the same."""
    endless = dict.fromkeys(("network_limit", "account_limit", "nearby_limit", "device_limit"), "1000/1s")
    with _open(sqlite_url, system, sign_in=SignIn(**endless, failures=3)) as house:
        thief, new = house.browser(), house.browser()
        assert _sign_in(thief, PASSWORD).status_code == 200
        for _ in range(3):
            assert _sign_in(thief, "wrong").status_code == 401
        assert _sign_in(thief, PASSWORD).status_code == 401
        assert _sign_in(new, PASSWORD).status_code == 200


@pytest.mark.attack("K2")
def test_a_name_is_counted_as_one_however_its_letters_are_accented(sqlite_url: str, system: System) -> None:
    """Active Directory finds "ada" by "ádà", and only it knows that these are one."""
    with _open(sqlite_url, system) as house:
        answers = []
        for number, name in enumerate(["ada", "áda", "ạda", "ặda", "adå", "A D A"] * 5):
            stranger = house.browser()
            stranger.environ_base["REMOTE_ADDR"] = f"198.51.100.{number}"
            answers.append(_sign_in(stranger, "wrong", name).status_code)
    assert (answers.count(401), answers.count(429)) == (20, 10)


def _sign_in(browser, password: str, name: str = "ada"):
    return browser.post("/login", json={"identifier": name, "password": password})


# With accounts


def _with_accounts(url: str, system: System, **kwargs):
    return _open(url, system, accounts=Accounts(identifiers=("username", "email")), **kwargs)


def _link(house: House, account, name: str) -> None:
    with house.database.write() as tx:
        house.accounts.link_upstream(tx, account.id, "passwords", name)


def test_whom_the_directory_knows_and_we_do_not_is_refused_unless_accounts_are_made(database_url, system) -> None:
    with _with_accounts(database_url, system) as house:
        with pytest.raises(SignInRefused):
            house.verify("ada", PASSWORD)
        account = house.accounts.create(username="lovelace")
        _link(house, account, "uuid-1")
        assert house.verify("ada", PASSWORD).subject == account.id


def test_an_account_is_made_at_the_first_sign_in_and_found_at_the_next(database_url, system) -> None:
    with _with_accounts(database_url, system, new_accounts="create") as house:
        first = house.verify("ada", PASSWORD).subject
        account = house.accounts.get(first)
        assert (account.username, account.email, account.state.value) == ("ada", None, "active")
        assert house.verify("ada", PASSWORD).subject == first
        # Another name of hers, and the same person.
        assert house.verify("ada@mail.example", PASSWORD).subject == first
        assert house.named().count("registered") == 1
        assert house.verify("bob", PASSWORD).subject != first


def test_a_name_with_an_at_sign_is_a_proven_address_and_one_of_no_shape_is_none(sqlite_url: str) -> None:
    with open_house(
        sqlite_url, check=lambda name, _: f"id of {name}", accounts=Accounts(), new_accounts="create"
    ) as house:
        account = house.accounts.get(house.verify("ada@mail.example", PASSWORD).subject)
        assert (account.email, account.verified) == ("ada@mail.example", True)
        # Also where people here sign in with addresses only.
        assert house.accounts.get(house.verify("ada", PASSWORD).subject).username == "ada"
        for strange in ("CORP\\ada", "Ada Lovelace"):
            account = house.accounts.get(house.verify(strange, PASSWORD).subject)
            assert account.identifiers == ()
            assert house.verify(strange, PASSWORD).subject == account.id


def test_an_account_that_is_there_is_never_given_to_its_namesake_elsewhere(database_url, system, caplog) -> None:
    with _with_accounts(database_url, system, new_accounts="create") as house:
        admin = house.accounts.create(username="ada")
        with pytest.raises(SignInRefused):
            house.verify("ada", PASSWORD)
        assert house.accounts.of_upstream("passwords", "uuid-1") is None
        assert house.accounts.find(username="ada") == admin
    assert "somebody else's" in caplog.text


def test_two_first_sign_ins_at_once_make_one_account(database_url, system) -> None:
    barrier = threading.Barrier(4)
    system.meanwhile = barrier.wait
    with _with_accounts(database_url, system, new_accounts="create") as house:
        with ThreadPoolExecutor(4) as pool:
            subjects = {done.subject for done in pool.map(lambda _: house.verify("ada", PASSWORD), range(4))}
        assert len(subjects) == 1
        assert house.named().count("registered") == 1


@pytest.mark.parametrize("state", ["suspend", "close"])
def test_the_directory_lets_nobody_into_an_account_that_is_suspended_or_closed(sqlite_url, system, state) -> None:
    with _with_accounts(sqlite_url, system, new_accounts="create") as house:
        browser = house.browser()
        assert browser.sign_in("ada").status_code == 200
        account = house.accounts.find(username="ada")
        if state == "suspend":
            house.accounts.suspend(account, reason="a complaint")
        else:
            house.accounts.close(account)
        assert browser.who == ""
        assert house.browser().sign_in("ada").status_code == 401


def test_wrong_guesses_at_an_account_that_is_known_are_counted_as_its_own(sqlite_url, system) -> None:
    with _with_accounts(sqlite_url, system, new_accounts="create", sign_in=SignIn(failures=2)) as house:
        house.verify("ada", PASSWORD)
        for _ in range(3):
            with pytest.raises(SignInRefused):
                house.verify("ada", "wrong")
        with pytest.raises(SignInRefused):
            house.verify("ada", PASSWORD)


def test_accounts_may_be_listed_before_passwords_or_after(sqlite_url: str) -> None:
    from flask import Flask

    from ostiary import Passwords
    from ostiary.flask import Auth

    for features in (
        [Accounts(), Passwords(check=lambda *_: None), Sessions()],
        [Passwords(check=lambda *_: None), Sessions(), Accounts()],
    ):
        app = Flask("either")
        app.config["OSTIARY_DATABASE_URL"] = sqlite_url
        app.config["OSTIARY_SECRET_KEY"] = "Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a-Test"
        Auth(app, features)
        with app.app_context():
            directory = app.extensions["ostiary"].runtime.actions["passwords"]._source
            assert directory._find_accounts() is not None
