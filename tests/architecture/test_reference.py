"""The reference is written from the code: no page is stale, and none leaves anything out."""

import ast
import importlib.util
from dataclasses import fields
from functools import cache
from importlib import import_module
from itertools import pairwise
from pathlib import Path
from types import ModuleType

import pytest
from sqlalchemy import MetaData
from tests.shop import FrozenClock, open_shop

from ostiary import SignIn
from ostiary.kernel.events import RateLimited
from ostiary.runtime.deployment import NAMES
from ostiary.runtime.process_settings import PROCESS_SETTINGS
from ostiary.storage.database import Database
from ostiary.storage.migrations import VERSION_TABLE

ROOT = Path(__file__).resolve().parents[2]
REFERENCE = ROOT / "docs" / "reference"
SOURCE = ROOT / "src" / "ostiary"


def _load() -> ModuleType:
    """``docs/generate.py``, which is a program and no package."""
    spec = importlib.util.spec_from_file_location("ostiary_docs_generate", ROOT / "docs" / "generate.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


GENERATE = _load()


def _of(page: str) -> ModuleType:
    """The module that writes a page."""
    return import_module(f"reference_pages.{page}")


@cache
def _text(page: str) -> str:
    return GENERATE.PAGES[page]()


# Every page


@pytest.mark.parametrize("page", sorted(GENERATE.PAGES))
def test_a_page_is_what_the_code_says(page: str) -> None:
    assert (REFERENCE / page).read_text("utf-8") == _text(page), "stale: run `make docs`"


def test_every_page_that_says_it_is_generated_is() -> None:
    generated = {path.name for path in REFERENCE.glob("*.md") if path.read_text("utf-8").startswith(GENERATE.NOTICE)}
    assert generated == set(GENERATE.PAGES)


@pytest.mark.parametrize("page", sorted(GENERATE.PAGES))
def test_the_rows_of_every_table_are_as_long_as_its_head(page: str) -> None:
    lines = _text(page).replace("\\|", "").splitlines()
    for first, second in pairwise(lines):
        if first.startswith("|") and second.startswith("|"):
            assert first.count("|") == second.count("|"), second


def test_the_index_of_the_documentation_leads_to_every_page() -> None:
    index = (ROOT / "docs" / "index.md").read_text("utf-8")
    assert not [page.name for page in REFERENCE.glob("*.md") if f"reference/{page.name}" not in index]


# Settings


def test_every_setting_of_the_process_is_described_once_and_read() -> None:
    assert frozenset(PROCESS_SETTINGS) == NAMES
    read = {
        node.value
        for path in SOURCE.rglob("*.py")
        if path.name != "process_settings.py"
        for node in ast.walk(ast.parse(path.read_text("utf-8")))
        if isinstance(node, ast.Constant) and isinstance(node.value, str)
    }
    for name, setting in PROCESS_SETTINGS.items():
        assert name in read, f"nothing reads OSTIARY_{name}"
        assert setting.about.endswith(".")
        assert bool(setting.rotation) == setting.secret, f"OSTIARY_{name}: a secret says how it is rotated"
        assert f"`OSTIARY_{name}`" in _text("settings.md")


@pytest.mark.asvs("V13.1.4")
def test_every_secret_that_is_read_as_one_is_on_the_list_with_its_rotation() -> None:
    """What the code reads as a ``Secret`` may not be shown; so it is one, and the page says how it is rotated."""
    read_as_secret = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) == 2 and ast.unparse(node.args[1]) == "Secret":
                name = node.args[0]
                if isinstance(name, ast.Constant) and name.value in PROCESS_SETTINGS:
                    read_as_secret.add(name.value)
    listed = {name for name, setting in PROCESS_SETTINGS.items() if setting.secret}
    assert {"SECRET_KEY", "DATABASE_URL", "REDIS_URL"} <= read_as_secret <= listed
    assert all(f"| `OSTIARY_{name}` |" in _text("cryptography.md") for name in listed)


# Addresses


def test_every_address_of_an_application_with_everything_is_on_the_page() -> None:
    text = _text("routes.md")
    for feature in _of("source").features().values():
        for route in feature.routes(_of("source").features()):
            assert f"| `{route.method} {route.rule}` | `{route.endpoint}` |" in text


@pytest.mark.asvs("V2.4.1")
def test_every_address_that_anybody_may_post_to_is_limited() -> None:
    """By a limit of its own, or because what it does is a guess, which is counted."""
    open_to_all = {
        route.endpoint: route
        for feature in _of("source").features().values()
        for route in feature.routes(_of("source").features())
        if route.requires is None and route.method != "GET"
    }
    counted = {"sign_in", "token"}
    assert not [name for name, route in open_to_all.items() if route.limit is None and name not in counted]


# Codes


