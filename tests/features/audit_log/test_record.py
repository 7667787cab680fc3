"""The audit record: every event as a row and as one line of JSON, and nothing in either that could sign in."""

import json
import logging
import re

import pytest
from tests.shop import KEY, NOON, PASSWORD, FrozenClock, Shop, open_shop

from ostiary import SignIn
from ostiary.features.audit_log.record import AuditRecorder
from ostiary.kernel import events
from ostiary.kernel.client import NO_CLIENT, Client
from ostiary.kernel.events import Event, SessionEnded, SignInFailed, SignInSucceeded

KINDS = sorted(
    (
        kind
        for kind in vars(events).values()
        if isinstance(kind, type) and issubclass(kind, Event) and kind is not Event
    ),
    key=lambda kind: kind.__name__,
)
HOSTILE = [
    "a\r\nb",
    "\x1b[31mred",
    "\u2028line",
    "\x00",
    '","event":"sign_in_succeeded',
    "\ud800",
    "<script>",
    "%s%n{0}",
]


@pytest.fixture
def shop(database_url):
    with open_shop(database_url, clock=FrozenClock()) as made:
        yield made


def _lines(caplog) -> list[dict]:
    return [json.loads(record.getMessage()) for record in caplog.records if record.name == "ostiary.security"]


def _line(caplog, event: Event, client: Client = NO_CLIENT) -> str:
    with caplog.at_level(logging.INFO, "ostiary.security"):
        AuditRecorder(lambda: client).log(event)
    return caplog.records[-1].getMessage()


def _filled(kind: type[Event], text: str = "x") -> Event:
    from dataclasses import fields

    values = {"methods": ("password",), "epoch": 1, "at": NOON}
    return kind(**{field.name: values.get(field.name, text) for field in fields(kind)})


# The line


@pytest.mark.asvs("V16.2.1")
@pytest.mark.asvs("V16.2.2")
@pytest.mark.asvs("V16.2.4")
@pytest.mark.parametrize("kind", KINDS)
def test_every_event_is_one_line_that_says_when_where_who_and_what(caplog, kind) -> None:
    text = _line(caplog, _filled(kind))
    line = json.loads(text)
    assert "\n" not in text
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", line["at"])
    assert (line["event"], line["subject"], line["network"]) == (kind.name(), "x", "x")
    assert re.fullmatch(r"[a-z]+(_[a-z]+)*", line["event"])


@pytest.mark.asvs("V16.2.2")
@pytest.mark.parametrize(("at", "text"), [(NOON, "2027-01-15T08:00:00.000Z"), (NOON + 1, "2027-01-15T08:00:00.001Z")])
def test_instants_are_utc_to_the_millisecond(caplog, at: int, text: str) -> None:
    assert json.loads(_line(caplog, SignInFailed(at=at, method="password", reason="x")))["at"] == text


@pytest.mark.asvs("V16.2.1")
def test_where_is_what_the_event_says_or_else_the_present_request(caplog) -> None:
    here = Client(network="198.51.100.7")
    event = SessionEnded(at=NOON, subject="ada", session="s", reason="x")
    assert json.loads(_line(caplog, event, here))["network"] == "198.51.100.7"
    there = SessionEnded(at=NOON, subject="ada", session="s", reason="x", network="203.0.113.9")
    assert json.loads(_line(caplog, there, here))["network"] == "203.0.113.9"
    assert "network" not in json.loads(_line(caplog, event))


@pytest.mark.asvs("V16.4.1")
@pytest.mark.attack("T13")
@pytest.mark.parametrize("text", HOSTILE)
@pytest.mark.parametrize("kind", KINDS)
def test_nothing_a_stranger_sends_can_forge_a_line(caplog, kind, text: str) -> None:
    line = _line(caplog, _filled(kind, text))
    assert line.isprintable()
    assert line.isascii()
    assert json.loads(line)["event"] == kind.name()
    assert json.loads(line)["subject"] == text


