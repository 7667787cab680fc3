"""What the page on testing says is so: its application, its conftest.py and its tests, as a reader would copy them."""

import re

from tests.examples.program import ROOT
from tests.testing.subprocesses import run

BLOCK = re.compile(r"^```py(?:thon)?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


def test_the_tests_on_the_page_pass(tmp_path):
    page = (ROOT / "docs" / "how-to" / "test-your-application.md").read_text("utf-8")
    for name, text in zip(("app.py", "conftest.py", "test_app.py"), BLOCK.findall(page), strict=True):
        (tmp_path / name).write_text(text, "utf-8")
    ran = run(tmp_path, "-m", "pytest", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", "-W", "error")
    assert ran.returncode == 0, ran.stdout + ran.stderr
    assert "3 passed" in ran.stdout