def test_every_code_that_is_raised_is_on_the_page() -> None:
    text = _text("error-codes.md")
    classes = {kind.__name__ for kind in _of("codes").error_classes()} | {"Problem", "misconfigured", "FieldError"}
    missing = []
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if not isinstance(node, ast.Call):
                continue
            name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
            given = [keyword.value for keyword in node.keywords if keyword.arg == "code"]
            given += node.args[:1] if name == "misconfigured" else node.args[1:2] if name == "FieldError" else []
            for value in given if name in classes else ():
                if (
                    isinstance(value, ast.Constant)
                    and isinstance(value.value, str)
                    and f"| `{value.value}` |" not in text
                ):
                    missing.append((path.name, value.value))
    assert not missing


def test_every_class_of_error_is_on_the_page_with_its_status() -> None:
    codes = {(code.code, code.status) for code in _of("codes").request_codes()}
    for kind in _of("codes").error_classes():
        if "code" in vars(kind) and kind.__name__ != "AuthError":
            assert (kind.code, kind.status) in codes


# Throttling


@pytest.mark.asvs("V6.1.1")
def test_every_limit_is_on_the_page() -> None:
    text, names = _text("throttling.md"), _of("throttling").limit_names()
    assert {"sign_in.network", "sign_in.account", "sign_in.nearby", "sign_in.device"} <= names
    assert not [name for name in names if f"| `{name}` |" not in text]
    for one in ("lockout", "forgive", "OSTIARY_SIGN_IN_FAILURES", "OSTIARY_TRUSTED_PROXIES"):
        assert one in text


@pytest.mark.asvs("V6.1.1")
def test_every_limit_that_is_charged_is_one_of_those(tmp_path: Path) -> None:
    """By a visit that meets limits: what the event says is on the page."""
    tight = dict.fromkeys(("network_limit", "account_limit", "nearby_limit", "device_limit"), "1/1h")
    met = set()
    for name in tight:
        roomy = {**dict.fromkeys(tight, "1000/1h"), name: "1/1h"}
        with open_shop(f"sqlite:///{tmp_path / name}.sqlite3", clock=FrozenClock(), sign_in=SignIn(**roomy)) as shop:
            browser = shop.browser()
            browser.sign_in()
            for _ in range(3):
                browser.sign_in("ada" if name == "device_limit" else "ned", "wrong")
            met |= {event.limit for event in shop.events if isinstance(event, RateLimited)}
    assert met == {"sign_in.network", "sign_in.account", "sign_in.nearby", "sign_in.device"}
    assert met <= _of("throttling").limit_names()


def test_every_limit_in_the_code_has_a_name_that_the_page_knows() -> None:
    """A new way of making one has to be taught to the page."""
    places = set()
    for path in SOURCE.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Call) and getattr(node.func, "id", "") in {"parse_limit", "Limit"}:
                known = {
                    name for name in _of("throttling").limit_names() if ast.unparse(node.args[0]).strip("'") == name
                }
                if not known:
                    places.add(path.relative_to(SOURCE).as_posix())
    # The parser itself, the settings that it checks and reads, and the limits of addresses.
    assert places == {
        "kernel/limit.py",
        "features/sign_in/settings.py",
        "features/sign_in/attempt.py",
        "web/dispatch.py",
    }


# Timeouts


@pytest.mark.asvs("V7.1.1")
def test_every_lifetime_is_on_the_page_and_every_deviation_is_named() -> None:
    text = _text("sessions-and-timeouts.md")
    for name in ("SESSIONS_IDLE", "SESSIONS_ABSOLUTE", "SIGN_IN_PENDING", "SESSIONS_AT_MOST"):
        assert f"`OSTIARY_{name}`" in text
    verdicts = [row[-1] for row in _of("timeouts").within_nist()]
    assert len(verdicts) == 3
    assert text.count("a deviation, see below") == len([one for one in verdicts if one.startswith("longer")])


@pytest.mark.asvs("V7.1.2")
def test_how_many_sessions_there_may_be_is_on_the_page_with_what_happens_beyond() -> None:
    text = _text("sessions-and-timeouts.md")
    assert "A sign-in beyond it ends\nthe oldest session" in text


# Pathways


@pytest.mark.asvs("V6.1.3")
def test_every_proof_of_every_feature_is_a_pathway_on_the_page() -> None:
    text = _text("sign-in-pathways.md")
    for name, feature in _of("source").features().items():
        for kind in feature.proofs():
            assert f"| {name} | `{kind}` |" in text
    assert "| your application" in text


@pytest.mark.asvs("V6.1.3")
def test_a_feature_that_is_switched_on_adds_its_pathway() -> None:
    without = {"sessions": _of("source").features()["sessions"]}
    beside = {**without, "passwords": _of("source").features()["passwords"]}
    added = set(_of("pathways").pathways(beside)) - set(_of("pathways").pathways(without))
    assert {(by, kind) for by, kind, *_ in added} == {("passwords", "password")}