@pytest.mark.attack("T13")
def test_a_megabyte_is_cut(caplog) -> None:
    event = SignInSucceeded(at=NOON, subject="ada", methods=("password",), device="x" * 1_000_000)
    assert len(_line(caplog, event)) < 1_000


@pytest.mark.asvs("V16.4.1")
@pytest.mark.attack("T13")
def test_a_name_that_a_stranger_typed_is_in_no_line_and_in_no_row(shop: Shop, caplog) -> None:
    with caplog.at_level(logging.DEBUG):
        for text in HOSTILE[:-1]:
            shop.browser().post("/login", json={"identifier": f"mallory{text}", "password": "x"})
    assert "mallory" not in caplog.text
    assert "mallory" not in repr(shop.audit())


# What is recorded


@pytest.mark.asvs("V16.3.1")
def test_a_life_of_sign_ins_is_on_record_step_by_step(database_url: str, caplog) -> None:
    settings = SignIn(policy=lambda subject: 2 if subject == "bob" else 1, vouches=("totp",))
    with open_shop(database_url, clock=FrozenClock(), sign_in=settings) as shop, caplog.at_level(logging.INFO):
        browser, other = shop.browser(), shop.browser()
        browser.sign_in("ada", "wrong")
        browser.sign_in("ada")
        browser.vouch("ada", "totp")
        other.sign_in("ada")
        other.delete(f"/auth/sessions/{browser.cookie().partition('.')[0]}")
        other.post("/leave")
        other.sign_in("ada")
        other.post("/leave?scope=everywhere")
        browser.sign_in("bob")
        browser.vouch("bob", "totp")
        rows = [(event, detail.get("methods") or detail.get("reason")) for event, _, detail in shop.audit()]
    assert rows == [
        ("sign_in_failed", "wrong_proof"),
        ("sign_in_succeeded", ["password"]),
        ("session_ended", "replaced"),
        ("sign_in_succeeded", ["password", "totp"]),
        ("sign_in_succeeded", ["password"]),
        ("session_ended", "ended"),
        ("signed_out", None),
        ("sign_in_succeeded", ["password"]),
        ("credentials_revoked", "signed_out_everywhere"),
        ("sign_in_incomplete_yet", ["password"]),
        ("sign_in_succeeded", ["password", "totp"]),
    ]
    lines = [line["event"] for line in _lines(caplog)]
    assert [name for name in lines if name != "credential_rejected"] == [name for name, _ in rows]
    assert all("network" in line for line in _lines(caplog))


@pytest.mark.asvs("V16.3.3")
def test_every_attempt_to_get_around_a_rule_is_a_line(shop: Shop, caplog) -> None:
    browser = shop.browser()
    with caplog.at_level(logging.INFO):
        browser.sign_in()
        browser.post("/note", headers={"Sec-Fetch-Site": "cross-site"})
        browser.set_cookie("ostiary_session", "01MCC5RM00EWA9225KV23V9H8W." + "A" * 43)
        assert browser.get("/account").status_code == 401
        for _ in range(12):
            shop.browser().sign_in("ned", "x")
    found = [(line["event"], line.get("reason") or line.get("limit") or line.get("code")) for line in _lines(caplog)]
    for expected in [
        ("csrf_failed", "foreign_site"), ("credential_rejected", "unknown"), ("access_denied", "not_authenticated"),
        ("sign_in_failed", "unknown_identifier"), ("rate_limited", "sign_in.nearby"),
    ]:  # fmt: skip
        assert expected in found
    assert all(line["network"] == "127.0.0.1" for line in _lines(caplog))


def test_an_action_that_is_rolled_back_leaves_no_row_and_no_line(shop: Shop, caplog) -> None:
    @shop.auth.during(SignInSucceeded)
    def refuse(event, tx):
        raise LookupError

    with caplog.at_level(logging.INFO):
        assert shop.browser().sign_in().status_code == 500
    assert (shop.audit(), shop.rows(), _lines(caplog)) == ([], [], [])


