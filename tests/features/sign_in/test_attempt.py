"""Guesses: each is counted before it is verified, whoever makes it, from wherever, under whatever spelling."""

from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import Engine, event
from tests.shop import KEY, NOON, PASSWORD, FrozenClock, Shop, hashed, open_shop

from ostiary import SignIn, SignInRefused, TooManyAttempts
from ostiary.features.sign_in import Guess, SignInActions, WrongProof
from ostiary.features.sign_in.attempt import limit_of_subject
from ostiary.features.sign_in.consecutive_failures import ConsecutiveFailures
from ostiary.kernel.clock import DAY, HOUR
from ostiary.kernel.errors import Unavailable
from ostiary.kernel.factor import Evidence, Factor
from ostiary.kernel.key_ring import KeyRing
from ostiary.kernel.limit import parse_limit
from ostiary.kernel.secret import Secret
from ostiary.storage.ephemeral.memory import MemoryEphemeralStore
from ostiary.storage.ephemeral.store import EphemeralStore

RING = KeyRing([Secret(KEY)])


def _from(shop: Shop, address: str, **headers: str):
    browser = shop.browser()
    browser.environ_base["REMOTE_ADDR"] = address
    for name, value in headers.items():
        browser.environ_base[f"HTTP_{name.upper()}"] = value
    return browser


def _attempts(shop: Shop) -> SignInActions:
    return shop.runtime.action("sign_in", SignInActions)


# Counting


@pytest.mark.asvs("V6.3.1")
@pytest.mark.asvs("V15.4.2")
@pytest.mark.attack("K1")
@pytest.mark.attack("S15")
@pytest.mark.attack("S16")
def test_of_sixty_wrong_passwords_at_once_exactly_ten_are_evaluated(shop: Shop) -> None:
    evaluated = []
    actions = _attempts(shop)

    def prove() -> WrongProof:
        evaluated.append(1)
        return WrongProof("ada")

    def guess(_: int) -> int:
        with shop.app.test_request_context(environ_base={"REMOTE_ADDR": "198.51.100.7"}):
            try:
                actions.attempt(Guess(method="password", identifier="ada"), prove)
            except SignInRefused as refused:
                return refused.status
        return 200

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(guess, range(60)))
    assert (answers.count(401), answers.count(429), len(evaluated)) == (10, 50, 10)
    assert shop.named("ada") == ["sign_in_failed"] * 10, "all of them are on record, none is lost"
    assert [event.name() for event in shop.events].count("rate_limited") == 50


@pytest.mark.asvs("V6.3.1")
def test_the_right_password_is_not_looked_at_once_the_limit_is_reached(shop: Shop) -> None:
    browser = shop.browser()
    for _ in range(10):
        assert browser.sign_in("ada", "wrong").status_code == 401
    refused = browser.sign_in("ada", PASSWORD)
    assert (refused.status_code, refused.json["code"]) == (429, "too_many_attempts")
    assert int(refused.headers["Retry-After"]) == refused.json["retry_after"] > 0
    assert (browser.who, shop.rows()) == ("", [])


def test_whoever_waits_as_long_as_told_may_try_again(shop: Shop, clock: FrozenClock) -> None:
    browser = shop.browser()
    for _ in range(10):
        browser.sign_in("ada", "wrong")
    wait = int(browser.sign_in().headers["Retry-After"])
    clock.pass_((wait - 1) * 1000)
    assert browser.sign_in().status_code == 429
    clock.pass_(1000)
    assert browser.sign_in().status_code == 200


@pytest.mark.must("CS-Stuffing")
@pytest.mark.asvs("V6.3.1")
@pytest.mark.attack("K1")
def test_guesses_from_a_thousand_networks_are_stopped_by_the_account(shop: Shop) -> None:
    answers = [_from(shop, f"198.51.{number % 200}.7").sign_in("ada", "wrong").status_code for number in range(30)]
    assert (answers.count(401), answers.count(429)) == (20, 10)
    assert answers[:20] == [401] * 20


