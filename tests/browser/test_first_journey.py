"""The first whole journey in a real browser, with a real mail server that fails half the time."""

import pytest
from tests.browser.chromium import chromium, demo, mail_server

EVE, SECRET, NEW = "eve@example.com", "a long walk by the river", "a longer walk by the sea"


@pytest.mark.browser
def test_a_person_registers_is_remembered_manages_devices_and_signs_out_everywhere(tmp_path):
    with (
        mail_server() as (boxes, mail_url),
        demo(tmp_path, OSTIARY_MAIL_URL=mail_url, OSTIARY_MAIL_FROM="Demo <demo@example.com>") as address,
        chromium() as browser,
    ):
        context = browser.new_context(java_script_enabled=False)
        page = context.new_page()

        # She registers, and the mail arrives although the server refuses it at first.
        page.goto(f"{address}/")
        page.click("text=Create an account")
        page.fill("[name=email]", EVE)
        page.fill("[name=username]", "eve")
        page.fill("[name=password]", SECRET)
        page.click("button")
        assert "Look into your mail" in page.inner_text("h1")
        page.goto(boxes.link(page, EVE))
        page.click("button")
        assert "Your address is confirmed" in page.inner_text("[role=status]")
        assert boxes.tried == 2

        # She signs in, and is remembered once the session cookie is gone.
        page.fill("[name=identifier]", "Eve@Example.com")
        page.fill("[name=password]", SECRET)
        page.check("[name=remember]")
        page.click("button")
        assert page.url == f"{address}/auth/account"
        kept = [cookie for cookie in context.cookies() if cookie["name"] != "ostiary_session"]
        context.clear_cookies()
        context.add_cookies(kept)
        page.goto(f"{address}/auth/account")
        assert page.inner_text("h1") == "Your account"

        # A second browser, seen in the first one's list, is signed out by a new password.
        other_context = browser.new_context()
        other = other_context.new_page()
        other.goto(f"{address}/auth/sign-in")
        other.fill("[name=identifier]", "eve")
        other.fill("[name=password]", SECRET)
        other.click("button")
        assert other.url == f"{address}/auth/account"
        page.reload()
        assert page.inner_text("section[aria-labelledby=devices]").count("Chrome on Linux") == 2
        page.click("text=Change the password")
        assert_saved_as(page, "eve")
        page.fill("[name=current]", SECRET)
        page.fill("[name=password]", NEW)
        page.click("button")
        assert page.url == f"{address}/auth/account"
        other.reload()
        assert other.url.startswith(f"{address}/auth/sign-in")

        # She signs out everywhere, and the old cookies are dead.
        held = context.cookies()
        page.click("text=Sign out everywhere")
        assert "You are signed out." in page.inner_text("[role=status]")
        thief = browser.new_context()
        thief.add_cookies(held)
        stolen = thief.new_page()
        stolen.goto(f"{address}/auth/account")
        assert stolen.url.startswith(f"{address}/auth/sign-in")

        # She has forgotten the new password, and sets another one by mail.
        arrived = len(boxes.arrived)
        page.click("text=Forgotten your password?")
        page.fill("[name=identifier]", "eve")
        page.click("button")
        page.goto(boxes.link(page, EVE, after=arrived))
        assert page.url == f"{address}/auth/reset-password", "the token has left the address"
        assert_saved_as(page, EVE)
        page.fill("[name=password]", SECRET + " again")
        page.click("button")
        page.fill("[name=identifier]", "eve")
        page.fill("[name=password]", SECRET + " again")
        page.click("button")
        assert page.url == f"{address}/auth/account"


