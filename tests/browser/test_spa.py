"""The single-page application in Chromium: two tabs refresh at once, one is signed out elsewhere, an answer is lost."""

import threading
from contextlib import contextmanager
from urllib.request import Request, urlopen

import pytest
from sqlalchemy import select
from tests.browser.chromium import chromium, free_port
from tests.examples.program import load
from werkzeug.serving import make_server

from ostiary.features.tokens.store import refresh_families
from ostiary.testing import PASSWORD, AuthKit

ADA = "ada@example.com"
NOTE = """async () => {
  const { auth } = await import("/auth/static/ostiary.js");
  const answer = await auth.fetch("/api/notes", { method: "POST", body: JSON.stringify({ text: "x" }) });
  return answer.status;
}"""
WATCH = """async () => {
  const { auth } = await import("/auth/static/ostiary.js");
  window.signedOut = 0;
  auth.onSignedOut(() => (window.signedOut += 1));
}"""


@contextmanager
def _serve(app):
    """The application on a port of its own, in threads: a frozen clock is shared with them."""
    server = make_server("127.0.0.1", free_port(), app, threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def _visit(monkeypatch):
    app = load("spa", monkeypatch).app
    with AuthKit(app) as kit:
        kit.account(email=ADA)
        with _serve(app) as address, chromium() as browser:
            yield kit, address, browser.new_context()


def _open(context, address):
    page = context.new_page()
    complaints = page.complaints = []
    page.on("console", lambda message: complaints.append(message.text))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(address)
    return page


def _sign_in(context, address):
    page = _open(context, address)
    page.wait_for_selector("#sign-in:visible")
    page.fill("[name=identifier]", ADA)
    page.fill("[name=password]", PASSWORD)
    page.click("#sign-in button")
    page.wait_for_selector("#notes:visible")
    return page


def _generations(kit):
    database = kit.app.extensions["ostiary"].runtime.database
    with database.read() as connection:
        return [row.generation for row in connection.execute(select(refresh_families))]


@pytest.mark.browser
def test_somebody_signs_in_writes_comes_back_and_signs_out(monkeypatch):
    with _visit(monkeypatch) as (kit, address, context):
        page = _open(context, address)
        page.wait_for_selector("#sign-in:visible")
        page.fill("[name=identifier]", ADA)
        page.fill("[name=password]", "wrong")
        page.click("#sign-in button")
        page.wait_for_function("document.querySelector('[role=status]').textContent.includes('not right')")
        page.fill("[name=password]", PASSWORD)
        page.click("#sign-in button")
        page.wait_for_selector("#notes:visible")
        assert page.evaluate("document.cookie") == "", "no token where a script could read it"
        page.fill("[name=text]", "a note")
        page.click("#write button")
        page.wait_for_function("document.querySelector('[role=status]').textContent.startsWith('Added by')")
        # A page that is loaded again after the access token is over shows her signed in.
        kit.clock.advance("11m")
        page.goto(address)
        page.wait_for_selector("#notes:visible")
        assert _generations(kit) == [2]
        page.click("#sign-out")
        page.wait_for_selector("#sign-in:visible")
        assert _generations(kit) == []
        assert not [text for text in page.complaints if "Content Security Policy" in text or "Error" in text]


@pytest.mark.browser
@pytest.mark.attack("S2")
def test_two_tabs_that_refresh_at_once_are_one_rotation(monkeypatch):
    with _visit(monkeypatch) as (kit, address, context):
        one = _sign_in(context, address)
        two = _open(context, address)
        two.wait_for_selector("#notes:visible")
        for rotation in (2, 3):
            kit.clock.advance("11m")
            for page in (one, two):
                page.evaluate(f"() => {{ window.done = ({NOTE})(); }}")
            assert [page.evaluate("() => window.done") for page in (one, two)] == [201, 201]
            assert _generations(kit) == [rotation]


@pytest.mark.browser
def test_a_tab_that_is_signed_out_by_another_notices(monkeypatch):
    with _visit(monkeypatch) as (_, address, context):
        one = _sign_in(context, address)
        two = _open(context, address)
        two.wait_for_selector("#notes:visible")
        one.click("#sign-out")
        two.wait_for_selector("#sign-in:visible")
        assert two.inner_text("[role=status]") == "You are signed out."


@pytest.mark.browser
def test_whoever_is_signed_out_elsewhere_notices_at_her_next_request(monkeypatch):
    with _visit(monkeypatch) as (kit, address, context):
        page = _sign_in(context, address)
        page.evaluate(WATCH)
        with kit.app.app_context():
            account = kit.app.extensions["ostiary"].runtime.actions["accounts"].find_by_identifier(ADA)
            kit.app.extensions["ostiary"].runtime.actions["tokens"].revoke_all(account.id)
        assert page.evaluate(NOTE) == 401
        assert page.evaluate("window.signedOut") == 1
        page.wait_for_selector("#sign-in:visible")


@pytest.mark.browser
def test_an_answer_that_the_network_drops_signs_nobody_out(monkeypatch):
    with _visit(monkeypatch) as (kit, address, context):
        page = _sign_in(context, address)
        kit.clock.advance("11m")
        dropped = []

        def drop_the_first(route):
            if dropped:
                route.continue_()
                return
            # The server answers, and the answer never arrives: the cookies are those of before. Not by route.fetch(), whose
            # answer would set them.
            asked = route.request
            copy = Request(asked.url, data=asked.post_data_buffer, headers=asked.all_headers(), method="POST")
            with urlopen(copy) as answer:
                dropped.append(answer.status)
            route.abort("connectionreset")

        page.route("**/auth/token/refresh", drop_the_first)
        assert page.evaluate(NOTE) == 201
        assert dropped == [200]
        assert _generations(kit) == [2], "the same successor once more"
        assert page.is_visible("#notes")


@pytest.mark.browser
def test_a_refresh_that_is_refused_shows_her_signed_out(monkeypatch):
    with _visit(monkeypatch) as (kit, address, context):
        page = _sign_in(context, address)
        page.evaluate(WATCH)
        kit.clock.advance("15d")
        assert page.evaluate(NOTE) == 401
        page.wait_for_selector("#sign-in:visible")
        assert page.evaluate("window.signedOut") == 1