@pytest.mark.must("CS-Stuffing")
@pytest.mark.asvs("V6.3.1")
def test_one_password_tried_on_a_thousand_accounts_is_stopped_by_the_network(sqlite_url: str) -> None:
    with open_shop(sqlite_url, users={}, clock=FrozenClock()) as shop:
        browser = shop.browser()
        answers = [browser.sign_in(f"user{number}", "Password1").status_code for number in range(70)]
    assert answers == [401] * 60 + [429] * 10


@pytest.mark.attack("K3")
@pytest.mark.parametrize("header", ["X_FORWARDED_FOR", "FORWARDED", "X_REAL_IP", "CF_CONNECTING_IP", "TRUE_CLIENT_IP"])
def test_an_address_that_the_client_made_up_is_no_new_network(shop: Shop, header: str) -> None:
    answers = [
        _from(shop, "198.51.100.7", **{header: f"203.0.113.{number}"}).sign_in("ada", "wrong").status_code
        for number in range(12)
    ]
    assert answers == [401] * 10 + [429] * 2


@pytest.mark.attack("K3")
def test_behind_a_proxy_of_ours_each_client_counts_by_itself(sqlite_url: str) -> None:
    with open_shop(sqlite_url, clock=FrozenClock(), config={"OSTIARY_TRUSTED_PROXIES": 1}) as shop:

        def guess(forwarded: str) -> int:
            return _from(shop, "10.0.0.1", X_FORWARDED_FOR=forwarded).sign_in("ada", "wrong").status_code

        assert [guess(f"203.0.113.{number}, 198.51.100.7") for number in range(11)] == [401] * 10 + [429]
        assert guess("198.51.100.7, 198.51.100.8") == 401


@pytest.mark.attack("K4")
@pytest.mark.parametrize("headers", [{}, {"X_FORWARDED_FOR": "203.0.113.9"}])
@pytest.mark.parametrize("address", ["", "not an address", "127.0.0.1"])
def test_where_no_address_is_known_the_account_is_counted_all_the_same(shop: Shop, address: str, headers) -> None:
    answers = [_from(shop, address, **headers).sign_in("ada", "wrong").status_code for _ in range(25)]
    assert 10 <= answers.count(401) <= 20
    assert answers[-1] == 429


@pytest.mark.attack("K3")
def test_the_addresses_of_one_ipv6_network_count_together(shop: Shop) -> None:
    answers = [_from(shop, f"2001:db8::{number:x}").sign_in("ada", "wrong").status_code for number in range(12)]
    assert answers == [401] * 10 + [429] * 2


@pytest.mark.attack("K5")
def test_signing_in_to_an_account_of_ones_own_gives_no_guess_back(shop: Shop) -> None:
    browser = shop.browser()
    for _ in range(10):
        browser.sign_in("ada", "wrong")
    assert browser.sign_in("bob").status_code == 200
    assert browser.sign_in("ada", "wrong").status_code == 429
    assert shop.browser().sign_in("ada", PASSWORD).status_code == 429


# One account, however it is written


@pytest.mark.attack("K2")
@pytest.mark.parametrize(
    "variant",
    [
        "ADA@SHOP.EXAMPLE", "Ada@shop.example", " ada@shop.example ", "ada+1@shop.example", "ada++@shop.example",
        "\uff41da@shop.example", "ada@shop.example\u00a0", "ADA+X@Shop.Example", "\u1d43da@shop.example",
    ],
)  # fmt: skip
def test_every_spelling_of_a_name_is_counted_as_one(variant: str) -> None:
    name = Guess(method="password", identifier="ada@shop.example").counted_name
    assert Guess(method="password", identifier=variant).counted_name == name


@pytest.mark.attack("K2")
@pytest.mark.parametrize(
    ("one", "other"), [("ada", "bob"), ("ada@a.example", "ada@b.example"), ("", "a"), ("\u0131", "i")]
)
def test_different_names_are_counted_apart(one: str, other: str) -> None:
    assert (
        Guess(method="password", identifier=one).counted_name != Guess(method="password", identifier=other).counted_name
    )


