"""Every page that there is, on a phone and without a script: its width, its names, its order by keyboard, where the focus is."""

import os
import subprocess
import sys

import pytest
from tests.browser.chromium import DEMO, ROOT, chromium, demo

PASSWORD = "correct horse battery staple"

# What is wrong with a page, by what it is made of.
FAULTS = """
() => {
  const all = query => [...document.querySelectorAll(query)], wrong = [];
  const ids = all('[id]').map(one => one.id);
  if (new Set(ids).size !== ids.length) wrong.push(`an id is there twice: ${ids}`);
  for (const one of all('[aria-describedby], [aria-labelledby], label[for]')) {
    const named = ['aria-describedby', 'aria-labelledby', 'for'].map(name => one.getAttribute(name) || '').join(' ');
    for (const id of named.split(' ').filter(Boolean)) if (!document.getElementById(id)) wrong.push(`nothing is ${id}`);
  }
  if (!document.documentElement.lang || !document.title) wrong.push('language or title');
  const levels = all('h1, h2, h3, h4, h5, h6').map(one => Number(one.tagName[1]));
  if (levels.filter(level => level === 1).length !== 1 || levels.some((level, n) => level > (levels[n - 1] ?? 0) + 1))
    wrong.push(`headings: ${levels}`);
  if (document.documentElement.scrollWidth > innerWidth) wrong.push(`${document.documentElement.scrollWidth} wide`);
  for (const one of all('input:not([type=hidden]), button, a')) {
    const shown = one.textContent.trim(), label = one.getAttribute('aria-label');
    const name = label || [...(one.labels || [])].map(each => each.textContent).join(' ') || shown;
    if (!name.trim()) wrong.push(`no name: ${one.outerHTML}`);
    // WCAG 2.2 SC 2.5.3: whoever speaks to the page says what she sees.
    if (label && !label.startsWith(shown)) wrong.push(`${shown} is called ${label}`);
    if (one.tabIndex > 0) wrong.push(`an order of its own: ${one.outerHTML}`);
    // WCAG 2.2 SC 2.5.8 asks for 24 pixels, save for links in a sentence.
    const alone = !one.closest('p') || one.closest('p').textContent.trim() === shown;
    if (alone && !one.matches('.skip') && one.getBoundingClientRect().height < 24) wrong.push(`small: ${one.outerHTML}`);
  }
  // WHATWG HTML §4.10.18.7: a browser's own answer is empty for a value that is none.
  for (const one of all('input:not([type=hidden]):not([type=checkbox])'))
    if (!one.autocomplete) wrong.push(`autocomplete: ${one.outerHTML}`);
  const marked = all('input').filter(one => one.autocomplete === 'username').length;
  if (all('input[type=password]').length && marked !== 1) wrong.push(`${marked} names beside a password`);
  for (const one of all('form')) if (!one.querySelector('button')) wrong.push('a form without a button');
  return wrong;
}
"""

REACHABLE = "[...document.querySelectorAll('a[href], button, input:not([type=hidden])')]"
FOCUSED = f"""
() => {{
  const one = document.activeElement, style = getComputedStyle(one), box = one.getBoundingClientRect();
  const seen = box.left >= 0 && box.right <= innerWidth + 1 && box.top >= 0 && box.bottom <= innerHeight + 1;
  return [{REACHABLE}.indexOf(one), style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2, seen];
}}
"""


def look(page):
    assert page.evaluate(FAULTS) == [], page.url


def go_by_keyboard(page):
    """The Tab key visits everything in the order of the page, and shows where it is (WCAG 2.2 SC 2.4.3, 2.4.7, 2.4.11)."""
    count = page.evaluate(f"{REACHABLE}.length")
    visited = []
    for _ in range(count):
        page.keyboard.press("Tab")
        visited.append(page.evaluate(FOCUSED))
    assert visited == [[number, True, True] for number in range(count)], page.url


def press(page, button="button"):
    """Press a button, and be where it leads."""
    with page.expect_navigation():
        page.click(button)


def addresses(folder):
    """Every address of ours that a browser can open without knowing more, by the application's own URL map."""
    program = f"""
import importlib.util, sys
spec = importlib.util.spec_from_file_location("demo_example", {str(DEMO)!r})
module = importlib.util.module_from_spec(spec)
sys.modules[spec.name] = module
spec.loader.exec_module(module)
for rule in module.app.url_map.iter_rules():
    if rule.endpoint.startswith("ostiary.") and "GET" in rule.methods and not rule.arguments:
        print(rule.rule)
"""
    environment = {**os.environ, "DEMO_DATA": str(folder), "OSTIARY_DEVELOPMENT": "1"}
    done = subprocess.run(
        [sys.executable, "-c", program], env=environment, cwd=ROOT, check=True, capture_output=True, text=True
    )
    return sorted(done.stdout.split())


@pytest.mark.browser
def test_every_page_is_for_a_phone_a_keyboard_and_a_browser_without_scripts(tmp_path):
    paths = addresses(tmp_path / "other")
    assert len(paths) > 15
    with demo(tmp_path) as address, chromium() as browser:
        page = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False).new_page()

        def visit(path):
            answer = page.goto(address + path)
            if "html" in answer.headers["content-type"]:
                look(page)
                go_by_keyboard(page)

        for path in (*paths, "/auth/none"):
            visit(path)
        page.goto(f"{address}/auth/sign-in")
        page.fill("[name=identifier]", "ada")
        page.fill("[name=password]", PASSWORD)
        page.check("[name=remember]")
        press(page)
        assert page.url.endswith("/auth/account")
        # With a key and an organisation there are buttons to look at.
        page.goto(f"{address}/auth/api-keys")
        page.fill("[name=name]", "a name without any space " + "x" * 60)
        press(page, "text=Make the key")
        look(page)
        for path in paths:
            visit(path)
        page.goto(f"{address}/auth/organisation")
        press(page, "text=Act here")
        visit("/auth/organisation")


@pytest.mark.browser
def test_what_is_wrong_with_a_form_has_the_focus_without_a_script(tmp_path):
    with demo(tmp_path) as address, chromium() as browser:
        page = browser.new_context(viewport={"width": 320, "height": 640}, java_script_enabled=False).new_page()
        focused = "document.activeElement.textContent.trim() || document.activeElement.name"

        page.goto(f"{address}/auth/sign-in")
        page.fill("[name=identifier]", "ada")
        page.fill("[name=password]", "wrong")
        press(page)
        look(page)
        assert page.title().startswith("Error: ")
        assert page.evaluate(focused) == "The name or the password is not right."
        assert page.evaluate(FOCUSED)[1:] == [True, True]
        page.keyboard.press("Tab")
        assert page.evaluate(focused) == "identifier", "and from there it goes on with the form"

        page.goto(f"{address}/auth/register")
        page.fill("[name=email]", "eve@example.com")
        page.fill("[name=username]", "not a name")
        page.fill("[name=password]", "short")
        press(page)
        look(page)
        assert page.evaluate(focused) == "username", "the first field of two that are wrong"
        described = page.get_attribute("[name=username]", "aria-describedby")
        assert "letters" in page.inner_text(f"#{described}")
        assert page.input_value("[name=email]") == "eve@example.com"
        assert page.get_attribute("[name=full_name]", "autocomplete") == "name"