@pytest.mark.asvs("V6.1.3")
def test_no_proof_is_made_in_the_code_that_no_feature_declares() -> None:
    declared = {kind for feature in _of("source").features().values() for kind in feature.proofs()}
    made = {kind for kinds in _of("pathways").constructed().values() for kind in kinds}
    assert made <= declared | {"remember"}, "a remembered browser proves nothing anew, so nobody declares it"


# The log


@pytest.mark.asvs("V16.1.1")
def test_every_event_is_on_the_page_with_who_makes_it() -> None:
    text = _text("security-log.md")
    kinds = _of("security_log").event_classes()
    assert len({kind.name() for kind in kinds}) == len(kinds) > 10
    for kind in kinds:
        assert f"| `{kind.name()}` |" in text
        assert _of("security_log").makers(kind), f"nothing makes {kind.__name__}"
        for field in fields(kind):
            assert field.name in {"at", "subject", "network"} or f"`{field.name}`" in text


# Cryptography


@pytest.mark.asvs("V11.1.1")
@pytest.mark.asvs("V11.1.2")
@pytest.mark.asvs("V11.1.4")
def test_every_purpose_of_a_key_is_on_the_page(sqlite_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is derived while an application is visited is what the page says."""
    from ostiary.kernel.key_ring import KeyRing

    derived, original = set(), KeyRing.keys

    def watched(self: KeyRing, purpose: str) -> tuple[bytes, ...]:
        derived.add(purpose)
        return original(self, purpose)

    monkeypatch.setattr(KeyRing, "keys", watched)
    with open_shop(sqlite_url, clock=FrozenClock(), sign_in=SignIn(policy=2, vouches=("totp",))) as shop:
        browser = shop.browser()
        browser.sign_in()
        browser.vouch("ada", "totp")
        browser.get("/token")
    assert {"csrf", "rate limits", "pending sign-ins", "consecutive failures"} <= derived
    text = _text("cryptography.md")
    assert not [purpose for purpose in derived if f"| `{purpose}` |" not in text]
    for one in ("**Made**", "**In use**", "**Retiring**", "**Gone**", "After quantum computers"):
        assert one in text


# Data


@pytest.mark.asvs("V14.1.1")
@pytest.mark.asvs("V14.1.2")
def test_every_column_of_a_database_that_was_just_made_has_a_level(tmp_path: Path) -> None:
    data, found = _of("data"), MetaData()
    database = Database.from_url(f"sqlite:///{tmp_path / 'new.sqlite3'}", migrates_itself=True)
    with database.read() as connection:
        found.reflect(connection)
    database.close()
    columns = {name: sorted(table.columns.keys()) for name, table in found.tables.items() if name != VERSION_TABLE}
    levels = {name: sorted(one for level in by.values() for one in level) for name, by in data.COLUMNS.items()}
    assert levels == columns
    assert {level for by in data.COLUMNS.values() for level in by} == set(data.LEVELS)


@pytest.mark.asvs("V14.1.1")
def test_what_is_called_a_secret_is_protected_as_one() -> None:
    for name, levels in _of("data").COLUMNS.items():
        for level in ("operational", "personal"):
            for column in levels.get(level, ()):
                assert not set(column.split("_")) & {"secret", "hash", "token", "sealed", "password", "salt"}, name


# Browsers


@pytest.mark.asvs("V3.1.1")
def test_every_header_and_cookie_that_a_browser_is_given_is_explained(sqlite_url: str) -> None:
    text = (REFERENCE / "browser-features.md").read_text("utf-8")
    assert "without it" in text
    page = {"Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
    with open_shop(sqlite_url, clock=FrozenClock(), production=True) as shop:
        browser = shop.browser()
        answers = [browser.sign_in(), browser.get("/auth/sessions", headers=page), browser.get("/auth/sessions")]
        answers += [browser.post("/auth/sign-out", headers=page), browser.get("/auth/sessions", headers=page)]
    usual = {"Content-Type", "Content-Length", "Location", "Set-Cookie", "WWW-Authenticate", "Allow", "Date", "Expires"}
    given = {name for answer in answers for name, _ in answer.headers} - usual
    assert {"Content-Security-Policy", "Referrer-Policy", "Cache-Control"} <= given
    assert not [name for name in given if f"`{name}`" not in text]
    written = {part.partition("=")[0].strip() for one in answers for cookie in one.headers.getlist("Set-Cookie")
               for part in cookie.split(";")[1:]}  # fmt: skip
    assert written - {"Path", "Max-Age", "Expires", "Domain"} <= {"Secure", "HttpOnly", "SameSite"}
    for attribute in ("`Secure`", "`HttpOnly`", "`SameSite=Lax`", "`__Host-`"):
        assert attribute in text