@pytest.mark.parametrize("identifier", ["\ud800", "\x00", "@", "+", "+@", "\u202eada", "a" * 10_000])
def test_no_name_is_too_strange_to_be_counted(shop: Shop, identifier: str) -> None:
    with shop.app.test_request_context(), pytest.raises(SignInRefused):
        _attempts(shop).attempt(Guess(method="password", identifier=identifier), lambda: WrongProof())


@pytest.mark.attack("U9")
@pytest.mark.parametrize("character", ["\ufdfa", "\u0390", "\u1f80", "a", "+", "@"])
def test_a_name_of_a_million_characters_is_cut_before_it_is_normalised(character: str) -> None:
    # U+FDFA becomes eighteen characters.
    assert len(Guess(method="password", identifier=character * 1_000_000).counted_name) <= 18 * 1_024


@pytest.mark.attack("K13")
@pytest.mark.attack("U8")
def test_made_up_names_leave_nothing_that_does_not_expire(sqlite_url: str, clock: FrozenClock) -> None:
    with open_shop(sqlite_url, users={}, clock=clock) as shop:
        store = shop.runtime.resources[EphemeralStore]
        for number in range(40):
            shop.browser().sign_in(f"nobody{number}", "x")
        clock.pass_(HOUR)
        left_over = store.prune(now=clock.now() + DAY)
        assert 0 < left_over <= 3 * 40 + 1
        assert store.prune(now=clock.now() + 365 * DAY) <= 1, "one counter for all that belong to nobody"


NAMES = {"ada": "1", "ada@shop.example": "1", "+44 20 7946 0000": "1"}


@pytest.fixture
def shop_of_many_names(database_url, clock):
    """A shop in which one account is known by three names."""
    users = {name: (subject, hashed()) for name, subject in NAMES.items()}
    with open_shop(database_url, users=users, clock=clock) as made:
        yield made


def _try_from_everywhere(shop: Shop, names, password: str = "wrong", *, times: int = 20):
    """Each name in turn, every guess from a network of its own."""
    turns = [name for _ in range(times) for name in names]
    return [_from(shop, f"203.0.{number}.7").sign_in(name, password) for number, name in enumerate(turns)]


@pytest.mark.attack("K2")
@pytest.mark.asvs("V6.3.1")
def test_an_account_of_three_names_takes_no_more_guesses_than_one_of_a_single_name(shop_of_many_names) -> None:
    shop = shop_of_many_names
    _try_from_everywhere(shop, NAMES, times=7)
    assert [reason["reason"] for _, _, reason in shop.audit("1")].count("wrong_proof") == 21
    _try_from_everywhere(shop, NAMES, times=7)
    assert [reason["reason"] for _, _, reason in shop.audit("1")].count("wrong_proof") == 21
    assert shop.audit("1")[-1][2]["reason"] == "too_many_guesses"
    guessed_right = _from(shop, "198.51.100.1").sign_in("ada", PASSWORD)
    assert (guessed_right.status_code, shop.live("1")) == (401, [])


@pytest.mark.attack("I1")
@pytest.mark.attack("K2")
def test_that_three_names_are_one_account_is_not_told_by_when_their_guesses_are_used_up(shop_of_many_names) -> None:
    """If the third name were refused for what was guessed under the first two, all three would be known to exist."""
    made_up = ("ned", "ned@shop.example", "+44 20 7946 0001")
    known = _try_from_everywhere(shop_of_many_names, NAMES, times=22)
    nobody = _try_from_everywhere(shop_of_many_names, made_up, times=22)
    facts = [[(a.status_code, a.data, a.headers.get("Retry-After")) for a in answers] for answers in (known, nobody)]
    assert facts[0] == facts[1]
    assert {status for status, _, _ in facts[0]} == {401, 429}


@pytest.mark.attack("I1")
def test_a_guess_at_nobody_is_counted_in_as_many_steps_as_one_at_somebody(shop_of_many_names) -> None:
    """What is only counted for an account takes time that a stranger could measure."""
    steps: list[list[str]] = []
    event.listen(
        Engine, "before_cursor_execute", note := lambda _c, _cursor, statement, *_: steps[-1].append(statement)
    )
    try:
        # The first opens what is used from then on.
        for name in ("bob", "ada", "ned"):
            steps.append([])
            shop_of_many_names.browser().sign_in(name, "wrong")
    finally:
        event.remove(Engine, "before_cursor_execute", note)
    assert steps[1] == steps[2]
    assert len(steps[1]) > 4


