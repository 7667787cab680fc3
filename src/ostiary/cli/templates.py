"""``ostiary templates``: which pages and mails there are, and copying one into the application to change it there."""

import json
from difflib import get_close_matches
from pathlib import Path
from typing import Final

import click

import ostiary
from ostiary.cli.operator import Operator, no_application
from ostiary.cli.terminal import printable

_OURS: Final = Path(ostiary.__file__).parent / "ui" / "templates"
_FOLDER: Final = "ostiary"


@click.group()
def templates() -> None:
    """Look at our pages and mails, and make them yours."""


@templates.command("list", epilog="Example: flask ostiary templates list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.pass_obj
def list_templates(operator: Operator, *, as_json: bool) -> None:
    """Show every page and mail, and which of them the application has its own of."""
    for page, paths in _pages().items():
        own = {path for path in paths if operator.templates is not None and (operator.templates / path).is_file()}
        if not as_json:
            click.echo(f"{page}{'  (your own)' if own else ''}")
            continue
        for path in paths:
            click.echo(json.dumps({"page": page, "file": path.as_posix(), "own": path in own}))


@templates.command(epilog="Example: flask ostiary templates copy sign_in/sign_in")
@click.argument("page")
@click.option(
    "--to",
    metavar="FOLDER",
    type=click.Path(path_type=Path),
    help="Another folder of templates than the application's.",
)
@click.option("--force", is_flag=True, help="Also over a file that is there.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.pass_obj
def copy(operator: Operator, page: str, *, to: Path | None, force: bool, as_json: bool) -> None:
    """Copy a page, or the text and the HTML of a mail, into the application's templates, to be used instead of ours."""
    pages = _pages()
    paths = pages.get(page.removesuffix(".html").removesuffix(".txt").removeprefix(f"{_FOLDER}/"))
    if paths is None:
        near = get_close_matches(page, pages, n=3, cutoff=0.4)
        hint = f"; did you mean {', '.join(near)}?" if near else "; `templates list` has them all"
        message = f"There is no page {printable(page)}{hint}"
        raise click.BadParameter(message, param_hint="PAGE")
    folder = to or operator.templates
    if folder is None:
        raise no_application()
    there = [folder / path for path in paths if (folder / path).exists()]
    if there and not force:
        # Before anything is written: a mail is copied whole, or not at all.
        message = f"{printable(str(there[0]))} is there already; --force writes over it."
        raise click.ClickException(message)
    for path in paths:
        _write(_OURS / path, folder / path, force=force)
        if not as_json:
            click.echo(f"Wrote {printable(str(folder / path))}.")
    if as_json:
        click.echo(json.dumps({"page": page, "files": [str(folder / path) for path in paths]}))


def _write(source: Path, target: Path, *, force: bool) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    with target.open("w" if force else "x", encoding="utf-8") as file:
        file.write(source.read_text("utf-8"))


def _pages() -> dict[str, tuple[Path, ...]]:
    """Every page by its name, ``sign_in/sign_in``, with its files below a folder of templates: a mail has a text and HTML."""
    found: dict[str, tuple[Path, ...]] = {}
    for path in sorted(path.relative_to(_OURS) for path in (_OURS / _FOLDER).rglob("*") if path.is_file()):
        page = path.relative_to(_FOLDER).with_suffix("").as_posix()
        found[page] = (*found.get(page, ()), path)
    return found
