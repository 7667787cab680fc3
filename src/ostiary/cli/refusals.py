"""What goes wrong under a command, told in a sentence with its cure: whatever an operator can cause ends in no traceback."""

import errno
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import click

from ostiary.cli.terminal import printable
from ostiary.kernel.errors import AuthError, ConfigurationError, Unavailable, ValidationFailed

if TYPE_CHECKING:
    from ostiary.cli.operator import Operator


class OperatorGroup(click.Group):
    """A group of commands for operators.

    ``find_operator`` answers what the commands of one application work on; it needs the application's context.
    """

    def __init__(self, *args: Any, find_operator: "Callable[[], Operator] | None" = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.find_operator = find_operator

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command; exit code 1 with a sentence for what is refused, 2 for what is not understood."""
        with told():
            return super().invoke(ctx)


@contextmanager
def told() -> Generator[None]:
    """Turn refusals, wrong settings and an absent database into what an operator reads."""
    try:
        yield
    except ConfigurationError as error:
        message = "\n".join(str(problem) for problem in error.problems)
        raise click.ClickException(message) from error
    except ValidationFailed as error:
        raise click.ClickException(reasons(error)) from error
    except Unavailable as error:
        message = (
            f"{error.public_message} ({printable(error.detail)})\n"
            "    -> is the database there? OSTIARY_DATABASE_URL says where it is"
        )
        raise click.ClickException(message) from error
    except AuthError as error:
        detail = f" ({printable(error.detail)})" if error.detail else ""
        raise click.ClickException(error.public_message + detail) from error
    except OSError as error:
        if error.errno == errno.EPIPE:
            raise  # `ostiary audit | head`, which Click knows
        message = f"{printable(str(error.filename))}: {error.strerror}"
        raise click.ClickException(message) from error


def reasons(failed: ValidationFailed) -> str:
    """Each field that is wrong, on a line of its own."""
    if not failed.errors:
        return failed.public_message
    return "\n".join(f"{printable(one.field)}: {printable(one.message)}" for one in failed.errors)