@pytest.mark.attack("K7")
def test_her_own_browser_gets_in_while_the_guesses_under_all_her_names_are_used_up(shop_of_many_names) -> None:
    hers = shop_of_many_names.browser()
    hers.sign_in("ada")
    hers.post("/leave")
    _try_from_everywhere(shop_of_many_names, NAMES, times=10)
    assert hers.sign_in("ada").status_code == 200


def test_who_is_given_her_guesses_back_is_given_those_under_all_her_names(shop_of_many_names) -> None:
    shop = shop_of_many_names
    _try_from_everywhere(shop, NAMES, times=8)
    assert _from(shop, "198.51.100.1").sign_in("ada").status_code == 401
    assert shop.app.test_cli_runner().invoke(args=["ostiary", "forgive", "1"]).exit_code == 0
    assert _from(shop, "198.51.100.2").sign_in("ada").status_code == 200


@pytest.mark.parametrize("limit", ["20/1h", "1/1h", "7/100s", "700/minute"])
def test_whoever_uses_one_name_meets_the_limit_that_says_how_long_to_wait(limit: str) -> None:
    """Not the silent one: that a verification took long, and was counted late, must not refuse her after she waited."""
    of_name = parse_limit("sign_in.account", limit)
    of_subject = limit_of_subject(of_name)
    assert of_subject.cost == of_name.cost
    assert of_subject.burst == of_name.burst + of_name.cost


# Who is told what


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I1")
def test_an_unknown_name_and_a_wrong_password_get_the_same_answer_to_the_byte(shop: Shop) -> None:
    for kind in (
        {"json": {"identifier": "{}", "password": "wrong"}},
        {"data": {"identifier": "{}", "password": "wrong"}},
    ):
        answers = []
        for name in ("ada", "ned"):
            ((how, fields),) = kind.items()
            answer = shop.browser().post("/login", **{how: {**fields, "identifier": name}})
            answers.append((answer.status, answer.data, sorted(answer.headers)))
        assert answers[0] == answers[1]
    assert [event.reason for event in shop.events] == ["wrong_proof", "unknown_identifier"] * 2


@pytest.mark.asvs("V6.3.8")
@pytest.mark.attack("I1")
def test_the_limit_is_reached_after_as_many_guesses_whether_or_not_the_account_exists(shop: Shop) -> None:
    def answers(name: str, address: str) -> list[tuple[int, str | None]]:
        browser = _from(shop, address)
        found = [browser.sign_in(name, "wrong") for _ in range(12)]
        return [(answer.status_code, answer.headers.get("Retry-After"), answer.data) for answer in found]

    assert answers("ada", "198.51.100.7") == answers("ned", "198.51.100.8")


@pytest.mark.asvs("V16.3.1")
def test_a_failure_is_on_record_with_when_whose_how_and_from_where(shop: Shop) -> None:
    shop.browser().sign_in("ada", "wrong")
    shop.browser().sign_in("ned", "wrong")
    assert shop.audit() == [
        ("sign_in_failed", "ada", {"method": "password", "reason": "wrong_proof", "network": "127.0.0.1"}),
        ("sign_in_failed", None, {"method": "password", "reason": "unknown_identifier", "network": "127.0.0.1"}),
    ]


@pytest.mark.asvs("V16.3.1")
def test_however_many_names_are_made_up_the_log_says_that_they_are_unknown(slow_attacker: Shop) -> None:
    for _ in range(102):
        assert not _guess(slow_attacker, WrongProof())
    assert {event.reason for event in slow_attacker.events} == {"unknown_identifier"}


# The epoch


@pytest.mark.attack("S18")
@pytest.mark.asvs("V7.4.2")
def test_a_suspension_while_a_password_is_verified_ends_what_comes_of_it(database_url: str) -> None:
    asked = []

    def lookup(name: str) -> str:
        asked.append(name)
        if len(asked) == 2:
            # Between the reading of the epoch and the verification.
            shop.suspend("ada")
        return hashed()

    with open_shop(database_url, users=lookup, clock=FrozenClock()) as shop:
        browser = shop.browser()
        browser.sign_in()
        assert (browser.who, shop.live()) == ("", [])


