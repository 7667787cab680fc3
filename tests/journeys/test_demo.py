"""The demo, as a person tries it: two browsers, one signs the other out; the vault wants a fresh proof; guesses end."""

import importlib.util
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest
from tests.shop import FrozenClock

ROOT = Path(__file__).resolve().parents[2]
DEMO = ROOT / "examples" / "demo" / "app.py"
SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**SAME, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}


@pytest.fixture
def demo(monkeypatch):
    spec = importlib.util.spec_from_file_location("demo_example", DEMO)
    module = importlib.util.module_from_spec(spec)
    # Flask finds the templates beside the module, and the module by its name.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    module.app.testing = True
    module.app.extensions["ostiary"].clock = module.clock = FrozenClock()
    return module


def signed_in(demo, password=None, **headers):
    client = demo.app.test_client()
    form = {"identifier": demo.NAME, "password": password or demo.PASSWORD}
    answer = client.post("/login?next=/account", data=form, headers={**PAGE, **headers})
    return client, answer


def test_a_visitor_reads_the_first_page_and_is_sent_to_sign_in_for_the_rest(demo):
    client = demo.app.test_client()
    assert "A door with a keeper" in client.get("/", headers=PAGE).text
    for path in ("/account", "/vault"):
        assert client.get(path, headers=PAGE).headers["Location"] == f"/login?next=%2F{path[1:]}"
    for path in ("/logout", "/devices/1/end"):
        assert client.post(path, headers=SAME).status_code == 401


def test_a_wrong_password_says_so_on_the_page_and_signs_nobody_in(demo):
    client, answer = signed_in(demo, "wrong")
    assert "The name or the password is not right." in answer.text
    assert client.get("/account").status_code == 401


def test_of_two_browsers_one_signs_the_other_out(demo):
    laptop, answer = signed_in(demo, **{"User-Agent": "Laptop"})
    assert answer.headers["Location"] == "/account"
    phone, _ = signed_in(demo, **{"User-Agent": "<b>Phone</b>"})
    page = laptop.get("/account", headers=PAGE).text
    assert "Laptop" in page
    assert "&lt;b&gt;Phone&lt;/b&gt;" in page
    assert page.count("this one") == 1
    assert laptop.post("/logout", data={"scope": "others"}, headers=PAGE).headers["Location"] == "/account"
    assert (laptop.get("/account").status_code, phone.get("/account").status_code) == (200, 401)


@pytest.mark.attack("V3")
def test_a_device_is_ended_from_the_list_and_only_by_its_owner(demo):
    demo.users["bob"] = demo.users[demo.NAME]
    laptop, _ = signed_in(demo)
    demo.clock.pass_(1_000)
    phone, _ = signed_in(demo)
    with demo.app.app_context():
        newest = demo.auth.sessions.list(demo.NAME)[0].id
    stranger = demo.app.test_client()
    stranger.post("/login", data={"identifier": "bob", "password": demo.PASSWORD}, headers=SAME)
    stranger.post(f"/devices/{newest}/end", headers=SAME)
    assert phone.get("/account").status_code == 200
    laptop.post(f"/devices/{newest}/end", headers=SAME)
    assert (laptop.get("/account").status_code, phone.get("/account").status_code) == (200, 401)


@pytest.mark.asvs("V7.4.1")
def test_signing_out_everywhere_ends_every_browser_at_once(demo):
    laptop, _ = signed_in(demo)
    phone, _ = signed_in(demo)
    laptop.post("/logout", data={"scope": "everywhere"}, headers=SAME)
    assert (laptop.get("/account").status_code, phone.get("/account").status_code) == (401, 401)
    assert signed_in(demo)[0].get("/account").status_code == 200


def test_after_a_minute_the_vault_asks_again_and_then_opens(demo):
    client, _ = signed_in(demo)
    before = client.get_cookie("ostiary_session").value
    assert "The vault" in client.get("/vault", headers=PAGE).text
    demo.clock.pass_(60_001)
    answer = client.get("/vault", headers=PAGE)
    assert answer.headers["Location"] == "/login?why=stale&next=%2Fvault"
    assert "Please confirm that it is you." in client.get(answer.headers["Location"], headers=PAGE).text
    form = {"identifier": demo.NAME, "password": demo.PASSWORD}
    assert client.post(answer.headers["Location"], data=form, headers=PAGE).headers["Location"] == "/vault"
    assert client.get("/vault", headers=PAGE).status_code == 200
    assert client.get_cookie("ostiary_session").value != before, "a new proof is a new session"
    with demo.app.app_context():
        assert len(demo.auth.sessions.list(demo.NAME)) == 1


@pytest.mark.attack("K2")
def test_a_guesser_is_slowed_down_and_she_signs_in_from_her_own_browser_all_the_same(demo):
    own, _ = signed_in(demo)
    own.post("/logout", headers=SAME)
    guesser = demo.app.test_client()
    pages = [
        guesser.post("/login", data={"identifier": demo.NAME, "password": f"guess {n}"}, headers=PAGE).text
        for n in range(12)
    ]
    assert "not right" in pages[0]
    assert "Too many attempts" in pages[-1]
    form = {"identifier": demo.NAME, "password": demo.PASSWORD}
    assert own.post("/login", data=form, headers=PAGE).status_code == 302
    assert own.get("/account").status_code == 200


def test_what_happened_is_on_the_page_of_whom_it_concerns(demo):
    client, _ = signed_in(demo)
    signed_in(demo, "wrong")
    page = client.get("/account", headers=PAGE).text
    assert "sign_in_succeeded" in page
    assert "sign_in_failed" in page


def test_it_starts_by_itself_and_says_where_it_is(tmp_path):
    # A copy, so that neither the demo's own data nor its key is touched.
    copy = tmp_path / "demo"
    copy.mkdir()
    for path in DEMO.parent.rglob("*"):
        if path.is_file() and "instance" not in path.parts and "__pycache__" not in path.parts:
            target = copy / path.relative_to(DEMO.parent)
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_bytes(path.read_bytes())
    command = [sys.executable, "-u", str(copy / "app.py")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True) as program:
        try:
            address = next(line.split()[5] for line in program.stdout if "is running at" in line)
            with urllib.request.urlopen(address, timeout=30) as answer:
                assert b"A door with a keeper" in answer.read()
        finally:
            program.terminate()
