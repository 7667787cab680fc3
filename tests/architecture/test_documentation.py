"""What the documentation says is so: its programs run, and its links lead somewhere."""

import re
from dataclasses import fields
from pathlib import Path

import pytest
from flask import Flask

import ostiary
from ostiary.flask import Auth

ROOT = Path(__file__).resolve().parents[2]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for path in [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md"), *(ROOT / "changes").glob("*.md")]
)
PROGRAM = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PROGRAMS = [
    pytest.param(program, id=f"{page}-{number}")
    for page in PAGES
    for number, program in enumerate(PROGRAM.findall((ROOT / page).read_text("utf-8")))
]
LINK = re.compile(r"\]\(([^)#\s]+)(#[^)]*)?\)")
HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)


def _run(program, folder, monkeypatch):
    monkeypatch.chdir(folder)
    # Flask keeps its instance folder beside the program's file.
    names = {"__name__": "program", "__file__": str(folder / "program.py")}
    exec(compile(program, "program.py", "exec"), names)
    return names


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_in_the_documentation_starts(program, tmp_path, monkeypatch):
    app = _run(program, tmp_path, monkeypatch).get("app")
    assert app is not None
    assert app.test_client().get("/nowhere").status_code == 404


def test_the_program_in_the_readme_does_what_it_says(tmp_path, monkeypatch):
    program = PROGRAM.findall((ROOT / "README.md").read_text("utf-8"))[1]
    client = _run(program, tmp_path, monkeypatch)["app"].test_client()
    own = {"Origin": "http://localhost", "Sec-Fetch-Site": "same-origin"}
    assert client.get("/account").status_code == 401
    wrong = client.post("/login", json={"identifier": "ada", "password": "guess"}, headers=own)
    assert wrong.status_code == 401
    right = client.post("/login", json={"identifier": "ada", "password": "correct horse battery staple"}, headers=own)
    assert right.status_code == 200, right.text
    assert client.get("/account").json == {"signed in as": "ada"}


def test_the_program_that_guards_its_views_does_what_it_says(tmp_path, monkeypatch):
    program = PROGRAM.findall((ROOT / "docs/how-to/guard-your-views.md").read_text("utf-8"))[0]
    names = _run(program, tmp_path, monkeypatch)
    app, auth = names["app"], names["auth"]
    app.testing = True
    with app.app_context():
        for name, role in (("sue", "staff"), ("bob", "buyer")):
            who = auth.accounts.create(email=f"{name}@example.com", password="a long walk by the river")
            auth.roles.assign(who, role)
    own = {"Sec-Fetch-Site": "same-origin"}

    def signed_in(name):
        client = app.test_client()
        form = {"identifier": f"{name}@example.com", "password": "a long walk by the river"}
        assert client.post("/auth/sign-in", json=form, headers=own).status_code == 200
        return client

    asked = [("GET", "/"), ("GET", "/news"), ("GET", "/account"), ("GET", "/admin/orders"), ("GET", "/orders/1")]
    asked += [("PUT", "/orders/1"), ("DELETE", "/orders/1")]
    found = {
        name: [client.open(path, method=method, headers=own).status_code for method, path in asked]
        for name, client in {"": app.test_client(), "sue": signed_in("sue"), "bob": signed_in("bob")}.items()
    }
    assert found == {
        "": [200, 200, 401, 401, 401, 401, 401],
        "sue": [200, 200, 200, 200, 200, 200, 204],
        "bob": [200, 200, 200, 403, 200, 403, 403],
    }
    assert app.test_client().get("/news").json == {"for": "a visitor"}
    assert signed_in("bob").get("/account").json["email"] == "bob@example.com"


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page):
    text = (ROOT / page).read_text("utf-8")
    for target, fragment in LINK.findall(text):
        if "://" in target:
            continue
        found = ((ROOT / page).parent / target).resolve()
        assert found.is_file(), f"{page} links to {target}"
        if fragment:
            slugs = {
                re.sub(r"[^\w\- ]", "", heading).strip().lower().replace(" ", "-")
                for heading in HEADING.findall(found.read_text("utf-8"))
            }
            assert fragment[1:] in slugs, f"{page} links to {target}{fragment}"


def test_every_page_of_the_documentation_can_be_reached():
    reached, todo = set(), [ROOT / "README.md"]
    while todo:
        page = todo.pop()
        if page in reached:
            continue
        reached.add(page)
        for target, _ in LINK.findall(page.read_text("utf-8")):
            if "://" not in target and target.endswith(".md"):
                todo.append((page.parent / target).resolve())
    lost = {path.relative_to(ROOT).as_posix() for path in (ROOT / "docs").rglob("*.md") if path not in reached}
    assert not lost


NAME = re.compile(r"(?<![\w.])auth((?:\.[a-z_]+)+)(?![A-Za-z.])")
SETTING = re.compile(r"\b([A-Z][A-Za-z]+)\(([a-z_]+)=")
# What a page says of the script for browsers (ostiary.js), whose object has the same name.
OF_THE_SCRIPT = {
    "docs/how-to/single-page-application.md": {".session", ".fetch"},
    "docs/reference/parity.md": {".fetch"},
}


@pytest.fixture(scope="module")
def with_everything(tmp_path_factory):
    """An application that has every feature."""
    folder = tmp_path_factory.mktemp("everything")
    app = Flask("everything", root_path=str(folder), instance_path=str(folder))
    app.testing = True
    names = ("Accounts", "Passwords", "Sessions", "RememberMe", "SignIn", "Tokens", "ApiKeys", "Roles")
    return app, Auth(app, [getattr(ostiary, name)() for name in names])


@pytest.fixture
def everything(with_everything):
    """Its auth, within a request."""
    app, auth = with_everything
    with app.test_request_context("/"):
        yield auth


@pytest.mark.parametrize("page", PAGES)
def test_every_verb_of_auth_that_is_named_is_there(everything, page):
    for dotted in sorted(set(NAME.findall((ROOT / page).read_text("utf-8"))) - OF_THE_SCRIPT.get(page, set())):
        found = everything
        for name in dotted.split(".")[1:]:
            if found is everything and name in ("user", "principal"):
                break  # whose attributes are the application's, or nobody's here
            found = getattr(found, name, None)
            assert found is not None, f"{page} names auth{dotted}"
            if callable(found):
                break


@pytest.mark.parametrize("page", PAGES)
def test_every_setting_that_is_named_beside_its_feature_is_there(page):
    for feature, name in sorted(set(SETTING.findall((ROOT / page).read_text("utf-8")))):
        known = getattr(ostiary, feature, None)
        if isinstance(known, type) and hasattr(known, "__dataclass_fields__"):
            assert name in {field.name for field in fields(known)}, f"{page} names {feature}({name}=)"