def test_the_oldest_reading_of_the_epoch_counts(shop: Shop) -> None:
    shop.suspend("ada")
    actions = _attempts(shop)
    fresh = Evidence("ada", Factor("password", at=NOON), 1)
    assert actions.conclude(fresh).epoch == 1
    assert actions.conclude(Evidence("ada", Factor("password", at=NOON), 0), first_epoch=1).epoch == 0
    assert actions.conclude(Evidence("ada", Factor("app", at=NOON))).epoch == 1


@pytest.mark.attack("S18")
def test_what_was_proven_before_everything_was_ended_counts_no_longer(shop: Shop) -> None:
    shop.suspend("ada")
    earlier = (Factor("totp", at=NOON - 1),)
    outcome = _attempts(shop).conclude(Evidence("ada", Factor("password", at=NOON), 1), earlier=earlier, first_epoch=0)
    assert (outcome.factors, outcome.epoch) == ((Factor("password", at=NOON),), 1)
    when = Evidence("ada", Factor("password", at=NOON))
    assert _attempts(shop).conclude(when, earlier=earlier, first_epoch=0).epoch == 0, "it may have begun before"


# Failing closed


class _Down:
    """A store that cannot be reached."""

    def __getattr__(self, verb: str):
        def fail(*_: object, **__: object):
            raise Unavailable(detail="the store is away")

        return fail


@pytest.mark.asvs("V16.5.2")
@pytest.mark.asvs("V16.5.3")
@pytest.mark.attack("K11")
def test_where_nothing_can_be_counted_nobody_may_guess(sqlite_url: str) -> None:
    asked = []
    with open_shop(sqlite_url, users=lambda name: asked.append(name) or hashed(), clock=FrozenClock()) as shop:
        from ostiary.features.rate_limits import RateLimiter

        shop.runtime.action("rate_limits", RateLimiter)._store = _Down()
        answer = shop.browser().sign_in()
        assert (answer.status_code, asked, shop.rows()) == (503, [], [])
        assert answer.headers["Retry-After"]


@pytest.mark.asvs("V2.4.1")
def test_every_guess_of_every_method_passes_through_one_place() -> None:
    """Whoever makes evidence from what a stranger sent imports ``Guess``: nothing else is given the proof."""
    from pathlib import Path

    import ostiary

    features = Path(ostiary.__file__).parent / "features"
    makers = [path for path in features.rglob("*.py") if "Evidence(" in path.read_text("utf-8")]
    assert makers
    assert all("Guess(" in path.read_text("utf-8") for path in makers)


# A hundred in a row


def _right() -> Evidence:
    return Evidence("ada", Factor("password", at=NOON))


def _guess(shop: Shop, proof, *, device: str | None = None) -> bool:
    headers = {"Cookie": f"ostiary_device={device}"} if device else {}
    with shop.app.test_request_context(headers=headers):
        try:
            _attempts(shop).attempt(Guess(method="password", identifier="ada"), lambda: proof)
        except TooManyAttempts:
            raise
        except SignInRefused as refused:
            assert (refused.status, refused.code) == (401, "invalid_credentials")
            return False
        return True


@pytest.fixture
def slow_attacker(database_url, clock):
    """A shop in which the attacker has all the time in the world: only failures in a row are counted."""
    endless = dict.fromkeys(("network_limit", "account_limit", "nearby_limit", "device_limit"), "1000/1s")
    with open_shop(database_url, clock=clock, sign_in=SignIn(**endless)) as made:
        yield made


@pytest.mark.must("63B-3.2.2")
def test_after_a_hundred_failures_in_a_row_the_right_password_is_refused_too(slow_attacker: Shop) -> None:
    for _ in range(100):
        assert not _guess(slow_attacker, WrongProof("ada"))
    assert not _guess(slow_attacker, _right())
    assert slow_attacker.audit("ada")[-1][2]["reason"] == "too_many_failures"


