"""``flask ostiary templates``: the pages there are, and one copied, whereupon it is the one that is shown."""

import json

import pytest
from click.testing import CliRunner

from ostiary.cli.main import main


def test_a_page_that_was_copied_is_the_one_that_is_shown(office, tmp_path):
    done = office.run("templates", "copy", "sign_in/sign_in")
    copied = tmp_path / "templates" / "ostiary" / "sign_in" / "sign_in.html"
    assert (done.exit_code, done.output) == (0, f"Wrote {copied}.\n")
    copied.write_text("ours, changed")
    office.app.jinja_env.cache.clear()
    assert office.browser().get("/auth/sign-in", headers={"Accept": "text/html"}).text == "ours, changed"
    assert "sign_in/sign_in  (your own)" in office.run("templates", "list").output.splitlines()


def test_what_is_there_is_not_written_over_unless_that_is_meant(office, tmp_path):
    office.run("templates", "copy", "error")
    copied = tmp_path / "templates" / "ostiary" / "error.html"
    whole = copied.read_text()
    copied.write_text("ours, changed")
    done = office.run("templates", "copy", "error")
    assert (done.exit_code, "--force" in done.stderr, copied.read_text()) == (1, True, "ours, changed")
    assert office.run("templates", "copy", "error.html", "--force").exit_code == 0
    assert copied.read_text() == whole


def test_mails_are_pages_too_and_the_folder_may_be_another(office, tmp_path):
    done = office.run("templates", "copy", "email/passwords/reset", "--to", str(tmp_path / "else"), "--json")
    folder = tmp_path / "else" / "ostiary" / "email" / "passwords"
    assert json.loads(done.output)["files"] == [str(folder / "reset.html"), str(folder / "reset.txt")]
    listed = [json.loads(line) for line in office.run("templates", "list", "--json").output.splitlines()]
    assert {"page": "layout", "file": "ostiary/layout.html", "own": False} in listed


def test_a_mail_is_copied_whole_or_not_at_all(office, tmp_path):
    folder = tmp_path / "templates" / "ostiary" / "email" / "passwords"
    folder.mkdir(parents=True)
    (folder / "reset.txt").write_text("Subject: mine\n\n{{ link }}")
    done = office.run("templates", "copy", "email/passwords/reset.html")
    assert (done.exit_code, "reset.txt is there already" in done.stderr) == (1, True)
    assert [path.name for path in folder.iterdir()] == ["reset.txt"]
    assert office.run("templates", "copy", "email/passwords/reset", "--force").exit_code == 0
    assert "we hope you" in (folder / "reset.txt").read_text()
    assert "{{ button(link" in (folder / "reset.html").read_text()


@pytest.mark.parametrize("page", ["sign_in/signin", "../../../etc/passwd", "", "nothing-like-it\x1b[2J"])
def test_a_page_that_there_is_not_is_a_usage_error_that_helps(office, tmp_path, page):
    done = office.run("templates", "copy", page)
    assert (done.exit_code, "\x1b" in done.stderr) == (2, False)
    assert not (tmp_path / "templates").exists()
    if page == "sign_in/signin":
        assert "did you mean sign_in/sign_in" in done.stderr


def test_without_an_application_a_folder_has_to_be_named(tmp_path):
    runner = CliRunner()
    assert "sign_in/sign_in" in runner.invoke(main, ["templates", "list"]).output
    done = runner.invoke(main, ["templates", "copy", "error"])
    assert (done.exit_code, "flask ostiary templates copy" in done.stderr) == (1, True)
    assert runner.invoke(main, ["templates", "copy", "error", "--to", str(tmp_path)]).exit_code == 0


def test_a_folder_that_cannot_be_written_to_is_a_sentence(office, tmp_path):
    (tmp_path / "file").touch()
    done = office.run("templates", "copy", "error", "--to", str(tmp_path / "file"))
    assert (done.exit_code, isinstance(done.exception, SystemExit)) == (1, True), done.output