# What is never recorded


@pytest.mark.asvs("V16.2.5")
@pytest.mark.attack("W4")
@pytest.mark.attack("W9")
@pytest.mark.attack("T13")
@pytest.mark.must("CS-Logging")
@pytest.mark.must("CS-Session")
def test_no_secret_of_any_flow_is_in_a_log_at_any_level_a_row_a_repr_or_a_signal(
    database_url: str, caplog, capfd
) -> None:
    settings = SignIn(policy=lambda subject: 2 if subject == "bob" else 1, vouches=("totp",))
    wrong = "canary-of-a-wrong-password"
    heard: list[object] = []
    secrets = {PASSWORD, wrong, KEY}
    with open_shop(database_url, clock=FrozenClock(), sign_in=settings) as shop, caplog.at_level(logging.DEBUG):
        shop.auth.during(Event)(lambda event, tx: heard.append((event, tx)))
        browser, other = shop.browser(), shop.browser()

        def keep() -> None:
            for one in (browser, other):
                for stem in ("ostiary_session", "ostiary_pending", "ostiary_csrf"):
                    value = one.cookie(stem)
                    if value:
                        secrets.update({value, value.rpartition(".")[2]})
                secrets.add(one.get("/token").json["token"])

        keep()
        for step in (
            lambda: browser.sign_in("ada", wrong), lambda: browser.sign_in("ada"), lambda: browser.vouch("ada", "totp"),
            lambda: other.sign_in("bob"), lambda: other.vouch("bob", "totp"),
            lambda: browser.post("/note", headers={"X-Ostiary-CSRF": "canary-of-a-token"}),
            lambda: browser.post("/note", headers={"Sec-Fetch-Site": "cross-site"}),
            lambda: browser.get("/auth/sessions"), lambda: other.post("/leave?scope=others"),
            lambda: browser.set_cookie("ostiary_session", browser.cookie()[:-1] + "!"), lambda: browser.get("/account"),
        ):  # fmt: skip
            step()
            keep()
        secrets.update({"canary-of-a-token"})
        rows = repr([(row.subject, row.device, row.network, row.factors) for row in shop.rows()])
        reprs = repr([shop.events, heard, shop.runtime, shop.auth, shop.app.extensions["ostiary"].assembly])
        everything = "\n".join([caplog.text, *capfd.readouterr(), repr(shop.audit()), rows, reprs])
    assert len(secrets) > 15
    assert len(heard) > 5
    assert not [secret for secret in secrets if secret in everything]


@pytest.mark.asvs("V16.2.5")
@pytest.mark.attack("W1")
@pytest.mark.attack("W4")
def test_a_copy_of_the_files_opens_nothing(sqlite_url: str) -> None:
    settings = SignIn(policy=lambda subject: 2 if subject == "bob" else 1, vouches=("totp",))
    with open_shop(sqlite_url, clock=FrozenClock(), sign_in=settings) as shop:
        browser, other = shop.browser(), shop.browser()
        browser.sign_in("ada")
        other.sign_in("bob")
        secrets = {
            browser.cookie().partition(".")[2],
            other.cookie("ostiary_pending"),
            browser.cookie("ostiary_device"),
        }
        secrets |= {PASSWORD, KEY, browser.get("/token").json["token"]}
        folder = shop.database.file.parent
        dump = b"".join(path.read_bytes() for path in folder.iterdir() if path.is_file())
    assert b"ada" in dump
    assert not [secret for secret in secrets if secret.encode() in dump]


@pytest.mark.attack("W4")
def test_no_event_has_a_field_for_a_secret() -> None:
    from dataclasses import fields

    names = {field.name for kind in KINDS for field in fields(kind)}
    assert not [name for name in names if re.search("secret|password|token|cookie|hash|key", name)]
