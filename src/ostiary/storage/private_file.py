"""Private files: a secret kept in a file that only its owner can read, made whole and at once, and never through a link."""

import os
import secrets
import stat
from pathlib import Path


class NotPrivate(Exception):
    """A file that may be somebody else's: a link, or readable by others. The text says which, and nothing of what is in it."""


def write_private_file(path: Path, content: str) -> Path:
    """A new file beside ``path`` that only its owner can read, written to the disk: to be put in its place in one step."""
    temporary = path.with_name(f"{path.name}.{secrets.token_hex(8)}")
    descriptor = os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600)
    with os.fdopen(descriptor, "w", encoding="ascii") as file:
        file.write(content)
        file.flush()
        os.fsync(descriptor)
    return temporary


def keep_private_file(path: Path, fresh: str) -> str:
    """What the file holds; ``fresh`` if there was none, which it holds from now on. Raises ``NotPrivate``.

    Two processes that start together agree: one file is put in its place by one atomic link, and a link that somebody
    planted under this name is never followed.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    temporary = write_private_file(path, fresh)
    try:
        os.link(temporary, path)
    except FileExistsError:
        return read_private_file(path)
    finally:
        temporary.unlink(missing_ok=True)
    return fresh


def read_private_file(path: Path) -> str:
    """What the file holds. Raises ``NotPrivate`` for one that is a link, cannot be read, or can be by others."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NOFOLLOW)
    except OSError as error:
        message = "is a link, or cannot be read"
        raise NotPrivate(message) from error
    with os.fdopen(descriptor, encoding="ascii", errors="replace") as file:
        if stat.S_IMODE(os.fstat(descriptor).st_mode) & 0o077:
            message = "can be read or written by others"
            raise NotPrivate(message)
        return file.read()
