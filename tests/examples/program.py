"""Loads a program of ``examples/`` as an application would be imported: by its file, under a name of its own."""

import importlib.util
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
SAME = {"Sec-Fetch-Site": "same-origin"}
PAGE = {**SAME, "Accept": "text/html", "Sec-Fetch-Mode": "navigate"}
PASSWORD = "correct horse battery staple"


def load(name, monkeypatch, *, file="app"):
    """The module ``examples/<name>/<file>.py``."""
    path = ROOT / "examples" / name / f"{file}.py"
    spec = importlib.util.spec_from_file_location(f"{name}_example", path)
    module = importlib.util.module_from_spec(spec)
    # Flask finds the templates beside the module, and the module by its name.
    monkeypatch.setitem(sys.modules, spec.name, module)
    spec.loader.exec_module(module)
    return module


def length(name, *, file="app"):
    """How many lines that are not empty a program has."""
    text = (ROOT / "examples" / name / f"{file}.py").read_text("utf-8")
    return sum(1 for line in text.splitlines() if line.strip())


def confirm(kit, browser, address):
    """Open the link of the newest mail to an address, and press its button; the answer to that."""
    link = kit.outbox.last(to=address).link
    assert browser.get(link, headers=PAGE).status_code == 200
    return browser.post(link.partition("?")[0], data={"token": link.partition("token=")[2]}, headers=PAGE)