@pytest.mark.attack("K7")
def test_an_operator_gives_a_victim_her_guesses_back(slow_attacker: Shop) -> None:
    for _ in range(101):
        _guess(slow_attacker, WrongProof("ada"))
    assert not _guess(slow_attacker, _right())
    done = slow_attacker.app.test_cli_runner().invoke(args=["ostiary", "forgive", "ada"])
    assert (done.exit_code, done.output) == (0, "Forgiven.\n")
    assert slow_attacker.named("ada")[-1] == "guesses_forgiven"
    assert _guess(slow_attacker, _right())


@pytest.mark.must("63B-3.2.2")
def test_a_success_forgets_the_failures_before_it(slow_attacker: Shop) -> None:
    for _ in range(2):
        for _ in range(99):
            assert not _guess(slow_attacker, WrongProof("ada"))
        assert _guess(slow_attacker, _right())


@pytest.mark.must("63B-3.2.2")
@pytest.mark.attack("K7")
def test_a_known_device_gets_in_while_strangers_have_used_up_theirs(slow_attacker: Shop) -> None:
    device = _attempts(slow_attacker).known_devices.issue("ada", subject="ada", epoch=0)
    for _ in range(101):
        assert not _guess(slow_attacker, WrongProof("ada"))
    assert _guess(slow_attacker, _right(), device=device)
    assert _guess(slow_attacker, _right()), "and her success gives everybody else their guesses back"


@pytest.mark.must("63B-3.2.2")
def test_a_known_device_has_a_hundred_failures_of_its_own(slow_attacker: Shop) -> None:
    device = _attempts(slow_attacker).known_devices.issue("ada", subject="ada", epoch=0)
    for _ in range(100):
        assert not _guess(slow_attacker, WrongProof("ada"), device=device)
    assert not _guess(slow_attacker, _right(), device=device)
    assert _guess(slow_attacker, _right())


@pytest.mark.must("63B-3.2.2")
def test_of_two_hundred_at_once_no_more_than_a_hundred_get_an_answer() -> None:
    failures = ConsecutiveFailures(MemoryEphemeralStore(), RING, most=100)
    with ThreadPoolExecutor(8) as pool:
        allowed = list(pool.map(lambda _: failures.allow("ada", "password", device=None, now=NOON), range(200)))
    assert allowed.count(True) == 100


def test_failures_of_one_account_method_and_device_are_nobody_elses() -> None:
    failures = ConsecutiveFailures(MemoryEphemeralStore(), RING, most=1)
    ways = [("ada", "password", None), ("bob", "password", None), ("ada", "totp", None), ("ada", "password", "d")]
    assert [failures.allow(who, method, device=device, now=NOON) for who, method, device in ways * 2] == [True] * 4 + [
        False
    ] * 4


def test_an_account_that_is_given_back_can_be_tried_again() -> None:
    failures = ConsecutiveFailures(MemoryEphemeralStore(), RING, most=1)
    for _ in range(2):
        failures.allow("ada", "password", device=None, now=NOON)
    failures.forgive("ada", "password")
    assert failures.allow("ada", "password", device=None, now=NOON)


@pytest.mark.attack("I1")
def test_a_hundred_failures_do_not_tell_whether_the_account_exists(slow_attacker: Shop) -> None:
    for _ in range(101):
        assert not _guess(slow_attacker, WrongProof("ada"))
        assert not _guess(slow_attacker, WrongProof())


def test_a_success_in_another_application_gives_nobody_a_guess_back() -> None:
    """Both keep their counters in one Redis, and each has an "ada"."""
    store = MemoryEphemeralStore()
    here = ConsecutiveFailures(store, RING, most=1)
    there = ConsecutiveFailures(store, KeyRing([Secret("another-Zk7Qw2mXp9Rt4Lc8Vb1Nf6Hj3Gd5Sy0a")]), most=1)
    assert here.allow("ada", "password", device=None, now=NOON)
    there.forgive("ada", "password")
    assert not here.allow("ada", "password", device=None, now=NOON)
    assert there.allow("ada", "password", device=None, now=NOON)