def assert_saved_as(page, name):
    """A password manager takes the text field before the first password for the name to save it under, where one is marked."""
    found = page.evaluate(
        """() => {
          const inputs = [...document.querySelector('[name=password]').form.elements].filter(one => one.matches('input'));
          const before = inputs.slice(0, inputs.findIndex(one => one.type === 'password'));
          const seen = before.filter(one => one.type === 'text' && one.checkVisibility());
          return seen.map(one => [one.value, one.autocomplete, one.readOnly]);
        }"""
    )
    assert found == [[name, "username", True]]
    # It is not to be changed from the keyboard either.
    page.focus("[name=username]")
    page.keyboard.type("eve@evil.example")
    assert page.input_value("[name=username]") == name


PAGES = (
    "/",
    "/auth/sign-in",
    "/auth/sign-in?why=cookie",
    "/auth/register",
    "/auth/forgot-password",
    "/auth/verify-address",
    "/auth/reset-password",
    "/auth/sign-out",
)
OWN_PAGES = ("/auth/account", "/auth/sessions", "/auth/change-password", "/vault", "/auth/sign-out")


@pytest.mark.browser
def test_every_page_fits_a_phone_names_its_fields_and_has_contrast(tmp_path):
    with demo(tmp_path) as address, chromium() as browser:
        for scheme in ("light", "dark"):
            context = browser.new_context(viewport={"width": 320, "height": 640}, color_scheme=scheme)
            page = context.new_page()
            complaints: list[str] = []
            page.on("console", lambda message: complaints.append(message.text))
            for path in PAGES:
                page.goto(address + path)
                look(page, path)
            page.goto(f"{address}/auth/sign-in")
            page.fill("[name=identifier]", "ada")
            page.fill("[name=password]", "correct horse battery staple")
            page.click("button")
            for path in OWN_PAGES:
                page.goto(address + path)
                look(page, path)
            refused = [text for text in complaints if "Content Security Policy" in text or "Refused" in text]
            assert not refused
            context.close()


def look(page, path):
    width = page.evaluate("document.documentElement.scrollWidth")
    assert width <= 320, f"{path} is {width} pixels wide"
    assert page.title(), path
    assert page.evaluate("document.querySelectorAll('h1').length") == 1, path
    unnamed = page.evaluate(
        """[...document.querySelectorAll('input:not([type=hidden]), button, a')]
           .filter(one => !(one.labels?.length || one.textContent.trim() || one.getAttribute('aria-label')))
           .map(one => one.outerHTML)"""
    )
    assert not unnamed, path
    # Fingers: 44 pixels is Apple's and Google's least; WCAG 2.2 SC 2.5.8 asks for 24.
    low = page.evaluate(
        """[...document.querySelectorAll('button, input:not([type=hidden]):not([type=checkbox])')]
           .map(one => one.getBoundingClientRect().height).filter(height => height < 40)"""
    )
    assert not low, path
    faint = page.evaluate(CONTRAST)
    assert not faint, f"{path}: {faint}"


CONTRAST = """
() => {
  // WCAG 2.2 SC 1.4.3: 4.5 to 1 for text.
  const channels = text => text.match(/[\\d.]+/g).map(Number);
  const luminance = ([r, g, b]) => [r, g, b].map(v => v / 255)
    .map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4)
    .reduce((sum, v, i) => sum + v * [0.2126, 0.7152, 0.0722][i], 0);
  const ground = one => {
    for (let at = one; at; at = at.parentElement) {
      const found = channels(getComputedStyle(at).backgroundColor);
      if (found.length < 4 || found[3] > 0) return found;
    }
    return matchMedia('(prefers-color-scheme: dark)').matches ? [18, 18, 18] : [255, 255, 255];
  };
  const wrong = [];
  for (const one of document.querySelectorAll('main *')) {
    const own = [...one.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || one.closest('[hidden]')) continue;
    const [a, b] = [luminance(channels(getComputedStyle(one).color)), luminance(ground(one))].sort((x, y) => y - x);
    const ratio = (a + 0.05) / (b + 0.05);
    if (ratio < 4.5) wrong.push(`${one.textContent.trim().slice(0, 30)}: ${ratio.toFixed(2)}`);
  }
  return wrong;
}
"""
