"""The demo, as a person tries it: register, sign in, be remembered, the vault, devices, a changed password."""

import importlib.util
import subprocess
import sys
import urllib.request
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

import pytest
from tests.shop import Browser, FrozenClock

from ostiary.delivery.memory import MemoryMailbox

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo" / "app.py"
SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**SAME, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
EVE, SECRET = "eve@example.com", "a long walk by the river"


@pytest.fixture
def demo(monkeypatch):
    spec = importlib.util.spec_from_file_location("demo_example", DEMO)
    module = importlib.util.module_from_spec(spec)
    # Flask finds the templates beside the module, and the module by its name.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    module.app.testing = True
    module.app.test_client_class = Browser
    module.app.extensions["ostiary"].clock = module.clock = FrozenClock()
    with module.app.app_context():
        module.make_people()
    return module


def mail_to(demo, address):
    return demo.app.extensions["ostiary"].runtime.resources[MemoryMailbox].last(address)


def signed_in(demo, name="ada", password=None, *, remember=False, **headers):
    client = demo.app.test_client()
    form = {"identifier": name, "password": password or demo.PASSWORD, **({"remember": "true"} if remember else {})}
    answer = client.post("/auth/sign-in", data=form, headers={**PAGE, **headers})
    return client, answer


def test_the_whole_journey_of_a_new_person(demo):
    client = demo.app.test_client()
    form = {"email": EVE, "username": "eve", "full_name": "Eve Adams", "password": SECRET}
    assert "Look into your mail" in client.post("/auth/register", data=form, headers=PAGE).text
    link = mail_to(demo, EVE).link
    assert "Confirm your address" in client.get(link, headers=PAGE).text
    token = parse_qs(urlsplit(link).query)["token"][0]
    answer = client.post("/auth/verify-address", data={"token": token}, headers=PAGE)
    assert "Your address is confirmed" in client.get(answer.headers["Location"], headers=PAGE).text
    form = {"identifier": "eve", "password": SECRET, "remember": "true"}
    assert client.post("/auth/sign-in", data=form, headers=PAGE).headers["Location"] == "/auth/account"
    assert "Eve Adams" in client.get("/auth/account", headers=PAGE).text

    # The session cookie is gone, as after the browser was closed: she is remembered, and that is no proof.
    client.delete_cookie("ostiary_session")
    assert client.get("/auth/account", headers=PAGE).status_code == 200
    assert client.get("/vault", headers=PAGE).headers["Location"] == "/auth/sign-in?why=stale&next=%2Fvault"

    phone, _ = signed_in(demo, "eve", SECRET)
    change = {"current": SECRET, "password": "a longer walk by the river"}
    assert client.post("/auth/change-password", data=change, headers=PAGE).headers["Location"] == "/auth/account"
    assert (client.get("/auth/account").status_code, phone.get("/auth/account").status_code) == (200, 401)

    held = {name: client.cookie(name) for name in ("ostiary_session", "ostiary_remember")}
    client.post("/auth/sign-out", data={"scope": "everywhere"}, headers=PAGE)
    thief = demo.app.test_client()
    for name, value in held.items():
        if value is not None:
            thief.set_cookie(name, value)
    assert thief.get("/auth/account").status_code == 401, "the old cookies are dead"


def test_a_visitor_reads_the_first_page_and_is_sent_to_sign_in_for_the_rest(demo):
    client = demo.app.test_client()
    assert "A door with a keeper" in client.get("/", headers=PAGE).text
    assert client.get("/vault", headers=PAGE).headers["Location"] == "/auth/sign-in?next=%2Fvault"
    assert client.get("/auth/account", headers=PAGE).headers["Location"] == "/auth/sign-in?next=%2Fauth%2Faccount"


def test_a_wrong_password_says_so_on_the_page_and_signs_nobody_in(demo):
    client, answer = signed_in(demo, password="wrong")
    assert "The name or the password is not right." in answer.text
    assert client.get("/auth/account").status_code == 401


