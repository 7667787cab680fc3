"""Every command for operators: its arguments, its options and an example, as Click knows them."""

from collections.abc import Iterator
from typing import Any

import click

from reference_pages.source import page, table


def leaves(command: click.Command, name: str = "") -> Iterator[tuple[str, click.Command]]:
    """Every command under this one that does something, with the words before it."""
    if isinstance(command, click.Group):
        for word in sorted(command.commands):
            yield from leaves(command.commands[word], f"{name} {word}".strip())
    else:
        yield name, command


def usage(name: str, command: click.Command) -> str:
    """How it is written."""
    words = [name, "[OPTIONS]"]
    for one in command.params:
        if isinstance(one, click.Argument):
            word = (one.name or "").upper()
            words.append(word if one.required else f"[{word}]")
    return " ".join(words)


def _option(one: click.Option) -> tuple[str, str]:
    words = ", ".join(f"`{word}`" for word in one.opts)
    value = "" if one.is_flag or one.count else f" {one.metavar or one.type.name.upper()}"
    remarks = [one.help or ""]
    if one.required:
        remarks.append("Required.")
    elif isinstance(one.default, str | int) and not isinstance(one.default, bool):
        remarks.append(f"Default: {one.default}.")
    return words + value, " ".join(remarks).strip()


def _command(name: str, command: Any) -> Iterator[str]:
    yield f"## {name}\n"
    yield f"```text\n{usage(name, command)}\n```\n"
    yield "\n\n".join(" ".join(part.split()) for part in (command.help or "").split("\n\n")) + "\n"
    options = [_option(one) for one in command.params if isinstance(one, click.Option)]
    if options:
        yield table(["option", ""], options)
    yield f"```sh\n{(command.epilog or '').removeprefix('Example: ')}\n```\n"


def commands() -> str:
    """The page."""
    from ostiary.cli.main import main

    parts = [
        "# Commands\n",
        (
            "Each is there three times over: `flask ostiary …` and `ostiary --app MODULE:APP …` work for an application, and\n"
            "`ostiary …` alone for the database that `--database` or `OSTIARY_DATABASE_URL` names. What needs more than a\n"
            "database says so. [How to operate](../how-to/operate.md) tells when to use which.\n"
        ),
        (
            "With `--json` a command writes one JSON document, or one a line, and nothing else to the standard output. What\n"
            "is refused, and whatever is asked of a person, goes to the standard error. The exit code is 0 when it is done, 1\n"
            "when it is refused or there is nothing, and 2 when the words were not understood.\n"
        ),
    ]
    for name, command in leaves(main):
        parts += _command(name, command)
    return page(*parts)
