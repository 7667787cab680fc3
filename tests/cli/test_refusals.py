"""What goes wrong under a command: a sentence for what an operator can cause, a traceback for our own mistakes."""

import click
import pytest
from click.testing import CliRunner

from ostiary.cli.refusals import OperatorGroup
from ostiary.kernel.errors import AuthError, FieldError, Unavailable, ValidationFailed, misconfigured


def run(error):
    @click.group(cls=OperatorGroup)
    def group():
        pass

    @group.command()
    def fail():
        raise error

    return CliRunner().invoke(group, ["fail"])


@pytest.mark.asvs("V16.5.1")
@pytest.mark.attack("T13")
@pytest.mark.parametrize(
    ("error", "says"),
    [
        (misconfigured("x", "it is wrong", "mend it"), "Error: it is wrong\n    -> mend it\n"),
        (AuthError("Not so.", detail="a\x1bb"), "Error: Not so. (a\\x1bb)\n"),
        (AuthError("Not so."), "Error: Not so.\n"),
        (ValidationFailed(FieldError("a", "x", "A."), FieldError("b", "x", "B\x1b.")), "Error: a: A.\nb: B\\x1b.\n"),
        (ValidationFailed(), "Error: Please look at what you entered.\n"),
        (PermissionError(13, "Permission denied", "/a\x1b"), "Error: /a\\x1b: Permission denied\n"),
    ],
)
def test_a_refusal_is_told_and_is_exit_code_one(error, says):
    done = run(error)
    assert (done.exit_code, done.stdout, done.stderr) == (1, "", says)


def test_a_database_that_is_away_names_the_setting():
    done = run(Unavailable(detail="database: OperationalError: refused"))
    assert (done.exit_code, "OSTIARY_DATABASE_URL" in done.stderr, "refused" in done.stderr) == (1, True, True)


def test_a_pipe_that_was_closed_and_a_mistake_of_ours_are_left_as_they_are():
    assert isinstance(run(BrokenPipeError(32, "Broken pipe")).exception, SystemExit)
    assert isinstance(run(ZeroDivisionError()).exception, ZeroDivisionError)