def test_of_two_browsers_one_signs_the_other_out(demo):
    laptop, answer = signed_in(demo, **{"User-Agent": "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Firefox/140.0"})
    assert answer.headers["Location"] == "/auth/account"
    phone, _ = signed_in(demo, **{"User-Agent": "<b>Phone</b>"})
    page = laptop.get("/auth/account", headers=PAGE).text
    assert "Firefox on Linux" in page
    assert "<b>Phone</b>" not in page
    assert page.count("this device") == 1
    answer = laptop.post("/auth/sign-out", data={"scope": "others"}, headers=PAGE)
    assert answer.headers["Location"] == "/auth/account"
    assert (laptop.get("/auth/account").status_code, phone.get("/auth/account").status_code) == (200, 401)


def test_after_a_minute_the_vault_asks_again_and_then_opens(demo):
    client, _ = signed_in(demo)
    before = client.cookie()
    assert "The vault" in client.get("/vault", headers=PAGE).text
    demo.clock.pass_(60_001)
    answer = client.get("/vault", headers=PAGE)
    assert answer.headers["Location"] == "/auth/sign-in?why=stale&next=%2Fvault"
    assert "Please confirm that it is you." in client.get(answer.headers["Location"], headers=PAGE).text
    form = {"identifier": "ada", "password": demo.PASSWORD}
    assert client.post(answer.headers["Location"], data=form, headers=PAGE).headers["Location"] == "/vault"
    assert client.get("/vault", headers=PAGE).status_code == 200
    assert client.cookie() != before, "a new proof is a new session"
    assert len(client.get("/auth/sessions").json["sessions"]) == 1


@pytest.mark.attack("K2")
def test_a_guesser_is_slowed_down_and_she_signs_in_from_her_own_browser_all_the_same(demo):
    own, _ = signed_in(demo)
    own.post("/auth/sign-out", headers=PAGE)
    guesser = demo.app.test_client()
    pages = [
        guesser.post("/auth/sign-in", data={"identifier": "ada", "password": f"guess {n}"}, headers=PAGE).text
        for n in range(12)
    ]
    assert "not right" in pages[0]
    assert "Too many attempts" in pages[-1]
    form = {"identifier": "ada", "password": demo.PASSWORD}
    assert own.post("/auth/sign-in", data=form, headers=PAGE).status_code == 303
    assert own.get("/auth/account").status_code == 200


def test_everybody_reads_notes_an_editor_writes_and_each_changes_her_own(demo):
    ada, bob = signed_in(demo)[0], signed_in(demo, "bob")[0]
    assert "A new note" in ada.get("/notes", headers=PAGE).text
    assert "A new note" not in bob.get("/notes", headers=PAGE).text
    assert [
        ada.post("/notes", data={"text": "Hers"}).status_code,
        bob.post("/notes", data={"text": "His"}).status_code,
    ] == [303, 403]
    assert [one.post("/notes/2", data={"text": "Changed"}).status_code for one in (ada, bob)] == [403, 303]
    assert [note.text for note in demo.notes] == ["Only Ada changes this one.", "Changed", "Hers"]
    assert demo.app.test_client().get("/notes").status_code == 401


def test_a_token_and_a_key_read_notes_and_do_no_more_than_they_were_given(demo):
    program = demo.app.test_client()
    tokens = program.post("/auth/token", json={"identifier": "ada", "password": demo.PASSWORD}).json
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert [note["yours"] for note in program.get("/api/notes", headers=bearer).json["notes"]] == [True, False]
    with demo.app.app_context():
        key = demo.auth.api_keys.create(demo.auth.accounts.find(username="ada"), name="reader", scope=["note:read"])
    header = {"X-API-Key": key.secret}
    assert program.get("/api/notes", headers=header).status_code == 200
    assert program.post("/notes", data={"text": "No"}, headers=header).status_code == 403


def test_the_seed_command_may_run_at_every_start(demo):
    runner = demo.app.test_cli_runner()
    assert runner.invoke(args=["seed"]).exit_code == 0
    assert runner.invoke(args=["seed"]).exit_code == 0
    assert signed_in(demo)[1].status_code == 303


def test_it_starts_by_itself_and_says_where_it_is(tmp_path):
    command = [sys.executable, "-u", str(DEMO)]
    environment = {"DEMO_DATA": str(tmp_path), "PATH": ""}
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, env=environment
    ) as program:
        try:
            address = next(line.split()[5] for line in program.stdout if "is running at" in line)
            with urllib.request.urlopen(address, timeout=30) as answer:
                assert b"A door with a keeper" in answer.read()
        finally:
            program.terminate()
